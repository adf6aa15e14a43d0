"""Facts of a sample that rotates, worked by hand; and its change, from unit rows."""

from pathlib import Path

import numpy as np
import pytest

from ebbtide.estimate.compute import compute_facts
from ebbtide.estimate.explaining import explain
from ebbtide.estimate.overlapping import Sample, overlapping_change
from ebbtide.rounds.entries import Design, SampledStratum
from ebbtide.rounds.folder import SurveyFolder
from estimate_rounds import AUGUST, IDA, IIS, JULY, Seen, addresses, build_round, one, survey_at

WHERE = addresses(200)
SHOWN = {IDA: "shown"}


def design(turn: int) -> Design:
    strata = (SampledStratum("large", 40, 1.0, 40, 1.0), SampledStratum("small", 400, 0.1, 40, 10.0))
    return Design("panel", turn, 0.5, JULY if turn else "", strata)


def seen(number: int, *, is_shown: bool) -> Seen:
    """Sites below 40 are of the stratum that is taken whole, those from 100 on of the other."""
    stratum, weight = ("large", 1.0) if number < 40 else ("small", 10.0)
    return Seen(f"h{number}.test", WHERE[number], IIS, SHOWN if is_shown else {}, stratum, weight)


def panel(path: Path, drawn: tuple[Design | None, Design | None] | None = None) -> SurveyFolder:
    """All 40 large ones twice; of the small ones 100 to 139, then 120 to 159: half of them stay.

    In July all small ones show the hole and of the large ones half; in August nobody but the newly drawn small ones.
    """
    folder, designs = survey_at(path), drawn or (design(0), design(1))
    large, then, now = range(40), range(100, 140), range(120, 160)
    july = [seen(number, is_shown=number % 2 == 0) for number in large]
    july += [seen(number, is_shown=True) for number in then]
    august = [seen(number, is_shown=False) for number in large]
    august += [seen(number, is_shown=number >= 140) for number in now]
    build_round(folder, JULY, july, design=designs[0])
    build_round(folder, AUGUST, august, design=designs[1])
    return folder


def test_who_rotated_out_is_not_lost_and_who_stayed_stands_for_them(tmp_path: Path) -> None:
    facts = compute_facts(panel(tmp_path))
    cohort = one(facts, metric="same_servers", unit="site", category="of_cohort")
    # 40 large ones of weight 1, 20 small ones of weight 10 times 40 over 20; nobody of them shows it any more.
    assert (cohort.n, cohort.base, cohort.estimate) == (0, 60, 0.0)
    assert (cohort.bound_low, cohort.bound_high) == (0.0, 0.0), "nobody is lost"
    assert "Nobody of them vanished." in cohort.note
    difference = one(facts, metric="same_servers", unit="site", category="difference")
    assert difference.estimate == pytest.approx(-(20 * 1 + 20 * 20) / (40 * 1 + 20 * 20))
    fates = [each for each in facts if each.metric == "fate" and each.unit == "site" and each.check == IDA]
    assert {each.category: each.n for each in fates if each.n} == {"fixed_in_place": 40}


def test_without_a_draw_who_is_not_planned_is_still_unknown(tmp_path: Path) -> None:
    facts = compute_facts(panel(tmp_path, (None, None)))
    cohort = one(facts, metric="same_servers", unit="site", category="of_cohort")
    assert cohort.base == 60
    assert cohort.bound_high == pytest.approx(200 / 440)


def test_facts_are_weighted_have_intervals_of_the_design_and_tell_the_draw(tmp_path: Path) -> None:
    facts = compute_facts(panel(tmp_path))
    july = one(facts, metric="prevalence", unit="site", round=JULY)
    assert (july.n, july.base, july.interval_kind) == (60, 80, "design")
    assert july.estimate == pytest.approx((20 + 400) / 440)
    assert july.method.startswith("hajek")
    assert "A sample of sites drawn by chance, 80 of 440 in 2 strata in 2001-08, a panel of which 50 %" in july.note


def test_the_change_between_two_samples_is_that_of_their_unit_rows(tmp_path: Path) -> None:
    folder = panel(tmp_path)
    change = explain(folder, IDA).change
    assert change is not None
    numbers = [np.array([*range(40), *range(first, first + 40)]) for first in (100, 120)]
    values = [(numbers[0] >= 40) | (numbers[0] % 2 == 0), numbers[1] >= 140]
    samples = [
        Sample(each, value.astype(float), np.where(each < 40, 1.0, 10.0), None, np.where(each < 40, "large", "small"))
        for each, value in zip(numbers, values, strict=True)
    ]
    wanted = overlapping_change(*samples)
    for name in ("then", "now", "difference", "standard_error", "covariance", "overlap"):
        assert getattr(change, name) == pytest.approx(getattr(wanted, name), abs=1e-9), name
    assert change.overlap == 60
    section = one(compute_facts(folder), metric="same_servers", unit="site", category="cross_section")
    assert f"moved by {100 * wanted.difference:+.1f} points" in section.note
    assert "60 site units judged in both samples" in section.note


def test_a_census_has_no_change_with_an_interval(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    for label in (JULY, AUGUST):
        build_round(folder, label, [Seen(f"h{n}.test", WHERE[n], IIS, SHOWN if n % 2 else {}) for n in range(60)])
    assert explain(folder, IDA).change is None
    section = one(compute_facts(folder), metric="same_servers", unit="site", category="cross_section")
    assert "moved by" not in section.note
