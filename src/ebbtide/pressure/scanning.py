"""One block of log lines: how many lines, of which days, and which of them are attacks.

The block is looked through as a whole. Only lines in which a signature's word, or an escape that could hide one, was
found are read; of the others only the day is wanted. What was read before is remembered part by part, since worms
repeat themselves octet by octet.
"""

import pickle
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt

from ebbtide.pressure.day_counting import count_days, edge_days
from ebbtide.pressure.dialects.dialect import Dialect
from ebbtide.pressure.events import Found, month_of
from ebbtide.pressure.opening import Stretch, read_stretch
from ebbtide.pressure.records import Aside, LogRequest
from ebbtide.pressure.rows import ROW
from ebbtide.pressure.signatures.matching import SignatureSet
from ebbtide.pressure.signatures.records import Signature
from ebbtide.pressure.source_numbers import SourceNumbers
from ebbtide.pressure.sources import (
    NEARNESS_BY_BLOCK,
    Keeping,
    Nearness,
    Neighbourhood,
    SourcePolicy,
    write_source,
)
from ebbtide.pressure.stamps import Moment

REJECTS_KEPT = 5
REJECT_BYTES = 200
_READ_WHOLE_LINES = 2000
_SAMPLED_LINES = 20
_MOST_REMEMBERED = 1 << 13
_MOST_REMEMBERED_BYTES = 4 << 20
_LONGEST_REMEMBERED = 1 << 16
_LONGEST_SOURCE = 256
_NOTHING = -1
"""Stands for what bears no signature."""


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

    def add(self, other: "Sample") -> None:
        """Add what a later block gave."""
        self.requests += other.requests
        self.other += other.other
        self.rejected += other.rejected
        self.rejects = [*self.rejects, *other.rejects][:REJECTS_KEPT]


class BlockReport(msgspec.Struct, frozen=True):
    """What a block holds.

    Attributes:
        lines: How many lines.
        days: Lines of each day (ordinal); lines without a day are in none.
        first_day, last_day: Of the first and the last dated line; 0 if there is none near the edge.
        sample: How lines that were read fared.
        found: The attacks.
        dialect: Name of the dialect, which some tell only from requests.
    """

    lines: int
    days: Counter[int]
    first_day: int
    last_day: int
    sample: Sample
    found: Found
    dialect: str


class Columns:
    """The attacks of a block, as they are found.

    Args:
        policy: How sources are kept.
        neighbourhood: Of our own address.

    Attributes:
        days: Of each attack (ordinals).
    """

    def __init__(self, policy: SourcePolicy, neighbourhood: Neighbourhood) -> None:
        self._policy = policy
        self._neighbourhood = neighbourhood
        self._sources: dict[str, int] = {}
        self._near: dict[str, Nearness] = {}
        self.days: list[int] = []
        self._times: list[int] = []
        self._asking: list[int] = []
        self._forms: list[int] = []

    def add(self, source: str, moment: Moment, form: int) -> None:
        """Add an attack; the source as ``write_source`` gives it."""
        self._asking.append(self._sources.setdefault(source, len(self._sources)))
        self.days.append(moment[0])
        self._times.append(moment[1])
        self._forms.append(form)

    def note_near(self, source: str, near: int) -> None:
        """Take note of how near a source lies, of which the log tells the block."""
        self._near[source] = NEARNESS_BY_BLOCK.get(near, Nearness.FAR)

    def found(self, forms: Sequence[tuple[int, str]]) -> Found:
        """All that were added.

        Args:
            forms: Signature and form by number.
        """
        rows = np.zeros(len(self.days), ROW)
        used, first, place = np.unique(self._forms, return_index=True, return_inverse=True)
        told = np.argsort(first)
        rows["time_s"], rows["day"] = self._times, self.days
        rows["form"] = np.argsort(told)[place]
        used_forms = [forms[number] for number in used[told].tolist()]
        rows["signature"] = np.array([number for number, _ in used_forms], np.uint16)[rows["form"]]
        asking = np.array(self._asking, np.intp)
        near = [self._near.get(source, self._neighbourhood.of(source)) for source in self._sources]
        rows["near"] = np.array(near, np.uint8)[asking]
        numbers = SourceNumbers(self._policy.keeping)
        rows["source"] = self._kept(numbers, asking)
        return Found(rows, tuple(numbers.texts), tuple(form for _, form in used_forms), bool(self._near))

    def _kept(self, numbers: SourceNumbers, asking: npt.NDArray[np.intp]) -> npt.NDArray[np.uint64]:
        """The number of the source of each attack; a hash is that of the month of the day."""
        sources = tuple(self._sources)
        if self._policy.keeping is not Keeping.HASH:
            return np.array([numbers.number(self._policy.keep(source, "")) for source in sources], np.uint64)[asking]
        pairs = zip(asking.tolist(), map(month_of, self.days), strict=True)
        return np.array([numbers.number(self._policy.keep(sources[place], month)) for place, month in pairs], np.uint64)


class ScannerSettings(msgspec.Struct, frozen=True):
    """All from which a scanner is made, in this process or in another.

    Attributes:
        signatures: What is looked for.
        policy: How sources are kept.
        own: Address of the server whose logs these are; empty if it is not known.
    """

    signatures: tuple[Signature, ...]
    policy: SourcePolicy
    own: str


class Scanner:
    """Looks through blocks of any log, each on its own: the order in which they come changes nothing.

    Args:
        signatures: What is looked for.
        policy: How sources are kept.
        neighbourhood: Of our own address.
    """

    def __init__(self, signatures: SignatureSet, policy: SourcePolicy, neighbourhood: Neighbourhood) -> None:
        self._signatures = signatures
        self._numbers = {each.id: number for number, each in enumerate(signatures.signatures)}
        self._policy = policy
        self._neighbourhood = neighbourhood
        self._forms: list[tuple[int, str]] = []
        self._form_numbers: dict[tuple[int, str], int] = {}
        self._known: dict[bytes, int] = {}
        self._known_bytes = 0
        self._sources: dict[bytes, str] = {}

    def scan(self, dialect: bytes, data: bytes, *, is_first: bool) -> BlockReport:
        """Go through a block.

        Args:
            dialect: The log's own, pickled, directives before the block taken note of.
            data: Whole lines, each ended.
            is_first: Whether it is the first of its log; of that more lines are read.
        """
        reads: Dialect = pickle.loads(dialect)  # noqa: S301  our own, from this process or the one that conducts
        sample, days, ends, lines = Sample(), Counter[int](), [0, 0], 0
        columns = Columns(self._policy, self._neighbourhood)
        if len(self._forms) > _MOST_REMEMBERED:
            self._forget()
        for section in sections(reads, data):
            _take_sample(sample, reads, section, is_first=is_first)
            counted, count = count_days(reads, section)
            lines += count
            self._scan_section(reads, section, columns)
            for day in columns.days:
                if day not in counted and day not in days:
                    counted[day] += 1
            days.update(counted)
            first, last = edge_days(reads, section)
            ends = [ends[0] or first, last or ends[1]]
        found = columns.found(self._forms)
        return BlockReport(lines, days, ends[0], ends[1], sample, found, reads.name)

    def _forget(self) -> None:
        self._forms, self._form_numbers, self._known, self._known_bytes = [], {}, {}, 0

    def _scan_section(self, dialect: Dialect, data: bytes, columns: Columns) -> None:
        known, sources, add, moment_of, cut = self._known, self._sources, columns.add, dialect.moment, dialect.cut
        has_returns = b"\r" in data
        last_stamp, moment = b"", None
        for end in self._signatures.lines.ends(data):
            line = data[data.rfind(b"\n", 0, end - 1) + 1 : end - 1]
            parts = cut(line.rstrip(b"\r") if has_returns else line)
            if parts is None:
                self._read(dialect, line.rstrip(b"\r"), columns)
                continue
            who, stamp, what = parts
            form = known.get(what)
            if form == _NOTHING:
                continue
            if stamp != last_stamp:
                last_stamp, moment = stamp, moment_of(stamp)
            source = sources.get(who)
            if form is None or source is None or moment is None:
                self._read(dialect, line.rstrip(b"\r"), columns, parts, form)
                known, sources = self._known, self._sources
            else:
                add(source, moment, form)

    def _read(
        self,
        dialect: Dialect,
        line: bytes,
        columns: Columns,
        parts: tuple[bytes, bytes, bytes] | None = None,
        form: int | None = None,
    ) -> None:
        """Read a line as a whole, and remember its parts; its form may be known already."""
        request = dialect.read(line)
        if not isinstance(request, LogRequest):
            return
        form = self._form(request) if form is None else form
        source = write_source(request.source)
        if form != _NOTHING:
            columns.add(source, (request.day, request.time_s), form)
            if request.near is not None:
                columns.note_near(source, request.near)
        if parts is not None:
            self._remember(parts, source, form)

    def _form(self, request: LogRequest) -> int:
        """The number of a request's signature and form."""
        sighting = self._signatures.sight(request)
        if sighting is None:
            return _NOTHING
        key = self._numbers[sighting.signature.id], sighting.form
        form = self._form_numbers.setdefault(key, len(self._forms))
        if form == len(self._forms):
            self._forms.append(key)
        return form

    def _remember(self, parts: tuple[bytes, bytes, bytes], source: str, form: int) -> None:
        who, _, what = parts
        if len(who) <= _LONGEST_SOURCE:
            if len(self._sources) >= _MOST_REMEMBERED:
                self._sources = {}
            self._sources[who] = source
        if len(what) <= _LONGEST_REMEMBERED and what not in self._known:
            self._known_bytes += len(what)
            if len(self._known) >= _MOST_REMEMBERED or self._known_bytes > _MOST_REMEMBERED_BYTES:
                self._known, self._known_bytes = {}, len(what)
            self._known[what] = form


@lru_cache(maxsize=1)
def scanner_from(settings: bytes) -> Scanner:
    """The scanner of this process, made from pickled ``ScannerSettings``."""
    made: ScannerSettings = pickle.loads(settings)  # noqa: S301  from the process that conducts
    return Scanner(SignatureSet(made.signatures), made.policy, Neighbourhood(made.own))


def scan_block(settings: bytes, dialect: bytes, block: bytes | Stretch, is_first: bool) -> BlockReport | None:  # noqa: FBT001
    """Go through a block in another process; ``None`` if it does not stand any more where it stood."""
    data = read_stretch(block) if isinstance(block, Stretch) else block
    return None if data is None else scanner_from(settings).scan(dialect, data, is_first=is_first)


def sections(dialect: Dialect, data: bytes) -> Iterator[bytes]:
    """Parts of a block between directives; each begins with its directives, which are taken note of."""
    mark = dialect.directive
    if not mark:
        yield data
        return
    begin = 0
    while begin < len(data):
        end = begin
        while data.startswith(mark, end):
            stop = data.index(b"\n", end) + 1
            dialect.direct(data[end : stop - 1].rstrip(b"\r"))
            end = stop
        following = data.find(b"\n" + mark, max(end - 1, begin))
        end = len(data) if following < 0 else following + 1
        yield data[begin:end]
        begin = end


def _take_sample(sample: Sample, dialect: Dialect, data: bytes, *, is_first: bool) -> None:
    """Read the lines at the head of a log, and a few of every block behind it."""
    if is_first:
        lines = data.split(b"\n", _READ_WHOLE_LINES)[:_READ_WHOLE_LINES]
        lines = lines[: data.count(b"\n")]
    else:
        step = max(len(data) // _SAMPLED_LINES, 1)
        starts = {data.rfind(b"\n", 0, place) + 1 for place in range(0, len(data), step)}
        lines = [data[start : data.index(b"\n", start)] for start in sorted(starts)]
    for line in lines:
        clean = line.rstrip(b"\r")
        sample.take(clean, dialect.read(clean))
