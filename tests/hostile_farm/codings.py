"""Servers whose content coding is a bomb, a lie or a ruin."""

import gzip
import zlib

from ebbtide.model.transcripts import Deviation
from hostile_farm.lines import answer, end
from hostile_farm.records import CAPS, HEAD, Hostile, Seen, cut, http, whole

_PAGE = b"<html>" + bytes(range(256)) * 8
_BAD = Deviation.BAD_CODING
_ZEROS = bytes(CAPS.body_bytes)


def _coded(name: str, does: str, coding: bytes, body: bytes, seen: Seen) -> Hostile:
    head = HEAD + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(body))
    return http(name, does, answer(head + body, then=end), seen)


def _bomb(size: int) -> bytes:
    return gzip.compress(bytes(size), mtime=0)


_PACKED = gzip.compress(_PAGE, mtime=0)

SERVERS = (
    _coded("gzip bomb", "sends ten megabytes of zeros as ten kilobytes", b"gzip", _bomb(10_000_000), cut(body=_ZEROS)),
    _coded(
        "nested gzip bomb",
        "packs a bomb twice",
        b"gzip, gzip",
        gzip.compress(_bomb(10_000_000), mtime=0),
        cut(body=_ZEROS),
    ),
    _coded(
        "deflate bomb",
        "sends ten megabytes of zeros by deflate",
        b"deflate",
        zlib.compress(bytes(10_000_000)),
        cut(body=_ZEROS),
    ),
    _coded("bomb in members", "sends a bomb in many members of gzip", b"gzip", _bomb(1000) * 40, cut(body=_ZEROS)),
    _coded(
        "empty members",
        "sends five hundred empty members of gzip",
        b"gzip",
        gzip.compress(b"", mtime=0) * 500,
        Seen("response/bad_encoding", 200, (_BAD,), gzip.compress(b"", mtime=0) * 500),
    ),
    _coded(
        "no gzip",
        "says gzip and sends plain text",
        b"gzip",
        b"plain",
        Seen("response/bad_encoding", 200, (_BAD,), b"plain"),
    ),
    _coded(
        "cut gzip",
        "sends half of a page by gzip",
        b"gzip",
        _PACKED[: len(_PACKED) // 2],
        cut("answered", _BAD, body=None, starts=b"<html>"),
    ),
    _coded(
        "gzip and more",
        "sends octets behind the end of gzip",
        b"gzip",
        _PACKED + b"trailing",
        cut("answered", _BAD, body=_PAGE),
    ),
    _coded(
        "broken gzip",
        "sends gzip with a broken checksum",
        b"gzip",
        _PACKED[:-8] + bytes(8),
        cut("answered", _BAD, body=None, starts=_PAGE[:64]),
    ),
    _coded(
        "broken gzip head",
        "sends a head of gzip and noise",
        b"gzip",
        _PACKED[:10] + b"\xff" * 50,
        Seen("response/bad_encoding", 200, (_BAD,), _PACKED[:10] + b"\xff" * 50),
    ),
    _coded(
        "bare deflate", "sends deflate without zlib's head", b"deflate", zlib.compress(_PAGE)[2:-4], whole(body=_PAGE)
    ),
    _coded("unknown coding", "names a coding that nobody knows", b"tide", b"hello", whole(Deviation.UNKNOWN_CODING)),
    _coded(
        "five codings", "names five codings", b"gzip, gzip, gzip, gzip, gzip", b"hello", whole(Deviation.UNKNOWN_CODING)
    ),
    _coded("empty gzip", "says gzip and sends nothing", b"gzip", b"", whole(body=b"")),
)
