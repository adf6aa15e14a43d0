import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import t as student

from ebbtide.estimate.clustered import effective_number, operator_share, outside_largest
from ebbtide.estimate.shares import wilson_interval
from ebbtide.model.errors import EstimateError

RANDOM = np.random.default_rng(20010718)


def test_a_share_over_operators_in_strata_equals_a_hand_worked_case() -> None:
    # Stratum a: 10 operators of 2 units, weight 1: 5 hold (1, 1), 5 hold (0, 0). Stratum b: 10 operators of 1 unit,
    # weight 3: 4 have it. W = 20 + 30 = 50, Y = 10 + 12 = 22, p = 0.44.
    # a: z = 2 (y - p) / 50 = 0.0224 five times and -0.0176 five times; mean 0.0024, deviations 0.02:
    #    10/9 * 10 * 0.0004 = 0.0044444. b: z = 3 (y - p)/50 = 0.0336 four times and -0.0264 six times, mean -0.0024,
    #    deviations 0.036 (4) and 0.024 (6): 10/9 * (4 * 0.001296 + 6 * 0.000576) = 0.0096. Sum 0.0140444.
    values = [*[1, 1] * 5, *[0, 0] * 5, *[1] * 4, *[0] * 6]
    operators = [*np.repeat(np.arange(10), 2), *range(10, 20)]
    found = operator_share(values, [1] * 20 + [3] * 10, operators, ["a"] * 20 + ["b"] * 10)
    assert found.estimate == pytest.approx(0.44, abs=1e-12)
    assert found.standard_error**2 == pytest.approx(0.04 / 9 + 0.0096, abs=1e-12)
    assert found.freedom == 18
    raw = 0.44 * 0.56 / (0.04 / 9 + 0.0096)
    assert found.design_effect == pytest.approx(30 / raw, abs=1e-9)
    size = raw * (student.ppf(0.975, 29) / student.ppf(0.975, 18)) ** 2
    assert found.n_effective == pytest.approx(size, abs=1e-9)
    plain = wilson_interval(0.44 * size, size)
    assert (found.interval.low, found.interval.high) == pytest.approx((plain.low, plain.high), abs=1e-9)


def test_the_standard_error_equals_the_cluster_sandwich_of_statsmodels() -> None:
    operators = RANDOM.integers(0, 80, 900)
    weights = RANDOM.uniform(0.2, 5, 900)
    values = (RANDOM.random(900) < 0.1 + 0.4 * (operators % 4 == 0)).astype(float)
    fitted = sm.WLS(values, np.ones(900), weights=weights).fit(
        cov_type="cluster", cov_kwds={"groups": operators, "use_correction": False}
    )
    found = operator_share(values, weights, operators)
    number = np.unique(operators).size
    assert found.standard_error == pytest.approx(float(fitted.bse[0]) * math.sqrt(number / (number - 1)), abs=1e-9)


def test_an_operator_in_two_strata_is_still_one_draw() -> None:
    values, weights, operators = RANDOM.integers(0, 2, 300), np.ones(300), np.repeat(np.arange(30), 10)
    strata = np.tile([0, 1], 150)
    assert operator_share(values, weights, operators, strata) == operator_share(values, weights, operators)


def test_too_few_operators_are_refused_in_one_sentence() -> None:
    with pytest.raises(EstimateError, match=r"^19 operators are too few for an interval; .* needs 20\.$"):
        operator_share([1, 0] * 19, np.ones(38), np.repeat(np.arange(19), 2))
    with pytest.raises(EstimateError, match="no variance to be measured"):
        operator_share(np.ones(20), np.ones(20), range(20), range(20))
    for bad in (([], [], []), ([1], [0], [1]), ([1], [1, 1], [1])):
        with pytest.raises(EstimateError):
            operator_share(*bad)
    with pytest.raises(EstimateError, match="3 strata are given for 2 units"):
        operator_share([1, 0], [1, 1], [1, 2], [1, 2, 3])


def test_the_effective_number_of_operators_and_the_rest_without_the_largest() -> None:
    weights, operators = [5, 1, 1, 1, 2], ["big", "a", "b", "c", "c"]
    assert effective_number(weights, operators) == pytest.approx(100 / (25 + 1 + 1 + 9), abs=1e-12)
    assert effective_number([2, 2, 2], [1, 2, 3]) == pytest.approx(3)
    assert outside_largest(weights, operators, 0).all()
    assert outside_largest(weights, operators, 1).tolist() == [False, True, True, True, True]
    assert outside_largest(weights, operators, 2).tolist() == [False, True, True, False, False]
    with pytest.raises(EstimateError):
        outside_largest(weights, operators, -1)


@pytest.mark.parametrize(("number", "floor"), [(20, 0.92), (60, 0.935)])
def test_the_interval_over_operators_of_unequal_size_covers_as_often_as_published(number: int, floor: float) -> None:
    random = np.random.default_rng(number)
    sizes = 1 + np.arange(number) % 8
    operators, inside, rounds = np.repeat(np.arange(number), sizes), 0, 2000
    for _ in range(rounds):
        chances = np.repeat(random.beta(1.5, 3.5, number), sizes)
        found = operator_share(random.random(operators.size) < chances, np.ones(operators.size), operators).interval
        inside += found.low <= 0.3 <= found.high
    assert floor <= inside / rounds <= 0.97
