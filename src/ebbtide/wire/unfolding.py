"""One coding undone, a bounded piece at a time: no call hands out much more than it was allowed to."""

import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Protocol

import brotli
import msgspec

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FULL_RATIO_BYTES = 256
"""So many coded octets are granted to every body when its ratio is held against the limit."""

_MOST_MEMBERS = 64
_SALVAGED_AT_ONCE = 64
_GZIP_WINDOW, _ZLIB_WINDOW, _RAW_WINDOW = 31, 15, -15
_ZSTD_WINDOW_LOG = 23
"""RFC 9659: a window of 8 MB is what a client must offer, and all that a server may use."""
_ERRORS = (zlib.error, zstd.ZstdError, brotli.error)


class Allowance(msgspec.Struct, frozen=True, gc=False):
    """How much may come out.

    Attributes:
        cap: Octets in all.
        ratio: Times the octets that went in.
    """

    cap: int
    ratio: int

    def after(self, fed: int) -> int:
        """Octets that may have come out once so many have gone in."""
        return min(self.cap, self.ratio * max(fed, FULL_RATIO_BYTES))


class Unfolded(msgspec.Struct, frozen=True, gc=False):
    """What came out.

    Attributes:
        has_more: There is more than was allowed.
        is_bomb: It was the ratio that did not allow it.
        is_broken: The coded octets are damaged, or break off though they were not cut.
        rest: Octets behind the coding's own end.
    """

    body: bytes
    has_more: bool = False
    is_bomb: bool = False
    is_broken: bool = False
    rest: bytes = b""


class _Decoder(Protocol):
    """One stream being decoded."""

    @property
    def is_over(self) -> bool:
        """The stream has come to its own end."""

    @property
    def rest(self) -> bytes:
        """What was fed behind the end."""

    def feed(self, octets: bytes, room: int) -> bytes:
        """Decode; nothing may be fed any more once ``room`` octets came out. Raises one of ``_ERRORS``."""


class _Deflated:
    """RFC 1950, 1951 and 1952, by the window."""

    def __init__(self, window: int) -> None:
        self._inner = zlib.decompressobj(window)

    @property
    def is_over(self) -> bool:
        return self._inner.eof

    @property
    def rest(self) -> bytes:
        return self._inner.unused_data

    def feed(self, octets: bytes, room: int) -> bytes:
        return self._inner.decompress(octets, room)


class _Brotli:
    """RFC 7932. The library may hand out one of its blocks more than there is room for: at most as much again."""

    rest = b""

    def __init__(self) -> None:
        self._inner = brotli.Decompressor()

    @property
    def is_over(self) -> bool:
        return bool(self._inner.is_finished())

    def feed(self, octets: bytes, room: int) -> bytes:
        return bytes(self._inner.process(octets, output_buffer_limit=room))


class _Zstandard:
    """RFC 8878, with no window larger than RFC 9659 admits."""

    def __init__(self) -> None:
        self._inner = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})

    @property
    def is_over(self) -> bool:
        return self._inner.eof

    @property
    def rest(self) -> bytes:
        return self._inner.unused_data

    def feed(self, octets: bytes, room: int) -> bytes:
        return self._inner.decompress(octets, room)


def unfold_gzip(coded: bytes, allowance: Allowance, *, is_cut: bool) -> Unfolded:
    """Undo ``gzip``: any number of members in a row."""
    return _unfold_members(coded, lambda: _Deflated(_GZIP_WINDOW), allowance, is_cut=is_cut)


def unfold_deflate(coded: bytes, allowance: Allowance, *, is_cut: bool) -> Unfolded:
    """Undo ``deflate``: with the wrapper of RFC 1950, as it should be, or without, as some servers send it."""
    wrapped = _unfold(coded, lambda: _Deflated(_ZLIB_WINDOW), allowance, is_cut=is_cut)
    if wrapped.is_broken and not wrapped.body:
        return _unfold(coded, lambda: _Deflated(_RAW_WINDOW), allowance, is_cut=is_cut)
    return wrapped


def unfold_brotli(coded: bytes, allowance: Allowance, *, is_cut: bool) -> Unfolded:
    """Undo ``br``."""
    return _unfold(coded, _Brotli, allowance, is_cut=is_cut)


def unfold_zstd(coded: bytes, allowance: Allowance, *, is_cut: bool) -> Unfolded:
    """Undo ``zstd``: any number of frames in a row."""
    return _unfold_members(coded, _Zstandard, allowance, is_cut=is_cut)


class Unfold(Protocol):
    """Undoes one coding."""

    def __call__(self, coded: bytes, allowance: Allowance, *, is_cut: bool) -> Unfolded:
        """Undo it; ``is_cut`` says that an early end is no fault of the server's."""


UNFOLD: Mapping[bytes, Unfold] = MappingProxyType(
    {
        b"gzip": unfold_gzip,
        b"x-gzip": unfold_gzip,
        b"deflate": unfold_deflate,
        b"br": unfold_brotli,
        b"zstd": unfold_zstd,
    }
)
"""Every coding that can be undone, by its name in lower case."""


def _unfold_members(coded: bytes, make: Callable[[], _Decoder], allowance: Allowance, *, is_cut: bool) -> Unfolded:
    parts: list[bytes] = []
    room = allowance.cap
    for _ in range(_MOST_MEMBERS):
        member = _unfold(coded, make, Allowance(room, allowance.ratio), is_cut=is_cut)
        parts.append(member.body)
        room -= len(member.body)
        coded = member.rest
        if member.has_more or member.is_broken or not coded.strip(b"\0"):
            return msgspec.structs.replace(member, body=b"".join(parts))
    return Unfolded(b"".join(parts), is_broken=True)


def _unfold(coded: bytes, make: Callable[[], _Decoder], allowance: Allowance, *, is_cut: bool) -> Unfolded:
    try:
        return _unfold_small(coded, make(), allowance.after(0), is_cut=is_cut) or _unfold_watched(
            coded, make(), allowance, is_cut=is_cut
        )
    except _ERRORS:
        return Unfolded(_salvage(coded, make, allowance.cap), is_broken=True)


def _unfold_small(coded: bytes, decoder: _Decoder, room: int, *, is_cut: bool) -> Unfolded | None:
    """In one go; ``None`` if more comes out than the smallest body may hold, so that the ratio must be watched."""
    body = decoder.feed(coded, room + 1)
    return None if len(body) > room else Unfolded(body, is_broken=not decoder.is_over and not is_cut, rest=decoder.rest)


def _unfold_watched(coded: bytes, decoder: _Decoder, allowance: Allowance, *, is_cut: bool) -> Unfolded:
    parts: list[bytes] = []
    fed = size = 0
    for piece in _growing_pieces(coded):
        fed += len(piece)
        room = allowance.after(fed)
        parts.append(decoder.feed(piece, room + 1 - size))
        size += len(parts[-1])
        if size > room:
            return Unfolded(b"".join(parts)[:room], has_more=True, is_bomb=room < allowance.cap)
        if decoder.is_over:
            return Unfolded(b"".join(parts), rest=decoder.rest + coded[fed:])
    return Unfolded(b"".join(parts), is_broken=not is_cut)


def _growing_pieces(coded: bytes) -> Iterator[bytes]:
    start, end = 0, FULL_RATIO_BYTES
    while start < len(coded):
        yield coded[start:end]
        start, end = end, 2 * end


def _salvage(coded: bytes, make: Callable[[], _Decoder], cap: int) -> bytes:
    """What comes out before the broken place.

    A decoder keeps nothing of a piece that breaks, so the last piece is fed octet by octet.
    """
    whole, body = _feed_while_good(coded, make(), _SALVAGED_AT_ONCE, cap)
    if len(body) >= cap:
        return body
    decoder = make()
    _feed_while_good(coded[:whole], decoder, _SALVAGED_AT_ONCE, cap)
    _, tail = _feed_while_good(coded[whole : whole + _SALVAGED_AT_ONCE], decoder, 1, cap - len(body))
    return (body + tail)[:cap]


def _feed_while_good(coded: bytes, decoder: _Decoder, step: int, room: int) -> tuple[int, bytes]:
    """How many octets went in before one broke the stream, and what they gave."""
    parts: list[bytes] = []
    start = 0
    try:
        while start < len(coded) and room > 0 and not decoder.is_over:
            parts.append(decoder.feed(coded[start : start + step], room))
            room -= len(parts[-1])
            start += step
    except _ERRORS:
        pass
    return start, b"".join(parts)
