"""Bands around the curve of fixes: the bootstrap over clusters, since what one hoster mends is mended at once.

Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13; Field and Welsh, "Bootstrapping
Clustered Data", JRSS B 69 (2007), 369-390.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from ebbtide.estimate.limits import Bounds
from ebbtide.estimate.redrawing import numbered, redraws
from ebbtide.estimate.shares import LEVEL, Interval
from ebbtide.estimate.turnbull import FixCurve, checked_spells, curve_of, interval_table
from ebbtide.model.errors import EstimateError

REPETITIONS = 500
METHOD = "turnbull, bootstrap over clusters"


class FixBands(msgspec.Struct, frozen=True):
    """A curve with its uncertainty.

    Attributes:
        curve: Of all units.
        times: At which the part still open is told.
        open: Interval of the part still open at each of ``times``.
        median: Interval of the time by which half was fixed; ``None`` if half never was. An infinite end says that in
            some repetitions so many never were.
        three_quarters: The same for 75 %.
        plateau: Interval of the part never seen fixed.
        clusters: Clusters with a unit.
    """

    curve: FixCurve
    times: tuple[float, ...]
    open: tuple[Interval, ...]
    median: Interval | None
    three_quarters: Interval | None
    plateau: Interval
    clusters: int


def fix_bands(
    last_open: npt.ArrayLike,
    first_fixed: npt.ArrayLike,
    clusters: npt.ArrayLike,
    times: Sequence[float],
    *,
    weights: npt.ArrayLike | None = None,
    seed: int = 0,
    repetitions: int = REPETITIONS,
    level: float = LEVEL,
) -> FixBands:
    """The curve of ``fix_curve`` with percentile intervals from drawing whole clusters again.

    Where a curve leaves a value open within an interval of mass, the low end takes its least, the high end its most.

    Args:
        last_open: Shape (n,), as ``fix_curve``.
        first_fixed: Shape (n,), as ``fix_curve``.
        clusters: Shape (n,), labels: who runs the unit.
        times: At which the part still open is wanted, in days.
        weights: Shape (n,), as ``fix_curve``.
        seed: Of the draws; equal seeds give equal bands.
        repetitions: Draws, 100 or more.
        level: Confidence, 0 to 1.

    Raises:
        EstimateError: As ``fix_curve``; fewer than ``LEAST_CLUSTERS`` clusters; a time after the last look; too few
            repetitions.

    Assumptions: as ``fix_curve``; clusters are independent. At a plateau of 0 or 1 the band has no width: the share of
    such an end has its own one-sided bound.
    """
    left, right, weight = checked_spells(last_open, first_fixed, weights)
    number, member = numbered(clusters, left.size)
    if repetitions < 100:  # noqa: PLR2004
        raise EstimateError(f"{repetitions} repetitions are too few for a band; 100 is the least.")
    table = interval_table(left, right)
    held = np.zeros((number, table.holds.shape[0]))
    np.add.at(held, (member, table.place), weight)
    whole = curve_of(table, held.sum(axis=0))
    for time in times:
        whole.open_at(time)
    drawn = [curve_of(table, draw @ held) for draw in redraws(number, repetitions, seed)]
    return FixBands(
        curve=whole,
        times=tuple(times),
        open=tuple(_band([curve.open_at(time) for curve in drawn], level) for time in times),
        median=_time_band(whole, drawn, 0.5, level),
        three_quarters=_time_band(whole, drawn, 0.75, level),
        plateau=_band([Bounds(curve.plateau, curve.plateau) for curve in drawn], level),
        clusters=number,
    )


def _time_band(whole: FixCurve, drawn: Sequence[FixCurve], share: float, level: float) -> Interval | None:
    if whole.fixed_by(share) is None:
        return None
    never = Bounds(math.inf, math.inf)
    return _band([curve.fixed_by(share) or never for curve in drawn], level)


def _band(values: Sequence[Bounds], level: float) -> Interval:
    tail = (1 - level) / 2
    # An infinite time must not be averaged with a finite one: take a value that was drawn.
    low = float(np.quantile([value.low for value in values], tail, method="lower"))
    high = float(np.quantile([value.high for value in values], 1 - tail, method="higher"))
    return Interval(low, high, METHOD)
