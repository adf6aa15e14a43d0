"""``why`` on other worlds of the second scenario, other seeds and sizes: rounds written from the truth, no socket."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ebbtide.cli.scoring import SUBJECTS, score_pair, wrongs
from ebbtide.lab.scenario import builtin, load_scenario
from ebbtide.lab.truth import truth_rows
from ebbtide.lab.world import build_world
from estimate_rounds import Seen, build_round, check_info, survey_at

CHECKS = tuple(check_info(check) for check in SUBJECTS if ":" not in check)


def seen(row: dict[str, Any]) -> Seen:
    """What an ideal survey sees of a name."""
    says = (
        row["family"] if row["presence"] == "answered" else {"blocked": "reset"}.get(row["presence"], row["presence"])
    )
    verdicts = {}
    for check in CHECKS if row["presence"] == "answered" else ():
        entry = row["checks"][check.id]
        if entry["observable"] == "shown":
            verdicts[check.id] = "shown"
        elif entry["observable"] == "cannot_tell":
            verdicts[check.id] = f"cannot_tell/{entry['reason']}"
    return Seen(row["host"], row["address"], says, verdicts)


@pytest.mark.parametrize(("seed", "scale"), [(1, 0.06), (3, 0.15)])
def test_no_trap_of_any_world_is_called_behaviour_and_behaviour_is(seed: int, scale: float, tmp_path: Path) -> None:
    world = build_world(load_scenario(builtin("why-numbers-move")), seed, scale)
    rows = {month: list(truth_rows(world, month)) for month in world.months}
    folder = survey_at(tmp_path)
    for month in world.months:
        build_round(folder, month, [seen(row) for row in rows[month]], CHECKS, world.reference_date(month))
    scored = [
        each
        for labels in pairwise(world.months)
        for each in score_pair(folder, labels, (rows[labels[0]], rows[labels[1]]), None, SUBJECTS)
    ]
    assert len(scored) == 66
    assert wrongs(scored) == []
    assert all(each.verdict != "behaviour" for each in scored if "behaviour" not in each.true_units)
    only = [each for each in scored if each.truth == "behaviour"]
    assert len(only) == 6
    assert {each.verdict for each in only} == {"behaviour"}
