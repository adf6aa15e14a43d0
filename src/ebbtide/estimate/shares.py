"""Intervals of a share: Wilson, Jeffreys, and the one-sided bound where none or all have it.

Source: Brown, Cai and DasGupta, "Interval Estimation for a Binomial Proportion", Statistical Science 16 (2001),
101-133.
"""

import math

import msgspec
from scipy.special import betaincinv, ndtri

LEVEL = 0.95
FEW = 5
"""Fewer than so many that have it, or have it not, are tiny counts: Jeffreys takes Wilson's place."""


class Interval(msgspec.Struct, frozen=True):
    """A confidence interval.

    Attributes:
        low, high: Ends; fractions 0 to 1 for shares.
        method: Name of the estimator.
    """

    low: float
    high: float
    method: str


def normal_quantile(level: float = LEVEL) -> float:
    """Two-sided quantile of the standard normal distribution; 1.959964 at 95 %."""
    return float(ndtri(0.5 + level / 2))


def wilson_interval(n: float, base: float, level: float = LEVEL) -> Interval:
    """Wilson's score interval of a share.

    With p = n/base and z the normal quantile: (p + z²/2b ± z √(p(1-p)/b + z²/4b²)) / (1 + z²/b).

    Args:
        n: How many have it, 0 to ``base``; need not be whole (an effective count).
        base: How many were judged, above 0.
        level: Confidence, 0 to 1.

    Returns:
        Ends within 0 to 1.

    Assumptions: independent units of one chance. Units that share an operator break it: use the effective base.
    It dips below its level near 0 and 1 (some 83 % at worst for one expected case), hence Jeffreys for tiny counts.

    Source: Wilson, JASA 22 (1927), 209-212.
    """
    _demand_share(n, base)
    share, square = n / base, normal_quantile(level) ** 2
    centre = (share + square / (2 * base)) / (1 + square / base)
    half = math.sqrt(square) * math.sqrt(share * (1 - share) / base + square / (4 * base * base)) / (1 + square / base)
    low = 0.0 if n == 0 else max(0.0, centre - half)
    high = 1.0 if n == base else min(1.0, centre + half)
    return Interval(low, high, "wilson")


def jeffreys_interval(n: float, base: float, level: float = LEVEL) -> Interval:
    """Jeffreys' equal-tailed interval of a share: quantiles of Beta(n + 1/2, base - n + 1/2).

    The lower end is 0 when none has it, the upper end 1 when all have it.

    Args:
        n: How many have it, 0 to ``base``; need not be whole.
        base: How many were judged, above 0.
        level: Confidence, 0 to 1.

    Assumptions: as ``wilson_interval``. Its coverage swings about the level and does not keep to it from above.

    Source: Brown, Cai and DasGupta (2001), section 3.1.1.
    """
    _demand_share(n, base)
    tail = (1 - level) / 2
    low = 0.0 if n == 0 else float(betaincinv(n + 0.5, base - n + 0.5, tail))
    high = 1.0 if n == base else float(betaincinv(n + 0.5, base - n + 0.5, 1 - tail))
    return Interval(low, high, "jeffreys")


def one_sided_interval(n: float, base: float, level: float = LEVEL) -> Interval:
    """The exact bound where none, or all, have it: 0 to 1 - (1-level)^(1/base), or its mirror.

    The whole error lies on the one side that is open; about 3/base at 95 % (the rule of three).

    Args:
        n: 0 or ``base``.
        base: How many were judged, above 0; need not be whole.
        level: Confidence, 0 to 1.

    Assumptions: as ``wilson_interval``; one pair of units that answer alike makes it too narrow.

    Source: Clopper and Pearson, Biometrika 26 (1934), 404-413, at the edge.
    """
    _demand_share(n, base)
    if n not in (0, base):
        raise ValueError(f"{n} of {base} is neither none nor all")
    reach = -math.expm1(math.log1p(-level) / base)
    return Interval(0.0, reach, "one-sided") if n == 0 else Interval(1 - reach, 1.0, "one-sided")


def share_interval(n: float, base: float, level: float = LEVEL) -> Interval:
    """The interval that a published share gets: one-sided at the edge, Jeffreys for tiny counts, else Wilson.

    Args:
        n: How many have it, 0 to ``base``.
        base: How many were judged, above 0.
        level: Confidence, 0 to 1.
    """
    rest = base - n
    if n <= 0 or rest <= 0:
        return one_sided_interval(0 if n <= 0 else base, base, level)
    return (jeffreys_interval if min(n, rest) < FEW else wilson_interval)(n, base, level)


def _demand_share(n: float, base: float) -> None:
    if not 0 <= n <= base or base <= 0:
        raise ValueError(f"{n} of {base} is no share")
