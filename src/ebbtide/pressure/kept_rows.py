"""Attacks as rows that are kept: the same log read twice gives the same rows, and rows give the counts.

Rows are told apart by second, day, family and source. Where two logs hold the same row, it counts as often as in the
log that holds it more often: so nothing counts twice, in whatever order logs come and however they overlap.
"""

import datetime as dt
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from ebbtide.model.attacks import AttackDayRow, AttackFamily, AttackMonthRow, ObservedDayRow
from ebbtide.pressure.counting import ALL
from ebbtide.pressure.events import Event, iso_date
from ebbtide.pressure.ledger import Ledger
from ebbtide.pressure.signatures.records import Signature
from ebbtide.pressure.sources import Nearness, Neighbourhood, read_address
from ebbtide.pressure.spells import VISIT_GAP_S
from ebbtide.pressure.stamps import DAY_S
from ebbtide.rounds.attack_columns import UNKNOWN_NEAR, AttackColumns, Coded

MONTH = len("2004-05")
Numbers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]


class Rows(msgspec.Struct, frozen=True):
    """Rows in columns of equal length, in order of time, day, family and source.

    Attributes:
        days: Ordinals.
        signatures, sources: Places among the names, which are sorted.
        near: As ``AttackRow``, ``UNKNOWN_NEAR`` for ``None``.
    """

    times: Numbers
    days: Numbers
    signatures: Codes
    sources: Codes
    near: Numbers
    requests: Numbers
    signature_names: tuple[str, ...]
    source_names: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.times.size)

    def of(self, wanted: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Rows":
        """Some of them: those that are wanted, or those at some places in their order."""
        return msgspec.structs.replace(
            self,
            times=self.times[wanted],
            days=self.days[wanted],
            signatures=self.signatures[wanted],
            sources=self.sources[wanted],
            near=self.near[wanted],
            requests=self.requests[wanted],
        )

    @property
    def total(self) -> int:
        """Requests in all."""
        return int(self.requests.sum())


NO_ROWS = Rows(
    times=np.empty(0, dtype=np.int64),
    days=np.empty(0, dtype=np.int64),
    signatures=np.empty(0, dtype=np.int32),
    sources=np.empty(0, dtype=np.int32),
    near=np.empty(0, dtype=np.int64),
    requests=np.empty(0, dtype=np.int64),
    signature_names=(),
    source_names=(),
)


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
        row = ObservedDayRow(iso_date(day), lines, ledger.seconds.get(day, DAY_S))
        found[row.day[:MONTH]].append(row)
    return dict(found)


def attack_rows(events: Iterable[Event], neighbourhood: Neighbourhood) -> Rows:
    """The rows of some events.

    Args:
        events: With sources as addresses.
        neighbourhood: Of our own address.
    """
    times, days, signatures, sources = array("q"), array("q"), array("i"), array("i")
    day_numbers: dict[str, int] = {}
    families: dict[str, int] = {}
    addresses: dict[str, int] = {}
    for each in events:
        day = day_numbers.get(each.day)
        if day is None:
            day = day_numbers[each.day] = dt.date.fromisoformat(each.day).toordinal()
        times.append(each.time_s)
        days.append(day)
        signatures.append(families.setdefault(each.signature, len(families)))
        sources.append(addresses.setdefault(each.source or "", len(addresses)))
    near = [_near(each, neighbourhood) for each in addresses]
    numbers = np.array(sources, dtype=np.int32)
    found = Rows(
        np.array(times, dtype=np.int64), np.array(days, dtype=np.int64), np.array(signatures, dtype=np.int32), numbers,
        np.array(near, dtype=np.int64)[numbers], np.ones(len(times), dtype=np.int64), tuple(families), tuple(addresses),
    )  # fmt: skip
    return _grouped(_named(found, tuple(families), tuple(addresses)), np.add)


def _near(source: str, neighbourhood: Neighbourhood) -> int:
    """Of a name, or of what a log gives in place of an address, nobody can tell how near it lies."""
    is_told = neighbourhood.is_known and read_address(source) is not None
    return int(neighbourhood.of(source)) if is_told else UNKNOWN_NEAR


def by_month(rows: Rows) -> Iterator[tuple[str, Rows]]:
    """Months, and the rows of each."""
    for number in np.unique([_month_number(day) for day in np.unique(rows.days)]).tolist():
        first = dt.date(number // 12, number % 12 + 1, 1)
        last = dt.date((number + 1) // 12, (number + 1) % 12 + 1, 1)
        wanted = (rows.days >= first.toordinal()) & (rows.days < last.toordinal())
        yield first.isoformat()[:MONTH], rows.of(wanted)


def with_sources(rows: Rows, keep: Callable[[str], str]) -> Rows:
    """Rows with their sources as they are to be kept; rows that become the same are added up."""
    used = set(np.unique(rows.sources).tolist())
    kept = [keep(name) if place in used else "" for place, name in enumerate(rows.source_names)]
    return _grouped(_named(rows, rows.signature_names, kept), np.add)


def merge_attacks(kept: Rows, new: Rows) -> Rows:
    """Rows of both, each once; see above."""
    signature_names = tuple(sorted({*kept.signature_names, *new.signature_names}))
    source_names = tuple(sorted({*kept.source_names, *new.source_names}))
    one, other = (_coded_as(each, signature_names, source_names) for each in (kept, new))
    both = Rows(
        np.concatenate([one.times, other.times]),
        np.concatenate([one.days, other.days]),
        np.concatenate([one.signatures, other.signatures]),
        np.concatenate([one.sources, other.sources]),
        np.concatenate([one.near, other.near]),
        np.concatenate([one.requests, other.requests]),
        signature_names,
        source_names,
    )
    return _grouped(both, np.maximum)


def merge_observed(kept: Iterable[ObservedDayRow], new: Iterable[ObservedDayRow]) -> list[ObservedDayRow]:
    """Days of both, each once, in order."""
    found: dict[str, ObservedDayRow] = {}
    for row in (*kept, *new):
        before = found.get(row.day, row)
        found[row.day] = ObservedDayRow(row.day, max(row.lines, before.lines), max(row.seconds, before.seconds))
    return [found[day] for day in sorted(found)]


def stored(rows: Rows) -> AttackColumns:
    """Rows as they are written."""
    days, codes = np.unique(rows.days, return_inverse=True)
    return AttackColumns(
        times=np.ascontiguousarray(rows.times),
        days=Coded(codes.astype(np.int32), [iso_date(int(day)) for day in days]),
        signatures=Coded(np.ascontiguousarray(rows.signatures), rows.signature_names),
        sources=Coded(np.ascontiguousarray(rows.sources), rows.source_names),
        near=np.ascontiguousarray(rows.near),
        requests=np.ascontiguousarray(rows.requests),
    )


def unstored(columns: AttackColumns) -> Rows:
    """Rows as they were written."""
    ordinals = np.array([dt.date.fromisoformat(day).toordinal() for day in columns.days.names], dtype=np.int64)
    days = np.frombuffer(columns.days.codes, dtype=np.int32)
    found = Rows(
        np.frombuffer(columns.times, dtype=np.int64),
        ordinals[days] if days.size else np.empty(0, dtype=np.int64),
        np.frombuffer(columns.signatures.codes, dtype=np.int32),
        np.frombuffer(columns.sources.codes, dtype=np.int32),
        np.frombuffer(columns.near, dtype=np.int64),
        np.frombuffer(columns.requests, dtype=np.int64),
        tuple(columns.signatures.names),
        tuple(columns.sources.names),
    )
    return _named(found, found.signature_names, found.source_names)


def _named(rows: Rows, signature_names: Sequence[str], source_names: Sequence[str]) -> Rows:
    """Rows under other names, one for each that there is; the names become sorted, and each stands once."""
    named = msgspec.structs.replace(rows, signature_names=tuple(signature_names), source_names=tuple(source_names))
    return _coded_as(named, tuple(sorted(set(signature_names))), tuple(sorted(set(source_names))))


def _coded_as(rows: Rows, signature_names: tuple[str, ...], source_names: tuple[str, ...]) -> Rows:
    """The same rows with places among other names, which hold all of its own."""
    return msgspec.structs.replace(
        rows,
        signatures=_placed(rows.signatures, rows.signature_names, signature_names),
        sources=_placed(rows.sources, rows.source_names, source_names),
        signature_names=signature_names,
        source_names=source_names,
    )


def _placed(codes: Codes, names: Sequence[str], among: Sequence[str]) -> Codes:
    places = {name: place for place, name in enumerate(among)}
    table = np.array([places[name] for name in names], dtype=np.int32)
    return table[codes] if codes.size else codes


def _grouped(rows: Rows, combine: np.ufunc) -> Rows:
    """Rows in order, those that are told apart by nothing as one."""
    if not len(rows):
        return rows
    order = np.lexsort((rows.sources, rows.signatures, rows.days, rows.times))
    ordered = rows.of(order)
    keys = (ordered.times, ordered.days, ordered.signatures, ordered.sources)
    is_new = np.ones(order.size, dtype=np.bool_)
    is_new[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    starts = np.flatnonzero(is_new)
    return msgspec.structs.replace(
        ordered.of(starts),
        requests=combine.reduceat(ordered.requests, starts),
        near=np.maximum.reduceat(ordered.near, starts),
    )


def _month_number(day: np.int64) -> int:
    date = dt.date.fromordinal(int(day))
    return date.year * 12 + date.month - 1


def count_attacks(
    month: str, rows: Rows, families: Mapping[str, AttackFamily]
) -> tuple[list[AttackDayRow], list[AttackMonthRow]]:
    """Count the rows of one month by family, and all attacks together.

    A visit is counted within its month: one that goes on over midnight of the last day begins anew.

    Args:
        month: As ``2004-05``.
        rows: All of that month.
        families: By id; those that are no attack are left out of ``all``.
    """
    visits = _visits(rows)
    is_attack = np.array([families[name].is_attack for name in rows.signature_names], dtype=np.bool_)
    chosen = [(name, rows.signatures == place) for place, name in enumerate(rows.signature_names)]
    if is_attack.any():
        chosen.append((ALL, is_attack[rows.signatures]))
    told = [(name, rows.of(wanted), visits[wanted]) for name, wanted in chosen if wanted.any()]
    days = [each for name, part, begun in told for each in _days(name, part, begun)]
    months = [_month(month, name, part, begun) for name, part, begun in told]
    return sorted(days, key=lambda each: (each.day, each.signature)), sorted(months, key=lambda each: each.signature)


def _visits(rows: Rows) -> Numbers:
    """1 for each row that begins a visit, else 0."""
    order = np.lexsort((rows.times, rows.sources, rows.signatures))
    times, signatures, sources = rows.times[order], rows.signatures[order], rows.sources[order]
    begins = np.ones(order.size, dtype=np.int64)
    begins[1:] = (signatures[1:] != signatures[:-1]) | (sources[1:] != sources[:-1]) | (np.diff(times) > VISIT_GAP_S)
    found = np.empty_like(begins)
    found[order] = begins
    return found


def _days(signature: str, rows: Rows, visits: Numbers) -> Iterator[AttackDayRow]:
    days, place = np.unique(rows.days, return_inverse=True)
    pairs = np.unique(place.astype(np.int64) * len(rows.source_names) + rows.sources)
    sources = np.bincount(pairs // len(rows.source_names), minlength=days.size)
    requests, begun = _sums(place, rows.requests, days.size), _sums(place, visits, days.size)
    for number, day in enumerate(days.tolist()):
        yield AttackDayRow(iso_date(day), signature, requests[number], begun[number], int(sources[number]))


def _month(month: str, signature: str, rows: Rows, visits: Numbers) -> AttackMonthRow:
    sources, place = np.unique(rows.sources, return_inverse=True)
    near = np.full(sources.size, UNKNOWN_NEAR, dtype=np.int64)
    np.maximum.at(near, place, rows.near)
    is_known = bool((near != UNKNOWN_NEAR).all())
    return AttackMonthRow(
        month=month,
        signature=signature,
        requests=rows.total,
        visits=int(visits.sum()),
        sources=int(sources.size),
        top_requests=max(_sums(place, rows.requests, sources.size)),
        near_16=int((near == Nearness.SAME_16).sum()) if is_known else None,
        near_8=int((near == Nearness.SAME_8).sum()) if is_known else None,
    )


def _sums(place: npt.NDArray[np.intp], values: Numbers, size: int) -> list[int]:
    found = np.zeros(size, dtype=np.int64)
    np.add.at(found, place, values)
    return [int(value) for value in found]
