"""One series without a control: a line that may jump and bend at a known date. Never called causal.

Source: Wagner et al., "Segmented Regression Analysis of Interrupted Time Series Studies", Journal of Clinical Pharmacy
and Therapeutics 27 (2002), 299-309; Newey and West, Econometrica 55 (1987), 703-708.
"""

import math

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from ebbtide.estimate.shares import LEVEL, Interval
from ebbtide.model.errors import EstimateError

LEAST_EACH_SIDE = 4
_COLUMNS = 4
METHOD = "segmented regression, newey-west"
Column = npt.NDArray[np.float64]


class Segments(msgspec.Struct, frozen=True):
    """A series before and after a date.

    Attributes:
        slope: Change a day before it.
        jump: Change of level at it; ``jump_interval`` its interval, ``jump_p`` its p-value.
        bend: Change of the slope since; ``bend_interval`` and ``bend_p`` alike.
        lags: Of neighbouring looks whose errors may go together.
        sentence: What may be said, in plain words.
    """

    slope: float
    jump: float
    jump_interval: Interval
    jump_p: float
    bend: float
    bend_interval: Interval
    bend_p: float
    lags: int
    sentence: str


def segmented_regression(
    days: npt.ArrayLike, values: npt.ArrayLike, event: float, lags: int | None = None, level: float = LEVEL
) -> Segments:
    """Ordinary least squares of 1, day, after, (day - event) after, with errors of Newey and West.

    Their covariance is B (G0 + sum (1 - l/(L+1)) (Gl + Gl')) B · n/(n - 4), with B the inverse of X'X and Gl the sum of
    products of scores l looks apart. Intervals take Student's distribution with n - 4 degrees of freedom.

    Args:
        days: Shape (n,), rising.
        values: Shape (n,): shares, or whatever the series tells.
        event: The day of the event; looks on that day count as after it.
        lags: L; ``None`` takes the whole part of 4 (n/100)^(2/9).
        level: Confidence, 0 to 1.

    Raises:
        EstimateError: Fewer than ``LEAST_EACH_SIDE`` looks on either side, or days that do not rise.

    Assumptions: straight lines but for the event; looks at nearly equal distances. Anything else that happened at that
    time has the same jump: without a control it cannot be told from the event. With fewer than 30 looks the errors are
    known to be too small.
    """
    day, value = np.asarray(days, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if day.shape != value.shape or (np.diff(day) <= 0).any():
        raise EstimateError("The days of a series must rise, and each needs one value.")
    after = day >= event
    fewest = min(int(after.sum()), int((~after).sum()))
    if fewest < LEAST_EACH_SIDE:
        raise EstimateError(
            f"{fewest} looks on one side of the event are too few for a line; {LEAST_EACH_SIDE} are needed on each."
        )
    reach = math.floor(4 * (day.size / 100) ** (2 / 9)) if lags is None else lags
    if not 0 <= reach < day.size:
        raise EstimateError(f"{reach} lags do not fit a series of {day.size} looks.")
    # Days are counted from the event, so that the jump is the difference of the two lines on that very day.
    design = np.column_stack([np.ones(day.size), day - event, after, (day - event) * after])
    solved = np.linalg.lstsq(design, value, rcond=None)[0]
    errors = np.sqrt(np.diag(_newey_west(design, value - design @ solved, reach)))
    freedom = day.size - _COLUMNS
    half = float(stdtrit(freedom, 0.5 + level / 2)) * errors
    found = [Interval(float(b - h), float(b + h), METHOD) for b, h in zip(solved, half, strict=True)]
    chances = [_p_value(float(b), float(error), freedom) for b, error in zip(solved, errors, strict=True)]
    jump, bend = float(solved[2]), float(solved[3])
    sentence = (
        f"At that date the level changed by {jump:+.3g} ({found[2].low:+.3g} to {found[2].high:+.3g}) and the slope by "
        f"{bend:+.3g} a day; without a control nobody can say that the event did it."
    )
    return Segments(float(solved[1]), jump, found[2], chances[2], bend, found[3], chances[3], reach, sentence)


def _p_value(value: float, error: float, freedom: int) -> float:
    return float(2 * stdtr(freedom, -abs(value) / error)) if error > 0 else float(value == 0)


def _newey_west(design: Column, rest: Column, lags: int) -> Column:
    scores = design * rest[:, None]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        apart = scores[lag:].T @ scores[:-lag]
        middle = middle + (1 - lag / (lags + 1)) * (apart + apart.T)
    bread = np.linalg.inv(design.T @ design)
    number = design.shape[0]
    covariance: Column = bread @ middle @ bread * (number / (number - design.shape[1]))
    return covariance
