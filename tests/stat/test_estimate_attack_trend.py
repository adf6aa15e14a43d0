"""A trend of daily counts: statsmodels as the oracle, simulated ebbs and waves, refusals."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from ebbtide.estimate.attack_trend import attack_trend
from ebbtide.model.errors import EstimateError


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 150), st.floats(-0.03, 0.03), st.floats(0.5, 4))
def test_the_trend_is_that_of_statsmodels(seed: int, days: int, slope: float, level: float) -> None:
    random = np.random.default_rng(seed)
    day = np.sort(random.choice(np.arange(2 * days), days, replace=False)).astype(float)
    count = random.poisson(np.exp(level + slope * (day - day.mean())))
    if count.sum() < 10:
        pytest.skip("too few events")
    found = attack_trend(day, count)
    oracle = sm.GLM(count, sm.add_constant(day - day.mean()), family=sm.families.Poisson()).fit(scale="X2", tol=1e-12)
    assert found.slope == pytest.approx(oracle.params[1], abs=1e-6)
    assert found.dispersion == pytest.approx(oracle.scale, rel=1e-6)
    assert (found.interval.high - found.slope) == pytest.approx(
        oracle.bse[1] * student.ppf(0.975, days - 2), rel=1e-5, abs=1e-9
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 100), st.floats(-0.03, 0.03))
def test_days_seen_in_part_count_by_their_part_as_in_statsmodels(seed: int, days: int, slope: float) -> None:
    random = np.random.default_rng(seed)
    day, seen = np.arange(float(days)), random.uniform(0.05, 1, days)
    count = random.poisson(seen * np.exp(2 + slope * (day - day.mean())))
    if count.sum() < 10:
        pytest.skip("too few events")
    found = attack_trend(day, count, exposure=seen)
    design = sm.add_constant(day - day.mean())
    oracle = sm.GLM(count, design, family=sm.families.Poisson(), exposure=seen).fit(scale="X2", tol=1e-12)
    assert found.slope == pytest.approx(oracle.params[1], abs=1e-6)
    assert found.dispersion == pytest.approx(oracle.scale, rel=1e-6)
    assert attack_trend(day, count, exposure=np.ones(days)) == attack_trend(day, count)


@pytest.mark.parametrize("seen", [0.0, -1.0, math.inf, math.nan])
def test_an_exposure_that_is_none_is_refused(seen: float) -> None:
    with pytest.raises(EstimateError, match="exposure"):
        attack_trend(np.arange(20.0), np.ones(20), exposure=np.full(20, seen))


def test_a_worm_that_halves_in_ten_days_is_ebbing() -> None:
    random = np.random.default_rng(1)
    day = np.arange(60.0)
    found = attack_trend(day, random.poisson(200 * 0.5 ** (day / 10)))
    assert (found.verdict, found.days) == ("ebbing", 60)
    assert found.half_life is not None
    assert found.half_life_interval is not None
    assert found.half_life_interval.low < 10 < found.half_life_interval.high
    assert found.half_life == pytest.approx(10, abs=1)


def test_no_trend_is_called_one_no_more_often_than_published() -> None:
    called = 0
    for seed in range(400):
        random = np.random.default_rng(seed)
        called += attack_trend(np.arange(60.0), random.negative_binomial(2, 0.2, 60)).verdict != "no trend"
    assert 8 <= called <= 36


def test_waves_widen_the_interval() -> None:
    random = np.random.default_rng(3)
    day, plain = np.arange(80.0), random.poisson(5, 80)
    waves = np.where(random.random(80) < 0.1, 50, 0)
    narrow, wide = attack_trend(day, plain), attack_trend(day, waves)
    assert wide.dispersion > 5 * narrow.dispersion
    assert wide.interval.high - wide.interval.low > narrow.interval.high - narrow.interval.low


@pytest.mark.parametrize(
    ("days", "counts", "sentence"),
    [
        (range(5), [9] * 5, "5 observed days are too few"),
        (range(30), [0] * 30, "0 seen, too few"),
        (range(30), [1] * 29, "do not match"),
        (range(30), [-1, *[3] * 29], "below 0"),
        (range(30), [math.nan, *[3] * 29], "no number"),
    ],
)
def test_too_little_for_a_trend_is_refused(days: range, counts: list[float], sentence: str) -> None:
    with pytest.raises(EstimateError, match=sentence):
        attack_trend(list(days), counts)
