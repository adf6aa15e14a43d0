"""Holes mended together, and the first observed fix of a server.

Source: Newcombe, "Interval Estimation for the Difference between Independent Proportions", Statistics in Medicine 17
(1998), 873-890, method 10.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from ebbtide.estimate.shares import LEVEL, Interval, newcombe_difference, share_interval
from ebbtide.model.errors import EstimateError


class Association(msgspec.Struct, frozen=True):
    """Whether those that mended one hole mended another as well, among servers that showed both.

    Attributes:
        other_if_mended: Part that mended B among those that mended A; ``interval_if_mended`` its interval.
        other_if_open: Part that mended B among those that left A open; ``interval_if_open`` its interval.
        mended, open: Servers that mended A, and that left it open.
        difference: The first part less the second; ``interval`` its interval.
    """

    other_if_mended: float
    interval_if_mended: Interval
    other_if_open: float
    interval_if_open: Interval
    mended: int
    open: int
    difference: float
    interval: Interval


def association(both_mended: int, only_first: int, only_other: int, neither: int, level: float = LEVEL) -> Association:
    """P(B mended | A mended) against P(B mended | A open), for servers that showed A and B in the earlier round.

    The interval of the difference is that of ``newcombe_difference``.

    Args:
        both_mended: Servers that mended A and B.
        only_first: That mended A and left B open.
        only_other: That left A open and mended B.
        neither: That left both open.
        level: Confidence, 0 to 1.

    Returns:
        An association; it does not say that mending A made anybody mend B (a new machine mends both).

    Raises:
        EstimateError: A count is negative, or nobody mended A, or nobody left it open.

    Assumptions: all four are servers that could be judged for both checks in both rounds; servers are independent. The
    vanished are none of the four.

    Source: Newcombe (1998).
    """
    if min(both_mended, only_first, only_other, neither) < 0:
        raise EstimateError("A count of servers is negative.")
    mended, still = both_mended + only_first, only_other + neither
    if not mended or not still:
        why = "mended the first hole" if not mended else "left the first hole open"
        raise EstimateError(f"None of the servers that showed both {why}, so there is nothing to compare.")
    one, other = both_mended / mended, only_other / still
    return Association(
        other_if_mended=one,
        interval_if_mended=share_interval(both_mended, mended, level),
        other_if_open=other,
        interval_if_open=share_interval(only_other, still, level),
        mended=mended,
        open=still,
        difference=one - other,
        interval=newcombe_difference(one, mended, other, still, level),
    )


SHOWN, NOT_SHOWN, NOT_SEEN = 1, 0, -1


class FirstFix(msgspec.Struct, frozen=True):
    """When each server was first seen mended; columns of shape (n,), servers never seen open left out.

    Attributes:
        units: Row numbers of the servers in the table that was given.
        last_open: Day of the last look that showed it before the first fix, or of the last that showed it at all.
        first_fixed: Day of the first look afterwards that did not show it; infinite if there was none.
        first_missed: Day of the first look that no longer saw it, nor any later one; infinite if seen to the end.
        reopened: True where a later look showed it again.
    """

    units: npt.NDArray[np.intp]
    last_open: npt.NDArray[np.float64]
    first_fixed: npt.NDArray[np.float64]
    first_missed: npt.NDArray[np.float64]
    reopened: npt.NDArray[np.bool_]


def first_fixes(days: npt.ArrayLike, states: npt.ArrayLike) -> FirstFix:
    """The first observed fix of each server: the first look that did not show what an earlier one had shown.

    Args:
        days: Shape (k,), rising: days of the looks.
        states: Shape (n, k): ``SHOWN``, ``NOT_SHOWN``, or ``NOT_SEEN`` where a look could not tell (no answer, cannot
            tell, not asked). Vanished is not fixed.

    Returns:
        Intervals (last_open, first_fixed] as ``turnbull.fix_curve`` takes them.

    Raises:
        EstimateError: The table does not have a column a day, days do not rise, or there is another state.

    Assumptions: a server is the same in all looks (see the identity rule), and an error of the check is no fix.
    """
    day, state = np.asarray(days, dtype=np.float64), np.asarray(states, dtype=np.int64)
    if state.ndim != 2 or state.shape[1] != day.size or (np.diff(day) <= 0).any():  # noqa: PLR2004
        raise EstimateError("The table of looks needs a column for each day, and days must rise.")
    if not np.isin(state, (SHOWN, NOT_SHOWN, NOT_SEEN)).all():
        raise EstimateError("A look tells a state other than shown, not shown and not seen.")
    units = np.flatnonzero((state == SHOWN).any(axis=1))
    state = state[units]
    order = np.arange(day.size)
    first_open = np.where(state == SHOWN, order, day.size).min(axis=1, initial=day.size)
    fixed = np.where((state == NOT_SHOWN) & (order > first_open[:, None]), order, day.size).min(
        axis=1, initial=day.size
    )
    last_open = np.where((state == SHOWN) & (order < fixed[:, None]), order, -1).max(axis=1, initial=-1)
    missed = 1 + np.where(state != NOT_SEEN, order, -1).max(axis=1, initial=-1)
    ends = np.concatenate([day, [np.inf]])
    reopened = ((state == SHOWN) & (order > fixed[:, None])).any(axis=1)
    return FirstFix(units, day[last_open] if units.size else day[:0], ends[fixed], ends[missed], reopened)
