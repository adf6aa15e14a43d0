"""Whether attacks ebb: a log-linear trend of counts over observed days, with the spread that the days really have."""

import math

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from ebbtide.estimate.shares import LEVEL, Interval
from ebbtide.model.errors import EstimateError

FEWEST_DAYS = 14
FEWEST_EVENTS = 10
_MOST_STEPS = 100
_TOLERANCE = 1e-12
_TELLING = 0.05


class Trend(msgspec.Struct, frozen=True):
    """How a daily count moves.

    Attributes:
        days: Observed days that were counted.
        slope: Of the logarithm of the mean, a day; below 0 it ebbs.
        interval: Of the slope.
        p_value: That there is no trend.
        dispersion: Variance over mean of a day; 1 if the days were Poisson.
        verdict: ``ebbing``, ``growing`` or ``no trend``.
        half_life: Days in which the mean halves (or doubles, where it grows); ``None`` without a trend.
        half_life_interval: Of it; the high end is infinite where the slope's interval touches 0.
    """

    days: int
    slope: float
    interval: Interval
    p_value: float
    dispersion: float
    verdict: str
    half_life: float | None
    half_life_interval: Interval | None


def attack_trend(
    days: npt.ArrayLike, counts: npt.ArrayLike, level: float = LEVEL, *, exposure: npt.ArrayLike | None = None
) -> Trend:
    """The trend of daily counts: log E(count / exposure) = a + b day, by quasi-likelihood.

    Its spread is that of Pearson's residuals.

    Args:
        days: Shape (n,), observed days as numbers, those without an event among them; days on which the family does not
            spread, or the log was not there, are left out by the caller.
        counts: Shape (n,), 0 or more.
        level: Confidence, 0 to 1.
        exposure: Shape (n,), part of each day that was observed, above 0; all of it where it is not given.

    Raises:
        EstimateError: Columns do not match, an exposure is not above 0, a count is below 0, or there are too few days
            or events for a trend.

    Assumptions: days are independent given their mean; the variance is proportional to the mean. A wave (many visits on
    some days) widens the interval; it does not make a trend.

    Source: McCullagh and Nelder, Generalized Linear Models, 2nd ed. (1989), chapters 6 and 9.
    """
    day, count = np.asarray(days, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    seen = np.ones_like(day) if exposure is None else np.asarray(exposure, dtype=np.float64)
    if day.shape != count.shape or day.shape != seen.shape or day.ndim != 1:
        raise EstimateError(f"{day.size} days, {count.size} counts and {seen.size} exposures do not match.")
    if not ((seen > 0) & np.isfinite(seen)).all():
        raise EstimateError("The exposure of a day is not above 0, or no number.")
    if (count < 0).any() or not np.isfinite(count).all():
        raise EstimateError("A count of a day is below 0, or no number.")
    if day.size < FEWEST_DAYS or np.ptp(day) < FEWEST_DAYS - 1:
        raise EstimateError(f"{day.size} observed days are too few for a trend; it needs {FEWEST_DAYS}.")
    if count.sum() < FEWEST_EVENTS:
        raise EstimateError(f"{count.sum():.0f} seen, too few for a trend; it needs {FEWEST_EVENTS} events.")
    centre, scale = float(day.mean()), float(np.ptp(day))
    x = np.column_stack([np.ones(day.size), (day - centre) / scale])
    slope, error, dispersion = _fitted(x, count, np.log(seen))
    slope, error = slope / scale, error / scale
    freedom = day.size - 2
    reach = float(student.ppf(0.5 + level / 2, freedom)) * error
    p_value = float(2 * student.sf(abs(slope) / error, freedom)) if error else 1.0
    interval = Interval(slope - reach, slope + reach, "quasi-poisson")
    is_trend = p_value <= _TELLING
    verdict = "no trend" if not is_trend else "ebbing" if slope < 0 else "growing"
    nearest, farthest = sorted((abs(interval.low), abs(interval.high)))
    reaches_zero = interval.low <= 0 <= interval.high
    lives = Interval(
        math.log(2) / farthest, math.inf if reaches_zero or not nearest else math.log(2) / nearest, "quasi-poisson"
    )
    half_life = math.log(2) / abs(slope) if is_trend else None
    return Trend(day.size, slope, interval, p_value, dispersion, verdict, half_life, lives if is_trend else None)


_Array = npt.NDArray[np.float64]


def _fitted(x: _Array, count: _Array, offset: _Array) -> tuple[float, float, float]:
    """Slope, its standard error and the dispersion; Newton's steps with halving, from the plain mean."""
    beta = np.array([math.log(count.sum() / np.exp(offset).sum()), 0.0])
    value = _likelihood(x, count, offset, beta)
    for _ in range(_MOST_STEPS):
        mean = np.exp(x @ beta + offset)
        information = x.T @ (x * mean[:, None])
        step = np.linalg.solve(information, x.T @ (count - mean))
        size = 1.0
        while (better := _likelihood(x, count, offset, beta + size * step)) < value and size > _TOLERANCE:
            size /= 2
        beta, gained = beta + size * step, better - value
        value = max(value, better)
        if abs(gained) <= _TOLERANCE * (1 + abs(value)):
            break
    mean = np.exp(x @ beta + offset)
    dispersion = float(((count - mean) ** 2 / mean).sum() / (count.size - 2))
    covariance = np.linalg.inv(x.T @ (x * mean[:, None])) * dispersion
    return float(beta[1]), math.sqrt(float(covariance[1, 1])), dispersion


def _likelihood(x: _Array, count: _Array, offset: _Array, beta: _Array) -> float:
    line = np.clip(x @ beta + offset, -500, 500)
    return float((count * line - np.exp(line)).sum())
