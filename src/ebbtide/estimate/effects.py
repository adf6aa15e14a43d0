"""The effect of an event or a warning: fixing before and after it, against a family that it did not touch.

Source: Card and Krueger, American Economic Review 84 (1994), 772-793, for the design; Bertrand, Duflo and Mullainathan,
"How Much Should We Trust Differences-in-Differences Estimates?", Quarterly Journal of Economics 119 (2004), 249-275,
for placebo events and errors by cluster.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from ebbtide.estimate.hazard import HazardModel, fit_hazard
from ebbtide.estimate.shares import Interval
from ebbtide.model.errors import EstimateError

EFFECT = "touched after the event"
_TELLING = 0.05
_EACH_SIDE = 1


class PersonPeriods(msgspec.Struct, frozen=True):
    """Counts of units at risk and ended, a row for each cluster, group and period; every column has shape (n,).

    Attributes:
        period: Number of the interval between two looks, from 0.
        is_touched: 1 in the families that the event touches, 0 in the control family.
        cluster: Labels: who runs the units.
        at_risk, ended: Counts.
    """

    period: npt.ArrayLike
    is_touched: npt.ArrayLike
    cluster: npt.ArrayLike
    at_risk: npt.ArrayLike
    ended: npt.ArrayLike


class Effect(msgspec.Struct, frozen=True):
    """What an event did to the speed of fixing, or why that cannot be told.

    Attributes:
        ratio: Of hazards after to before, over the same ratio in the control family; 1 is no effect.
        interval: Of the ratio.
        p_value: That it is 1.
        placebos: p-values of events that did not happen, by the period at which each was set.
        verdict: ``faster``, ``slower``, ``no effect seen`` or ``cannot conclude``.
        reasons: Why nothing can be concluded; empty otherwise.
    """

    ratio: float
    interval: Interval
    p_value: float
    placebos: tuple[tuple[int, float], ...]
    verdict: str
    reasons: tuple[str, ...]


def difference_in_differences(
    counts: PersonPeriods,
    event: int,
    *,
    is_alone: bool = True,
    base_move: float = 0.0,
    control_base_move: float = 0.0,
) -> Effect:
    """The effect of an event on the hazard of being fixed, with a control family and placebo events before it.

    The model has a baseline for each period, a constant ratio of the touched families, and the effect: the further
    ratio of the touched families from the event's period on. A placebo is the same model, fitted to the periods before
    the event, with an event that did not happen at each period that leaves one on either side.

    Nothing is concluded where a placebo event seems to have worked (5 % shared among all of them, after Bonferroni),
    where no placebo could be tried, where another event fell into the same interval, or where the base moved more than
    the effect: the part of it that was lost or added since, less the same of the control, against the change of the
    number of fixes that the effect makes up.

    Args:
        counts: Both groups, periods before and after.
        event: The first period that lies wholly after the event.
        is_alone: False if another event (patch and worm) fell into the same interval.
        base_move: Part of the touched families' base that was lost or added from before to after, minus 1 upwards.
        control_base_move: The same of the control family.

    Raises:
        EstimateError: A group or a side of the event is missing; as ``fit_hazard``.

    Assumptions: without the event both groups would have kept their ratio (placebos try that); nothing else touched
    one group only; the control was not touched.
    """
    period, touched = np.asarray(counts.period, dtype=np.int64), np.asarray(counts.is_touched, dtype=np.float64)
    if period.shape != touched.shape or period.size == 0:
        raise EstimateError("The table of person-periods is empty, or its columns do not match.")
    _demand_sides(period, touched, event)
    fitted = _fitted(counts, period, touched, event, period >= 0)
    ratio, interval = fitted.ratio(EFFECT)
    placebos = tuple(
        (each, _fitted(counts, period, touched, each, period < event).p_value(EFFECT))
        for each in range(int(period.min()) + _EACH_SIDE, event)
    )
    reasons = _reasons(placebos, is_alone=is_alone)
    moved, effect = abs(base_move - control_base_move), abs(_part_of_fixes(counts, period, touched, event, ratio))
    if moved > effect:
        reasons.append(f"the base moved by {moved:.1%} of it, more than the effect, {effect:.1%}")
    p_value = fitted.p_value(EFFECT)
    seen = "no effect seen" if p_value > _TELLING else "faster" if ratio > 1 else "slower"
    return Effect(ratio, interval, p_value, placebos, "cannot conclude" if reasons else seen, tuple(reasons))


def _fitted(
    counts: PersonPeriods,
    period: npt.NDArray[np.int64],
    touched: npt.NDArray[np.float64],
    event: int,
    kept: npt.NDArray[np.bool_],
) -> HazardModel:
    periods: Sequence[int] = np.unique(period[kept]).tolist()
    baseline = [(period[kept] == each).astype(np.float64) for each in periods]
    both = touched[kept] * (period[kept] >= event)
    names = [*(f"period {each}" for each in periods), "touched", EFFECT]
    ended, at_risk, cluster = (np.asarray(each)[kept] for each in (counts.ended, counts.at_risk, counts.cluster))
    return fit_hazard(ended, at_risk, np.column_stack([*baseline, touched[kept], both]), names, cluster)


def _reasons(placebos: tuple[tuple[int, float], ...], *, is_alone: bool) -> list[str]:
    reasons = [] if is_alone else ["another event fell into the same interval, and the two cannot be separated"]
    if not placebos:
        reasons.append("there are too few rounds before the event to try a placebo")
    false = [period for period, p_value in placebos if p_value <= _TELLING / len(placebos)]
    if false:
        reasons.append(f"an event that did not happen, at period {false[0]}, seems to have worked as well")
    return reasons


def _part_of_fixes(
    counts: PersonPeriods,
    period: npt.NDArray[np.int64],
    touched: npt.NDArray[np.float64],
    event: int,
    ratio: float,
) -> float:
    """The part of those at risk at the event that its effect fixed, or kept from being fixed, since."""
    after = (touched > 0) & (period >= event)
    ended, at_risk = np.asarray(counts.ended, dtype=np.float64), np.asarray(counts.at_risk, dtype=np.float64)
    first = at_risk[(touched > 0) & (period == period[after].min())].sum()
    return float(ended[after].sum() * (1 - 1 / ratio) / first) if first else 0.0


def _demand_sides(period: npt.NDArray[np.int64], touched: npt.NDArray[np.float64], event: int) -> None:
    for group, name in ((1, "the families that it touches"), (0, "the control family")):
        own = period[touched == group]
        if not (own >= event).any():
            raise EstimateError(f"No round of {name} lies after the event, so it has no effect to be measured yet.")
        if not (own < event).any():
            raise EstimateError(f"No round of {name} lies before the event, so there is nothing to compare with.")
