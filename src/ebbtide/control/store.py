"""The survey's ``control.sqlite``: who may be asked, who looked at details, what was accepted."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ebbtide.model.errors import SurveyFolderError

FILE = "control.sqlite"
_STEPS = (
    """
CREATE TABLE proofs (
    host TEXT PRIMARY KEY,
    origin TEXT NOT NULL,
    survey TEXT NOT NULL,
    token TEXT NOT NULL,
    expires TEXT NOT NULL,
    issued_at TEXT NOT NULL,
    verified_at TEXT NOT NULL DEFAULT '',
    verified_by TEXT NOT NULL DEFAULT '',
    checked_at TEXT NOT NULL DEFAULT '',
    problem TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
""",
    """
CREATE TABLE looks (
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    command TEXT NOT NULL,
    about TEXT NOT NULL,
    why TEXT NOT NULL
) STRICT;
CREATE TABLE accepted (
    host TEXT NOT NULL,
    "check" TEXT NOT NULL,
    until TEXT NOT NULL,
    reason TEXT NOT NULL,
    who TEXT NOT NULL,
    noted_at TEXT NOT NULL,
    PRIMARY KEY (host, "check")
) STRICT, WITHOUT ROWID;
""",
)
"""What each version added, from the first on; ``user_version`` says how many are there."""


@contextmanager
def control_store(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open the file; made if missing, and brought up to date.

    Raises:
        SurveyFolderError: It cannot be opened or used, or a newer version made it.
    """
    path = folder / FILE
    try:
        connection = sqlite3.connect(path, timeout=10, isolation_level=None)
    except sqlite3.Error as error:
        raise SurveyFolderError(f"it cannot be opened: {error}.", where=str(path)) from error
    try:
        _bring_up_to_date(connection)
        yield connection
    except sqlite3.Error as error:
        raise SurveyFolderError(f"it cannot be used: {error}.", where=str(path)) from error
    finally:
        connection.close()


def now_text() -> str:
    """This moment, UTC, ISO 8601 to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(_STEPS):
        connection.execute("ROLLBACK")
        raise SurveyFolderError(
            f"{FILE} has version {version}; this version reads up to {len(_STEPS)}.",
            remedy="Use a newer version of Ebbtide.",
        )
    for step in _STEPS[version:]:
        for statement in filter(str.strip, step.split(";")):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(_STEPS)}")
    connection.execute("COMMIT")
