"""Proofs of control on record: which challenge was issued for a host, when it was last seen, and what was wrong."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import msgspec

from ebbtide.conduct.proofs import Challenge
from ebbtide.control.store import FILE, control_store, now_text

_COLUMNS = "host, origin, survey, token, expires, issued_at, verified_at, verified_by, checked_at, problem"


class ProofOnRecord(msgspec.Struct, frozen=True):
    """One host's proof. Moments are UTC, ISO 8601; empty if it never happened.

    Attributes:
        origin: Where the file is asked for, for example ``http://127.0.0.1:8080``; empty for the host's usual ports.
        verified_at: When it was last seen to be published.
        verified_by: ``dns`` or ``file``.
        checked_at: When it was last looked for.
        problem: Why it was not found then; empty if it was.
    """

    challenge: Challenge
    origin: str
    issued_at: str
    verified_at: str
    verified_by: str
    checked_at: str
    problem: str


@contextmanager
def proof_store(folder: Path) -> Iterator["ProofStore"]:
    """Open the proofs in the survey's ``control.sqlite``; made if missing.

    Raises:
        SurveyFolderError: It cannot be opened, or a newer version made it.
    """
    with control_store(folder) as connection:
        yield ProofStore(connection)


def proofs_on_record(folder: Path) -> tuple[ProofOnRecord, ...]:
    """All proofs of a survey, by host; none if nothing was ever issued."""
    if not (folder / FILE).exists():
        return ()
    with proof_store(folder) as store:
        return store.all()


class ProofStore:
    """The table of proofs; opened by ``proof_store``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def issue(self, challenge: Challenge, origin: str) -> None:
        """Note that an owner was told what to publish; an earlier proof of the host is replaced."""
        self._connection.execute(
            "INSERT OR REPLACE INTO proofs (host, origin, survey, token, expires, issued_at) VALUES (?, ?, ?, ?, ?, ?)",
            (challenge.host, origin, challenge.survey, challenge.token, challenge.expires.isoformat(), now_text()),
        )

    def note_found(self, challenge: Challenge, how: str) -> None:
        """Note that a valid challenge is published, perhaps another one of ours than was issued last."""
        now = now_text()
        self._connection.execute(
            "UPDATE proofs SET token = ?, expires = ?, verified_at = ?, verified_by = ?, checked_at = ?, problem = ''"
            " WHERE host = ?",
            (challenge.token, challenge.expires.isoformat(), now, how, now, challenge.host),
        )

    def note_missing(self, host: str, problem: str) -> None:
        """Note that it was looked for and is not there."""
        self._connection.execute(
            "UPDATE proofs SET checked_at = ?, problem = ? WHERE host = ?", (now_text(), problem[:500], host)
        )

    def all(self) -> tuple[ProofOnRecord, ...]:
        """All of them, by host."""
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM proofs ORDER BY host")  # noqa: S608  # our own names
        return tuple(
            ProofOnRecord(Challenge(host, survey, date.fromisoformat(expires), token), origin, *rest)
            for host, origin, survey, token, expires, *rest in rows
        )
