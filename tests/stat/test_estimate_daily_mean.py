"""The mean of a day: the exact interval as the oracle, coverage where days scatter, refusals."""

import math

import numpy as np
import pytest
from scipy.stats import chi2

from ebbtide.estimate.daily_mean import FEWEST_DAYS, daily_mean
from ebbtide.model.errors import EstimateError


def test_days_that_scatter_by_chance_have_the_exact_interval_of_garwood() -> None:
    found = daily_mean([2, 3, 2, 3, 2, 3, 2, 3])
    assert (found.days, found.total, found.mean, found.dispersion) == (8, 20, 2.5, 1.0)
    assert found.interval is not None
    assert found.interval.low == pytest.approx(chi2.ppf(0.025, 40) / 2 / 8, rel=1e-9)
    assert found.interval.high == pytest.approx(chi2.ppf(0.975, 42) / 2 / 8, rel=1e-9)


def test_where_nothing_came_the_upper_end_is_that_of_garwood_too() -> None:
    found = daily_mean([0] * 10)
    assert found.interval is not None
    assert (found.mean, found.interval.low) == (0.0, 0.0)
    assert found.interval.high == pytest.approx(-math.log(0.025) / 10, rel=1e-9)


@pytest.mark.parametrize("days", [7, 14, 31])
@pytest.mark.parametrize("mean", [1.0, 5.0, 50.0])
@pytest.mark.parametrize("shape", [1.0, 3.0, math.inf])
def test_intervals_hold_the_mean_as_often_as_they_say(days: int, mean: float, shape: float) -> None:
    random = np.random.default_rng([days, int(mean), int(shape) if math.isfinite(shape) else 9])
    held = 0
    for _ in range(2000):
        rate = np.full(days, mean) if math.isinf(shape) else random.gamma(shape, mean / shape, days)
        found = daily_mean(random.poisson(rate)).interval
        assert found is not None
        held += found.low <= mean <= found.high
    least = 0.94 if math.isinf(shape) else 0.92 if days >= 14 else 0.90
    assert least <= held / 2000 <= 0.995


def test_days_that_were_observed_for_hours_count_by_their_hours() -> None:
    whole, half = daily_mean([4] * 10), daily_mean([4] * 10, 5.0)
    assert (whole.mean, half.mean) == (4.0, 8.0)
    assert whole.interval is not None
    assert half.interval is not None
    assert half.interval.high == pytest.approx(2 * whole.interval.high)
    with pytest.raises(EstimateError, match="No time"):
        daily_mean([4], 0.0)


def test_waves_widen_the_interval() -> None:
    even, waves = daily_mean([5] * 20).interval, daily_mean([0, 0, 0, 20] * 5).interval
    assert even is not None
    assert waves is not None
    assert waves.high - waves.low > 2 * (even.high - even.low)


def test_a_few_days_have_a_mean_and_no_interval() -> None:
    found = daily_mean([4] * (FEWEST_DAYS - 1))
    assert (found.mean, found.interval) == (4.0, None)
    assert daily_mean([4]).dispersion == 1.0


@pytest.mark.parametrize("counts", [[], [[1, 2]], [-1, 2], [math.nan, 1]])
def test_what_are_no_counts_is_refused(counts: list[float]) -> None:
    with pytest.raises(EstimateError):
        daily_mean(counts)
