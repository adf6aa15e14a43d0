"""Findings that somebody accepted: a false positive, or a risk that is borne; until a day, and with a reason."""

from datetime import date
from pathlib import Path

import msgspec

from ebbtide.control.looks import account
from ebbtide.control.store import FILE, control_store, now_text

_LONGEST = 500


class Accepted(msgspec.Struct, frozen=True):
    """One finding that was accepted.

    Attributes:
        host: Canonical.
        until: The last day on which it holds, ISO form.
        noted_at: UTC, ISO 8601.
    """

    host: str
    check: str
    until: str
    reason: str
    who: str
    noted_at: str

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return day <= date.fromisoformat(self.until)


def accept(folder: Path, host: str, check: str, until: date, reason: str) -> Accepted:
    """Put on record that a finding is accepted; an earlier record of the same is replaced.

    Raises:
        SurveyFolderError: It cannot be written.
    """
    made = Accepted(host, check, until.isoformat(), reason[:_LONGEST], account(), now_text())
    with control_store(folder) as connection:
        connection.execute(
            'INSERT OR REPLACE INTO accepted (host, "check", until, reason, who, noted_at) VALUES (?, ?, ?, ?, ?, ?)',
            msgspec.structs.astuple(made),
        )
    return made


def accepted_of(folder: Path, host: str) -> dict[str, Accepted]:
    """What was accepted of a host, by check; expired records too."""
    if not (folder / FILE).exists():
        return {}
    with control_store(folder) as connection:
        rows = connection.execute(
            'SELECT host, "check", until, reason, who, noted_at FROM accepted WHERE host = ?', (host,)
        ).fetchall()
    return {row[1]: Accepted(*row) for row in rows}
