"""Erasing sources from the attacks that a survey keeps: all of past months, or those of somebody; the counts stay."""

import secrets
from collections.abc import Callable
from datetime import date, timedelta

import msgspec

from ebbtide.model.attacks import AttackDayRow, AttackMonthRow, ObservedDayRow
from ebbtide.rounds.attack_keys import MonthKeys
from ebbtide.rounds.attacks import ATTACKS, NAMELESS, AttackStore, KeptMonth, MonthTables, closed, last_day
from ebbtide.rounds.folder import SurveyFolder

Meant = Callable[[str, str, str], bool]
"""Whether a source of a month (month, how it is kept, source) is to be erased."""

_TOKEN_BYTES = 8


def expire_sources(folder: SurveyFolder, days: int, today: date, *, is_dry_run: bool = False) -> dict[str, int]:
    """Erase all sources of months that ended more than some days ago; their keys go too.

    Args:
        folder: The survey.
        days: How long sources are kept after their month.
        today: The day that is taken for today.
        is_dry_run: Only say what would go.

    Returns:
        Month to rows that were, or would be, erased.

    Raises:
        RoundError: Another process is keeping attacks.
    """
    store = AttackStore(folder)
    due = _due(store, days, today)
    if is_dry_run or not due:
        return due
    with store.locked():
        due = _due(store, days, today)
        state = store.state()
        months = dict(state.months)
        for month in due:
            kept = months[month]
            files = {table: file for table, file in kept.files.items() if table != ATTACKS}
            rows = {table: count for table, count in kept.rows.items() if table != ATTACKS}
            why = f"its sources were erased on {today.isoformat()}"
            months[month] = closed(msgspec.structs.replace(kept, files=files, rows=rows), last_day(month), why)
        store.commit(msgspec.structs.replace(state, months=months))
        keys = MonthKeys(folder)
        keys.keep_only(keys.months - set(due))
    return due


def erase_sources(folder: SurveyFolder, is_meant: Meant, *, is_dry_run: bool = False) -> dict[str, int]:
    """Erase some sources; what stays in place of each is a name that was drawn by chance, so that counts stay.

    Nothing can be added any more to the days that are kept of such a month: the same log would bring the source back.

    Args:
        folder: The survey.
        is_meant: Which.
        is_dry_run: Only say what would go.

    Returns:
        Month to sources that were, or would be, erased.

    Raises:
        RoundError: Another process is keeping attacks.
    """
    store = AttackStore(folder)
    found = _found(store, is_meant)
    if is_dry_run or not found:
        return {month: len(sources) for month, sources in found.items()}
    with store.locked():
        found = _found(store, is_meant)
        state = store.state()
        months = dict(state.months)
        for month, sources in found.items():
            months[month] = _without(store, month, months[month], sources)
        store.commit(msgspec.structs.replace(state, months=months))
    return {month: len(sources) for month, sources in found.items()}


def _due(store: AttackStore, days: int, today: date) -> dict[str, int]:
    latest = today - timedelta(days=days)
    return {
        month: kept.rows.get(ATTACKS, 0)
        for month, kept in store.state().months.items()
        if ATTACKS in kept.files and date.fromisoformat(last_day(month)) < latest
    }


def _found(store: AttackStore, is_meant: Meant) -> dict[str, set[str]]:
    found = {
        month: {name for name in columns.sources.names if is_meant(month, kept.sources, name)}
        for month, kept in store.state().months.items()
        if (columns := store.attacks(kept)) is not None
    }
    return {month: sources for month, sources in found.items() if sources}


def _without(store: AttackStore, month: str, kept: KeptMonth, sources: set[str]) -> KeptMonth:
    columns = store.attacks(kept)
    if columns is None:
        return kept
    names = [
        f"{NAMELESS}{secrets.token_hex(_TOKEN_BYTES)}" if name in sources else name for name in columns.sources.names
    ]
    columns = msgspec.structs.replace(columns, sources=msgspec.structs.replace(columns.sources, names=names))
    observed = store.read(kept, ObservedDayRow)
    counts = (store.read(kept, AttackDayRow), store.read(kept, AttackMonthRow))
    written = store.write(month, MonthTables(observed, columns, *counts), kept.sources)
    written = msgspec.structs.replace(written, closed_to=kept.closed_to, why=kept.why)
    return closed(written, max(row.day for row in observed), "somebody was erased from it")
