"""Three units side by side: requests, visits and sources, by month and family, over observed days."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import mean, quantiles

import msgspec

from ebbtide.pressure.events import Events, iso_date, month_of
from ebbtide.pressure.ledger import Ledger
from ebbtide.pressure.signatures.records import Signature
from ebbtide.pressure.sources import Nearness

VISIT_GAP_S = 1800
"""Requests of one family from one source belong to one visit while no more lies between them."""

ALL = "all"
"""Id that stands for all attacks together."""


class Pressure(msgspec.Struct, frozen=True):
    """One family in one month, or in all of the log.

    Attributes:
        signature: Id; ``all`` for all attacks together, research left out.
        kind: What sends it; empty for ``all``.
        month: As ``2004-05``; empty for all of the log.
        days: Observed days, those without an event among them.
        exposure_days: What they come to in whole days: a day of a sensor counts by the hours that it was up.
        active_days: Of these, days of the month on which the family spreads.
        requests, visits, sources: In all; a source counts once.
        requests_a_day, visits_a_day, sources_a_day: Means over observed days, by their exposure.
        quartiles: Requests of an observed day: lower quartile, median, upper quartile.
        top_source: Part of the requests that the busiest source sent.
        near_16, near_8: Sources in our own /16, and in our own /8 outside it; ``None`` if our address is not known.
    """

    signature: str
    family: str
    kind: str
    month: str
    days: int
    exposure_days: float
    active_days: int
    requests: int
    visits: int
    sources: int
    requests_a_day: float
    visits_a_day: float
    sources_a_day: float
    quartiles: tuple[float, float, float]
    top_source: float
    near_16: int | None
    near_8: int | None


class DayCount(msgspec.Struct, frozen=True):
    """One observed day: attacks of all families, research left out."""

    day: str
    requests: int
    visits: int
    sources: int


class Change(msgspec.Struct, frozen=True):
    """Families that came with a month, and that were gone in it."""

    month: str
    new: tuple[str, ...]
    gone: tuple[str, ...]


class Load(msgspec.Struct, frozen=True):
    """The attack load of some logs.

    Attributes:
        whole: Of all attacks, then of each family, over all of the log; the most requests first.
        months: The same by month.
        days: Of each observed day.
        changes: Month by month, from the second on.
    """

    whole: tuple[Pressure, ...]
    months: tuple[Pressure, ...]
    days: tuple[DayCount, ...]
    changes: tuple[Change, ...]


class _Row(msgspec.Struct, frozen=True):
    """An event as it is counted; ``is_visit`` if it begins one."""

    day: int
    source: int
    nearness: int
    is_visit: bool


def count_load(events: Events, ledger: Ledger) -> Load:
    """Count events by month and family.

    Args:
        events: Of a reading.
        ledger: Of the same.
    """
    by_signature = _rows_by_signature(events)
    attacks = [number for number, signature in enumerate(events.signatures) if signature.is_attack]
    together = [row for number in attacks for row in by_signature.get(number, ())]
    known = events.is_near_told
    entries: list[tuple[Signature | None, list[_Row]]] = [(None, together)]
    entries += [(events.signatures[number], rows) for number, rows in by_signature.items()]
    whole = [
        _pressure(signature, "", rows, ledger, ledger.observed_days, is_known=known) for signature, rows in entries
    ]
    months = [
        _pressure(signature, month, found, ledger, days, is_known=known)
        for month, days in _by_month(ledger.observed_days).items()
        for signature, rows in entries
        if (found := [row for row in rows if month_of(row.day) == month]) or signature is None
    ]
    return Load(
        tuple(sorted(whole, key=_order)),
        tuple(sorted(months, key=lambda each: (each.month, _order(each)))),
        _days(together, ledger.observed_days),
        _changes(months, ledger.months),
    )


def visits_by_day(events: Events, signature: str) -> Counter[int]:
    """Visits that began on each day (ordinal) of one signature, or of all attacks; days without one are left out."""
    wanted = {
        number
        for number, each in enumerate(events.signatures)
        if each.id == signature or (signature == ALL and each.is_attack)
    }
    rows = _rows_by_signature(events)
    return Counter(row.day for number in wanted for row in rows.get(number, ()) if row.is_visit)


def _order(each: Pressure) -> tuple[bool, int, str]:
    return each.signature != ALL, -each.requests, each.signature


def _rows_by_signature(events: Events) -> dict[int, list[_Row]]:
    """Events of each signature in order of time; the first of a source after a gap begins a visit."""
    found: defaultdict[int, list[_Row]] = defaultdict(list)
    last: dict[tuple[int, int], int] = {}
    for row in sorted(range(len(events)), key=events.times.__getitem__):
        number, source, time_s = events.signature_numbers[row], events.source_numbers[row], events.times[row]
        before = last.get((number, source))
        is_visit = before is None or time_s - before > VISIT_GAP_S
        last[number, source] = time_s
        found[number].append(_Row(events.days[row], source, events.nearness[row], is_visit))
    return dict(found)


def _by_month(days: Iterable[int]) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for day in days:
        found[month_of(day)].append(day)
    return dict(found)


def _pressure(
    signature: Signature | None,
    month: str,
    rows: Sequence[_Row],
    ledger: Ledger,
    days: Sequence[int],
    *,
    is_known: bool,
) -> Pressure:
    requests = Counter(row.day for row in rows)
    sources = Counter(row.source for row in rows)
    on_day = {(row.day, row.source) for row in rows}
    visits = sum(row.is_visit for row in rows)
    near = Counter({row.source: row.nearness for row in rows}.values())
    count, exposure = len(days), ledger.exposure_days(days)
    return Pressure(
        signature=signature.id if signature else ALL,
        family=signature.family if signature else "All attacks",
        kind=signature.kind.value if signature else "",
        month=month,
        days=count,
        exposure_days=exposure,
        active_days=sum(signature.is_active(day) for day in days) if signature else count,
        requests=len(rows),
        visits=visits,
        sources=len(sources),
        requests_a_day=len(rows) / exposure if exposure else 0.0,
        visits_a_day=visits / exposure if exposure else 0.0,
        sources_a_day=len(on_day) / exposure if exposure else 0.0,
        quartiles=_quartiles([requests[day] for day in days]),
        top_source=max(sources.values()) / len(rows) if rows else 0.0,
        near_16=near[Nearness.SAME_16] if is_known else None,
        near_8=near[Nearness.SAME_8] if is_known else None,
    )


def _quartiles(counts: Sequence[int]) -> tuple[float, float, float]:
    if len(counts) <= 1:
        value = float(mean(counts)) if counts else 0.0
        return value, value, value
    low, middle, high = quantiles(counts, n=4, method="inclusive")
    return low, middle, high


def _days(rows: Sequence[_Row], days: Sequence[int]) -> tuple[DayCount, ...]:
    requests, visits = Counter(row.day for row in rows), Counter(row.day for row in rows if row.is_visit)
    sources = Counter(day for day, _ in {(row.day, row.source) for row in rows})
    return tuple(DayCount(iso_date(day), requests[day], visits[day], sources[day]) for day in days)


def _changes(months: Iterable[Pressure], order: Sequence[str]) -> tuple[Change, ...]:
    there: defaultdict[str, set[str]] = defaultdict(set)
    for each in months:
        if each.signature != ALL:
            there[each.month].add(each.signature)
    return tuple(
        Change(now, tuple(sorted(there[now] - there[before])), tuple(sorted(there[before] - there[now])))
        for before, now in pairwise(order)
    )
