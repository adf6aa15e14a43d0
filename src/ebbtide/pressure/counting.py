"""Three units side by side: requests, visits and sources, by month and family, over observed days."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import mean, quantiles

import msgspec

from ebbtide.pressure.events import Events, iso_date, month_of
from ebbtide.pressure.ledger import Ledger
from ebbtide.pressure.tallying import ALL_ATTACKS, WHOLE, Reach, Tally, month_number

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


def count_load(events: Events, ledger: Ledger) -> Load:
    """Count events by month and family.

    Args:
        events: Of a reading.
        ledger: Of the same.
    """
    tally = events.tally()
    months = _by_month(ledger.observed_days)
    numbers = [ALL_ATTACKS, *tally.signatures]
    whole = [_pressure(events, ledger, number, "", ledger.observed_days) for number in numbers]
    by_month = [
        _pressure(events, ledger, number, month, days)
        for month, days in months.items()
        for number in numbers
        if number == ALL_ATTACKS or (number, month_number(days[0])) in tally.reach
    ]
    return Load(
        tuple(sorted(whole, key=_order)),
        tuple(sorted(by_month, key=lambda each: (each.month, _order(each)))),
        _days(tally, ledger.observed_days),
        _changes(by_month, ledger.months),
    )


def visits_by_day(events: Events, signature: str) -> Counter[int]:
    """Visits that began on each day (ordinal) of one signature, or of all attacks; days without one are left out."""
    numbers = {each.id: number for number, each in enumerate(events.signatures)} | {ALL: ALL_ATTACKS}
    wanted = numbers.get(signature)
    visits = events.tally().visits
    return Counter({day: count for (number, day), count in visits.items() if number == wanted})


def _order(each: Pressure) -> tuple[bool, int, str]:
    return each.signature != ALL, -each.requests, each.signature


def _by_month(days: Iterable[int]) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for day in days:
        found[month_of(day)].append(day)
    return dict(found)


def _pressure(events: Events, ledger: Ledger, number: int, month: str, days: Sequence[int]) -> Pressure:
    """One family, or all attacks, on the observed days of a month or of all of the log."""
    tally, known = events.tally(), events.is_near_told
    signature = None if number == ALL_ATTACKS else events.signatures[number]
    requests = [tally.requests[number, day] for day in days]
    visits = sum(tally.visits[number, day] for day in days)
    reach = tally.reach.get((number, month_number(days[0]) if month else WHOLE), Reach())
    total, count, exposure = sum(requests), len(days), ledger.exposure_days(days)
    return Pressure(
        signature=signature.id if signature else ALL,
        family=signature.family if signature else "All attacks",
        kind=signature.kind.value if signature else "",
        month=month,
        days=count,
        exposure_days=exposure,
        active_days=sum(signature.is_active(day) for day in days) if signature else count,
        requests=total,
        visits=visits,
        sources=reach.sources,
        requests_a_day=total / exposure if exposure else 0.0,
        visits_a_day=visits / exposure if exposure else 0.0,
        sources_a_day=sum(tally.sources[number, day] for day in days) / exposure if exposure else 0.0,
        quartiles=_quartiles(requests),
        top_source=reach.most / total if total else 0.0,
        near_16=reach.near_16 if known else None,
        near_8=reach.near_8 if known else None,
    )


def _quartiles(counts: Sequence[int]) -> tuple[float, float, float]:
    if len(counts) <= 1:
        value = float(mean(counts)) if counts else 0.0
        return value, value, value
    low, middle, high = quantiles(counts, n=4, method="inclusive")
    return low, middle, high


def _days(tally: Tally, days: Sequence[int]) -> tuple[DayCount, ...]:
    return tuple(
        DayCount(
            iso_date(day), tally.requests[ALL_ATTACKS, day], tally.visits[ALL_ATTACKS, day],
            tally.sources[ALL_ATTACKS, day],
        )
        for day in days
    )  # fmt: skip


def _changes(months: Iterable[Pressure], order: Sequence[str]) -> tuple[Change, ...]:
    there: defaultdict[str, set[str]] = defaultdict(set)
    for each in months:
        if each.signature != ALL:
            there[each.month].add(each.signature)
    return tuple(
        Change(now, tuple(sorted(there[now] - there[before])), tuple(sorted(there[before] - there[now])))
        for before, now in pairwise(order)
    )
