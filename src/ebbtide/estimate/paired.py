"""The same units asked twice: mid-p McNemar test and intervals of the difference of two paired shares.

Notation: of N units ``both`` showed it twice, ``mended`` only the first time, ``opened`` only the second time,
``neither`` never. The difference is second minus first share: (opened - mended) / N.
"""

import math
from collections.abc import Callable

import msgspec
from scipy.optimize import brentq
from scipy.special import bdtr
from scipy.stats import binom

from ebbtide.estimate.shares import LEVEL, Interval, normal_quantile, wilson_interval


class PairedTable(msgspec.Struct, frozen=True):
    """Counts of the same units, then and now.

    Attributes:
        both: Shown then and now.
        mended: Shown then, not shown now.
        opened: Not shown then, shown now.
        neither: Not shown then or now.
    """

    both: int
    mended: int
    opened: int
    neither: int

    @property
    def total(self) -> int:
        """All units that were judged both times."""
        return self.both + self.mended + self.opened + self.neither

    @property
    def difference(self) -> float:
        """Second share minus first share; minus 1 to 1."""
        return (self.opened - self.mended) / self.total


def mcnemar_mid_p(mended: int, opened: int) -> float:
    """Two-sided mid-p value of McNemar's test: has the share changed among the same units?

    With m = mended + opened and k the smaller: 2 P(X <= k) - P(X = k) for X ~ Binomial(m, 1/2), at most 1; 1 if m = 0.

    Args:
        mended: Units that showed it only the first time.
        opened: Units that showed it only the second time.

    Returns:
        0 to 1.

    Assumptions: units change independently of each other. A hoster that mends thousands at once breaks it.

    Source: Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13 (2013), 91.
    """
    changed, fewer = mended + opened, min(mended, opened)
    if changed == 0:
        return 1.0
    return min(1.0, float(2 * bdtr(fewer, changed, 0.5) - binom.pmf(fewer, changed, 0.5)))


def newcombe_interval(table: PairedTable, level: float = LEVEL) -> Interval:
    """Newcombe's interval of a paired difference: two Wilson intervals squared together with their correlation.

    With Wilson limits (l1, u1) of the first share p1, (l2, u2) of the second p2, d = p2 - p1, and phi the correlation:
    low = d - √((p2-l2)² - 2 phi (p2-l2)(u1-p1) + (u1-p1)²), high = d + √((u2-p2)² - 2 phi (u2-p2)(p1-l1) + (p1-l1)²).
    phi is 0 if a margin is empty; a positive numerator of phi is lessened by N/2, not below 0.

    Args:
        table: At least one unit.
        level: Confidence, 0 to 1.

    Returns:
        Ends within minus 1 to 1.

    Assumptions: units are independent of each other; nobody is missing. Those that vanished are not in it: see bounds.

    Source: Newcombe, Statistics in Medicine 17 (1998), 2635-2650, method 10.
    """
    total = table.total
    if total <= 0:
        raise ValueError("no unit was judged both times")
    first, second = table.both + table.mended, table.both + table.opened
    wilson_1, wilson_2 = wilson_interval(first, total, level), wilson_interval(second, total, level)
    share_1, share_2, phi = first / total, second / total, _correlation(table)
    difference = table.difference
    below = _joined(share_2 - wilson_2.low, wilson_1.high - share_1, phi)
    above = _joined(wilson_2.high - share_2, share_1 - wilson_1.low, phi)
    return Interval(max(-1.0, difference - below), min(1.0, difference + above), "newcombe paired")


def tango_interval(table: PairedTable, level: float = LEVEL) -> Interval:
    """Tango's score interval of a paired difference: all d that a score test does not reject.

    The score is (opened - mended - N d) / √(N (2 q + d (1 - d))), where q, the likeliest chance of ``mended`` given
    that the chance of ``opened`` is q + d, solves
    2N q² + (-mended - opened + (2N - opened + mended) d) q - mended d (1 - d) = 0.

    Args:
        table: At least one unit.
        level: Confidence, 0 to 1.

    Assumptions: as ``newcombe_interval``.

    Source: Tango, Statistics in Medicine 17 (1998), 891-908.
    """
    if table.total <= 0:
        raise ValueError("no unit was judged both times")
    limit, difference = normal_quantile(level), table.difference
    low = _root(lambda d: _tango_score(table, d) - limit, -1.0, difference)
    high = _root(lambda d: _tango_score(table, d) + limit, difference, 1.0)
    return Interval(low, high, "tango paired")


def _tango_score(table: PairedTable, d: float) -> float:
    total, mended, opened = table.total, table.mended, table.opened
    linear = -mended - opened + (2 * total - opened + mended) * d
    constant = -mended * d * (1 - d)
    chance = (math.sqrt(max(0.0, linear * linear - 8 * total * constant)) - linear) / (4 * total)
    variance = total * (2 * chance + d * (1 - d))
    deviation = opened - mended - total * d
    if variance <= 0:
        return math.copysign(math.inf, deviation) if deviation else 0.0
    return deviation / math.sqrt(variance)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses zero within an interval, else the end at which it does not reach it."""
    nudge = 1e-12
    start, end = low + nudge, high - nudge
    if start >= end or function(start) <= 0:
        return low
    if function(end) >= 0:
        return high
    return float(brentq(function, start, end, xtol=1e-14, rtol=1e-14))


def _correlation(table: PairedTable) -> float:
    margins = (
        (table.both + table.mended) * (table.opened + table.neither)
        * (table.both + table.opened) * (table.mended + table.neither)
    )  # fmt: skip
    if margins == 0:
        return 0.0
    product = float(table.both * table.neither - table.mended * table.opened)
    if product > 0:
        product = max(product - table.total / 2, 0.0)
    return product / math.sqrt(margins)


def _joined(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))
