"""What logs hold of what spreads by itself: hits and sources by day, and sources by the hour."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

import msgspec

from ebbtide.pressure.events import Event, iso_date
from ebbtide.pressure.ledger import Ledger
from ebbtide.pressure.signatures.records import Signature
from ebbtide.pressure.stamps import DAY_S, EPOCH_DAY

HOUR_S = 3600
HOURS_A_DAY = 24
MOST_DAYS = 14
"""A course by the hour is that of an outbreak: of families that were seen for longer none is told."""


class SeenWorm(msgspec.Struct, frozen=True):
    """One family in some logs.

    Attributes:
        signature: Its id.
        hits, sources: Requests and different sources of each observed day on which it spreads, in order.
        hours_a_day: How long each of these days was observed on average: of a sensor, the hours that it was up.
        dormant_hits: Requests on days on which it should not spread: somebody's clock is wrong.
        by_hour: Different sources of each hour from the first hit to the last, if these are at most ``MOST_DAYS`` days
            apart, hours of days that were not observed left out; number of the hour since the first, and sources.
        since: Beginning of the first of these hours, seconds since 1970.
    """

    signature: str
    hits: tuple[int, ...]
    sources: tuple[int, ...]
    hours_a_day: float
    dormant_hits: int
    by_hour: tuple[tuple[int, int], ...]
    since: int


def worms_seen(events: Iterable[Event], signatures: Collection[Signature], ledger: Ledger) -> tuple[SeenWorm, ...]:
    """What logs hold of some families, those of which there is nothing left out.

    Args:
        events: Of a reading, with sources.
        signatures: The families.
        ledger: Of the same reading.
    """
    wanted = {each.id: each for each in signatures}
    found: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.signature in wanted:
            found[event.signature].append(event)
    return tuple(_seen(wanted[name], found[name], ledger) for name in sorted(found))


def _seen(signature: Signature, events: list[Event], ledger: Ledger) -> SeenWorm:
    hits = Counter(event.day for event in events)
    sources = _different((event.day, event.source) for event in events)
    days = [day for day in ledger.observed_days if signature.is_active(day)]
    active = [iso_date(day) for day in days]
    since = min(event.time_s for event in events) // HOUR_S * HOUR_S
    return SeenWorm(
        signature.id,
        tuple(hits[day] for day in active),
        tuple(sources[day] for day in active),
        HOURS_A_DAY * ledger.exposure_days(days) / len(days) if days else float(HOURS_A_DAY),
        hits.total() - sum(hits[day] for day in active),
        _by_hour(events, since, ledger),
        since,
    )


def _by_hour(events: list[Event], since: int, ledger: Ledger) -> tuple[tuple[int, int], ...]:
    """An hour without a hit counts if its day (UTC) was observed; at the edge of a gap another zone may differ."""
    hours = (max(event.time_s for event in events) - since) // HOUR_S + 1
    if hours > MOST_DAYS * HOURS_A_DAY:
        return ()
    sources = _different(((event.time_s - since) // HOUR_S, event.source) for event in events)
    return tuple(
        (hour, sources[hour])
        for hour in range(hours)
        if sources[hour] or EPOCH_DAY + (since + hour * HOUR_S) // DAY_S in ledger.lines
    )


def _different(pairs: Iterable[tuple[object, object]]) -> Counter[object]:
    return Counter(key for key, _ in set(pairs))
