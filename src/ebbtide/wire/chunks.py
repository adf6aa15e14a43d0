"""The chunked transfer coding (RFC 9112, 7.1), read leniently and bounded in everything."""

from enum import Enum, auto

from ebbtide.model.transcripts import Deviation

_HEX = frozenset(b"0123456789abcdefABCDEF")
_MOST_SIZE_DIGITS = 16
_MOST_SIZE_LINE = 1024


class _Stage(Enum):
    SIZE = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILER = auto()


class ChunkReader:
    """Takes the chunks off a body. Once ``is_over``, what is left in ``rest`` belongs to nobody.

    Args:
        body_cap: Octets of data that are kept.
        framing_cap: Octets of size lines and trailers until we stop.
    """

    __slots__ = (
        "_body_cap",
        "_data_left",
        "_framing_cap",
        "_stage",
        "consumed",
        "data",
        "deviations",
        "framing",
        "is_cut",
        "is_over",
        "is_whole",
        "rest",
    )

    def __init__(self, body_cap: int, framing_cap: int) -> None:
        self._body_cap = body_cap
        self._framing_cap = framing_cap
        self._data_left = 0
        self._stage = _Stage.SIZE
        self.data = bytearray()
        self.rest = bytearray()
        self.consumed = 0
        self.framing = 0
        self.deviations: list[Deviation] = []
        self.is_over = False
        self.is_whole = False
        self.is_cut = False

    @property
    def has_last_chunk(self) -> bool:
        """Whether all data is there and only the end of the trailer is missing."""
        return self._stage is _Stage.TRAILER

    @property
    def is_doubtful(self) -> bool:
        """Whether not even one size line was read, though something was received."""
        return not self.framing and bool(self.rest)

    def feed(self, octets: bytes) -> None:
        """Take in what was received."""
        self.rest += octets
        before = len(self.rest)
        position = 0
        while not self.is_over:
            step = self._step(position)
            if step < 0:
                break
            position += step
        del self.rest[:position]
        self.consumed += before - len(self.rest)

    def _step(self, start: int) -> int:
        """Read one part at ``start``; how many octets it took, -1 while it is not whole."""
        match self._stage:
            case _Stage.SIZE:
                return self._read_size(start)
            case _Stage.DATA:
                return self._read_data(start)
            case _Stage.DATA_END:
                return self._read_data_end(start)
            case _Stage.TRAILER:
                return self._read_trailer(start)

    def _read_size(self, start: int) -> int:
        step, line = self._line(start)
        if step < 0:
            return step
        digits = line.partition(b";")[0].strip(b" \t")
        if not digits or len(digits) > _MOST_SIZE_DIGITS or not _HEX.issuperset(digits):
            return self._give_up()
        self._data_left = int(digits, 16)
        self._stage = _Stage.DATA if self._data_left else _Stage.TRAILER
        return step

    def _read_data(self, start: int) -> int:
        room = self._body_cap - len(self.data)
        piece = self.rest[start : start + min(self._data_left, room)]
        self.data += piece
        self._data_left -= len(piece)
        if not self._data_left:
            self._stage = _Stage.DATA_END
        elif len(piece) == room:
            self.is_over = self.is_cut = True
        elif not piece:
            return -1
        return len(piece)

    def _read_data_end(self, start: int) -> int:
        end = bytes(self.rest[start : start + 2])
        if not end or end == b"\r":
            return -1
        if end[:1] != b"\n" and end != b"\r\n":
            return self._give_up()
        self._stage = _Stage.SIZE
        if end == b"\r\n":
            return self._count(2)
        self._note(Deviation.BARE_LF)
        return self._count(1)

    def _read_trailer(self, start: int) -> int:
        step, line = self._line(start)
        if step >= 0 and not line and not self.is_over:
            self.is_over = self.is_whole = True
        return step

    def _line(self, start: int) -> tuple[int, bytes]:
        """The octets that a line takes and its content; -1 while it is not whole."""
        end = self.rest.find(b"\n", start, start + _MOST_SIZE_LINE)
        if end < 0:
            return (self._give_up() if len(self.rest) - start >= _MOST_SIZE_LINE else -1), b""
        line = bytes(self.rest[start:end])
        if line[-1:] == b"\r":
            line = line[:-1]
        else:
            self._note(Deviation.BARE_LF)
        return self._count(end + 1 - start), line

    def _count(self, octets: int) -> int:
        self.framing += octets
        if self.framing > self._framing_cap:
            return self._give_up()
        return octets

    def _give_up(self) -> int:
        self._note(Deviation.BAD_CHUNK)
        self.is_over = True
        return 0

    def _note(self, deviation: Deviation) -> None:
        if deviation not in self.deviations:
            self.deviations.append(deviation)
