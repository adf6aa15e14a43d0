import math

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from ebbtide.estimate.decay import compare_half_lives, exponential_half_life, half_life_with_interval
from ebbtide.estimate.limits import difference_bounds, share_bounds
from ebbtide.estimate.multiplicity import benjamini_hochberg
from ebbtide.estimate.shares import share_interval


def test_of_340_servers_20_left_after_30_days_is_a_half_life_of_seven_days() -> None:
    found = half_life_with_interval(20 / 340, 30, share_interval(20, 340))
    assert found.days == pytest.approx(30 * math.log(2) / math.log(17), abs=1e-9)
    assert round(found.days or 0, 1) == 7.3
    assert found.low is not None
    assert found.high is not None
    assert found.low < 7.3 < found.high


def test_a_half_life_halves_what_it_is_given() -> None:
    days = exponential_half_life(0.3, 45)
    assert days is not None
    assert 0.5 ** (45 / days) == pytest.approx(0.3, abs=1e-12)


def test_heartbleed_ebbs_slower_by_rate_than_by_count_because_the_base_shrank() -> None:
    found = compare_half_lives((1_762_470, 29_577_960), (1_465_879, 29_030_377), 3)
    assert (round(found.by_count or 0, 1), round(found.by_rate or 0, 1)) == (11.3, 12.6)
    assert "11.3 days by count and 12.6 days by rate: the base shrank by 1.9%" in found.sentence


@pytest.mark.parametrize(("remaining", "why"), [(0.0, "can only be bounded"), (1.0, "none had gone"), (None, "nobody")])
def test_a_half_life_that_cannot_be_computed_stays_blank_and_says_why(remaining: float | None, why: str) -> None:
    found = half_life_with_interval(remaining, 30, share_interval(0, 50))
    assert (found.days, found.low, found.high) == (None, None, None)
    assert why in found.why_blank


def test_bounds_count_the_uncertain_each_way() -> None:
    bounds = share_bounds(20, 900, 100)
    assert bounds is not None
    assert (bounds.low, bounds.high) == pytest.approx((0.02, 0.12), abs=1e-12)
    assert share_bounds(0, 0, 0) is None


def test_bounds_of_a_change_equal_a_hand_worked_cohort() -> None:
    # 100 judged then, 40 shown; 20 lost, 10 of them shown; of the 80 left 5 show it now: between 5 and 25 of 100.
    bounds = difference_bounds(shown_then=30, shown_now=5, shown_then_lost=10, base=80, lost=20)
    assert bounds is not None
    assert (bounds.low, bounds.high) == pytest.approx((0.05 - 0.40, 0.25 - 0.40), abs=1e-12)


def test_adjusted_p_values_equal_scipy() -> None:
    random = np.random.default_rng(5)
    for size in (1, 2, 7, 100):
        values = random.random(size) ** 3
        assert benjamini_hochberg(values) == pytest.approx(false_discovery_control(values), abs=1e-12)
    assert benjamini_hochberg([]).size == 0
