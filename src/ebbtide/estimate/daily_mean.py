"""The mean of a daily count, with an interval that is as wide as the days scatter."""

import math

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv
from scipy.stats import t as student

from ebbtide.estimate.shares import LEVEL, Interval, normal_quantile
from ebbtide.model.errors import EstimateError

FEWEST_DAYS = 7
"""With fewer days nobody can tell how much they scatter."""

METHOD = "poisson, as wide as the days scatter"


class DailyMean(msgspec.Struct, frozen=True):
    """A count a day.

    Attributes:
        days: Days that were counted, those without an event among them.
        total: Events in all.
        mean: Events a day.
        dispersion: Variance over mean of a day, at least 1.
        interval: Of the mean; ``None`` with fewer than ``FEWEST_DAYS`` days.
    """

    days: int
    total: int
    mean: float
    dispersion: float
    interval: Interval | None


def daily_mean(counts: npt.ArrayLike, exposure: float | None = None, level: float = LEVEL) -> DailyMean:
    """The mean of daily counts and its interval.

    The total is taken for a Poisson count of total/f events, with f the variance over the mean of a day, at least 1,
    and widened by the square of Student's over the normal quantile, since f is itself estimated. Where f is 1 that is
    the exact interval of Garwood.

    Args:
        counts: Shape (n,), whole numbers of 0 or more, one an observed day.
        exposure: What the days come to in whole days, above 0, where some were observed for hours; their number if not
            given. Days of unequal length scatter more, which widens the interval.
        level: Confidence, 0 to 1.

    Raises:
        EstimateError: There is no day, or a count is below 0 or no number.

    Assumptions: days are independent of one mean; waves over several days make it too narrow. With days that scatter as
    widely as an exponential distribution 90 % of intervals hold the mean from 7 days on, 92 % from 14.

    Source: Garwood, Biometrika 28 (1936), 437-442; McCullagh and Nelder (1989), section 6.2.
    """
    count = np.asarray(counts, dtype=np.float64)
    if count.ndim != 1 or not count.size:
        raise EstimateError("There is no observed day, so there is nothing a day.")
    if not np.isfinite(count).all() or (count < 0).any():
        raise EstimateError("A count of a day is below 0, or no number.")
    length = float(count.size) if exposure is None else exposure
    if not length > 0:
        raise EstimateError("No time was observed, so there is nothing a day.")
    total = float(count.sum())
    spread = dispersion_of(count)
    interval = None
    if count.size >= FEWEST_DAYS:
        ends = count_interval(total, spread, count.size - 1, level)
        interval = Interval(ends.low / length, ends.high / length, METHOD)
    return DailyMean(count.size, int(total), total / length, spread, interval)


def dispersion_of(counts: npt.NDArray[np.float64]) -> float:
    """Variance over mean of some counts, at least 1; 1 where it cannot be told."""
    if counts.size < 2 or not counts.sum():  # noqa: PLR2004  a variance takes two
        return 1.0
    return max(1.0, float(counts.var(ddof=1) / counts.mean()))


def count_interval(total: float, dispersion: float, freedom: int, level: float = LEVEL) -> Interval:
    """The interval of the expectation of a count; see ``daily_mean``.

    Args:
        total: The count.
        dispersion: Variance over mean, at least 1.
        freedom: Degrees of freedom that ``dispersion`` was estimated with; not looked at where it is 1.
        level: Confidence, 0 to 1.
    """
    factor = widened(dispersion, freedom, level)
    events, tail = total / factor, (1 - level) / 2
    low = float(gammaincinv(events, tail)) * factor if events > 0 else 0.0
    high = float(gammaincinv(events + 1, 1 - tail)) * factor
    return Interval(low, high, METHOD)


def widened(dispersion: float, freedom: int, level: float = LEVEL) -> float:
    """A dispersion for use with normal quantiles, though it was estimated: times (Student's / normal quantile)²."""
    if dispersion <= 1 or freedom < 1:
        return max(dispersion, 1.0)
    ratio = float(student.ppf(0.5 + level / 2, freedom)) / normal_quantile(level)
    return dispersion * ratio**2 if math.isfinite(ratio) else dispersion
