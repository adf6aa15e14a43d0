"""The lenient reader of HTTP/1.1 responses: octets in, one frozen response out. It opens no socket."""

from typing import Final

import msgspec

from ebbtide.model.configuration import CapsSection
from ebbtide.model.outcomes import Fault
from ebbtide.model.transcripts import Deviation
from ebbtide.wire.chunks import ChunkReader
from ebbtide.wire.framing import read_framing
from ebbtide.wire.greetings import TLS_GREETING, name_greeting
from ebbtide.wire.head import find_head_end, parse_fields, parse_status_line, split_lines, split_plain_lines
from ebbtide.wire.opening import MARKUP, STATUS_LINE, UNDECIDED, Opening, find_opening
from ebbtide.wire.records import CHUNKS, CLOSE, LENGTH, NONE, Fields, Framing, Response, StatusLine

_MOST_INTERIM: Final = 8
_FIRST_FINAL: Final = 200
_FIRST_INTERIM: Final = 100
_SWITCHING_PROTOCOLS: Final = 101
_NO_STATUS: Final = StatusLine(None, "", b"")
_NO_FRAMING: Final = Framing(NONE)
_POISON: Final = frozenset(
    {
        Deviation.EXTRA_AFTER_BODY,
        Deviation.BODY_WITHOUT_RIGHT,
        Deviation.CONFLICTING_CONTENT_LENGTH,
        Deviation.LENGTH_AND_CHUNKED,
        Deviation.BAD_CHUNK,
    }
)
"""After these nobody knows where the next answer begins."""
_LEAST_HEAD: Final = 12


class ResponseReader:
    """Reads one response. However the octets are cut, the response is the same.

    Args:
        method: Of the request; the answer to ``HEAD`` has no body.
        caps: Octets and fields until we stop reading.

    Attributes:
        is_complete: The response is whole, or will not become so. What is fed later is only named.
    """

    __slots__ = (
        "_body",
        "_buffer",
        "_caps",
        "_chunks",
        "_detail",
        "_deviations",
        "_dropped",
        "_fault",
        "_fields",
        "_framing",
        "_head_size",
        "_interim",
        "_is_truncated",
        "_method",
        "_searched",
        "_start",
        "_status",
        "is_complete",
    )

    def __init__(self, method: str, caps: CapsSection) -> None:
        self._method = method
        self._caps = caps
        self._buffer: bytes | bytearray = b""
        self._searched = 0
        self._start = -1
        self._dropped = 0
        self._interim = 0
        self._head_size = -1
        self._status = _NO_STATUS
        self._fields: Fields = ()
        self._framing = _NO_FRAMING
        self._body: bytes | bytearray = b""
        self._chunks: ChunkReader | None = None
        self._deviations: list[Deviation] = []
        self._is_truncated = False
        self._fault: Fault | None = None
        self._detail = ""
        self.is_complete = False

    @property
    def has_begun(self) -> bool:
        """Whether anything was received."""
        return bool(self._buffer) or self._head_size >= 0 or self._dropped > 0

    def feed(self, octets: bytes) -> None:
        """Take in what was received."""
        if self.is_complete:
            self._note_extra(octets)
        elif self._head_size >= 0:
            self._feed_body(octets)
        elif self._buffer:
            if isinstance(self._buffer, bytes):
                self._buffer = bytearray(self._buffer)
            self._buffer += octets
            self._read_heads(is_all=False)
        elif self._dropped or not self._feed_plain(octets):
            self._buffer = octets
            self._read_heads(is_all=False)

    def _feed_plain(self, octets: bytes) -> bool:
        """The short way for what nearly every server sends: a whole head in one piece with nothing odd in its lines."""
        end = octets.find(b"\r\n\r\n") + 4 if octets.startswith(b"HTTP/1.") else 0
        if not _LEAST_HEAD < end <= self._caps.head_bytes:
            return False
        lines = split_plain_lines(octets[:end])
        if lines is None:
            return False
        status = parse_status_line(lines[0])
        if status.status is None or status.status < _FIRST_FINAL:
            return False
        self._status = status
        self._fields, odd = parse_fields(lines, self._caps.fields)
        if odd or status.deviations:
            for deviation in (*status.deviations, *odd):
                self._note(deviation)
        self._head_size = end
        self._begin_body(octets[end:])
        return True

    def feed_eof(self) -> None:
        """Take in that nothing will follow."""
        if self.is_complete:
            return
        if self._head_size < 0:
            self._read_heads(is_all=True)
        if self._head_size < 0 and not self.is_complete:
            self._keep_partial_head()
            self._stop(Fault.CLOSED_EARLY, "within the head" if self.has_begun else "before the answer")
        elif not self.is_complete:
            self._end_body()
        self.is_complete = True

    def response(self) -> Response:
        """The whole response once ``is_complete``; before that, all there is of it, and nothing is fed any more."""
        if not self.is_complete:
            self._keep_unfinished()
        chunks = self._chunks
        body = bytes(self._body if chunks is None else chunks.data)
        size = self._size_of_head() + (len(body) if chunks is None else chunks.consumed)
        return Response(
            self._status.status,
            self._status.http_version,
            self._status.reason,
            self._fields,
            body,
            self._framing.codings,
            self._dropped + size,
            self._is_truncated,
            tuple(self._deviations),
            self._keeps_alive(),
            self._fault,
            self._detail,
        )

    def _keeps_alive(self) -> bool:
        framing = self._framing
        if not self.is_complete or self._fault is not None or self._is_truncated or framing.ending is CLOSE:
            return False
        if framing.wants_close or self._status.status is None or self._status.status == _SWITCHING_PROTOCOLS:
            return False
        if self._deviations and not _POISON.isdisjoint(self._deviations):
            return False
        return self._status.http_version == "1.1" or framing.wants_keep_alive

    def _read_heads(self, *, is_all: bool) -> None:
        while not self.is_complete and self._head_size < 0:
            if self._start < 0 and not self._find_start(is_all=is_all):
                return
            cap = self._caps.head_bytes - self._dropped
            end = find_head_end(self._buffer, max(self._searched, self._start))
            if end > cap or (end < 0 and len(self._buffer) > cap):
                self._keep_partial_head()
                self._stop(Fault.TOO_LARGE, f"head of more than {self._caps.head_bytes} octets")
                return
            if end < 0:
                self._searched = max(0, len(self._buffer) - 3)
                return
            self._read_head(self._start, end)

    def _find_start(self, *, is_all: bool) -> bool:
        """Find where the status line begins; whether there is one."""
        opening, start = find_opening(self._buffer, is_all=is_all)
        if opening is STATUS_LINE:
            self._start = start
            return True
        if opening is not UNDECIDED and self._buffer:
            self._read_without_status_line(opening, start)
        return False

    def _read_head(self, start: int, end: int) -> None:
        status = self._parse_head(bytes(self._buffer[start:end]), start)
        code = status.status
        if code is not None and _FIRST_INTERIM <= code < _FIRST_FINAL and code != _SWITCHING_PROTOCOLS:
            self._interim += 1
            if self._interim > _MOST_INTERIM:
                self._note(Deviation.INFORMATIONAL_FLOOD)
            self._buffer = bytearray(self._buffer) if isinstance(self._buffer, bytes) else self._buffer
            del self._buffer[:end]
            self._dropped += end
            self._searched, self._start = 0, -1
            return
        if code == _SWITCHING_PROTOCOLS:
            self._note(Deviation.UNASKED_SWITCH)
        self._head_size = end
        rest = bytes(self._buffer[end:])
        self._buffer = b""
        self._begin_body(rest)

    def _parse_head(self, head: bytes, start: int) -> StatusLine:
        lines, deviations = split_lines(head)
        self._status = status = parse_status_line(lines[0])
        self._fields, odd = parse_fields(lines, self._caps.fields)
        if start:
            self._note(Deviation.GARBAGE_BEFORE_STATUS)
        if deviations or odd or status.deviations:
            for deviation in (*deviations, *status.deviations, *odd):
                self._note(deviation)
        return status

    def _keep_partial_head(self) -> None:
        """Keep the whole lines of a head that breaks off or is too large, or its octets where not one line is whole."""
        received = bytes(self._buffer[: self._caps.head_bytes - self._dropped])
        opening, start = find_opening(received, is_all=True)
        head, _, _ = received[start:].rpartition(b"\n")
        if opening is STATUS_LINE and head:
            self._parse_head(head + b"\n", start)
        else:
            self._body = received[: self._caps.body_bytes]

    def _keep_unfinished(self) -> None:
        """Keep what there is of an answer that somebody else has ended: partial evidence is evidence."""
        if self._head_size < 0:
            self._keep_partial_head()
            return
        self._is_truncated = self._chunks is None or not self._chunks.has_last_chunk
        if self._chunks is not None:
            self._take_over(self._chunks)

    def _size_of_head(self) -> int:
        """Octets of the head; of one that never ended, those that the cap admits."""
        if self._head_size >= 0:
            return self._head_size
        return min(len(self._buffer), self._caps.head_bytes - self._dropped) - len(self._body)

    def _read_without_status_line(self, opening: Opening, size: int) -> None:
        whole = bytes(self._buffer)
        self._buffer, self._head_size = b"", 0
        self._framing = Framing(CLOSE)
        if opening is MARKUP:
            self._status = StatusLine(None, "0.9", b"")
            self._note(Deviation.HTTP_09)
            self._feed_body(whole)
            return
        self._body = whole[: min(size, self._caps.body_bytes)]
        spoken = name_greeting(whole)
        if spoken == TLS_GREETING:
            self._note(Deviation.PLAIN_HTTP_TO_TLS_PORT)
        self._stop(Fault.PROTOCOL_ERROR, spoken or "no status line")

    def _begin_body(self, rest: bytes) -> None:
        self._framing = framing = read_framing(self._fields, self._status.status, self._method)
        for deviation in framing.deviations:
            self._note(deviation)
        if framing.ending is CHUNKS:
            self._chunks = ChunkReader(self._caps.body_bytes, self._caps.body_bytes + self._caps.head_bytes)
        self.is_complete = framing.ending is NONE or (framing.ending is LENGTH and not framing.length)
        if rest:
            (self._note_extra if self.is_complete else self._feed_body)(rest)

    def _feed_body(self, octets: bytes) -> None:
        if self._chunks is not None:
            self._feed_chunks(self._chunks, octets)
            return
        framing, cap = self._framing, self._caps.body_bytes
        limit = cap if framing.ending is CLOSE else min(framing.length, cap)
        room = limit - len(self._body)
        kept = octets if len(octets) <= room else octets[:room]
        if not self._body:
            self._body = kept
        else:
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)  # pieces of one octet each would weigh fifty times their octets
            self._body += kept
        if framing.ending is CLOSE:
            self.is_complete = self._is_truncated = len(octets) > room
        elif len(self._body) == limit:
            self.is_complete = True
            self._is_truncated = framing.length > cap
            self._note_extra(octets[room:])

    def _feed_chunks(self, chunks: ChunkReader, octets: bytes) -> None:
        chunks.feed(octets)
        if not chunks.is_over:
            return
        if not (chunks.is_whole or chunks.is_cut or chunks.framing or chunks.data):
            self._read_as_unchunked(chunks)
            return
        self._is_truncated = not chunks.has_last_chunk
        self._take_over(chunks)
        self.is_complete = True
        self._note_extra(bytes(chunks.rest))

    def _read_as_unchunked(self, chunks: ChunkReader) -> None:
        """Not even the first size line is one: the server only says that it sends chunks."""
        self._take_over(chunks)
        self._chunks = None
        self._framing = msgspec.structs.replace(self._framing, ending=CLOSE)
        self._feed_body(bytes(chunks.rest))

    def _take_over(self, chunks: ChunkReader) -> None:
        for deviation in chunks.deviations:
            self._note(deviation)

    def _end_body(self) -> None:
        if self._chunks is not None and not self._chunks.is_over:
            if self._chunks.is_doubtful:
                self._note(Deviation.BAD_CHUNK)
                self._read_as_unchunked(self._chunks)
                return
            self._take_over(self._chunks)
            self._note(Deviation.BAD_CHUNK)
            self._is_truncated = not self._chunks.has_last_chunk
        elif self._framing.ending is LENGTH:
            self._note(Deviation.BODY_SHORTER_THAN_LENGTH)
            self._is_truncated = True

    def _note_extra(self, octets: bytes) -> None:
        if not octets or self._is_truncated or self._fault is not None or self._framing.ending is CLOSE:
            return
        if self._status.status == _SWITCHING_PROTOCOLS or Deviation.BAD_CHUNK in self._deviations:
            return
        has_none = self._framing.ending is NONE
        self._note(Deviation.BODY_WITHOUT_RIGHT if has_none else Deviation.EXTRA_AFTER_BODY)

    def _stop(self, fault: Fault, detail: str) -> None:
        self._fault, self._detail = fault, detail
        self.is_complete = True

    def _note(self, deviation: Deviation) -> None:
        if deviation not in self._deviations:
            self._deviations.append(deviation)
