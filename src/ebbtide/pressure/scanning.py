"""One block of log lines: how many lines, of which days, and which of them are attacks.

The block is looked through as a whole. Only lines in which a signature's word, or an escape that could hide one, was
found are read; of the others only the day is wanted, and that is counted without reading them where it can be.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec

from ebbtide.pressure.dialects.dialect import Dialect
from ebbtide.pressure.opening import Block
from ebbtide.pressure.records import Aside, LogRequest
from ebbtide.pressure.signatures.matching import Sighting, SignatureSet

REJECTS_KEPT = 5
REJECT_BYTES = 200
_READ_WHOLE_LINES = 2000
_SAMPLED_LINES = 20
_EDGE_LINES = 50


class Seen(msgspec.Struct, frozen=True):
    """An attack, or a visit of one that surveys.

    Attributes:
        request: As logged.
        sighting: What it shows.
    """

    request: LogRequest
    sighting: Sighting


class Sample(msgspec.Struct):
    """Lines that were read to tell how well a log can be read.

    Attributes:
        requests, other, rejected: How many of each kind.
        rejects: The first that could not be read, shortened.
    """

    requests: int = 0
    other: int = 0
    rejected: int = 0
    rejects: list[bytes] = msgspec.field(default_factory=list)

    def take(self, line: bytes, read: object) -> None:
        """Count a line."""
        if read is Aside.REJECTED:
            self.rejected += 1
            if len(self.rejects) < REJECTS_KEPT:
                self.rejects.append(line[:REJECT_BYTES])
        elif read is Aside.OTHER:
            self.other += 1
        else:
            self.requests += 1


class Scanner:
    """Reads the blocks of one log, in order.

    Args:
        dialect: The log's own; it takes note of directives as they come.
        signatures: What is looked for.

    Attributes:
        lines: Lines so far.
        days: Lines of each day (ordinal); lines without a day are in none.
        sample: How lines that were read fared.
        first_day, last_day: Of the first and the last dated line of the latest block; 0 if there was none.
    """

    def __init__(self, dialect: Dialect, signatures: SignatureSet) -> None:
        self._dialect = dialect
        self._signatures = signatures
        self.lines = 0
        self.days: Counter[int] = Counter()
        self.sample = Sample()
        self.first_day = 0
        self.last_day = 0

    def scan(self, block: Block) -> Iterator[Seen]:
        """Go through a block.

        Yields:
            What was seen, in the order of the lines.
        """
        self.first_day = self.last_day = 0
        for data in self._sections(block.data):
            count = data.count(b"\n")
            self._sample(data, count)
            self._count_days(data, count)
            self.lines += count
            yield from self._attacks(data)

    def _sections(self, data: bytes) -> Iterator[bytes]:
        """Parts between directives; each begins with its directives, which are taken note of."""
        mark = self._dialect.directive
        if not mark:
            yield data
            return
        begin = 0
        while begin < len(data):
            end = begin
            while data.startswith(mark, end):
                stop = data.index(b"\n", end) + 1
                self._dialect.direct(data[end : stop - 1].rstrip(b"\r"))
                end = stop
            following = data.find(b"\n" + mark, max(end - 1, begin))
            end = len(data) if following < 0 else following + 1
            yield data[begin:end]
            begin = end

    def _sample(self, data: bytes, count: int) -> None:
        """Read the lines at the head of a log, and a few of every block behind it."""
        if self.lines < _READ_WHOLE_LINES:
            lines = data.split(b"\n", _READ_WHOLE_LINES - self.lines)[:-1]
        else:
            step = max(len(data) // _SAMPLED_LINES, 1)
            starts = (data.rfind(b"\n", 0, place) + 1 for place in range(0, len(data), step))
            lines = [data[start : data.index(b"\n", start)] for start in sorted(set(starts))] if count else []
        for line in lines:
            clean = line.rstrip(b"\r")
            self.sample.take(clean, self._dialect.read(clean))

    def _count_days(self, data: bytes, count: int) -> None:
        first, last = self._edge_day(data, is_first=True), self._edge_day(data, is_first=False)
        self.first_day = self.first_day or first
        self.last_day = last or self.last_day
        told = {day: self._told(data, day) for day in {first, last} if day}
        if all(told.values()) and sum(told.values()) == count:
            self.days.update(told)
        else:
            self.days.update(day for day in map(self._day, data.split(b"\n")) if day)

    def _told(self, data: bytes, day: int) -> int:
        token = self._dialect.day_token(day)
        if not token:
            return 0
        return data.count(token) + (token[:1] == b"\n" and data.startswith(token[1:]))

    def _day(self, line: bytes) -> int:
        return self._dialect.day(line.rstrip(b"\r"))

    def _edge_day(self, data: bytes, *, is_first: bool) -> int:
        """The day of the first or last dated line, if it is near the edge."""
        begin, end = 0, len(data)
        for _ in range(_EDGE_LINES):
            if begin >= end:
                break
            if is_first:
                stop = data.index(b"\n", begin)
                line, begin = data[begin:stop], stop + 1
            else:
                start = data.rfind(b"\n", 0, end - 1) + 1
                line, end = data[start : end - 1], start
            if day := self._day(line):
                return day
        return 0

    def _attacks(self, data: bytes) -> Iterator[Seen]:
        end = 0
        for match in self._signatures.candidates.find_all(data):
            if match.start < end:
                continue
            begin = data.rfind(b"\n", 0, match.start) + 1
            end = data.index(b"\n", match.start)
            request = self._dialect.read(data[begin:end].rstrip(b"\r"))
            if isinstance(request, LogRequest):
                sighting = self._signatures.sight(request)
                if sighting is not None:
                    yield Seen(request, sighting)
