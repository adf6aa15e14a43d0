import math

import numpy as np
import pytest
import statsmodels.api as sm

from ebbtide.estimate.hazard import fit_hazard
from ebbtide.model.errors import EstimateError

NAMES = ("first", "second", "third", "exposed")


def counts(seed: int, clusters: int = 60, effect: float = 0.5) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """At risk and ended of clusters that differ, over three periods, half of them exposed."""
    random = np.random.default_rng(seed)
    cluster, period = np.repeat(np.arange(clusters), 3), np.tile(np.arange(3), clusters)
    exposed, own = (cluster % 2).astype(float), np.repeat(random.normal(0, 0.2, clusters), 3)
    at_risk = random.integers(5, 60, cluster.size)
    hazard = np.exp(np.log(0.15) + 0.2 * period + effect * exposed + own)
    ended = random.binomial(at_risk, 1 - np.exp(-hazard))
    design = np.column_stack([*(period == each for each in range(3)), exposed]).astype(float)
    return ended, at_risk, design, cluster


@pytest.mark.parametrize("seed", range(3))
def test_coefficients_and_robust_errors_equal_statsmodels(seed: int) -> None:
    ended, at_risk, design, cluster = counts(seed)
    family = sm.families.Binomial(link=sm.families.links.CLogLog())
    oracle = sm.GLM(np.column_stack([ended, at_risk - ended]), design, family=family).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}, tol=1e-13, maxiter=200
    )
    found = fit_hazard(ended, at_risk, design, NAMES, cluster)
    assert found.coefficients == pytest.approx(oracle.params, abs=1e-9)
    wanted = oracle.bse * math.sqrt(60 / 59)
    # The oracle's bread is the observed information, ours the expected one: they differ in the second order.
    assert [found.error(name) for name in NAMES] == pytest.approx(wanted, rel=0.05)


def test_the_robust_covariance_equals_a_sandwich_written_out() -> None:
    ended, at_risk, design, cluster = counts(4)
    found = fit_hazard(ended, at_risk, design, NAMES, cluster)
    eta = design @ np.array(found.coefficients)
    chance, slope = 1 - np.exp(-np.exp(eta)), np.exp(eta - np.exp(eta))
    bread, meat = np.zeros((4, 4)), np.zeros((4, 4))
    for each in range(60):
        score = np.zeros(4)
        for row in np.flatnonzero(cluster == each):
            unit = slope[row] / (chance[row] * (1 - chance[row]))
            score += (ended[row] - at_risk[row] * chance[row]) * unit * design[row]
            bread += at_risk[row] * slope[row] * unit * np.outer(design[row], design[row])
        meat += np.outer(score, score)
    wanted = np.linalg.inv(bread) @ meat @ np.linalg.inv(bread) * 60 / 59
    assert np.array(found.covariance) == pytest.approx(wanted, abs=1e-9)


def test_one_period_and_two_groups_have_the_ratio_of_their_integrated_hazards() -> None:
    # 40 of 100 against 20 of 100: ln 0.6 / ln 0.8.
    clusters = np.arange(40)
    exposed = (clusters % 2).astype(float)
    ended = np.where(exposed == 1, 2, 1)
    found = fit_hazard(ended, np.full(40, 5), np.column_stack([np.ones(40), exposed]), ["period", "exposed"], clusters)
    ratio, interval = found.ratio("exposed")
    assert ratio == pytest.approx(math.log(0.6) / math.log(0.8), abs=1e-9)
    assert interval.low <= ratio <= interval.high
    assert found.p_value("exposed") < 0.01
    assert (found.ended, found.periods_at_risk, found.clusters) == (60, 200, 40)


def test_the_robust_interval_covers_the_true_ratio_and_the_finer_the_looks_the_less_it_matters() -> None:
    inside = 0
    for seed in range(300):
        ended, at_risk, design, cluster = counts(1000 + seed)
        _, interval = fit_hazard(ended, at_risk, design, NAMES, cluster).ratio("exposed")
        inside += interval.low <= math.exp(0.5) <= interval.high
    assert 0.90 <= inside / 300 <= 0.985


def test_models_that_cannot_be_fitted_are_refused() -> None:
    ended, at_risk, design, cluster = counts(1)
    for arguments, why in (
        ((ended, at_risk, design[:, :3], NAMES, cluster), "a row a count"),
        ((at_risk + 1, at_risk, design, NAMES, cluster), "More ended"),
        ((ended, at_risk, design, NAMES, cluster % 5), "5 clusters are too few"),
        ((ended, at_risk, np.column_stack([design[:, :3], design[:, 0]]), NAMES, cluster), "say the same"),
        ((ended * (1 - cluster % 2), at_risk, design, NAMES, cluster), "'exposed' cannot be estimated"),
    ):
        with pytest.raises(EstimateError, match=why):
            fit_hazard(*arguments)
    with pytest.raises(EstimateError, match="'age' is no column"):
        fit_hazard(ended, at_risk, design, NAMES, cluster).ratio("age")
