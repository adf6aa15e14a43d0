"""What somebody sent to the sensor: read leniently and within caps, the same however the octets were cut."""

import hashlib
from enum import Enum, auto

import msgspec

from ebbtide.pressure.records import split_request
from ebbtide.pressure.sensor.openings import is_method, measure_opening, name_kind
from ebbtide.pressure.sensor.records import Kind, Outcome, escape_octets
from ebbtide.pressure.sensor.settings import RequestLimits
from ebbtide.wire.chunks import ChunkReader
from ebbtide.wire.framing import read_framing
from ebbtide.wire.head import find_head_end, parse_fields, split_lines
from ebbtide.wire.records import CHUNKS, LENGTH, Fields

KEPT_FIELDS = frozenset(
    {
        "host", "user-agent", "referer", "content-type", "content-length", "transfer-encoding", "accept", "origin",
        "upgrade", "expect",
    }
)  # fmt: skip
"""Fields whose values are kept. Never one that holds a secret or an address: of those the name alone is told."""
BEGUN_BYTES = 256
_NAME_BYTES = 64
_MOST_NAMES = 40
_VERSION_BYTES = 16
_BLANK = b"\r\n"


class Received(msgspec.Struct, frozen=True):
    """All that was read of a connection; see ``ConnectionRecord`` for what is not told here.

    Attributes:
        is_head_whole: The head came to its end.
    """

    kind: Kind
    outcome: Outcome
    octets: int
    method: str = ""
    target: str = ""
    version: str = ""
    fields: dict[str, str] = {}
    names: tuple[str, ...] = ()
    body_bytes: int = 0
    body_sha256: str = ""
    begun: str = ""
    is_shortened: bool = False
    is_head_whole: bool = False


class _Stage(Enum):
    LINE = auto()
    FIELDS = auto()
    LENGTH = auto()
    CHUNKS = auto()
    OVER = auto()


_LINE, _FIELDS, _LENGTH, _CHUNKS, _OVER = _Stage


class RequestReader:
    """Reads one request. What follows it on the connection is not looked at.

    Args:
        limits: Caps.

    Attributes:
        has_more: Octets came behind the end of what was read, or are to be expected there.
    """

    __slots__ = (
        "_body_bytes", "_chunks", "_hash", "_head", "_head_end", "_is_cut", "_is_head_whole", "_is_shortened", "_kind",
        "_left", "_limits", "_line_end", "_lines", "_looked", "_method", "_outcome", "_stage", "_start", "_target",
        "_version", "has_more",
    )  # fmt: skip

    def __init__(self, limits: RequestLimits) -> None:
        self._limits = limits
        self._head = bytearray()
        self._stage = _LINE
        self._kind = Kind.SILENT
        self._outcome = Outcome.COMPLETE
        self._method = self._target = self._version = b""
        self._start = self._looked = self._line_end = self._head_end = 0
        self._lines: Fields = ()
        self._left = self._body_bytes = 0
        self._is_cut = self._is_head_whole = self._is_shortened = False
        self._hash = hashlib.sha256()
        self._chunks: ChunkReader | None = None
        self.has_more = False

    def feed(self, octets: bytes) -> bool:
        """Take in what came.

        Returns:
            Whether the request is over; nothing more is to be fed then.
        """
        if self._stage is _LENGTH:
            self._read_body(octets)
        elif self._stage is _CHUNKS:
            self._read_chunks(octets)
        else:
            self._head += octets
            if self._stage is _LINE:
                self._read_line()
            if self._stage is _FIELDS:
                self._read_fields()
        return self._stage is _OVER

    def _end(self, outcome: Outcome) -> None:
        self._outcome, self._stage = outcome, _OVER

    def _end_head(self, end: int, outcome: Outcome) -> None:
        """The request is over with its head, at ``end``."""
        self.has_more = len(self._head) > end or outcome is Outcome.CUT
        self._head_end = end
        del self._head[end:]
        self._end(outcome)

    # The request line.

    def _read_line(self) -> None:
        head, cap = self._head, self._limits.head_bytes
        if self._skip_blank():
            return
        size = min(measure_opening(head, self._start), cap)
        if size > 0:
            if len(head) >= size:
                self._kind = name_kind(bytes(head[self._start : size]))
                self._end_head(size, Outcome.NOT_HTTP)
            return
        end = head.find(b"\n", self._looked, cap)
        self._looked = len(head)
        if end >= 0:
            self._line_end = end + 1
            self._judge_line(bytes(head[self._start : end]).removesuffix(b"\r"))
        elif len(head) >= cap:
            self._begin_line(cap)
            self._end_head(cap, Outcome.CUT if self._kind is Kind.HTTP else Outcome.NOT_HTTP)

    def _skip_blank(self) -> bool:
        """Step over empty lines before a request (RFC 9112, 2.2); whether nothing else is there yet."""
        head, cap = self._head, self._limits.head_bytes
        while self._start < min(len(head), cap) and head[self._start] in _BLANK:
            self._start += 1
        self._looked = max(self._looked, self._start)
        if self._start >= cap:
            self._kind = Kind.OTHER
            self._end_head(cap, Outcome.NOT_HTTP)
        return self._start >= min(len(head), cap)

    def _judge_line(self, line: bytes) -> None:
        method, target = split_request(line)
        last = line.rpartition(b" ")[2]
        version = last if last[:5].upper() == b"HTTP/" else b""
        is_simple = method == b"GET" and bool(target) and not version
        if not is_simple and not (version and target and is_method(method)):
            self._kind = name_kind(line)
            self._end_head(self._line_end, Outcome.NOT_HTTP)
            return
        self._method, self._target = method, target
        self._version = (version[5:] or b"-") if version else b"0.9"
        self._kind = name_kind(line) if method == b"PRI" else Kind.HTTP
        if self._kind is not Kind.HTTP:
            self._end_head(self._line_end, Outcome.NOT_HTTP)
        elif is_simple:
            self._end_head(self._line_end, Outcome.COMPLETE)
        else:
            self._stage = _FIELDS
            self._looked = self._line_end - 1

    def _begin_line(self, end: int) -> None:
        """Read a request line that has no end: a method and a part of the target, if it looks like that."""
        line = bytes(self._head[self._start : end])
        method, space, target = line.partition(b" ")
        if space and is_method(method) and method.isupper():
            self._kind, self._method, self._target = Kind.HTTP, method, target
        elif line:
            self._kind = name_kind(line)
        elif end:
            self._kind = Kind.OTHER

    # The fields.

    def _read_fields(self) -> None:
        head, cap = self._head, self._limits.head_bytes
        end = find_head_end(head, self._looked)
        self._looked = max(self._line_end - 1, len(head) - 3)
        if 0 <= end <= cap:
            self._head_end = end
            self._is_head_whole = True
            self._take_fields(end)
            self._begin_body(bytes(head[end:]))
        elif len(head) >= cap:
            self._take_fields(cap)
            self._end_head(cap, Outcome.CUT)

    def _take_fields(self, end: int) -> None:
        """Read the fields that ended before ``end``."""
        whole = self._head.rfind(b"\n", 0, end) + 1
        if whole <= self._line_end:
            return
        lines, _ = split_lines(bytes(self._head[self._start : whole]))
        self._lines, _ = parse_fields(lines, self._limits.most_fields)

    # The body.

    def _begin_body(self, rest: bytes) -> None:
        framing = read_framing(self._lines, None, "")
        del self._head[self._head_end :]
        if framing.ending is CHUNKS:
            self._stage = _CHUNKS
            self._chunks = ChunkReader(self._limits.body_bytes, self._limits.body_bytes)
            self._read_chunks(rest)
        elif framing.ending is LENGTH and framing.length:
            self._stage = _LENGTH
            self._left = min(framing.length, self._limits.body_bytes)
            self._is_cut = framing.length > self._left
            self._read_body(rest)
        else:
            self.has_more = bool(rest)
            self._end(Outcome.COMPLETE)

    def _read_body(self, octets: bytes) -> None:
        piece = octets[: self._left]
        self._hash.update(piece)
        self._body_bytes += len(piece)
        self._left -= len(piece)
        if not self._left:
            self.has_more = self._is_cut or len(octets) > len(piece)
            self._end(Outcome.CUT if self._is_cut else Outcome.COMPLETE)

    def _read_chunks(self, octets: bytes) -> None:
        chunks = self._chunks
        if chunks is None:
            return
        chunks.feed(octets)
        if chunks.is_over:
            self.has_more = not chunks.is_whole or bool(chunks.rest)
            is_sound = chunks.is_whole or chunks.is_cut
            self._end((Outcome.COMPLETE if chunks.is_whole else Outcome.CUT) if is_sound else Outcome.MALFORMED)

    # The end.

    def close(self, outcome: Outcome) -> Received:
        """All that was read.

        Args:
            outcome: Why nothing more comes, for a request that is not over.
        """
        if self._stage is _LINE:
            self._begin_line(len(self._head))
        elif self._stage is _FIELDS:
            self._take_fields(len(self._head))
        outcome = self._outcome if self._stage is _OVER else outcome
        if self._kind is not Kind.HTTP:
            begun = b"" if self._kind is Kind.PROXY else bytes(self._head[:BEGUN_BYTES])
            return Received(self._kind, outcome, len(self._head), begun=escape_octets(begun))
        if self._chunks is not None:
            self._hash.update(self._chunks.data)
            self._body_bytes = len(self._chunks.data)
        fields, names = self._chosen()
        read = self._body_bytes if self._chunks is None else self._chunks.consumed
        return Received(
            Kind.HTTP, outcome, len(self._head) + read, escape_octets(self._method),
            self._kept(self._target, is_target=True), escape_octets(self._version[:_VERSION_BYTES]), fields, names,
            self._body_bytes, self._hash.hexdigest() if self._body_bytes else "", "", self._is_shortened,
            self._is_head_whole,
        )  # fmt: skip

    def _kept(self, octets: bytes, *, is_target: bool = False) -> str:
        most = self._limits.target_bytes if is_target else self._limits.value_bytes
        if len(octets) > most:
            self._is_shortened = True
        return escape_octets(octets[:most])

    def _chosen(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """Values of the fields that are kept, joined where one came twice, and names of the others, each once."""
        values: dict[str, bytes] = {}
        names: dict[str, None] = {}
        for name, value in self._lines:
            lower = name.decode("latin-1").lower()
            if lower in KEPT_FIELDS:
                values[lower] = values[lower] + b", " + value if lower in values else value
            elif len(names) < _MOST_NAMES:
                names[escape_octets(name.lower()[:_NAME_BYTES])] = None
        return {name: self._kept(value) for name, value in values.items()}, tuple(names)
