"""Time to fix, seen only between looks: the nonparametric estimate of largest likelihood from interval-censored times.

Source: Turnbull, "The Empirical Distribution Function with Arbitrarily Grouped, Censored and Truncated Data", JRSS B 38
(1976), 290-295; Wang, "On Fast Computation of the Non-parametric Maximum Likelihood Estimate of a Mixing
Distribution", JRSS B 69 (2007), 185-198.
"""

import math

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from ebbtide.estimate.limits import Bounds
from ebbtide.model.errors import EstimateError

Column = npt.NDArray[np.float64]
_MOST_STEPS = 500
_TOLERANCE = 1e-10
_ROUNDING = 1e-9


class Mass(msgspec.Struct, frozen=True):
    """Share of the units fixed in (after, until]; where within, no likelihood can tell."""

    after: float
    until: float
    share: float


class FixCurve(msgspec.Struct, frozen=True):
    """The part still open, as time goes by.

    Attributes:
        masses: Where units were fixed, in order of time; only intervals with a share above 0.
        plateau: Share not seen fixed by the end of the last look, 0 to 1.
        last: The latest time that any unit was looked at.
        units: Sum of the weights.
    """

    masses: tuple[Mass, ...]
    plateau: float
    last: float
    units: float

    def open_at(self, time: float) -> Bounds:
        """The part still open at a time: one value, or within an interval of mass between two.

        Args:
            time: Not after ``last``.

        Raises:
            EstimateError: The time lies after the last look.
        """
        if time > self.last:
            raise EstimateError(f"Nobody was looked at after {self.last:g}, so nothing is known of {time:g}.")
        gone = math.fsum(mass.share for mass in self.masses if mass.until <= time)
        unsure = math.fsum(mass.share for mass in self.masses if mass.after < time < mass.until)
        return Bounds(max(0.0, 1.0 - gone - unsure), 1.0 - gone)

    def fixed_by(self, share: float) -> Bounds | None:
        """When this share was fixed: within (low, high]; ``None`` if so many never were.

        Args:
            share: 0.5 for the median, 0.75 for three quarters; above 0 and below 1.
        """
        gone = 0.0
        for mass in self.masses:
            gone += mass.share
            if gone >= share - _ROUNDING:
                return Bounds(mass.after, mass.until)
        return None


def fix_curve(last_open: npt.ArrayLike, first_fixed: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> FixCurve:
    """The nonparametric estimate of the time to fix from intervals (last seen open, first seen fixed].

    Mass can only lie in the innermost intervals: a left end directly followed by a right end. Since intervals are open
    at the left, where one ends another that begins there is already behind it: at ties right ends come first, and
    rounds that touch give (0, 30] and (30, 60], not the single point 30. The masses p maximise sum w log(A p), with A
    saying which innermost intervals lie in which observed ones; found by Wang's constrained Newton steps until no
    mass could be moved to gain more than 1e-10.

    Args:
        last_open: Shape (n,): when it was last seen open, in days, 0 or more.
        first_fixed: Shape (n,): when it was first seen fixed, later than ``last_open``; infinite if it never was.
        weights: Shape (n,), above 0; ``None`` for 1 each.

    Returns:
        The curve. Times count from wherever the caller's zero lies (a disclosure, the first look).

    Raises:
        EstimateError: No unit, a unit fixed no later than it was open, columns that do not match, a weight not above 0.

    Assumptions: when one looks does not depend on when it is fixed; a fix stays. Units that vanish are censored as if
    they were like those that stayed: see ``vanished_curves`` for what they could have been instead.

    Source: Turnbull (1976); Wang (2007).
    """
    left, right, weight = checked_spells(last_open, first_fixed, weights)
    table = interval_table(left, right)
    return curve_of(table, np.bincount(table.place, weight).astype(np.float64))


class IntervalTable(msgspec.Struct, frozen=True):
    """Distinct observed intervals and the innermost ones within each.

    Attributes:
        place: Shape (n,): which distinct interval each unit has.
        innermost: Shape (m, 2): ends of the innermost intervals.
        holds: Shape (k, m): 1 where distinct interval k holds innermost interval m.
        last: The latest finite end.
    """

    place: npt.NDArray[np.intp]
    innermost: Column
    holds: Column
    last: float


def interval_table(left: Column, right: Column) -> IntervalTable:
    """The distinct intervals (left, right] of some units, and their innermost intervals.

    Args:
        left: Shape (n,), finite.
        right: Shape (n,), above ``left``.
    """
    distinct, place = np.unique(np.column_stack([left, right]), axis=0, return_inverse=True)
    innermost = _innermost(distinct[:, 0], distinct[:, 1])
    holds = (distinct[:, :1] <= innermost[:, 0]) & (innermost[:, 1] <= distinct[:, 1:])
    last = float(max(left.max(), right[np.isfinite(right)].max(initial=0.0)))
    return IntervalTable(place.ravel(), innermost, holds.astype(np.float64), last)


def curve_of(table: IntervalTable, counts: Column) -> FixCurve:
    """The curve of a table whose distinct intervals have these weights.

    Args:
        table: Of ``interval_table``.
        counts: Shape (k,), 0 or more, not all 0.
    """
    seen = counts > 0
    masses = np.zeros(table.innermost.shape[0])
    used = table.holds[seen].any(axis=0)
    masses[used] = _maximised(table.holds[np.ix_(seen, used)], counts[seen] / counts.sum())
    found = [
        Mass(float(after), float(until), float(share))
        for (after, until), share in zip(table.innermost, masses, strict=True)
        if share > 0 and np.isfinite(until)
    ]
    plateau = float(masses[~np.isfinite(table.innermost[:, 1])].sum())
    return FixCurve(tuple(found), plateau, table.last, float(counts.sum()))


class VanishedCurves(msgspec.Struct, frozen=True):
    """The curve under three readings of those that vanished before they were seen fixed.

    Attributes:
        censored: As if they were like those that stayed.
        worst: As if none was ever fixed.
        best: As if each was fixed before it was first missed.
    """

    censored: FixCurve
    worst: FixCurve
    best: FixCurve


def vanished_curves(
    last_open: npt.ArrayLike,
    first_fixed: npt.ArrayLike,
    first_missed: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
) -> VanishedCurves:
    """Curves that bound what the vanished may have done; vanished is not fixed.

    Args:
        last_open: Shape (n,), as ``fix_curve``.
        first_fixed: Shape (n,), as ``fix_curve``.
        first_missed: Shape (n,): the first look that no longer found it and none later did; infinite for a unit that
            did not vanish. It counts only where ``first_fixed`` is infinite.
        weights: Shape (n,), as ``fix_curve``.

    Raises:
        EstimateError: As ``fix_curve``; a unit missed no later than it was seen open.

    Source: Manski, "Nonparametric Bounds on Treatment Effects", American Economic Review 80 (1990), 319-323.
    """
    left, right, weight = checked_spells(last_open, first_fixed, weights)
    missed = np.asarray(first_missed, dtype=np.float64)
    if missed.shape != left.shape:
        raise EstimateError(f"{missed.size} times of vanishing are given for {left.size} units.")
    gone = np.isinf(right) & np.isfinite(missed)
    if (missed[gone] <= left[gone]).any():
        raise EstimateError("A unit was missed no later than it was last seen open.")
    finite = [left.max(), *right[np.isfinite(right)], *missed[gone]]
    horizon = float(max(finite))
    return VanishedCurves(
        censored=fix_curve(left, right, weight),
        worst=fix_curve(np.where(gone, horizon, left), right, weight),
        best=fix_curve(left, np.where(gone, missed, right), weight),
    )


def checked_spells(
    last_open: npt.ArrayLike, first_fixed: npt.ArrayLike, weights: npt.ArrayLike | None
) -> tuple[Column, Column, Column]:
    """The columns as floats, refused where they say nothing.

    Raises:
        EstimateError: As ``fix_curve``.
    """
    left, right = np.asarray(last_open, dtype=np.float64), np.asarray(first_fixed, dtype=np.float64)
    weight = np.ones(left.size) if weights is None else np.asarray(weights, dtype=np.float64)
    if not left.shape == right.shape == weight.shape:
        raise EstimateError(f"{left.size} starts, {right.size} ends and {weight.size} weights do not match.")
    if left.size == 0:
        raise EstimateError("No unit was ever seen open, so there is nothing to fix.")
    if not np.isfinite(left).all() or (left < 0).any():
        raise EstimateError("A unit has no time at which it was last seen open.")
    if not (right > left).all():
        raise EstimateError("A unit was seen fixed no later than it was last seen open.")
    if not (weight > 0).all():
        raise EstimateError("A unit has no weight: every weight must lie above 0.")
    return left, right, weight


def _innermost(left: Column, right: Column) -> Column:
    """Ends (q, p] where a left end is directly followed by a right end; at ties right ends come first."""
    times = np.concatenate([left, right])
    is_left = np.repeat([1, 0], [left.size, right.size])
    order = np.lexsort((is_left, times))
    times, is_left = times[order], is_left[order]
    follows = np.flatnonzero((is_left[:-1] == 1) & (is_left[1:] == 0))
    return np.column_stack([times[follows], times[follows + 1]])


def _maximised(holds: Column, weight: Column) -> Column:
    """Masses that maximise sum w log(A p): each step solves the quadratic around p exactly, then halves if it must."""
    masses = np.full(holds.shape[1], 1 / holds.shape[1])
    likelihood = weight @ np.log(holds @ masses)
    root = np.sqrt(weight)[:, None]
    for _ in range(_MOST_STEPS):
        slopes = holds / (holds @ masses)[:, None]
        left_to_gain = (weight @ slopes).max() - 1
        if left_to_gain <= _TOLERANCE:
            return masses
        # Minimising |root (slopes q - 2)| over q >= 0 with sum q = 1, as one problem of nonnegative least squares.
        system = np.vstack([root * (slopes - 2), np.ones(holds.shape[1])])
        solved = nnls(system, np.concatenate([np.zeros(weight.size), [1.0]]))[0]
        step, gained = solved / solved.sum() - masses, False
        for halving in range(40):
            tried = np.maximum(masses + step * 0.5**halving, 0.0)
            reached = holds @ tried
            if reached.min() > 0 and (value := weight @ np.log(reached)) > likelihood:
                masses, likelihood, gained = tried / tried.sum(), value, True
                break
        if not gained:
            # Near the top the likelihood is level to its last digit, where its slopes still tell the better masses.
            tried = np.maximum(masses + step, 0.0)
            tried /= tried.sum()
            if _left_to_gain(holds, weight, tried) > left_to_gain / 2:
                return masses
            masses = tried
            likelihood = weight @ np.log(holds @ masses)
    return masses


def _left_to_gain(holds: Column, weight: Column, masses: Column) -> float:
    """By how much the likelihood would rise per mass moved to the best place; infinite where it is impossible."""
    reached = holds @ masses
    return float((weight @ (holds / reached[:, None])).max() - 1) if reached.min() > 0 else math.inf
