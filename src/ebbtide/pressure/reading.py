"""Logs to events: every file in its own dialect, copies once."""

import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from ebbtide.pressure.dialects.detecting import detect
from ebbtide.pressure.dialects.dialect import Dialect
from ebbtide.pressure.events import Events
from ebbtide.pressure.exposure import Span
from ebbtide.pressure.ledger import Ledger, make_ledger
from ebbtide.pressure.opening import (
    BLOCK_BYTES,
    PIECE_BYTES,
    STANDARD_INPUT,
    Block,
    LineBlocks,
    open_log,
    place_of,
    read_piece,
)
from ebbtide.pressure.overlaps import HEAD_BYTES, Head, HeadFinder, Overlap, shared_octets
from ebbtide.pressure.rows import MOST_IN_MEMORY
from ebbtide.pressure.scanners import Scanners
from ebbtide.pressure.scanning import BlockReport, Sample, sections
from ebbtide.pressure.signatures.matching import SignatureSet
from ebbtide.pressure.sources import Neighbourhood, SourcePolicy


class FileReport(msgspec.Struct, frozen=True):
    """How one file was read.

    Attributes:
        path: As given.
        dialect: Its name; empty if the file is in none that is known.
        lines: Lines read, without those that another file holds too.
        copied_octets: Octets at its beginning, unpacked, that another file holds too.
        requests, other, rejected: Of the lines that were looked at closely: the first 2,000, then some of each block of
            two mebioctets.
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
    *,
    processes: int = 0,
    most_in_memory: int = MOST_IN_MEMORY,
) -> Reading:
    """Read logs.

    Args:
        paths: Files, or ``-`` for standard input; the order does not matter.
        signatures: What to look for.
        policy: How sources are kept.
        neighbourhood: Of our own address.
        tell: Hears of progress after each block.
        block_bytes: How much is looked through at once.
        processes: How many look through blocks; 0 for one a core, once the reading is long. Changes no result.
        most_in_memory: How many events stay in memory; all others go to a temporary file without a name.

    Raises:
        PressureError: A file cannot be opened.
    """
    events = Events(signatures.signatures, policy, neighbourhood, most_in_memory)
    with contextlib.ExitStack() as stack:
        scanners = Scanners(signatures, policy, neighbourhood, processes)
        stack.callback(scanners.close)
        reader = _Reader(scanners, events, tell, block_bytes)
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


class _Progress:
    """One log while it is read: blocks under way, and what those before them gave."""

    def __init__(self, log: _Log, finder: HeadFinder, end: int) -> None:
        self.log = log
        self.finder = finder
        self.end = end
        self.lines = 0
        self.days: Counter[int] = Counter()
        self.sample = Sample()
        self.dialect = self.first_dialect = log.dialect.name if log.dialect else ""
        self.waiting: deque[tuple[Block, Callable[[], BlockReport]]] = deque()


class _Reader:
    def __init__(
        self,
        scanners: Scanners,
        events: Events,
        tell: Callable[[ReadingProgress], None] | None,
        block_bytes: int,
    ) -> None:
        self._scanners = scanners
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
        under_way = _Progress(log, HeadFinder(log.path, later if log.path != STANDARD_INPUT else ()), skip)
        with self._blocks(log, skip) as blocks:
            for number, block in enumerate(blocks):
                if log.dialect is None:
                    under_way.end = block.start + len(block.data)
                    under_way.lines += block.data.count(b"\n")
                    continue
                stretch = place_of(blocks.stream, log.path, block)
                report = self._scanners.submit(log.dialect, block.data, stretch, is_first=number == 0)
                self._take_note(log.dialect, block.data)
                under_way.waiting.append((block, report))
                while len(under_way.waiting) > self._scanners.most_waiting:
                    self._take(under_way)
        while under_way.waiting:
            self._take(under_way)
        for path, overlaps in under_way.finder.finish(under_way.end).items():
            self._overlaps.setdefault(path, []).extend(overlaps)
        self._note_days(under_way.days, log.dialect.spans if log.dialect else None)
        self._lines += under_way.lines
        sample = under_way.sample
        return FileReport(
            log.path, under_way.dialect, under_way.lines, skip, sample.requests, sample.other, sample.rejected,
            tuple(reject.decode("latin-1") for reject in sample.rejects), blocks.is_cut, blocks.shortened,
        )  # fmt: skip

    def _note_days(self, days: Counter[int], spans: list[Span] | None) -> None:
        """Take note of the lines of each day, and of when the log was there, if it tells."""
        self._days.update(days)
        if spans is None:
            self._whole_days.update(days)
        else:
            self._spans.extend(spans)

    @staticmethod
    def _take_note(dialect: Dialect, data: bytes) -> None:
        """Take note of the directives in a block, for the blocks behind it."""
        if dialect.directive:
            deque(sections(dialect, data), maxlen=0)

    def _take(self, under_way: _Progress) -> None:
        """Add what the oldest block under way gave."""
        block, reported = under_way.waiting.popleft()
        report = reported()
        under_way.end = block.start + len(block.data)
        under_way.lines += report.lines
        under_way.days.update(report.days)
        under_way.sample.add(report.sample)
        if report.dialect != under_way.first_dialect:
            under_way.dialect = report.dialect
        self._events.add(report.found)
        under_way.finder.look(block, report.first_day, report.last_day)
        if self._tell is not None:
            done = self._lines + under_way.lines
            self._tell(ReadingProgress(done, 0, under_way.log.path, {"events": len(self._events)}))
