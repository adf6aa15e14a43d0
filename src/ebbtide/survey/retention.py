"""What of the stored answers, and of the sources of attacks, has had its time, and its erasure."""

from datetime import UTC, date, datetime, timedelta

import msgspec

from ebbtide.model.configuration import PressureSection, RetentionSection
from ebbtide.model.errors import ConfigurationError
from ebbtide.rounds.attack_erasing import expire_sources
from ebbtide.rounds.entries import Erased
from ebbtide.rounds.erasing import BODIES, FIELDS, erase_tables
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.locking import round_lock
from ebbtide.rounds.log import RoundState
from ebbtide.rounds.round import Round

NS_PER_S = 1_000_000_000
_TIERS = {"bodies": BODIES, "fields": FIELDS}


class Expired(msgspec.Struct, frozen=True):
    """What was erased of one round, or would be.

    Attributes:
        begun: Day on which the round was begun, UTC, ISO form; its age counts from there.
        what: ``bodies`` or ``fields`` (which is all of an answer, bodies too).
        rows: Rows by table.
    """

    round: str
    begun: str
    what: str
    rows: dict[str, int]


class Expiry(msgspec.Struct, frozen=True):
    """One expiry over all rounds.

    Attributes:
        as_of: The day that was taken for today.
        is_dry_run: Nothing was erased.
        expired: What was, or would be; a round of which nothing is due, or nothing left, is not named.
        open_rounds: Rounds that are due but open; they are left alone until they are sealed.
        attacks: Month to rows of sources of attacks that were, or would be, erased.
    """

    as_of: str
    is_dry_run: bool
    expired: tuple[Expired, ...]
    open_rounds: tuple[str, ...]
    attacks: dict[str, int] = {}


def expire(
    folder: SurveyFolder,
    section: RetentionSection,
    pressure: PressureSection | None = None,
    *,
    as_of: str | None = None,
    is_dry_run: bool = False,
) -> Expiry:
    """Erase what is older than the configuration allows: from all sealed rounds, and sources of attacks.

    Killed at any moment and called again, it comes to the same end.

    Args:
        folder: The survey.
        section: ``[retention]``.
        pressure: ``[pressure]``; its defaults if not given.
        as_of: ISO date that is taken for today; the real one if not given.
        is_dry_run: Only say what would go.

    Raises:
        ConfigurationError: The date is none.
        RoundError: Another process works on a round, or keeps attacks.
    """
    today = _day(as_of)
    expired: list[Expired] = []
    still_open: list[str] = []
    for label in folder.labels():
        looked_at = folder.round(label)
        begun = day_of(looked_at)
        what = due(begun, today, section)
        if not what:
            continue
        if looked_at.state is RoundState.OPEN:
            still_open.append(label)
            continue
        rows = _rows_left(looked_at, what) if is_dry_run else _expire_round(folder, label, what, begun, today)
        if rows:
            expired.append(Expired(label, begun.isoformat(), what, rows))
    kept_days = (pressure or PressureSection()).sources_days
    attacks = expire_sources(folder, kept_days, today, is_dry_run=is_dry_run)
    return Expiry(today.isoformat(), is_dry_run, tuple(expired), tuple(still_open), attacks)


def due(begun: date, today: date, section: RetentionSection) -> str:
    """Which tier has had its time: ``fields`` (and bodies with them), ``bodies``, or none of them (empty)."""
    age = today - begun
    if age > timedelta(days=section.fields_days):
        return "fields"
    return "bodies" if age > timedelta(days=section.bodies_days) else ""


def day_of(looked_at: Round) -> date:
    """The day on which a round was begun: nothing in it was asked before."""
    state = looked_at.log_state
    begun_ns = state.plan.at_ns if state.plan else state.opened.at_ns if state.opened else 0
    return datetime.fromtimestamp(begun_ns // NS_PER_S, UTC).date()


def erasure_text(entry: Erased) -> str:
    """A tombstone in one line."""
    day = datetime.fromtimestamp(entry.at_ns // NS_PER_S, UTC).date().isoformat()
    rows = ", ".join(f"{count} rows of {table}" for table, count in sorted(entry.rows.items()))
    what = f"{entry.targets} targets" if entry.targets else entry.what
    return f"{day}: {what}, {entry.why} ({rows})"


def _expire_round(folder: SurveyFolder, label: str, what: str, begun: date, today: date) -> dict[str, int]:
    with round_lock(folder.round_folder(label), label):
        expiring = folder.round(label)
        why = f"begun on {begun.isoformat()}, expired on {today.isoformat()}"
        entry = erase_tables(expiring, _TIERS[what], what, why)
        return entry.rows if entry else {}


def _rows_left(looked_at: Round, what: str) -> dict[str, int]:
    rows: dict[str, int] = {}
    for file in looked_at.log_state.files:
        if file.table in _TIERS[what]:
            rows[file.table] = rows.get(file.table, 0) + file.rows
    return dict(sorted(rows.items()))


def _day(as_of: str | None) -> date:
    if as_of is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(as_of)
    except ValueError as error:
        raise ConfigurationError(
            f"{as_of[:40]!r} is no date.", where="--as-of", remedy="Write it as 2026-11-25."
        ) from error
