"""From what one address sees of a worm to the infected hosts there are: only for uniform scanning, else refused.

Source: Moore, Shannon, Voelker and Savage, "Network Telescopes" (CAIDA, 2004); Moore, Shannon and Brown, "Code-Red: a
case study on the spread and victims of an Internet worm" (IMW 2002).
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec
import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln
from scipy.stats import binom

from ebbtide.estimate.daily_mean import count_interval, dispersion_of, widened
from ebbtide.estimate.shares import LEVEL, Interval, normal_quantile

ADDRESSES_IN_ALL = 2.0**32
FEWEST_SOURCES = 10
MOST_REPEATS = 3.0
"""Hits a source may send more often than uniform scanning lets it."""

_HOUR_S = 3600
_UNICAST_8 = 221
"""Blocks /8 from which a stranger can come: 1 to 223 without 10 and 127."""
_UNICAST_16 = _UNICAST_8 * 256
_TELLING = 0.005
_FURTHEST = 1e15


class Refusal(StrEnum):
    """Why hits cannot be turned into hosts."""

    NOT_UNIFORM = "not_uniform"
    SPREAD_UNKNOWN = "spread_unknown"
    RATE_UNKNOWN = "rate_unknown"
    SPOOFABLE = "spoofable"
    OWN_UNKNOWN = "own_unknown"
    NOT_HOSTS = "not_hosts"
    DORMANT = "dormant"
    TOO_FEW = "too_few"
    LOCAL_PREFERENCE = "local_preference"
    REPEATED = "repeated"


class WormSeen(msgspec.Struct, frozen=True):
    """What some monitored addresses saw of one worm.

    Attributes:
        spread: How it picks addresses: ``uniform``, ``local`` or ``unknown``.
        probes_per_s: Addresses that one infected host tries in a second; 0 if that is not on record.
        is_spoofable: Anybody could send what it sends.
        hits: Its requests on each observed day on which it spreads.
        sources: Different sources on each of the same days.
        all_sources: Different sources over all of these days.
        near_16, near_8: Of these, in our own /16, and in our own /8 outside it; ``None`` if our address is not known.
        are_hosts: A source is an address (or stands for one), not a prefix.
        addresses: Monitored addresses.
        hours_a_day: Hours of a day on which they were watched.
    """

    spread: str
    probes_per_s: float
    is_spoofable: bool
    hits: tuple[int, ...]
    sources: tuple[int, ...]
    all_sources: int
    near_16: int | None
    near_8: int | None
    are_hosts: bool = True
    addresses: int = 1
    hours_a_day: float = 24.0


class Refused(msgspec.Struct, frozen=True):
    """No estimate.

    Attributes:
        reason: Which condition fails, the first of the list of ``Refusal``.
        sentence: The same for a reader.
    """

    reason: Refusal
    sentence: str


class Infected(msgspec.Struct, frozen=True):
    """Infected hosts at a time, as the mean over the observed days on which the worm spreads.

    Attributes:
        estimate, interval: From the different sources of each day.
        by_hits, by_hits_interval: From the hits.
        days, addresses, probes_per_s: What it was reckoned with.
        share_seen: Part of all infected hosts that is seen on a day.
        dispersion: Variance over mean of the sources of a day, at least 1.
        at_rates: Probes a second to the estimate that they would give: half, the stated, and double the rate.
        assumptions: One sentence each.
    """

    estimate: float
    interval: Interval
    by_hits: float
    by_hits_interval: Interval
    days: int
    addresses: int
    probes_per_s: float
    share_seen: float
    dispersion: float
    at_rates: dict[str, float]
    assumptions: tuple[str, ...]


ASSUMPTIONS = (
    "Every infected host tries addresses drawn evenly from all 2^32, at the stated rate, day and night.",
    "A source is one host on one day: no addresses that several share, none that change within the day.",
    "What is seen was sent to the monitored addresses themselves, and every observed day was watched whole.",
    "The rate is an average on record; the estimate is in inverse proportion to it.",
)

_SENTENCES: Mapping[Refusal, str] = MappingProxyType(
    {
        Refusal.NOT_UNIFORM: "it prefers addresses near its own",
        Refusal.SPREAD_UNKNOWN: "it is not on record how it picks the addresses that it tries",
        Refusal.RATE_UNKNOWN: "it is not on record how many addresses an infected host tries in a second",
        Refusal.SPOOFABLE: "anybody could send what it sends",
        Refusal.OWN_UNKNOWN: "the address of the server is not known, so it cannot be seen whether sources lie near it "
        "(give it with --own)",
        Refusal.NOT_HOSTS: "sources are kept as prefixes, and a prefix is no host",
        Refusal.DORMANT: "no day on which it spreads was observed",
        Refusal.TOO_FEW: f"fewer than {FEWEST_SOURCES} sources were seen while it spreads",
        Refusal.LOCAL_PREFERENCE: "more sources lie near our own address than even scanning brings",
        Refusal.REPEATED: f"sources come back over {MOST_REPEATS:g} times as often as even scanning lets them",
    }
)


def expected_hits(probes_per_s: float, hours: float, addresses: int = 1) -> float:
    """Hits that some monitored addresses expect of one infected host: rate · time · addresses / 2^32.

    Args:
        probes_per_s: Addresses that it tries in a second.
        hours: How long.
        addresses: Monitored.

    At 5 probes a second one address expects 0.0001006 a day: it sees a ten-thousandth of all infected hosts.
    """
    return probes_per_s * hours * _HOUR_S * addresses / ADDRESSES_IN_ALL


def infected_hosts(seen: WormSeen, level: float = LEVEL) -> Infected | Refused:
    """How many hosts are infected at a time.

    One infected host sends a Poisson number of hits with mean m = ``expected_hits`` to the monitored addresses a day,
    so it is seen on that day with chance p = 1 - exp(-m). The sources S of all days together are binomial(N, p) of N
    host-days: N is estimated by S/p, and its interval holds all N whose likelihood is not too far below the best, by
    the chi-squared quantile times f. The hits of all days are Poisson with mean N m. f is the variance over the mean
    of the sources of a day, at least 1: days that scatter more than chance widen the interval. All is divided by the
    number of days.

    Args:
        seen: What was seen.
        level: Confidence, 0 to 1.

    Raises:
        ValueError: The days of hits and sources do not match, or there are fewer hits than sources on one.

    Assumptions: ``ASSUMPTIONS``. Local preference makes it far too large, a worm with a fixed list of addresses
    anything; where they show, the estimate is refused. A power cut at night makes it too small.
    """
    if len(seen.hits) != len(seen.sources) or any(
        hits < sources for hits, sources in zip(seen.hits, seen.sources, strict=True)
    ):
        raise ValueError("each day needs its hits and its sources, and no fewer hits than sources")
    reason = refusal_of(seen)
    if reason is not None:
        return Refused(reason, f"Infected hosts are not estimated: {_SENTENCES[reason]}.")
    days = len(seen.sources)
    mean = expected_hits(seen.probes_per_s, seen.hours_a_day, seen.addresses)
    chance = -math.expm1(-mean)
    total, hits = sum(seen.sources), sum(seen.hits)
    spread = dispersion_of(np.asarray(seen.sources, dtype=np.float64))
    ends = binomial_size_interval(total, mean, widened(spread, days - 1, level), level)
    around = count_interval(hits, dispersion_of(np.asarray(seen.hits, dtype=np.float64)), days - 1, level)
    return Infected(
        estimate=total / chance / days,
        interval=Interval(ends.low / days, ends.high / days, ends.method),
        by_hits=hits / mean / days,
        by_hits_interval=Interval(around.low / mean / days, around.high / mean / days, around.method),
        days=days,
        addresses=seen.addresses,
        probes_per_s=seen.probes_per_s,
        share_seen=chance,
        dispersion=spread,
        at_rates={
            f"{factor * seen.probes_per_s:g}": total / -math.expm1(-factor * mean) / days for factor in (0.5, 1.0, 2.0)
        },
        assumptions=ASSUMPTIONS,
    )


def refusal_of(seen: WormSeen) -> Refusal | None:
    """The first condition of an estimate that fails; ``None`` if all hold.

    That sources lie near our own address is tested by the binomial distribution: of uniform scanning by hosts anywhere
    in unicast space one in 221 lies in our /8, and one in 56,576 in our /16. That hosts of a crowded /8 are taken for
    local preference is the price.
    """
    conditions = (
        (Refusal.NOT_UNIFORM, seen.spread == "local"),
        (Refusal.SPREAD_UNKNOWN, seen.spread != "uniform"),
        (Refusal.RATE_UNKNOWN, seen.probes_per_s <= 0),
        (Refusal.SPOOFABLE, seen.is_spoofable),
        (Refusal.OWN_UNKNOWN, seen.near_16 is None or seen.near_8 is None),
        (Refusal.NOT_HOSTS, not seen.are_hosts),
        (Refusal.DORMANT, not seen.sources),
        (Refusal.TOO_FEW, sum(seen.sources) < FEWEST_SOURCES),
        (Refusal.LOCAL_PREFERENCE, _is_local(seen)),
        (Refusal.REPEATED, _is_repeated(seen)),
    )
    return next((reason for reason, fails in conditions if fails), None)


def _is_local(seen: WormSeen) -> bool:
    near_16 = seen.near_16 or 0
    near_8 = near_16 + (seen.near_8 or 0)
    tests = ((near_16, 1 / _UNICAST_16), (near_8, 1 / _UNICAST_8))
    return any(float(binom.sf(near - 1, seen.all_sources, chance)) < _TELLING for near, chance in tests)


def _is_repeated(seen: WormSeen) -> bool:
    """More hits a source and day than m / (1 - exp(-m)), by far."""
    mean = expected_hits(seen.probes_per_s, seen.hours_a_day, seen.addresses)
    if mean <= 0 or not sum(seen.sources):
        return False
    return sum(seen.hits) / sum(seen.sources) > MOST_REPEATS * mean / -math.expm1(-mean)


def binomial_size_interval(total: float, mean: float, dispersion: float = 1.0, level: float = LEVEL) -> Interval:
    """The interval of N where ``total`` is binomial(N, 1 - exp(-mean)), by the likelihood ratio.

    Args:
        total: What was seen, 1 or more.
        mean: Of the Poisson number of hits of one host, above 0.
        dispersion: By which twice the logarithm of the ratio is divided.
        level: Confidence, 0 to 1.

    Returns:
        All N, not whole, from ``total`` on, with 2 (l(best) - l(N)) / dispersion at most the chi-squared quantile.
    """
    log_chance = math.log(-math.expm1(-mean))

    def log_likelihood(size: float) -> float:
        ways = float(gammaln(size + 1) - gammaln(size - total + 1) - gammaln(total + 1))
        return ways + total * log_chance - (size - total) * mean

    best = max(total, total / -math.expm1(-mean) - 0.5)
    reach = normal_quantile(level) ** 2 * dispersion / 2

    def below(size: float) -> float:
        return log_likelihood(best) - log_likelihood(size) - reach

    low = total if below(total) <= 0 else float(brentq(below, total, best, xtol=1e-9, rtol=1e-12))
    high = 2 * best + 10
    while below(high) < 0 and high < _FURTHEST:
        high *= 2
    return Interval(low, float(brentq(below, best, high, xtol=1e-9, rtol=1e-12)), "binomial, profile likelihood")
