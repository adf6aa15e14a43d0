"""Servers whose chunks are none, or odd ones."""

from ebbtide.model.transcripts import Deviation
from hostile_farm.lines import answer, end
from hostile_farm.records import HEAD, Hostile, Seen, cut, http, whole

_BAD = Deviation.BAD_CHUNK
_CHUNKED = b"Transfer-Encoding: chunked\r\n"


def _chunks(name: str, does: str, body: bytes, seen: Seen, fields: bytes = _CHUNKED) -> Hostile:
    return http(name, does, answer(HEAD + fields + b"\r\n" + body, then=end), seen)


SERVERS = (
    _chunks(
        "chunks with everything",
        "sends chunks with extensions and a trailer",
        b'5;name="a;b"\r\nhello\r\n0;last\r\nX-Sum: 1\r\n\r\n',
        whole(),
    ),
    _chunks(
        "chunk size in words",
        "says size instead of a number",
        b"5\r\nhello\r\nsize\r\n",
        cut("answered", _BAD, body=b"hello"),
    ),
    _chunks(
        "negative chunk", "sends a chunk of -1", b"5\r\nhello\r\n-1\r\nx\r\n", cut("answered", _BAD, body=b"hello")
    ),
    _chunks(
        "prefixed chunk",
        "sends a chunk of 0x5",
        b"5\r\nhello\r\n0x5\r\nhello\r\n",
        cut("answered", _BAD, body=b"hello"),
    ),
    _chunks(
        "chunk of seventeen digits",
        "sends a size that overflows",
        b"5\r\nhello\r\n10000000000000005\r\nhello\r\n",
        cut("answered", _BAD, body=b"hello"),
    ),
    _chunks(
        "largest chunk",
        "announces a chunk of 2 to the 64th less one, and closes",
        b"FFFFFFFFFFFFFFFF\r\nhello",
        cut("answered", _BAD, body=b"hello"),
    ),
    _chunks("padded chunk", "pads a chunk's size with zeros and spaces", b"00005  \r\nhello\r\n0\r\n\r\n", whole()),
    _chunks("chunks with bare line ends", "ends lines of chunks with LF", b"5\nhello\n0\n\n", whole(Deviation.BARE_LF)),
    _chunks(
        "chunk longer than its size",
        "sends more than the chunk's size",
        b"5\r\nhello and more\r\n0\r\n\r\n",
        cut("answered", _BAD, body=b"hello"),
    ),
    _chunks(
        "chunk without end",
        "leaves out the line end behind a chunk",
        b"5\r\nhello0\r\n\r\n",
        cut("answered", _BAD, body=b"hello"),
    ),
    _chunks(
        "no chunks at all",
        "says chunked and sends a page",
        b"<html>not chunked</html>",
        whole(_BAD, body=b"<html>not chunked</html>"),
    ),
    _chunks(
        "empty chunk line",
        "sends an empty line for a size",
        b"5\r\nhello\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        cut("answered", _BAD, body=b"hello"),
    ),
    _chunks(
        "surplus after chunks",
        "sends octets behind the last chunk",
        b"5\r\nhello\r\n0\r\n\r\nsurplus",
        whole(Deviation.EXTRA_AFTER_BODY),
    ),
    _chunks(
        "line break in a chunk extension", "puts a bare CR into an extension", b"5;a\rb\r\nhello\r\n0\r\n\r\n", whole()
    ),
    _chunks(
        "chunked twice",
        "says chunked twice",
        b"5\r\nhello\r\n0\r\n\r\n",
        whole(),
        b"Transfer-Encoding: chunked, chunked\r\n",
    ),
    _chunks(
        "nearly chunked", "says xchunked", b"hello", whole(Deviation.UNKNOWN_CODING), b"Transfer-Encoding: xchunked\r\n"
    ),
    _chunks(
        "chunked behind a tab",
        "puts a vertical tab before chunked",
        b"hello",
        whole(Deviation.CONTROL_IN_FIELD, Deviation.UNKNOWN_CODING),
        b"Transfer-Encoding: \x0bchunked\r\n",
    ),
)
