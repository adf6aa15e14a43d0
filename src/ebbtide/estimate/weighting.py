"""Shares from weighted, stratified, clustered units: the Hajek ratio with Taylor linearisation.

Source: Saerndal, Swensson and Wretman, "Model Assisted Survey Sampling" (1992), sections 5.5 to 5.8; Korn and Graubard,
"Confidence Intervals for Proportions with Small Expected Number of Positive Counts", Survey Methodology 24 (1998),
193-201.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from ebbtide.estimate.shares import LEVEL, Interval, normal_quantile, share_interval

LEAST_CLUSTERS = 20
"""With fewer clusters the variance between them is not worth printing: the interval is refused."""


class StratumSums(msgspec.Struct, frozen=True):
    """Additive sums of one stratum, over its clusters c with weighted value Y and weight W of the base in each.

    Attributes:
        clusters: Clusters in the stratum's sample, those without any unit of the base included.
        met: Clusters with a unit of the base.
        y, w: Sums of Y and W.
        yy, yw, ww: Sums of Y², Y·W and W².
    """

    clusters: int
    met: int
    y: float
    w: float
    yy: float
    yw: float
    ww: float


class WeightedShare(msgspec.Struct, frozen=True):
    """A ratio of weighted sums.

    Attributes:
        estimate: Sum of weighted values over sum of weights.
        standard_error: By Taylor linearisation; 0 where all values are equal.
        n_effective: Size of a simple random sample that would be as exact; at most the number of units.
        design_effect: Units over the effective size before it is capped.
        clusters: Clusters with a unit of the base.
    """

    estimate: float
    standard_error: float
    n_effective: float
    design_effect: float
    clusters: int


def hajek_from_sums(strata: Sequence[StratumSums], units: int) -> WeightedShare:
    """The Hajek ratio p = sum Y / sum W with its Taylor variance, from additive sums.

    In a stratum of m clusters with z_c = (Y_c - p W_c) / sum W: variance m/(m-1) (sum z² - (sum z)²/m). A stratum with
    a single cluster adds z² itself (centred at 0), which can only be too much. The effective size is p(1-p)/variance,
    or (sum W)² / sum W_c² where p is 0 or 1.

    Args:
        strata: At least one, with a positive sum of weights in all.
        units: Units in the base.

    Assumptions: clusters are drawn independently within strata, at most a small part of them; weights are right.
    Few clusters, or one that holds most of the weight, break it.
    """
    weight = sum(stratum.w for stratum in strata)
    if weight <= 0:
        raise ValueError("the base has no weight")
    share = sum(stratum.y for stratum in strata) / weight
    variance = sum(_variance(stratum, share, weight) for stratum in strata)
    spread = share * (1 - share)
    clustered = weight * weight / sum(stratum.ww for stratum in strata)
    # A variance of rounding errors alone is none.
    tiny = 1e-12 * max(spread, 1e-12)
    size = spread / variance if variance > tiny and spread > 0 else clustered
    error = float(np.sqrt(variance)) if variance > tiny else 0.0
    met = sum(stratum.met for stratum in strata)
    return WeightedShare(share, error, min(size, float(units)), units / size, met)


def hajek_share(
    values: npt.ArrayLike,
    weights: npt.ArrayLike,
    strata: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
) -> WeightedShare:
    """The Hajek ratio of unit values; see ``hajek_from_sums``.

    Args:
        values: Shape (n,): 1 where a unit has it, 0 where not (or minus 1 to 1 for a change).
        weights: Shape (n,), above 0: units of the population that each stands for.
        strata: Shape (n,), labels; ``None`` for one stratum.
        clusters: Shape (n,), labels within strata; ``None`` where each unit is its own.

    Returns:
        Share, standard error, effective size and design effect.
    """
    value, weight = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    stratum = np.zeros(value.size, dtype=np.int64) if strata is None else np.asarray(strata)
    cluster = np.arange(value.size) if clusters is None else np.asarray(clusters)
    sums = [
        _sums(value[stratum == label], weight[stratum == label], cluster[stratum == label])
        for label in np.unique(stratum)
    ]
    return hajek_from_sums(sums, value.size)


def weighted_interval(share: WeightedShare, level: float = LEVEL) -> Interval | None:
    """The interval of a weighted share: that of ``share_interval`` on the effective size.

    Args:
        share: Of values 0 and 1.
        level: Confidence, 0 to 1.

    Returns:
        ``None`` with fewer than ``LEAST_CLUSTERS`` clusters.
    """
    if share.clusters < LEAST_CLUSTERS:
        return None
    count = min(max(share.estimate, 0.0), 1.0) * share.n_effective
    interval = share_interval(count, share.n_effective, level)
    return msgspec.structs.replace(interval, method=f"hajek, {interval.method} on effective size")


def weighted_difference_interval(share: WeightedShare, level: float = LEVEL) -> Interval | None:
    """The interval of a weighted mean of changes (minus 1 to 1): normal, on the linearised standard error.

    Args:
        share: Of values minus 1, 0 and 1.
        level: Confidence, 0 to 1.

    Returns:
        ``None`` with fewer than ``LEAST_CLUSTERS`` clusters, or where nothing changed in any unit.
    """
    if share.clusters < LEAST_CLUSTERS or share.standard_error == 0:
        return None
    half = normal_quantile(level) * share.standard_error
    return Interval(max(-1.0, share.estimate - half), min(1.0, share.estimate + half), "hajek, linearised")


def _variance(stratum: StratumSums, share: float, weight: float) -> float:
    first = (stratum.y - share * stratum.w) / weight
    second = (stratum.yy - 2 * share * stratum.yw + share * share * stratum.ww) / (weight * weight)
    number = stratum.clusters
    if number <= 1:
        return second
    return max(0.0, number / (number - 1) * (second - first * first / number))


def _sums(
    value: npt.NDArray[np.float64], weight: npt.NDArray[np.float64], cluster: npt.NDArray[np.generic]
) -> StratumSums:
    _, place = np.unique(cluster, return_inverse=True)
    y, w = np.bincount(place, weight * value), np.bincount(place, weight)
    return StratumSums(w.size, w.size, y.sum(), w.sum(), (y * y).sum(), (y * w).sum(), (w * w).sum())
