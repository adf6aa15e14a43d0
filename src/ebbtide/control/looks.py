"""Every look at details of single servers is on record: who, when, at what, and why."""

import getpass
from pathlib import Path

import msgspec

from ebbtide.control.store import FILE, control_store, now_text

_LONGEST = 500


class Look(msgspec.Struct, frozen=True):
    """One look; ``at`` is UTC, ISO 8601.

    Attributes:
        who: Name of the account on this machine.
        command: What was called.
        about: The host, or the check, that was looked at.
        why: As whoever looked said; may be empty.
    """

    at: str
    who: str
    command: str
    about: str
    why: str


def note_look(folder: Path, command: str, about: str, why: str = "") -> None:
    """Put a look on record, before anything is told.

    Raises:
        SurveyFolderError: It cannot be written; then nothing may be told.
    """
    row = (now_text(), account(), command, about[:_LONGEST], why[:_LONGEST])
    with control_store(folder) as connection:
        connection.execute("INSERT INTO looks (at, who, command, about, why) VALUES (?, ?, ?, ?, ?)", row)


def looks_on_record(folder: Path) -> tuple[Look, ...]:
    """All looks, the latest last; none if nobody ever looked."""
    if not (folder / FILE).exists():
        return ()
    with control_store(folder) as connection:
        rows = connection.execute("SELECT at, who, command, about, why FROM looks ORDER BY rowid").fetchall()
    return tuple(Look(*row) for row in rows)


def account() -> str:
    """Name of the account that runs this program; its number where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
