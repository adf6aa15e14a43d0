import numpy as np
import pytest
import statsmodels.api as sm

from ebbtide.estimate.shares import wilson_interval
from ebbtide.estimate.weighting import (
    hajek_share,
    weighted_difference_interval,
    weighted_interval,
)

RANDOM = np.random.default_rng(20010715)


def test_equal_weights_give_the_plain_share_and_nearly_the_plain_wilson_interval() -> None:
    values = np.repeat([1, 0], [340, 660])
    found = hajek_share(values, np.full(1000, 2.5))
    assert found.estimate == pytest.approx(0.34, abs=1e-12)
    # The variance divides by n - 1.
    assert found.n_effective == pytest.approx(999, abs=1e-6)
    interval = weighted_interval(found)
    plain = wilson_interval(0.34 * 999, 999)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((plain.low, plain.high), abs=1e-9)


def test_a_clustered_share_equals_the_sandwich_of_statsmodels() -> None:
    clusters = RANDOM.integers(0, 60, 500)
    weights = RANDOM.uniform(0.5, 4, 500)
    values = (RANDOM.random(500) < 0.2 + 0.5 * (clusters % 3 == 0)).astype(float)
    model = sm.WLS(values, np.ones(500), weights=weights)
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False})
    found = hajek_share(values, weights, clusters=clusters)
    number = np.unique(clusters).size
    assert found.estimate == pytest.approx(float(fitted.params[0]), abs=1e-9)
    assert found.standard_error == pytest.approx(float(fitted.bse[0]) * np.sqrt(number / (number - 1)), abs=1e-9)


def test_a_stratified_share_equals_the_hand_worked_variance() -> None:
    # Two strata of 4 and 3 units, weights 2 and 5. W = 8 + 15 = 23, Y = 2*3 + 5*1 = 11, p = 11/23.
    values, weights = [1, 1, 1, 0, 1, 0, 0], [2, 2, 2, 2, 5, 5, 5]
    share = 11 / 23
    first = np.array([2 * (value - share) / 23 for value in (1, 1, 1, 0)])
    second = np.array([5 * (value - share) / 23 for value in (1, 0, 0)])
    variance = 4 * first.var(ddof=1) + 3 * second.var(ddof=1)
    found = hajek_share(values, weights, strata=[0, 0, 0, 0, 1, 1, 1])
    assert found.estimate == pytest.approx(share, abs=1e-12)
    assert found.standard_error == pytest.approx(float(np.sqrt(variance)), abs=1e-12)


def test_units_that_answer_alike_count_as_one() -> None:
    values = np.repeat([1, 0, 0, 0, 1], 20)
    found = hajek_share(values, np.ones(100), clusters=np.repeat(np.arange(5), 20))
    assert found.n_effective == pytest.approx(4, abs=1e-9)
    assert found.design_effect == pytest.approx(25, abs=1e-9)
    assert weighted_interval(found) is None, "five clusters are too few"


def test_none_at_all_has_a_bound_on_the_effective_size_and_no_variance() -> None:
    found = hajek_share(np.zeros(100), np.repeat([1.0, 3.0], 50))
    assert found.standard_error == 0
    assert found.n_effective == pytest.approx(200**2 / (50 + 450), abs=1e-9)
    interval = weighted_interval(found)
    assert interval is not None
    assert interval.low == 0
    assert interval.high == pytest.approx(1 - 0.05 ** (1 / 80), abs=1e-9)


def test_a_mean_of_changes_has_a_normal_interval_on_its_linearised_error() -> None:
    changes = np.repeat([-1, 0, 1], [40, 50, 10])
    found = hajek_share(changes, np.ones(100))
    error = float(np.std(changes, ddof=1) / 10)
    interval = weighted_difference_interval(found)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((-0.3 - 1.959963985 * error, -0.3 + 1.959963985 * error))


def test_the_interval_of_a_weighted_stratified_sample_covers_the_share_as_often_as_it_says() -> None:
    sizes, chances, weights = (120, 80), (0.5, 0.15), (1.0, 6.0)
    total = sum(size * weight for size, weight in zip(sizes, weights, strict=True))
    true = sum(size * weight * chance for size, weight, chance in zip(sizes, weights, chances, strict=True)) / total
    strata, weight = np.repeat([0, 1], sizes), np.repeat(weights, sizes)
    random = np.random.default_rng(34)
    inside = 0
    for _ in range(4000):
        found = weighted_interval(hajek_share(random.random(200) < np.repeat(chances, sizes), weight, strata))
        inside += found is not None and found.low <= true <= found.high
    assert 0.935 <= inside / 4000 <= 0.965
