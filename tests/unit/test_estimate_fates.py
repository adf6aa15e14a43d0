from itertools import product

import pytest

from ebbtide.estimate.fates import (
    ANY,
    CHECK_CATEGORIES,
    CHECK_FATES,
    FAMILY_CATEGORIES,
    FAMILY_FATES,
    PRESENCES,
    SOFTWARE,
    VERDICTS,
    Precedence,
    _axes,
    check_fate_rows,
    decide_fate,
    family_fate_rows,
)
from ebbtide.estimate.versions import version_move, version_numbers

GONE = ("refused", "silent", "blocked", "unknown", "skipped", "not_planned")


@pytest.mark.parametrize("presence", GONE)
def test_who_vanished_is_never_counted_as_mended(presence: str) -> None:
    fate = decide_fate(CHECK_FATES, presence, "")
    assert fate in {"refused", "silent", "unknown"}


@pytest.mark.parametrize("software", SOFTWARE)
def test_a_hole_that_is_seen_is_still_shown_whatever_runs(software: str) -> None:
    assert decide_fate(CHECK_FATES, "answered", software, "shown") == "still_shown"


@pytest.mark.parametrize(
    ("software", "verdict", "fate"),
    [
        ("same", "not_shown", "fixed_in_place"),
        ("downgraded", "not_shown", "fixed_in_place"),
        ("masked", "not_shown", "fixed_in_place"),
        ("upgraded", "not_shown", "fixed_upgraded"),
        ("competitor", "not_asked", "left_competitor"),
        ("competitor", "not_shown", "left_competitor"),
        ("masked", "cannot_tell", "cannot_tell"),
        ("same", "cannot_tell", "cannot_tell"),
        ("same", "not_asked", "unknown"),
        ("upgraded", "not_asked", "unknown"),
    ],
)
def test_an_answer_decides_by_software_and_verdict(software: str, verdict: str, fate: str) -> None:
    assert decide_fate(CHECK_FATES, "answered", software, verdict) == fate


def test_every_combination_has_exactly_one_fate_and_every_fate_can_be_met() -> None:
    family = {row[:2]: row[2] for row in family_fate_rows()}
    check = {row[:3]: row[3] for row in check_fate_rows()}
    assert len(family) == len(family_fate_rows())
    assert len(check) == len(check_fate_rows())
    assert set(family) == {("answered", each) for each in SOFTWARE} | {(each, "") for each in PRESENCES[1:]}
    answered = {("answered", *pair) for pair in product(SOFTWARE, VERDICTS)}
    assert set(check) == answered | {(each, "", "") for each in PRESENCES[1:]}
    assert set(family.values()) == set(FAMILY_CATEGORIES)
    assert set(check.values()) == set(CHECK_CATEGORIES)


@pytest.mark.parametrize("table", [FAMILY_FATES, CHECK_FATES])
def test_every_row_of_a_table_decides_something_that_no_row_above_it_does(table: tuple[Precedence, ...]) -> None:
    seen = set()
    for presence, software, verdict in product(PRESENCES, (*SOFTWARE, ""), (*VERDICTS, "")):
        axes = (presence, software, verdict)
        fits = [all(want in (ANY, have) for want, have in zip(_axes(row), axes, strict=True)) for row in table]
        seen.add(fits.index(True))
    assert seen == set(range(len(table)))
    assert all(row.why for row in table)


def test_a_table_without_an_end_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="no row fits"):
        decide_fate(CHECK_FATES[:1], "answered", "same", "shown")


@pytest.mark.parametrize(
    ("then", "now", "move"),
    [
        ("4.0", "5.0", "upgraded"),
        ("5.0", "4.0", "downgraded"),
        ("1.3.9", "1.3.12", "upgraded"),
        ("1.3.12", "1.3.9", "downgraded"),
        ("1.3", "1.3.0", "same"),
        ("1.3.20", "1.3.20-win", "same"),
        ("2.20b", "2.25b", "upgraded"),
        ("", "5.0", "same"),
        ("5.0", "beta", "same"),
        ("9" * 5000, "8" * 5000, "downgraded"),
    ],
)
def test_versions_are_compared_by_their_dotted_numbers(then: str, now: str, move: str) -> None:
    assert version_move(then, now) == move


def test_numbers_end_at_the_first_part_that_is_not_one() -> None:
    assert version_numbers("3.3.1+ad13") == (3, 3, 1)
    assert version_numbers("v2.4") == ()
    assert version_numbers("1..2") == (1,)
    assert version_numbers("\u0663.\u0661") == ()
