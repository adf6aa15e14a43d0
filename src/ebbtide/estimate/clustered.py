"""A share from a stratified sample whose units stand together under operators, with the smallest number that it needs.

Source: Korn and Graubard, "Confidence Intervals for Proportions with Small Expected Number of Positive Counts", Survey
Methodology 24 (1998), 193-201; Laakso and Taagepera, "Effective Number of Parties", Comparative Political Studies 12
(1979), 3-27.
"""

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from ebbtide.estimate.shares import LEVEL, Interval, share_interval
from ebbtide.estimate.weighting import LEAST_CLUSTERS, WeightedShare, hajek_share
from ebbtide.model.errors import EstimateError


class ClusteredShare(msgspec.Struct, frozen=True):
    """A share of units that operators hold in common.

    Attributes:
        estimate: Hajek ratio, 0 to 1.
        interval: On the effective size, corrected for the degrees of freedom.
        standard_error: By Taylor linearisation.
        units: Units in the base.
        operators: Operators with a unit in the base.
        n_effective: Size of a simple random sample that would be as exact.
        design_effect: Units over that size before it is capped.
        freedom: Degrees of freedom: operators less strata.
        effective_operators: How many operators of equal size would be as concentrated.
    """

    estimate: float
    interval: Interval
    standard_error: float
    units: int
    operators: int
    n_effective: float
    design_effect: float
    freedom: int
    effective_operators: float


def operator_share(
    values: npt.ArrayLike,
    weights: npt.ArrayLike,
    operators: npt.ArrayLike,
    strata: npt.ArrayLike | None = None,
    level: float = LEVEL,
) -> ClusteredShare:
    """The Hajek ratio with operators as clusters, and its interval on the effective size.

    The effective size of ``hajek_from_sums`` is that of ``size_for_freedom`` before ``share_interval`` is taken of it.

    Args:
        values: Shape (n,): 1 where a unit has it, 0 where not.
        weights: Shape (n,), above 0.
        operators: Shape (n,), labels: who runs the unit (AS, /24 or hoster).
        strata: Shape (n,), labels; ``None`` for one stratum. Where an operator has units in several strata, strata
            are joined for the variance, so that its units still count as one draw.
        level: Confidence, 0 to 1.

    Raises:
        EstimateError: Fewer than ``LEAST_CLUSTERS`` operators, no unit, or columns of different length.

    Assumptions: operators answer independently of each other; at most a small part of them is drawn. One operator with
    most of the weight breaks it: look at ``effective_operators`` and at the figure without the largest.

    Source: Korn and Graubard (1998), section 3.
    """
    value, weight, operator = _columns(values, weights, operators)
    stratum = np.zeros(value.size, dtype=np.int64) if strata is None else np.asarray(strata)
    if stratum.shape != value.shape:
        raise EstimateError(f"{stratum.size} strata are given for {value.size} units.")
    if _pairs(stratum, operator) > np.unique(operator).size:
        stratum = np.zeros(value.size, dtype=np.int64)
    found = hajek_share(value, weight, stratum, operator)
    if found.clusters < LEAST_CLUSTERS:
        raise EstimateError(
            f"{found.clusters} operators are too few for an interval; the variance between them needs {LEAST_CLUSTERS}."
        )
    freedom = found.clusters - int(np.unique(stratum).size)
    if freedom < 1:
        raise EstimateError(f"{found.clusters} operators in as many strata leave no variance to be measured.")
    return _published(found, value.size, freedom, effective_number(weight, operator), level)


def _published(
    found: WeightedShare, units: int, freedom: int, effective_operators: float, level: float
) -> ClusteredShare:
    size = size_for_freedom(found.n_effective, units, freedom, level)
    interval = share_interval(min(max(found.estimate, 0.0), 1.0) * size, size, level)
    return ClusteredShare(
        estimate=found.estimate,
        interval=msgspec.structs.replace(interval, method=f"hajek over operators, {interval.method} on effective size"),
        standard_error=found.standard_error,
        units=units,
        operators=found.clusters,
        n_effective=size,
        design_effect=found.design_effect,
        freedom=freedom,
        effective_operators=effective_operators,
    )


def size_for_freedom(n_effective: float, units: int, freedom: int, level: float = LEVEL) -> float:
    """An effective size, lessened since its variance is itself estimated: times (t(units - 1) / t(freedom))².

    Args:
        n_effective: As ``hajek_from_sums`` gives it.
        units: Units in the base, 2 or more.
        freedom: Degrees of freedom: clusters less strata, 1 or more.
        level: Confidence, 0 to 1, of the interval that it is for; t is Student's two-sided quantile of it.

    Returns:
        At most ``units``.

    Source: Korn and Graubard (1998), section 3.
    """
    tail = 0.5 + level / 2
    return min(n_effective * float((stdtrit(units - 1, tail) / stdtrit(freedom, tail)) ** 2), float(units))


def effective_number(weights: npt.ArrayLike, operators: npt.ArrayLike) -> float:
    """The effective number of operators: (sum W)² / sum W², with W the weight that each holds.

    Args:
        weights: Shape (n,), above 0.
        operators: Shape (n,), labels.

    Returns:
        1 if one holds all, the number of operators if all hold as much.

    Raises:
        EstimateError: There is no unit.
    """
    _, weight, operator = _columns(weights, weights, operators)
    held = _held(weight, operator)[1]
    return float(held.sum() ** 2 / (held * held).sum())


def outside_largest(weights: npt.ArrayLike, operators: npt.ArrayLike, k: int) -> npt.NDArray[np.bool_]:
    """Which units remain when the k operators of most weight are left out.

    Args:
        weights: Shape (n,), above 0.
        operators: Shape (n,), labels; of two operators of equal weight the lesser label counts as the larger.
        k: 0 or more.

    Returns:
        Shape (n,), true where a unit remains.

    Raises:
        EstimateError: There is no unit, or k is negative.
    """
    if k < 0:
        raise EstimateError(f"{k} operators cannot be left out.")
    _, weight, operator = _columns(weights, weights, operators)
    labels, held = _held(weight, operator)
    largest = labels[np.argsort(-held, kind="stable")[:k]]
    return ~np.isin(operator, largest)


def _held(
    weight: npt.NDArray[np.float64], operator: npt.NDArray[np.generic]
) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.float64]]:
    labels, place = np.unique(operator, return_inverse=True)
    return labels, np.bincount(place, weight).astype(np.float64)


def _pairs(stratum: npt.NDArray[np.generic], operator: npt.NDArray[np.generic]) -> int:
    _, first = np.unique(stratum, return_inverse=True)
    labels, second = np.unique(operator, return_inverse=True)
    return int(np.unique(first * labels.size + second).size)


def _columns(
    values: npt.ArrayLike, weights: npt.ArrayLike, operators: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.generic]]:
    value, weight = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    operator = np.asarray(operators)
    if not value.shape == weight.shape == operator.shape:
        raise EstimateError(f"{value.size} values, {weight.size} weights and {operator.size} operators do not match.")
    if value.size == 0:
        raise EstimateError("There is no unit in the base.")
    if not (weight > 0).all():
        raise EstimateError("A unit has no weight: every weight must lie above 0.")
    return value, weight, operator
