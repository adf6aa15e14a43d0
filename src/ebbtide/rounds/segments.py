"""A journal in segments: one is written while those before it become tables."""

from pathlib import Path
from types import TracebackType
from typing import Self

from ebbtide.model.transcripts import Transcript
from ebbtide.rounds.journal import SUFFIX, Journal, Note

MOST_SEGMENT_BYTES = 128 << 20
_DIGITS = 6


class SegmentedJournal:
    """Rolls from one journal to the next when enough attempts are done.

    What is in flight then is written to the head of the next journal before the old one is ended, so that no moment of
    death loses an interruption; one that stands in both is counted once (see ``survey.dispatching.recover``).

    Args:
        folder: Where the journals lie.
        batch: Name of the whole.
        most_done: Finished attempts in one segment.
    """

    def __init__(self, folder: Path, batch: str, most_done: int) -> None:
        self._folder = folder
        self._batch = batch
        self._most_done = most_done
        self._in_flight: dict[tuple[bytes, int], None] = {}
        self._done = 0
        self._segment = 0
        self._journal = Journal(segment_path(folder, batch, 0))

    @property
    def segments(self) -> int:
        """How many journals there are, the present one included."""
        return self._segment + 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._journal.end()
        else:
            self._journal.close()

    def write_started(self, target_id: bytes, attempt: int) -> None:
        """Note that an attempt begins."""
        self._in_flight[target_id, attempt] = None
        self._journal.write_started(target_id, attempt)

    def write_done(self, transcript: Transcript) -> None:
        """Keep a whole transcript."""
        self._journal.write_done(transcript)
        self._in_flight.pop((transcript.target.target_id, transcript.attempt), None)
        self._done += 1
        if self._done >= self._most_done or self._journal.size >= MOST_SEGMENT_BYTES:
            self._roll()

    def write_note(self, note: Note) -> None:
        """Tell whoever follows the run."""
        self._journal.write_note(note)

    def _roll(self) -> None:
        following = Journal(segment_path(self._folder, self._batch, self._segment + 1))
        for target_id, attempt in self._in_flight:
            following.write_started(target_id, attempt)
        self._journal.end()
        self._journal = following
        self._segment += 1
        self._done = 0


def segment_path(folder: Path, batch: str, segment: int) -> Path:
    """Where a segment lies."""
    return folder / f"{batch}-{segment:0{_DIGITS}d}{SUFFIX}"
