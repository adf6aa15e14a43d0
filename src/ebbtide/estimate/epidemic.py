"""How fast a worm spreads or dies away: logistic growth, exponential growth and decay of counts by the hour.

Source: Staniford, Paxson and Weaver, "How to 0wn the Internet in Your Spare Time" (USENIX Security 2002), section 2;
McCullagh and Nelder, "Generalized Linear Models", 2nd ed. (1989), section 9.2.
"""

import math
from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize_scalar
from scipy.special import logsumexp
from scipy.stats import t as student

from ebbtide.estimate.shares import LEVEL, Interval
from ebbtide.model.errors import EstimateError

FEWEST_HOURS = 6
FEWEST_EVENTS = 20
_FASTEST = 20.0
"""Growth a hour beyond which nothing is looked for."""
_LATEST = 60.0
"""How far beyond the hours the middle of growth is looked for, in hours over the rate."""
_MOST_STEPS = 200

Column = npt.NDArray[np.float64]


class Epidemic(msgspec.Struct, frozen=True):
    """How a count by the hour moves.

    Attributes:
        shape: ``logistic``, ``growth`` (exponential: no plateau is in sight), ``decay`` or ``none`` (neither).
        hours: Hours that were counted.
        rate: Growth of the logarithm an hour, in its beginning where it is logistic; below 0 where it dies away.
        interval: Of the rate.
        doubling_hours: Hours in which it doubles; ``None`` where it does not grow.
        half_life_hours: Hours in which it halves; ``None`` where it does not die away.
        time_interval: Of these hours; the high end is infinite where the rate's interval reaches 0.
        plateau: What it grows towards; ``None`` where it is not logistic.
        midpoint_hour: When half of the plateau is reached; ``None`` as before.
        dispersion: Variance over mean of an hour, at least 1.
    """

    shape: str
    hours: int
    rate: float
    interval: Interval
    doubling_hours: float | None
    half_life_hours: float | None
    time_interval: Interval | None
    plateau: float | None
    midpoint_hour: float | None
    dispersion: float


class _Fit(msgspec.Struct, frozen=True):
    """The best curve of one rate, or of all."""

    rate: float
    midpoint: float
    scale: float
    deviance: float
    mean: tuple[float, ...] = ()


def fit_epidemic(hours: npt.ArrayLike, counts: npt.ArrayLike, level: float = LEVEL) -> Epidemic:
    """Fit the course of a worm to counts by the hour.

    Growth and decay are exponential, E(count) = a exp(r t). Logistic growth is E(count) = K / (1 + exp(-r (t - m))):
    the course of hosts that infect each other at an even rate until none is left; it is taken where it fits better than
    the exponential by more than chance. Both are fitted by quasi-likelihood of Poisson counts with variance f · mean,
    f from Pearson's residuals, at least 1. The interval of r holds all rates at which the best curve has a deviance not
    too far above the least: f times the square of Student's quantile.

    Args:
        hours: Shape (n,), hours as numbers from any beginning; need not be even nor without gaps.
        counts: Shape (n,), distinct sources (or probes) of each hour, 0 or more.
        level: Confidence, 0 to 1.

    Raises:
        EstimateError: Columns do not match, a count is below 0, or there are too few hours or events.

    Assumptions: hours are independent given their mean, each is watched alike, and what is counted is in proportion to
    the hosts that are infected. Waves of day and night, networks that choke, and repair while it still grows break it.

    Source: see the file.
    """
    hour, count = _columns(hours, counts)
    line = _exponential(hour, count)
    curve = _logistic(hour, count) if line.rate > 0 else None
    freedom = hour.size - 2
    spread = _dispersion(count, line, freedom)
    if curve is not None and freedom > 1:
        spread_of_curve = _dispersion(count, curve, freedom - 1)
        gained = (line.deviance - curve.deviance) / spread_of_curve
        if gained > float(student.ppf(0.5 + level / 2, freedom - 1)) ** 2:
            return _told(
                "logistic",
                hour,
                curve,
                _profile(hour, count, curve, spread_of_curve, freedom - 1, level),
                spread_of_curve,
            )
    interval = _profile(hour, count, line, spread, freedom, level)
    shape = "growth" if interval.low > 0 else "decay" if interval.high < 0 else "none"
    return _told(shape, hour, line, interval, spread)


def growth_per_hour(hours: npt.ArrayLike, totals: npt.ArrayLike) -> tuple[float, ...]:
    """What a running total gained an hour from each look to the next: (later - earlier) / hours between.

    Args:
        hours: Shape (n,), when it was looked, rising.
        totals: Shape (n,).

    Raises:
        EstimateError: Columns do not match, or hours do not rise.
    """
    hour, total = np.asarray(hours, dtype=np.float64), np.asarray(totals, dtype=np.float64)
    if hour.shape != total.shape or hour.ndim != 1 or (np.diff(hour) <= 0).any():
        raise EstimateError("Looks need hours that rise, and a total each.")
    return tuple(map(float, np.diff(total) / np.diff(hour)))


def growth_factors(counts: npt.ArrayLike) -> tuple[float, ...]:
    """Each count over the one before it; not a number where that was 0."""
    count = np.asarray(counts, dtype=np.float64)
    before = np.where(count[:-1] > 0, count[:-1], math.nan)
    return tuple(map(float, count[1:] / before))


def _columns(hours: npt.ArrayLike, counts: npt.ArrayLike) -> tuple[Column, Column]:
    hour, count = np.asarray(hours, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if hour.shape != count.shape or hour.ndim != 1:
        raise EstimateError(f"{hour.size} hours and {count.size} counts do not match.")
    if not (np.isfinite(hour).all() and np.isfinite(count).all()) or (count < 0).any():
        raise EstimateError("A count of an hour is below 0, or no number.")
    if np.unique(hour).size < FEWEST_HOURS:
        raise EstimateError(f"{np.unique(hour).size} hours are too few for a course; it needs {FEWEST_HOURS}.")
    if count.sum() < FEWEST_EVENTS:
        raise EstimateError(f"{count.sum():.0f} seen, too few for a course; it needs {FEWEST_EVENTS} events.")
    return hour, count


def _fit_shape(count: Column, log_shape: Column, rate: float, midpoint: float) -> _Fit:
    """The best curve of a given shape: its scale is the total over the sum of the shape."""
    highest = float(log_shape.max())
    shape = np.exp(log_shape - highest)
    scale = math.log(count.sum() / shape.sum()) - highest
    mean = np.exp(scale + log_shape)
    safe = np.maximum(mean, 1e-300)
    ratio = np.where(count > 0, count / safe, 1.0)
    deviance = 2 * float((count * np.log(ratio) - (count - mean)).sum())
    return _Fit(rate, midpoint, scale, deviance, tuple(map(float, mean)))


def _line_at(hour: Column, count: Column, rate: float) -> _Fit:
    return _fit_shape(count, rate * (hour - hour.mean()), rate, math.nan)


def _curve_at(hour: Column, count: Column, rate: float) -> _Fit:
    """The best logistic curve of a rate, over all midpoints: first on a grid, by the likelihood of the shape alone."""

    def of(midpoint: float) -> _Fit:
        return _fit_shape(count, -np.logaddexp(0.0, -rate * (hour - midpoint)), rate, midpoint)

    first, last = float(hour.min()), float(hour.max())
    reach = min(_LATEST, 40 / rate)
    grid = np.linspace(first - reach / 4, last + reach, 60)
    shapes = -np.logaddexp(0.0, -rate * (hour[None, :] - grid[:, None]))
    best = int(np.argmax(shapes @ count - count.sum() * logsumexp(shapes, axis=1)))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, grid.size - 1)])
    found = minimize_scalar(lambda midpoint: of(float(midpoint)).deviance, bounds=(low, high), method="bounded")
    return of(float(found.x))


def _exponential(hour: Column, count: Column) -> _Fit:
    found = minimize_scalar(
        lambda rate: _line_at(hour, count, float(rate)).deviance, bounds=(-_FASTEST, _FASTEST), method="bounded",
        options={"xatol": 1e-10, "maxiter": 500},
    )  # fmt: skip
    return _line_at(hour, count, float(found.x))


def _logistic(hour: Column, count: Column) -> _Fit:
    grid = np.geomspace(0.01, _FASTEST, 40)
    best = int(np.argmin([_curve_at(hour, count, float(rate)).deviance for rate in grid]))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, grid.size - 1)])
    found = minimize_scalar(
        lambda rate: _curve_at(hour, count, float(rate)).deviance, bounds=(low, high), method="bounded",
        options={"xatol": 1e-8},
    )  # fmt: skip
    return _curve_at(hour, count, float(found.x))


def _dispersion(count: Column, fit: _Fit, freedom: int) -> float:
    mean = np.maximum(np.asarray(fit.mean), 1e-12)
    return max(1.0, float(((count - mean) ** 2 / mean).sum()) / freedom)


def _profile(hour: Column, count: Column, best: _Fit, spread: float, freedom: int, level: float) -> Interval:
    """All rates whose best curve is not too far above the best of all."""
    at: Callable[[Column, Column, float], _Fit] = _line_at if math.isnan(best.midpoint) else _curve_at
    reach = spread * float(student.ppf(0.5 + level / 2, freedom)) ** 2

    def above(rate: float) -> float:
        return at(hour, count, rate).deviance - best.deviance - reach

    least = -_FASTEST if at is _line_at else 1e-4
    return Interval(_end(above, best.rate, least), _end(above, best.rate, _FASTEST), "quasi-likelihood profile")


def _end(above: Callable[[float], float], start: float, limit: float) -> float:
    """Where a function, below 0 at the start, first passes 0 on the way to a limit; the limit if it never does."""
    step = max(abs(start), 0.01) / 8
    near = start
    for _ in range(_MOST_STEPS):
        far = max(near - step, limit) if limit < start else min(near + step, limit)
        if above(far) > 0:
            return float(brentq(above, *sorted((near, far)), xtol=1e-9))
        if far == limit:
            return limit
        near, step = far, step * 1.3
    return limit


def _told(shape: str, hour: Column, fit: _Fit, interval: Interval, spread: float) -> Epidemic:
    nearest, farthest = sorted((abs(interval.low), abs(interval.high)))
    reaches_zero = interval.low <= 0 <= interval.high
    times = Interval(
        math.log(2) / farthest, math.inf if reaches_zero or not nearest else math.log(2) / nearest, interval.method
    )
    moves = shape != "none"
    length = math.log(2) / abs(fit.rate) if moves else None
    is_logistic = shape == "logistic"
    return Epidemic(
        shape=shape,
        hours=int(hour.size),
        rate=fit.rate,
        interval=interval,
        doubling_hours=length if fit.rate > 0 else None,
        half_life_hours=length if fit.rate < 0 else None,
        time_interval=times if moves else None,
        plateau=math.exp(fit.scale) if is_logistic else None,
        midpoint_hour=fit.midpoint if is_logistic else None,
        dispersion=spread,
    )
