"""Keeping what logs hold in a survey's folder: sources as the survey wants them, months that are closed left alone."""

from collections.abc import Callable
from datetime import date

import msgspec

from ebbtide.model.attacks import AttackFamily, AttackMonthRow, ObservedDayRow
from ebbtide.model.configuration import PressureSection
from ebbtide.pressure.counting import ALL
from ebbtide.pressure.kept_rows import (
    NO_ROWS,
    Rows,
    attack_rows,
    by_month,
    count_attacks,
    family_of,
    merge_attacks,
    merge_observed,
    observed_by_month,
    stored,
    unstored,
    with_sources,
)
from ebbtide.pressure.reading import Reading
from ebbtide.pressure.records import PressureError
from ebbtide.pressure.sources import UNKNOWN, Keeping, Neighbourhood, prefix_of
from ebbtide.rounds.attack_keys import MonthKeys
from ebbtide.rounds.attacks import (
    ATTACKS,
    NAMELESS,
    AttackStore,
    KeptAttacks,
    KeptMonth,
    MonthTables,
    closed,
    last_day,
)
from ebbtide.rounds.folder import SurveyFolder

RAW, PREFIX, HASH = (each.value for each in Keeping)
_KEY_GONE = "the key with which its sources were hashed is deleted"


class MonthSummary(msgspec.Struct, frozen=True):
    """What became of one month.

    Attributes:
        sources: How they are kept.
        days: Observed days that are kept now.
        requests: Of all families, kept now.
        added: Of these, how many this call added.
        passed_over: Requests of days that are closed; they were not added.
        why: Why days of it are closed; empty if all that was given could be added.
    """

    month: str
    sources: str
    days: int
    requests: int
    added: int
    passed_over: int
    why: str = ""


class KeptSummary(msgspec.Struct, frozen=True):
    """What was kept: the months that the logs speak of, in order."""

    months: tuple[MonthSummary, ...]


def keep_reading(folder: SurveyFolder, reading: Reading, section: PressureSection, own: str = "") -> KeptSummary:
    """Keep what logs hold; what was kept from the same logs before does not count twice.

    Killed at any moment and called again, it comes to the same end.

    Args:
        folder: The survey.
        reading: Read with sources as addresses.
        section: ``[pressure]``.
        own: Address of the server whose logs these are; the one that was given before if it is empty.

    Raises:
        PressureError: The survey keeps the attacks on another address.
        RoundError: Another process is keeping attacks.
        SurveyFolderError: What is kept is damaged.
    """
    store = AttackStore(folder)
    with store.locked():
        keeper = _Keeper(store, MonthKeys(folder), section, own)
        return keeper.keep(reading)


class _Keeper:
    """Adds one reading to what is kept."""

    def __init__(self, store: AttackStore, keys: MonthKeys, section: PressureSection, own: str) -> None:
        self._store, self._keys, self._section = store, keys, section
        self._before = store.state()
        self._own = _one_own(self._before.own, own)
        self._families: dict[str, AttackFamily] = {}

    def keep(self, reading: Reading) -> KeptSummary:
        neighbourhood = Neighbourhood(self._own)
        found = attack_rows(reading.events.export(with_sources=True), neighbourhood)
        attacks = dict(by_month(found))
        observed = observed_by_month(reading.ledger)
        seen = set(found.signature_names)
        known = {family.id: family for family in self._before.families}
        own = {each.id: family_of(each) for each in reading.events.signatures if each.id in seen or each.id in known}
        self._families = known | own
        wanted = sorted({*attacks, *observed})
        self._make_keys(wanted)
        months = dict(self._before.months)
        summaries = []
        for month in wanted:
            months[month], summary = self._keep_month(month, attacks.get(month, NO_ROWS), observed.get(month, []))
            summaries.append(summary)
        for month, kept in months.items():
            if month not in wanted and self._is_tightened(kept):
                months[month] = self._tightened(month, kept)
        self._commit(months)
        return KeptSummary(tuple(summaries))

    def _make_keys(self, wanted: list[str]) -> None:
        """Keys are on the disk before a row is: a month whose key was deleted never gets another."""
        if self._section.sources != HASH:
            return
        hashed = {month for month, kept in self._before.months.items() if kept.sources == HASH}
        loose = {month for month, kept in self._before.months.items() if self._is_tightened(kept)}
        self._keys.make([month for month in {*wanted, *loose} if month not in hashed])

    def _commit(self, months: dict[str, KeptMonth]) -> None:
        """Months whose keys go are closed first, so that a kill between the two leaves no month half open."""
        newest = sorted(months)[-self._section.key_months :]
        for month, kept in months.items():
            if kept.sources == HASH and month not in newest:
                months[month] = closed(kept, last_day(month), _KEY_GONE)
        families = tuple(self._families[name] for name in sorted(self._families))
        self._store.commit(KeptAttacks(own=self._own, families=families, months=dict(sorted(months.items()))))
        self._keys.keep_only(newest)

    def _keep_month(  # a month that was begun keeps its way; only addresses that are not wanted any more give way
        self, month: str, attacks: Rows, observed: list[ObservedDayRow]
    ) -> tuple[KeptMonth, MonthSummary]:
        kept = self._before.months.get(month) or KeptMonth(self._section.sources, {}, {})
        if self._is_tightened(kept):
            kept = self._tightened(month, kept)
        open_to, why = kept.closed_to, kept.why
        if not open_to and kept.sources == HASH and month not in self._keys.months:
            open_to, why = last_day(month), _KEY_GONE
        new = attacks.of(attacks.days > (date.fromisoformat(open_to).toordinal() if open_to else 0))
        days = [row for row in observed if row.day > open_to]
        passed_over = attacks.total - new.total
        rows = self._rows(kept)
        if not days and not len(new):
            told = rows.total or self._counted(kept)
            seen = len(self._store.read(kept, ObservedDayRow))
            return kept, MonthSummary(month, kept.sources, seen, told, 0, passed_over, why)
        merged = merge_attacks(rows, with_sources(new, self._keeps(kept.sources, month)))
        every = merge_observed(self._store.read(kept, ObservedDayRow), days)
        written = self._written(month, kept, merged, every)
        why = why if passed_over or len(days) < len(observed) else ""
        return written, MonthSummary(
            month, kept.sources, len(every), merged.total, merged.total - rows.total, passed_over, why
        )

    def _rows(self, kept: KeptMonth) -> Rows:
        columns = self._store.attacks(kept)
        return NO_ROWS if columns is None else unstored(columns)

    def _counted(self, kept: KeptMonth) -> int:
        """Requests of a month whose sources are erased."""
        return sum(row.requests for row in self._store.read(kept, AttackMonthRow) if row.signature != ALL)

    def _written(self, month: str, kept: KeptMonth, rows: Rows, observed: list[ObservedDayRow]) -> KeptMonth:
        days, months = count_attacks(month, rows, self._families)
        written = self._store.write(month, MonthTables(observed, stored(rows), days, months), kept.sources)
        return msgspec.structs.replace(written, closed_to=kept.closed_to, why=kept.why)

    def _is_tightened(self, kept: KeptMonth) -> bool:
        """Addresses are kept that the survey does not want to keep any more."""
        return kept.sources == RAW != self._section.sources and ATTACKS in kept.files

    def _tightened(self, month: str, kept: KeptMonth) -> KeptMonth:
        sources = self._section.sources
        keeps = self._keeps(sources, month)
        before = self._rows(kept)
        rows = with_sources(before, lambda source: source if source.startswith(NAMELESS) else keeps(source))
        kept = msgspec.structs.replace(kept, sources=sources)
        return self._written(month, kept, rows, self._store.read(kept, ObservedDayRow))

    def _keeps(self, sources: str, month: str) -> Callable[[str], str]:
        """How a source of a month is kept."""
        if sources == RAW:
            return lambda source: source
        if sources == PREFIX:
            return prefix_of
        return lambda source: source if source == UNKNOWN else self._keys.hash(source, month)


def _one_own(kept: str, given: str) -> str:
    if kept and given and kept != given:
        raise PressureError(
            f"this survey keeps the attacks on {kept}, and these logs are those of {given}.",
            where="--own",
            remedy="Keep the logs of another server in a folder of their own.",
        )
    return given or kept
