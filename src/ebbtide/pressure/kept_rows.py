"""Attacks as rows that are kept: the same log read twice gives the same rows, and rows give the counts.

Rows are told apart by second, day, family and source. Where two logs hold the same row, it counts as often as in the
log that holds it more often: so nothing counts twice, in whatever order logs come and however they overlap.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from ebbtide.model.attacks import AttackDayRow, AttackFamily, AttackMonthRow, AttackRow, ObservedDayRow
from ebbtide.pressure.counting import ALL, VISIT_GAP_S
from ebbtide.pressure.events import Event, iso_date
from ebbtide.pressure.ledger import Ledger
from ebbtide.pressure.signatures.records import Signature
from ebbtide.pressure.sources import Nearness, Neighbourhood

MONTH = len("2004-05")


class _Place(msgspec.Struct, frozen=True):
    """What tells a row from all others."""

    time_s: int
    day: str
    signature: str
    source: str


def family_of(signature: Signature) -> AttackFamily:
    """What is kept of a signature."""
    return AttackFamily(
        signature.id,
        signature.family,
        signature.kind.value,
        signature.check,
        signature.active_from,
        signature.active_to,
    )


def observed_by_month(ledger: Ledger) -> dict[str, list[ObservedDayRow]]:
    """The observed days of each month."""
    found: defaultdict[str, list[ObservedDayRow]] = defaultdict(list)
    for day, lines in ledger.lines.items():
        row = ObservedDayRow(iso_date(day), lines)
        found[row.day[:MONTH]].append(row)
    return dict(found)


def attacks_by_month(events: Iterable[Event], neighbourhood: Neighbourhood) -> dict[str, list[AttackRow]]:
    """The rows of each month.

    Args:
        events: With sources as addresses.
        neighbourhood: Of our own address.
    """
    counts = Counter(_Place(each.time_s, each.day, each.signature, each.source or "") for each in events)
    found: defaultdict[str, list[AttackRow]] = defaultdict(list)
    for place, requests in counts.items():
        near = int(neighbourhood.of(place.source)) if neighbourhood.is_known else None
        found[place.day[:MONTH]].append(
            AttackRow(place.time_s, place.day, place.signature, place.source, near, requests)
        )
    return dict(found)


def with_sources(rows: Iterable[AttackRow], keep: Callable[[str], str]) -> list[AttackRow]:
    """Rows with their sources as they are to be kept; rows that become the same are added up."""
    found: dict[_Place, AttackRow] = {}
    for row in rows:
        kept = msgspec.structs.replace(row, source=keep(row.source))
        before = found.get(_place(kept))
        if before is not None:
            near = None if None in (before.near, kept.near) else max(before.near or 0, kept.near or 0)
            kept = msgspec.structs.replace(kept, near=near, requests=before.requests + kept.requests)
        found[_place(kept)] = kept
    return list(found.values())


def merge_attacks(kept: Iterable[AttackRow], new: Iterable[AttackRow]) -> list[AttackRow]:
    """Rows of both, each once, in order of time; see above."""
    found = {_place(row): row for row in kept}
    for row in new:
        before = found.get(_place(row))
        if before is not None:
            near = row.near if before.near is None else before.near
            row = msgspec.structs.replace(row, near=near, requests=max(before.requests, row.requests))  # noqa: PLW2901
        found[_place(row)] = row
    return sorted(found.values(), key=_order)


def merge_observed(kept: Iterable[ObservedDayRow], new: Iterable[ObservedDayRow]) -> list[ObservedDayRow]:
    """Days of both, each once, in order."""
    lines: dict[str, int] = {}
    for row in (*kept, *new):
        lines[row.day] = max(row.lines, lines.get(row.day, 0))
    return [ObservedDayRow(day, lines[day]) for day in sorted(lines)]


def count_attacks(
    month: str, rows: Sequence[AttackRow], families: Mapping[str, AttackFamily]
) -> tuple[list[AttackDayRow], list[AttackMonthRow]]:
    """Count the rows of one month by family, and all attacks together.

    A visit is counted within its month: one that goes on over midnight of the last day begins anew.

    Args:
        month: As ``2004-05``.
        rows: All of that month, in order of time.
        families: By id; those that are no attack are left out of ``all``.
    """
    by_family: defaultdict[str, list[tuple[AttackRow, bool]]] = defaultdict(list)
    last: dict[tuple[str, str], int] = {}
    for row in rows:
        before = last.get((row.signature, row.source))
        last[row.signature, row.source] = row.time_s
        told = (row, before is None or row.time_s - before > VISIT_GAP_S)
        by_family[row.signature].append(told)
        if families[row.signature].is_attack:
            by_family[ALL].append(told)
    days = [each for signature, told in by_family.items() for each in _days(signature, told)]
    months = [_month(month, signature, told) for signature, told in by_family.items()]
    return sorted(days, key=lambda each: (each.day, each.signature)), sorted(months, key=lambda each: each.signature)


def _days(signature: str, told: Sequence[tuple[AttackRow, bool]]) -> Iterable[AttackDayRow]:
    requests: Counter[str] = Counter()
    visits: Counter[str] = Counter()
    sources: defaultdict[str, set[str]] = defaultdict(set)
    for row, is_visit in told:
        requests[row.day] += row.requests
        visits[row.day] += is_visit
        sources[row.day].add(row.source)
    return [AttackDayRow(day, signature, requests[day], visits[day], len(sources[day])) for day in requests]


def _month(month: str, signature: str, told: Sequence[tuple[AttackRow, bool]]) -> AttackMonthRow:
    sources: Counter[str] = Counter()
    for row, _ in told:
        sources[row.source] += row.requests
    near = {row.source: row.near for row, _ in told}
    is_known = None not in near.values()
    nearness = Counter(near.values())
    return AttackMonthRow(
        month=month,
        signature=signature,
        requests=sources.total(),
        visits=sum(is_visit for _, is_visit in told),
        sources=len(sources),
        top_requests=max(sources.values()),
        near_16=nearness[Nearness.SAME_16] if is_known else None,
        near_8=nearness[Nearness.SAME_8] if is_known else None,
    )


def _place(row: AttackRow) -> _Place:
    return _Place(row.time_s, row.day, row.signature, row.source)


def _order(row: AttackRow) -> tuple[int, str, str, str]:
    return row.time_s, row.signature, row.source, row.day
