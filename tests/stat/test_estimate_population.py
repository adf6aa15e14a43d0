import math
from itertools import product

import numpy as np
import pytest
import statsmodels.api as sm

from ebbtide.estimate.population import chao_lower_bound, chapman, log_linear
from ebbtide.model.errors import EstimateError


def test_two_lists_give_chapmans_estimate_by_hand() -> None:
    # 200 and 150 units, 50 on both: 201 * 151 / 51 - 1; variance 201 * 151 * 150 * 100 / (51² * 52).
    found = chapman(200, 150, 50)
    assert found.estimate == pytest.approx(201 * 151 / 51 - 1, abs=1e-9)
    assert found.seen == 300
    unseen, variance = found.estimate - 300, 201 * 151 * 150 * 100 / (51**2 * 52)
    reach = math.exp(1.959963984540054 * math.sqrt(math.log(1 + variance / unseen**2)))
    ends = (300 + unseen / reach, 300 + unseen * reach)
    assert (found.interval.low, found.interval.high) == pytest.approx(ends, abs=1e-9)
    assert chapman(20, 30, 20).estimate == pytest.approx(30, abs=1e-9)
    assert "lower bound" in found.note


def test_chapmans_interval_covers_a_population_of_equals() -> None:
    random, inside = np.random.default_rng(8), 0
    for _ in range(2000):
        one, other = random.random((2, 1000)) < np.array([[0.3], [0.25]])
        interval = chapman(int(one.sum()), int(other.sum()), int((one & other).sum())).interval
        inside += interval.low <= 1000 <= interval.high
    assert 0.935 <= inside / 2000 <= 0.965


def test_independent_lists_that_fit_exactly_give_the_unseen_by_hand() -> None:
    # 1,000 units, chances 1/2, 1/2 and 1/5: the cell that no list holds has 1000 * 0.5 * 0.5 * 0.8 = 200.
    chances = (0.5, 0.5, 0.2)
    histories = {
        cell: round(1000 * math.prod(c if seen else 1 - c for c, seen in zip(chances, cell, strict=True)))
        for cell in product((0, 1), repeat=3)
        if any(cell)
    }
    found = log_linear(histories)
    assert found.seen == 800
    assert found.estimate == pytest.approx(1000, abs=1e-6)
    assert found.method == "log-linear, independent lists"


def test_a_model_with_lists_that_go_together_equals_statsmodels() -> None:
    histories = {
        (1, 0, 0): 210, (0, 1, 0): 160, (0, 0, 1): 120, (1, 1, 0): 140, (1, 0, 1): 30, (0, 1, 1): 22, (1, 1, 1): 25,
    }  # fmt: skip
    found = log_linear(histories)
    assert found.method == "log-linear, lists 1 with 2 together"
    cells = list(histories)
    design = np.column_stack([np.ones(7), np.array(cells), [one * other for one, other, _ in cells]])
    oracle = sm.GLM(list(histories.values()), design, family=sm.families.Poisson()).fit(tol=1e-13, maxiter=200)
    unseen = math.exp(oracle.params[0])
    assert found.estimate == pytest.approx(707 + unseen, abs=1e-6)
    variance = unseen + unseen**2 * float(oracle.bse[0]) ** 2
    reach = math.exp(1.959963984540054 * math.sqrt(math.log(1 + variance / unseen**2)))
    assert found.interval.high == pytest.approx(707 + unseen * reach, abs=1e-4)


def test_chaos_bound_by_hand_stays_below_a_population_of_unequals() -> None:
    found = chao_lower_bound({(1, 0, 0): 10, (0, 1, 0): 10, (0, 0, 1): 10, (1, 1, 0): 9})
    assert found.estimate == pytest.approx(39 + 2 / 3 * 30 * 29 / 20, abs=1e-9)
    random = np.random.default_rng(9)
    seen = random.random((3, 20_000)) < random.beta(1, 4, 20_000)
    cells, counts = np.unique(seen.T.astype(int), axis=0, return_counts=True)
    bound = chao_lower_bound({tuple(cell): int(n) for cell, n in zip(cells.tolist(), counts, strict=True)})
    assert bound.seen < bound.estimate < 20_000


def test_lists_that_tell_nothing_are_refused() -> None:
    with pytest.raises(EstimateError, match="6 units on both lists are too few"):
        chapman(50, 50, 6)
    with pytest.raises(EstimateError, match="cannot be on both"):
        chapman(5, 50, 6)
    with pytest.raises(EstimateError, match="2 lists do not make"):
        log_linear({(1, 0): 5, (0, 1): 5})
    for bad in ({}, {(1, 0, 0): 1, (1, 0): 1}, {(2, 0, 0): 1}, {(1, 0, 0): -1}):
        with pytest.raises(EstimateError, match="Every history"):
            log_linear(bad)
