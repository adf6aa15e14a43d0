"""What a run tells of itself while it goes on, one JSON document a line, for whoever watches it overnight."""

from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from ebbtide.model.errors import ConfigurationError
from ebbtide.rounds.journal import Note


class RunLog:
    """A file that is appended to; without a path it forgets what it is told.

    Events: ``run_started``, ``share_started``, ``segment_committed``, ``slowed`` (a prefix), ``bug`` (a mistake of ours
    that became a target's outcome), ``run_ended``, ``run_failed``. Each has ``at`` and ``event``.

    Args:
        path: Of the file; made if missing.

    Raises:
        ConfigurationError: It cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        try:
            self._file = None if path is None else path.open("ab", buffering=0)
        except OSError as error:
            raise ConfigurationError(
                f"the log {path} cannot be written ({error.strerror}).", remedy="Name another file with --log."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.tell("run_failed", why=repr(error))
        if self._file is not None:
            self._file.close()

    def tell(self, event: str, **about: object) -> None:
        """Write one line, with the time."""
        self._write(datetime.now(UTC), event, about)

    def pass_on(self, note: Note) -> None:
        """Write what a worker told."""
        at = datetime.fromtimestamp(note.at_ns / 1e9, UTC)
        self._write(at, note.what, {"about": note.about, "detail": note.detail})

    def _write(self, at: datetime, event: str, about: dict[str, object]) -> None:
        if self._file is not None:
            line = {"at": at.isoformat(timespec="milliseconds"), "event": event, **about}
            self._file.write(msgspec.json.encode(line) + b"\n")
