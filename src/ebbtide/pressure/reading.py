"""Logs to events: every file in its own dialect, copies once."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from ebbtide.pressure.dialects.detecting import detect
from ebbtide.pressure.dialects.dialect import Dialect
from ebbtide.pressure.events import Events
from ebbtide.pressure.exposure import Span
from ebbtide.pressure.ledger import Ledger, make_ledger
from ebbtide.pressure.opening import BLOCK_BYTES, PIECE_BYTES, STANDARD_INPUT, LineBlocks, open_log, read_piece
from ebbtide.pressure.overlaps import HEAD_BYTES, Head, HeadFinder, Overlap, shared_octets
from ebbtide.pressure.scanning import Sample, Scanner
from ebbtide.pressure.signatures.matching import SignatureSet
from ebbtide.pressure.sources import Neighbourhood, SourcePolicy


class FileReport(msgspec.Struct, frozen=True):
    """How one file was read.

    Attributes:
        path: As given.
        dialect: Its name; empty if the file is in none that is known.
        lines: Lines read, without those that another file holds too.
        copied_octets: Octets at its beginning, unpacked, that another file holds too.
        requests, other, rejected: Of the lines that were looked at closely: the first 2,000, then some of each block.
        rejects: The first that could not be read, shortened.
        is_cut: A compressed file that breaks off.
        shortened: Lines longer than a mebioctet, read by their beginning.
    """

    path: str
    dialect: str
    lines: int
    copied_octets: int = 0
    requests: int = 0
    other: int = 0
    rejected: int = 0
    rejects: tuple[str, ...] = ()
    is_cut: bool = False
    shortened: int = 0

    @property
    def parse_rate(self) -> float | None:
        """Part of the lines looked at that could be read, 0 to 1; ``None`` if none was."""
        looked = self.requests + self.other + self.rejected
        return (looked - self.rejected) / looked if looked else None


class Reading(msgspec.Struct, frozen=True):
    """What some logs hold.

    Attributes:
        events: Attacks and visits of those that survey.
        ledger: When the logs were there to see.
        files: In the order given.
    """

    events: Events
    ledger: Ledger
    files: tuple[FileReport, ...]

    @property
    def lines(self) -> int:
        """Lines read in all, each once."""
        return sum(file.lines for file in self.files)


class ReadingProgress(msgspec.Struct, frozen=True):
    """How far the reading is: ``done`` lines so far, ``total`` is not known.

    Attributes:
        done: Lines.
        total: 0.
        what: The file.
        outcomes: Events so far.
        in_flight: 0.
    """

    done: int
    total: int
    what: str
    outcomes: dict[str, int]
    in_flight: int = 0


class _Log(msgspec.Struct, frozen=True):
    """A file about to be read."""

    path: str
    dialect: Dialect | None
    head: Head


def read_logs(
    paths: Sequence[str],
    signatures: SignatureSet,
    policy: SourcePolicy,
    neighbourhood: Neighbourhood,
    tell: Callable[[ReadingProgress], None] | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Reading:
    """Read logs.

    Args:
        paths: Files, or ``-`` for standard input; the order does not matter.
        signatures: What to look for.
        policy: How sources are kept.
        neighbourhood: Of our own address.
        tell: Hears of progress after each block.
        block_bytes: How much is looked through at once.

    Raises:
        PressureError: A file cannot be opened.
    """
    reader = _Reader(signatures, Events(signatures.signatures, policy, neighbourhood), tell, block_bytes)
    with contextlib.ExitStack() as stack:
        for path in _distinct(paths):
            reader.look_at(path, stack)
        return reader.read()


def _distinct(paths: Sequence[str]) -> list[str]:
    """Each file once, whatever names it was given by."""
    found: dict[object, str] = {}
    for path in paths:
        key: object = path
        if path != STANDARD_INPUT and Path(path).exists():
            status = Path(path).stat()
            key = (status.st_dev, status.st_ino)
        found.setdefault(key, path)
    return list(found.values())


class _Reader:
    def __init__(
        self,
        signatures: SignatureSet,
        events: Events,
        tell: Callable[[ReadingProgress], None] | None,
        block_bytes: int,
    ) -> None:
        self._signatures = signatures
        self._events = events
        self._tell = tell
        self._block_bytes = block_bytes
        self._logs: list[_Log] = []
        self._input: tuple[BinaryIO, bytes] | None = None
        self._days: Counter[int] = Counter()
        self._whole_days: set[int] = set()
        self._spans: list[Span] = []
        self._lines = 0
        self._overlaps: dict[str, list[Overlap]] = {}

    def look_at(self, path: str, stack: contextlib.ExitStack) -> None:
        """Tell a file's dialect from its beginning; standard input stays open in the stack."""
        if path == STANDARD_INPUT:
            stream = stack.enter_context(open_log(path))
            begun = read_piece(stream, PIECE_BYTES)
            self._input = stream, begun
            latest_s = time.time()
        else:
            with open_log(path) as stream:
                begun = read_piece(stream, PIECE_BYTES)
            latest_s = Path(path).stat().st_mtime
        lines = [line.rstrip(b"\r") for line in begun.split(b"\n")]
        if len(begun) == PIECE_BYTES or not lines[-1]:
            lines.pop()
        dialect = detect(lines, latest_s)
        day = next((day for day in map(dialect.day, lines) if day), 0) if dialect else 0
        self._logs.append(_Log(path, dialect, Head(path, begun[: begun.rfind(b"\n", 0, HEAD_BYTES) + 1], day)))

    def read(self) -> Reading:
        """Read all that was looked at, the oldest first."""
        order = sorted(range(len(self._logs)), key=lambda number: (self._logs[number].head.day, number))
        reports: dict[int, FileReport] = {}
        for place, number in enumerate(order):
            later = [self._logs[other].head for other in order[place + 1 :] if self._logs[other].path != STANDARD_INPUT]
            reports[number] = self._read_log(self._logs[number], later)
        ledger = make_ledger(self._days, self._whole_days, self._spans)
        return Reading(self._events, ledger, tuple(reports[number] for number in sorted(reports)))

    @contextlib.contextmanager
    def _blocks(self, log: _Log, skip: int) -> Iterator[LineBlocks]:
        if log.path == STANDARD_INPUT and self._input is not None:
            yield LineBlocks(self._input[0], self._block_bytes, begun=self._input[1])
            return
        with open_log(log.path) as stream:
            yield LineBlocks(stream, self._block_bytes, skip)

    def _read_log(self, log: _Log, later: Sequence[Head]) -> FileReport:
        skip = max((shared_octets(overlap, log.path) for overlap in self._overlaps.get(log.path, ())), default=0)
        finder = HeadFinder(log.path, later if log.path != STANDARD_INPUT else ())
        scanner = None if log.dialect is None else Scanner(log.dialect, self._signatures)
        end = skip
        plain_lines = 0
        with self._blocks(log, skip) as blocks:
            for block in blocks:
                end = block.start + len(block.data)
                if scanner is None:
                    plain_lines += block.data.count(b"\n")
                    continue
                for seen in scanner.scan(block):
                    self._events.add(seen)
                finder.look(block, scanner.first_day, scanner.last_day)
                self._tell_of(log.path, scanner.lines)
        for path, overlaps in finder.finish(end).items():
            self._overlaps.setdefault(path, []).extend(overlaps)
        sample = Sample()
        if scanner is not None and log.dialect is not None:
            self._note_days(scanner.days, log.dialect.spans)
            sample = scanner.sample
        lines = plain_lines if scanner is None else scanner.lines
        self._lines += lines
        return FileReport(
            log.path, log.dialect.name if log.dialect else "", lines, skip, sample.requests, sample.other,
            sample.rejected, tuple(reject.decode("latin-1") for reject in sample.rejects), blocks.is_cut,
            blocks.shortened,
        )  # fmt: skip

    def _note_days(self, days: Counter[int], spans: list[Span] | None) -> None:
        """Take note of the lines of each day, and of when the log was there, if it tells."""
        self._days.update(days)
        if spans is None:
            self._whole_days.update(days)
        else:
            self._spans.extend(spans)

    def _tell_of(self, path: str, lines: int) -> None:
        if self._tell is not None:
            self._tell(ReadingProgress(self._lines + lines, 0, path, {"events": len(self._events)}))
