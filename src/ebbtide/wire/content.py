"""Content codings (RFC 9110, 8.4): gzip and deflate, with a cap on what they unfold to."""

import zlib
from collections.abc import Sequence

import msgspec

from ebbtide.model.transcripts import Deviation

_GZIP = frozenset({b"gzip", b"x-gzip"})
_DEFLATE = b"deflate"
_MOST_CODINGS = 4
_MOST_MEMBERS = 64
_GZIP_WINDOW, _ZLIB_WINDOW, _RAW_WINDOW = 31, 15, -15


class DecodedBody(msgspec.Struct, frozen=True, gc=False):
    """A body without its codings.

    Attributes:
        body: At most the cap.
        is_truncated: There is more than what was kept, or the coded octets break off.
        is_undecodable: Not one octet could be decoded; ``body`` is then as received.
        deviations: What departed from the standards.
    """

    body: bytes
    is_truncated: bool = False
    is_undecodable: bool = False
    deviations: tuple[Deviation, ...] = ()


def decode_body(raw: bytes, codings: Sequence[bytes], cap: int, *, is_truncated: bool = False) -> DecodedBody:
    """Undo the codings of a body, last one first.

    Args:
        raw: The body as received, without chunks.
        codings: Lower-case names in the order in which the server applied them.
        cap: Octets of decoded body that are kept, after each coding.
        is_truncated: ``raw`` is known to be cut, so that an early end is no fault of the server's.

    Returns:
        The body; with an unknown coding, or too many of them, the octets as received.
    """
    if not codings or not raw:
        return DecodedBody(raw[:cap], is_truncated or len(raw) > cap)
    if len(codings) > _MOST_CODINGS or any(coding not in _GZIP and coding != _DEFLATE for coding in codings):
        return DecodedBody(raw[:cap], is_truncated or len(raw) > cap, deviations=(Deviation.UNKNOWN_CODING,))
    body, is_cut, is_bad = raw, is_truncated, False
    for coding in reversed(codings):
        unfolded, has_more, is_broken = _inflate(body, coding, cap, is_cut=is_cut)
        if is_broken and not unfolded:
            return DecodedBody(
                raw[:cap], is_truncated or len(raw) > cap, is_undecodable=True, deviations=(Deviation.BAD_CODING,)
            )
        body, is_cut, is_bad = unfolded, is_cut or has_more or is_broken, is_bad or is_broken
    return DecodedBody(body, is_cut, deviations=(Deviation.BAD_CODING,) if is_bad else ())


def _inflate(coded: bytes, coding: bytes, cap: int, *, is_cut: bool) -> tuple[bytes, bool, bool]:
    """What ``coded`` unfolds to, whether there is more behind the cap, and whether the octets are broken."""
    if coding == _DEFLATE:
        body, has_more, is_broken, _ = _unfold(coded, _ZLIB_WINDOW, cap, is_cut=is_cut)
        if is_broken and not body:
            body, has_more, is_broken, _ = _unfold(coded, _RAW_WINDOW, cap, is_cut=is_cut)
        return body, has_more, is_broken
    parts: list[bytes] = []
    room = cap
    for _ in range(_MOST_MEMBERS):
        body, has_more, is_broken, coded = _unfold(coded, _GZIP_WINDOW, room, is_cut=is_cut)
        parts.append(body)
        room -= len(body)
        if has_more or is_broken or not coded.strip(b"\0"):
            return b"".join(parts), has_more, is_broken
    return b"".join(parts), False, True


def _unfold(coded: bytes, window: int, cap: int, *, is_cut: bool) -> tuple[bytes, bool, bool, bytes]:
    decoder = zlib.decompressobj(window)
    parts: list[bytes] = []
    is_broken = False
    try:
        parts.append(decoder.decompress(coded, cap + 1))
    except zlib.error:
        parts, is_broken = _salvage(coded, window, cap), True
    body = b"".join(parts)
    if not is_broken and not decoder.eof and len(body) <= cap:
        is_broken = not is_cut
    return body[:cap], len(body) > cap, is_broken, decoder.unused_data


def _salvage(coded: bytes, window: int, cap: int) -> list[bytes]:
    """What comes out before the broken place: piece by piece, since zlib keeps nothing of a piece that breaks."""
    decoder = zlib.decompressobj(window)
    parts: list[bytes] = []
    room = cap + 1
    view = memoryview(coded)
    try:
        for start in range(0, len(coded), 64):
            part = decoder.decompress(decoder.unconsumed_tail + bytes(view[start : start + 64]), room)
            parts.append(part)
            room -= len(part)
            if room <= 0 or decoder.eof:
                break
    except zlib.error:
        pass
    return parts
