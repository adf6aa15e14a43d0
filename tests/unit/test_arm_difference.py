"""Two arms whose sites share addresses: the interval is of addresses, and holds what it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.estimate.arm_difference import arm_difference, effective_size
from ebbtide.estimate.together import association
from ebbtide.model.errors import EstimateError

ADDRESSES = st.lists(st.integers(1, 9).flatmap(lambda base: st.tuples(st.integers(0, base), st.just(base))), min_size=1)
WORLDS, EACH = 2000, 60


@given(st.integers(1, 80), st.integers(1, 80), st.integers(1, 80), st.integers(1, 80))
def test_with_an_address_a_site_it_is_newcombes(one: int, left: int, two: int, right: int) -> None:
    first = ([1] * one + [0] * left, [1] * (one + left))
    other = ([1] * two + [0] * right, [1] * (two + right))
    difference, interval = arm_difference(first, other)
    known = association(one, left, two, right)
    assert difference == pytest.approx(known.difference, abs=1e-12)
    assert (interval.low, interval.high) == pytest.approx((known.interval.low, known.interval.high), abs=1e-9)


@given(ADDRESSES, ADDRESSES)
def test_it_holds_the_difference_and_no_arm_is_worth_more_than_its_sites(
    one: list[tuple[int, int]], two: list[tuple[int, int]]
) -> None:
    first, other = (tuple(zip(*arm, strict=True)) for arm in (one, two))
    difference, interval = arm_difference((first[0], first[1]), (other[0], other[1]))
    assert -1 - 1e-9 <= interval.low <= difference + 1e-9
    assert difference - 1e-9 <= interval.high <= 1 + 1e-9
    assert 0 < effective_size(first[0], first[1]) <= sum(first[1]) + 1e-9


def test_a_size_by_hand() -> None:
    assert effective_size([5, 0, 5], [5, 5, 5]) == pytest.approx(3)  # three addresses are too few for a variance
    # None mended: the sites of an address count as one, and 40 is lessened by (t(119) / t(39))².
    assert effective_size([0] * 40, [3] * 40) == pytest.approx(40 * (1.980100 / 2.022691) ** 2, abs=1e-4)
    # Where each address is mended by half, no variance is seen, and none is believed.
    assert effective_size([1] * 40, [2] * 40) == pytest.approx(40 * (1.990450 / 2.022691) ** 2, abs=1e-4)
    mended, judged = [2] * 20 + [0] * 20, [2] * 40
    # p = 1/2, residuals of 1: variance 40/39 * 40 / 80² = 1/156; 156 / 4 = 39, by (t(79) / t(39))² = 0.96835
    assert effective_size(mended, judged) == pytest.approx(39 * (1.990450 / 2.022691) ** 2, abs=1e-4)


@pytest.mark.parametrize(("mended", "judged"), [([], []), ([1], [0]), ([2], [1]), ([-1], [1]), ([1, 1], [1])], ids=str)
def test_numbers_that_do_not_fit_are_refused(mended: list[int], judged: list[int]) -> None:
    with pytest.raises(EstimateError, match="Each address"):
        effective_size(mended, judged)


def test_it_holds_the_truth_as_often_as_it_says_where_machines_are_mended_whole() -> None:
    chance = np.random.default_rng(2001)
    held, naive = 0, 0
    for _ in range(WORLDS):
        arms = []
        for rate in (0.5, 0.3):
            judged = chance.integers(1, 6, EACH)
            whole = chance.random(EACH) < 0.7  # of these all sites or none, of the others each by itself
            alone = chance.binomial(judged, rate)
            arms.append((np.where(whole, judged * (chance.random(EACH) < rate), alone), judged))
        interval = arm_difference(*arms)[1]
        held += interval.low <= 0.2 <= interval.high
        counts = [int(count) for mended, judged in arms for count in (mended.sum(), (judged - mended).sum())]
        plain = association(*counts).interval
        naive += plain.low <= 0.2 <= plain.high
    error = 3 * (0.95 * 0.05 / WORLDS) ** 0.5
    assert held / WORLDS == pytest.approx(0.95, abs=error)
    assert naive / WORLDS < 0.95 - error, "else the test would show nothing"
