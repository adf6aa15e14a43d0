import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from ebbtide.estimate.together import NOT_SEEN, NOT_SHOWN, SHOWN, association, first_fixes
from ebbtide.estimate.turnbull import fix_curve
from ebbtide.model.errors import EstimateError


def test_those_that_mended_one_hole_mended_the_other_more_often_by_hand() -> None:
    # Of 100 that mended A 80 mended B; of 50 that left A open 10 did.
    found = association(80, 20, 10, 40)
    assert (found.other_if_mended, found.other_if_open, found.difference) == pytest.approx((0.8, 0.2, 0.6), abs=1e-12)
    wanted = confint_proportions_2indep(80, 100, 10, 50, method="newcomb", compare="diff")
    assert (found.interval.low, found.interval.high) == pytest.approx(wanted, abs=1e-9)
    assert (found.mended, found.open) == (100, 50)


def test_without_a_server_on_one_side_there_is_nothing_to_compare() -> None:
    for counts, why in (((0, 0, 1, 1), "mended the first"), ((1, 1, 0, 0), "left the first"), ((-1, 2, 1, 1), "negat")):
        with pytest.raises(EstimateError, match=why):
            association(*counts)


def test_first_fixes_of_hand_worked_servers() -> None:
    s, n, x = SHOWN, NOT_SHOWN, NOT_SEEN
    found = first_fixes(
        [0, 30, 60, 90],
        [
            [s, n, n, n],  # mended between the first two looks
            [s, x, n, s],  # not seen at 30; mended by 60, and open again
            [s, s, x, x],  # vanished: not fixed
            [n, n, n, n],  # never open
            [n, s, s, s],  # opened later, still open
            [x, s, x, n],  # first seen at 30, fixed by 90
        ],
    )
    assert found.units.tolist() == [0, 1, 2, 4, 5]
    assert found.last_open.tolist() == [0, 0, 30, 90, 30]
    assert found.first_fixed.tolist() == [30, 60, math.inf, math.inf, 90]
    assert found.first_missed.tolist() == [math.inf, math.inf, 60, math.inf, math.inf]
    assert found.reopened.tolist() == [False, True, False, False, False]
    assert fix_curve(found.last_open, found.first_fixed).units == 5


def test_tables_that_are_none_are_refused() -> None:
    for days, states, why in (([0, 30], [[1]], "a column for each day"), ([0], [[7]], "a state other than")):
        with pytest.raises(EstimateError, match=why):
            first_fixes(days, states)
    assert first_fixes([0, 30], np.zeros((3, 2))).units.size == 0


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([SHOWN, NOT_SHOWN, NOT_SEEN]), min_size=5, max_size=5), min_size=1, max_size=9)
)
def test_a_fix_lies_after_an_open_look_and_was_really_seen(states: list[list[int]]) -> None:
    found = first_fixes(range(5), states)
    for unit, last, fixed, missed in zip(
        found.units, found.last_open, found.first_fixed, found.first_missed, strict=True
    ):
        row = states[int(unit)]
        assert row[int(last)] == SHOWN
        assert fixed > last
        if math.isfinite(fixed):
            assert row[int(fixed)] == NOT_SHOWN
        if math.isfinite(missed):
            assert set(row[int(missed) :]) == {NOT_SEEN}
