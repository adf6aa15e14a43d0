"""The demonstration from end to end, over real sockets: the summer of 2001, and a winter unknown to the code."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ebbtide.model.facts import Fact

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("demonstration")]

WINTER = Path(__file__).parents[1] / "scenarios" / "winter-2003.yaml"


def demonstrate(out: Path, *words: str) -> dict[str, Any]:
    result = subprocess.run(
        [sys.executable, "-m", "ebbtide", "demo", "--out", str(out), "--json", *words],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    told: dict[str, Any] = json.loads(result.stdout)
    return told


@pytest.fixture
def summer(small_demonstration: Path) -> Path:
    return small_demonstration


def facts_of(out: Path) -> list[Fact]:
    return msgspec.json.decode((out / "facts.json").read_bytes(), type=list[Fact])


def one(facts: list[Fact], **wanted: str) -> Fact:
    found = [fact for fact in facts if all(getattr(fact, name) == value for name, value in wanted.items())]
    assert len(found) == 1, (wanted, len(found))
    return found[0]


def test_the_facts_hold_every_field_of_the_record_and_no_name_twice(summer: Path) -> None:
    raw = json.loads((summer / "facts.json").read_text(encoding="utf-8"))
    assert {frozenset(fact) for fact in raw} == {frozenset(Fact.__struct_fields__)}
    assert len({fact["id"] for fact in raw}) == len(raw)


def test_a_third_of_the_iis_servers_was_open_in_july_and_two_percent_of_those_same_servers_in_august(
    summer: Path,
) -> None:
    facts = facts_of(summer)
    july = one(
        facts, metric="prevalence", check="code-red-ida", round="2001-07", unit="address", variant="all", lens="all"
    )
    assert july.estimate == pytest.approx(0.34, abs=0.015)
    same = one(
        facts,
        metric="same_servers",
        check="code-red-ida",
        category="of_cohort",
        from_round="2001-07",
        round="2001-08",
        unit="address",
    )
    assert same.estimate == pytest.approx(0.02, abs=0.008)
    assert same.bound_low is not None
    assert same.bound_high is not None
    assert same.bound_low <= same.estimate <= same.bound_high
    of_shown = one(
        facts,
        metric="same_servers",
        check="code-red-ida",
        category="of_shown_then",
        from_round="2001-07",
        round="2001-08",
        unit="address",
    )
    assert of_shown.estimate == pytest.approx(0.02 / 0.34, abs=0.025)


@pytest.mark.parametrize(
    ("check", "month", "published"),
    [
        ("admin-pages", "2001-06", 0.35),
        ("admin-pages", "2001-08", 0.10),
        ("server-path", "2001-06", 0.50),
        ("server-path", "2001-07", 0.23),
        ("server-path", "2001-08", 0.06),
        ("script-source", "2001-06", 0.21),
        ("script-source", "2001-07", 0.11),
        ("script-source", "2001-08", 0.04),
    ],
)
def test_the_published_rates_come_out_of_the_sockets(check: str, month: str, published: float, summer: Path) -> None:
    fact = one(
        facts_of(summer), metric="prevalence", check=check, round=month, unit="address", variant="all", lens="all"
    )
    assert fact.estimate == pytest.approx(published, abs=0.02)


def test_names_and_addresses_disagree_about_the_share_and_the_names_give_netcrafts_june(summer: Path) -> None:
    facts = facts_of(summer)
    names = one(facts, metric="share", family="microsoft-iis", round="2001-06", unit="site", variant="all")
    addresses = one(facts, metric="share", family="microsoft-iis", round="2001-06", unit="address", variant="all")
    assert names.estimate == pytest.approx(0.2038, abs=0.01)
    assert addresses.estimate is not None
    assert abs(addresses.estimate - names.estimate) > 0.02


def test_most_of_those_that_left_in_september_run_nothing_and_few_run_a_competitor(summer: Path) -> None:
    facts = [
        fact
        for fact in facts_of(summer)
        if fact.metric == "fate"
        and fact.lens == "leavers"
        and fact.family == "microsoft-iis"
        and (fact.from_round, fact.round, fact.unit) == ("2001-08", "2001-09", "address")
    ]
    by_fate = {fact.category: fact.estimate or 0 for fact in facts if not fact.check}
    assert by_fate["competitor"] < 0.1
    assert by_fate["refused"] + by_fate["silent"] > 0.85


def test_the_access_log_shows_only_polite_requests_and_at_most_two_visits_a_name(summer: Path) -> None:
    for log in sorted((summer / "access").glob("*.log")):
        lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        assert lines
        assert {line["method"] for line in lines} <= {"GET", "HEAD"}
        assert all(line["user_agent"].startswith("Ebbtide/") for line in lines)
        roots: dict[tuple[str, str], int] = {}
        for line in lines:
            if line["path"] == "/":
                key = (line["address"], line["host"])
                roots[key] = roots.get(key, 0) + 1
        assert max(roots.values()) <= 2


def test_a_scenario_that_the_code_has_never_seen_comes_out_as_well(tmp_path: Path) -> None:
    told = demonstrate(tmp_path / "winter", "--scenario", str(WINTER), "--seed", "3")
    assert told["is_verified"] is True
    assert told["verification"]["comparison"]["rows"] > 0


def test_another_seed_makes_another_world_with_the_same_answer(tmp_path: Path) -> None:
    told = demonstrate(tmp_path / "other", "--small", "--seed", "7")
    assert told["is_verified"] is True
