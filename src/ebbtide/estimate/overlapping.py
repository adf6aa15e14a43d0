"""The change of a share between two samples that overlap: units in both make the change more exact, or less.

Source: Tam, "On Covariances from Overlapping Samples", The American Statistician 38 (1984), 288-289; Berger, "Variance
Estimation for Measures of Change in Probability Sampling", Canadian Journal of Statistics 32 (2004), 451-467.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from ebbtide.estimate.shares import LEVEL, Interval, normal_quantile
from ebbtide.estimate.weighting import LEAST_CLUSTERS
from ebbtide.model.errors import EstimateError

Column = npt.NDArray[np.float64]


class Sample(msgspec.Struct, frozen=True):
    """One round's sample, a row a unit; every column has shape (n,).

    Attributes:
        units: Ids, the same for the same unit in every round.
        values: 1 where a unit has it, 0 where not.
        weights: Above 0.
        clusters: Labels, the same in every round; ``None`` where each unit is its own.
        strata: Labels; ``None`` for one stratum.
    """

    units: npt.ArrayLike
    values: npt.ArrayLike
    weights: npt.ArrayLike
    clusters: npt.ArrayLike | None = None
    strata: npt.ArrayLike | None = None


class OverlapChange(msgspec.Struct, frozen=True):
    """A change of a share over two samples.

    Attributes:
        then, now: Hajek ratios of each sample.
        difference: Now less then.
        standard_error: With the covariance on the overlap.
        independent_error: What it would be had the samples nothing in common.
        covariance: Of the two estimates.
        overlap: Units in both samples.
        interval: Of the difference, within minus 1 to 1.
    """

    then: float
    now: float
    difference: float
    standard_error: float
    independent_error: float
    covariance: float
    overlap: int
    interval: Interval


def overlapping_change(then: Sample, now: Sample, level: float = LEVEL) -> OverlapChange:
    """The difference of two Hajek ratios with the covariance that common units and clusters give it.

    With z the linearised values w (y - p) / sum w of each round, summed by cluster over the union of both samples:
    covariance = sum over strata of m/(m-1) sum (z1 - mean z1)(z2 - mean z2), variances alike, and
    variance of the difference = var1 + var2 - 2 covariance.

    Args:
        then: The earlier sample.
        now: The later sample.
        level: Confidence, 0 to 1.

    Raises:
        EstimateError: A sample is empty, a unit stands twice in one, columns do not match, or both together have fewer
            than ``LEAST_CLUSTERS`` clusters.

    Assumptions: clusters are drawn independently within strata; a unit keeps its cluster and stratum. Where it does
    not, its two appearances count as independent, which makes the interval of a positively related pair too wide.
    """
    first, second = _linearised(then), _linearised(now)
    shared = np.intersect1d(np.asarray(then.units), np.asarray(now.units), assume_unique=True).size
    keys, place = np.unique(np.concatenate([first.keys, second.keys]), return_inverse=True)
    if keys.size < LEAST_CLUSTERS:
        raise EstimateError(
            f"{keys.size} clusters in both rounds are too few for an interval; it needs {LEAST_CLUSTERS}."
        )
    size = first.keys.size
    z1 = np.bincount(place[:size], first.z, minlength=keys.size).astype(np.float64)
    z2 = np.bincount(place[size:], second.z, minlength=keys.size).astype(np.float64)
    strata = np.array([key[0] for key in keys.tolist()])
    var1, var2, both = _covariance(z1, z1, strata), _covariance(z2, z2, strata), _covariance(z1, z2, strata)
    return _change(first.share, second.share, (var1, var2, both), int(shared), level)


class PairSums(msgspec.Struct, frozen=True):
    """Additive sums of one stratum over the clusters of either sample, with value Y and weight W of each in a round.

    Attributes:
        clusters: That have a unit of the base in either sample.
        both: Units in both samples.
        sums: Of Y1, W1, Y2 and W2.
        first, second: Of Y², Y·W and W² of each round.
        products: Of Y1·Y2, Y1·W2, W1·Y2 and W1·W2.
    """

    clusters: int
    both: int
    sums: tuple[float, float, float, float]
    first: tuple[float, float, float]
    second: tuple[float, float, float]
    products: tuple[float, float, float, float]


def overlapping_from_sums(strata: Sequence[PairSums], level: float = LEVEL) -> OverlapChange | None:
    """As ``overlapping_change``, from additive sums.

    With p the share and T the weight of each round, the sum of z1 z2 over clusters is
    (Y1 Y2 - p2 Y1 W2 - p1 W1 Y2 + p1 p2 W1 W2) / (T1 T2), and so on.

    Args:
        strata: At least one.
        level: Confidence, 0 to 1.

    Returns:
        ``None`` where a round has no weight, or both together have fewer than ``LEAST_CLUSTERS`` clusters.
    """
    y1, w1, y2, w2 = (sum(stratum.sums[place] for stratum in strata) for place in range(4))
    if min(w1, w2) <= 0 or sum(stratum.clusters for stratum in strata) < LEAST_CLUSTERS:
        return None
    p1, p2 = y1 / w1, y2 / w2
    var1 = var2 = both = 0.0
    for each in strata:
        z1, z2 = (each.sums[0] - p1 * each.sums[1]) / w1, (each.sums[2] - p2 * each.sums[3]) / w2
        z11 = (each.first[0] - 2 * p1 * each.first[1] + p1 * p1 * each.first[2]) / (w1 * w1)
        z22 = (each.second[0] - 2 * p2 * each.second[1] + p2 * p2 * each.second[2]) / (w2 * w2)
        yy, yw, wy, ww = each.products
        z12 = (yy - p2 * yw - p1 * wy + p1 * p2 * ww) / (w1 * w2)
        var1 += _centred(z11, z1, z1, each.clusters)
        var2 += _centred(z22, z2, z2, each.clusters)
        both += _centred(z12, z1, z2, each.clusters)
    return _change(p1, p2, (var1, var2, both), sum(each.both for each in strata), level)


def _change(then: float, now: float, variances: tuple[float, float, float], shared: int, level: float) -> OverlapChange:
    var1, var2, both = variances
    error = math.sqrt(max(0.0, var1 + var2 - 2 * both))
    half = normal_quantile(level) * error
    difference = now - then
    interval = Interval(max(-1.0, difference - half), min(1.0, difference + half), "hajek, overlapping samples")
    return OverlapChange(then, now, difference, error, math.sqrt(var1 + var2), both, shared, interval)


def _centred(product: float, one: float, other: float, number: int) -> float:
    """Sum of products about the means of a stratum's clusters; of a single cluster about 0."""
    return product if number <= 1 else (product - one * other / number) * number / (number - 1)


class _Linearised(msgspec.Struct, frozen=True):
    share: float
    z: Column
    keys: npt.NDArray[np.void]


def _linearised(sample: Sample) -> _Linearised:
    units, value = np.asarray(sample.units), np.asarray(sample.values, dtype=np.float64)
    weight = np.asarray(sample.weights, dtype=np.float64)
    cluster = units if sample.clusters is None else np.asarray(sample.clusters)
    stratum = np.zeros(units.size, dtype=np.int64) if sample.strata is None else np.asarray(sample.strata)
    if units.size == 0:
        raise EstimateError("A sample has no unit.")
    if not units.shape == value.shape == weight.shape == cluster.shape == stratum.shape:
        raise EstimateError("The columns of a sample have different lengths.")
    if np.unique(units).size != units.size:
        raise EstimateError("A unit stands twice in one sample.")
    if not (weight > 0).all():
        raise EstimateError("A unit has no weight: every weight must lie above 0.")
    share = float((weight * value).sum() / weight.sum())
    keys = np.empty(units.size, dtype=[("stratum", stratum.dtype), ("cluster", cluster.dtype)])
    keys["stratum"], keys["cluster"] = stratum, cluster
    return _Linearised(share, weight * (value - share) / weight.sum(), keys)


def _covariance(one: Column, other: Column, strata: npt.NDArray[np.generic]) -> float:
    total = 0.0
    for label in np.unique(strata):
        here = strata == label
        number = int(here.sum())
        total += _centred(float(one[here] @ other[here]), float(one[here].sum()), float(other[here].sum()), number)
    return total
