"""Competing ends of a hole or a server: fixed, migrated, refused, silent, and the part that each takes.

Source: Aalen and Johansen, "An Empirical Transition Matrix for Non-homogeneous Markov Chains Based on Censored
Observations", Scandinavian Journal of Statistics 5 (1978), 141-150; Marubini and Valsecchi, "Analysing Survival Data
from Clinical Trials and Observational Studies" (1995), section 10.3.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from ebbtide.estimate.redrawing import numbered, redraws
from ebbtide.estimate.shares import LEVEL, Interval, normal_quantile
from ebbtide.model.errors import EstimateError

STILL = ""
"""The end of a unit that was last seen without any."""

Column = npt.NDArray[np.float64]


class Incidence(msgspec.Struct, frozen=True):
    """What part has ended, and how, by each time.

    Attributes:
        causes: The ends, in the order in which they were given.
        times: Days at which something ended, rising.
        at_risk: Units (or weight) without an end just before each time.
        shares: A row a cause, a value a time: the part that has ended so, 0 to 1.
        errors: Standard errors of ``shares``; those of independent units of weight 1.
        still: The part without an end at each time. With the shares it adds up to 1.
    """

    causes: tuple[str, ...]
    times: tuple[float, ...]
    at_risk: tuple[float, ...]
    shares: tuple[tuple[float, ...], ...]
    errors: tuple[tuple[float, ...], ...]
    still: tuple[float, ...]

    def share_at(self, cause: str, time: float) -> float:
        """The part that has ended so by a time.

        Args:
            cause: One of ``causes``.
            time: In days; before the first end it is 0, after the last it stays.

        Raises:
            EstimateError: No such cause.
        """
        row, column = self._place(cause, time)
        return self.shares[row][column] if column >= 0 else 0.0

    def interval_at(self, cause: str, time: float, level: float = LEVEL) -> Interval | None:
        """The interval of ``share_at``, on the scale log(-log share), which keeps it within 0 to 1.

        Args:
            cause: One of ``causes``.
            time: In days.
            level: Confidence, 0 to 1.

        Returns:
            ``None`` where nothing, or everything, has ended so.

        Raises:
            EstimateError: No such cause.

        Assumptions: independent units of weight 1; otherwise take ``incidence_bands``.
        """
        row, column = self._place(cause, time)
        share = self.shares[row][column] if column >= 0 else 0.0
        if not 0 < share < 1:
            return None
        spread = normal_quantile(level) * self.errors[row][column] / (share * math.log(share))
        ends = sorted((share ** math.exp(spread), share ** math.exp(-spread)))
        return Interval(ends[0], ends[1], "aalen-johansen, log-log")

    def _place(self, cause: str, time: float) -> tuple[int, int]:
        if cause not in self.causes:
            raise EstimateError(f"{cause!r} is no end; there are {', '.join(self.causes)}.")
        return self.causes.index(cause), int(np.searchsorted(self.times, time, side="right")) - 1


def incidence_from_counts(
    times: Sequence[float], causes: Sequence[str], at_risk: npt.ArrayLike, ended: npt.ArrayLike
) -> Incidence:
    """The estimate of Aalen and Johansen from a table of counts.

    With n at risk and d(k) ends of cause k at a time, d all of them, and S the part without an end just before:
    share(k) grows by S d(k) / n, S falls by S d / n. The variance is the delta-method sum over the times up to t
    sum (I(t) - I(j))² d/(n(n-d)) + sum S² d(k)(n - d(k))/n³ - 2 sum (I(t) - I(j)) S d(k)/n².

    Args:
        times: k of them, rising, in days.
        causes: c names of ends.
        at_risk: Shape (k,): units (or weight) without an end just before each time and looked at then.
        ended: Shape (k, c): how many ended so at each time.

    Raises:
        EstimateError: Shapes do not match, times do not rise, or more ended than were at risk.

    Assumptions: those not looked at any more would have ended like the others. Vanished is an end here (refused,
    silent), not censoring. One minus Kaplan-Meier per cause would count everyone who ended otherwise as still to come,
    and adds up to more than 1.

    Source: Aalen and Johansen (1978); the variance after Marubini and Valsecchi (1995).
    """
    risk, count = np.asarray(at_risk, dtype=np.float64), np.asarray(ended, dtype=np.float64)
    if risk.shape != (len(times),) or count.shape != (len(times), len(causes)):
        raise EstimateError("The table of ends needs a row a time and a column a cause.")
    if (np.diff(np.asarray(times, dtype=np.float64)) <= 0).any():
        raise EstimateError("The times of the table must rise.")
    whole = count.sum(axis=1)
    if (risk <= 0).any() or (count < 0).any() or (whole > risk * (1 + 1e-12)).any():
        raise EstimateError("More ended than were at risk, or nobody was at risk.")
    left = np.cumprod(np.maximum(0.0, 1 - whole / risk))
    before = np.concatenate([[1.0], left[:-1]])
    grown = np.cumsum((before / risk)[:, None] * count, axis=0)
    errors = [_errors(grown[:, cause], count[:, cause], whole, risk, before) for cause in range(len(causes))]
    return Incidence(
        causes=tuple(causes),
        times=tuple(float(time) for time in times),
        at_risk=tuple(risk.tolist()),
        shares=tuple(tuple(column) for column in grown.T.tolist()),
        errors=tuple(tuple(error.tolist()) for error in errors),
        still=tuple(left.tolist()),
    )


def cumulative_incidence(
    times: npt.ArrayLike, ends: Sequence[str], causes: Sequence[str], weights: npt.ArrayLike | None = None
) -> Incidence:
    """The estimate of Aalen and Johansen from one row a unit.

    Args:
        times: Shape (n,): days at which its end was seen, or at which it was last seen without one.
        ends: n labels: one of ``causes``, or ``STILL``.
        causes: Names of the ends, each once.
        weights: Shape (n,), above 0; ``None`` for 1 each. With unequal weights ``errors`` are not to be used.

    Raises:
        EstimateError: No unit, no end at all, an end that is no cause, or columns that do not match.

    Assumptions: as ``incidence_from_counts``. Times are those of looks; what ended between two looks is told at the
    second. Of two at one time, ends come before those last seen without one.
    """
    day, label, weight = _checked(times, ends, causes, weights)
    return _of_units(day, label, weight, causes)


def incidence_bands(
    times: npt.ArrayLike,
    ends: Sequence[str],
    causes: Sequence[str],
    clusters: npt.ArrayLike,
    at: float,
    *,
    weights: npt.ArrayLike | None = None,
    seed: int = 0,
    repetitions: int = 500,
    level: float = LEVEL,
) -> dict[str, Interval]:
    """Intervals of the part that has ended in each way by a time, from drawing whole clusters again.

    Args:
        times: Shape (n,), as ``cumulative_incidence``.
        ends: n labels, as ``cumulative_incidence``.
        causes: Names of the ends.
        clusters: Shape (n,), labels: who runs the unit.
        at: The time, in days.
        weights: Shape (n,), as ``cumulative_incidence``.
        seed: Of the draws.
        repetitions: How many draws.
        level: Confidence, 0 to 1.

    Returns:
        Intervals by cause, on the logit scale, from the spread of the draws and Student's distribution; a cause by
        which nothing, or everything, has ended has none.

    Raises:
        EstimateError: As ``cumulative_incidence``; fewer than ``LEAST_CLUSTERS`` clusters.

    Source: Field and Welsh, "Bootstrapping Clustered Data", JRSS B 69 (2007), 369-390.
    """
    day, label, weight = _checked(times, ends, causes, weights)
    number, member = numbered(clusters, day.size)
    whole = _of_units(day, label, weight, causes)
    drawn = []
    for draw in redraws(number, repetitions, seed):
        kept = draw[member] > 0
        again = (weight * draw[member])[kept]
        found = _of_units(day[kept], label[kept], again, causes)
        drawn.append([found.share_at(cause, at) for cause in causes])
    reach = float(stdtrit(number - 1, 0.5 + level / 2) * math.sqrt(number / (number - 1)))
    spread = np.asarray(drawn).std(axis=0, ddof=1).tolist()
    shares = [whole.share_at(cause, at) for cause in causes]
    return {
        cause: _logit_interval(share, reach * error)
        for cause, share, error in zip(causes, shares, spread, strict=True)
        if 0 < share < 1
    }


def _logit_interval(share: float, half: float) -> Interval:
    """Share plus and minus ``half``, taken on the scale log(share / (1 - share))."""
    centre, width = math.log(share / (1 - share)), half / (share * (1 - share))
    low, high = (1 / (1 + math.exp(-centre + side * width)) for side in (1, -1))
    return Interval(low, high, "aalen-johansen, bootstrap over clusters")


def _of_units(day: Column, label: npt.NDArray[np.intp], weight: Column, causes: Sequence[str]) -> Incidence:
    moments, place = np.unique(day, return_inverse=True)
    leaving = np.bincount(place, weight)
    risk = np.cumsum(leaving[::-1])[::-1]
    ended = np.zeros((moments.size, len(causes)))
    seen = label >= 0
    np.add.at(ended, (place[seen], label[seen]), weight[seen])
    kept = ended.any(axis=1)
    return incidence_from_counts(moments[kept].tolist(), causes, risk[kept], ended[kept])


def _checked(
    times: npt.ArrayLike, ends: Sequence[str], causes: Sequence[str], weights: npt.ArrayLike | None
) -> tuple[Column, npt.NDArray[np.intp], Column]:
    day = np.asarray(times, dtype=np.float64)
    weight = np.ones(day.size) if weights is None else np.asarray(weights, dtype=np.float64)
    if day.size == 0 or not day.shape == weight.shape == (len(ends),):
        raise EstimateError(f"{day.size} times, {len(ends)} ends and {weight.size} weights tell of no unit.")
    if not np.isfinite(day).all() or not (weight > 0).all():
        raise EstimateError("Every unit needs a time and a weight above 0.")
    numbers = {STILL: -1} | {cause: place for place, cause in enumerate(causes)}
    if unknown := sorted(set(ends) - set(numbers)):
        raise EstimateError(f"{unknown[0]!r} is no end; there are {', '.join(causes)}.")
    return day, np.array([numbers[end] for end in ends], dtype=np.intp), weight


def _errors(grown: Column, count: Column, whole: Column, risk: Column, before: Column) -> Column:
    # Where all that were left end at once, nothing grows afterwards: that term falls away.
    rest = risk * (risk - whole)
    ratio = np.divide(whole, rest, out=np.zeros_like(whole), where=rest > 0)
    own = np.cumsum(before**2 * count * (risk - count) / risk**3)
    cross = before * count / risk**2
    spread = grown**2 * np.cumsum(ratio) - 2 * grown * np.cumsum(grown * ratio) + np.cumsum(grown**2 * ratio)
    mixed = grown * np.cumsum(cross) - np.cumsum(grown * cross)
    variance: Column = np.maximum(0.0, spread + own - 2 * mixed)
    return variance**0.5
