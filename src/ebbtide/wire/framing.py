"""How long the body of a response is (RFC 9112, 6.3), read leniently."""

from collections.abc import Sequence
from typing import Final

from ebbtide.model.transcripts import Deviation
from ebbtide.wire.records import CHUNKS, CLOSE, LENGTH, NONE, Ending, Fields, Framing

_SWITCHING_PROTOCOLS: Final = 101
_NO_CONTENT: Final = 204
_NOT_MODIFIED: Final = 304
_BODILESS: Final = frozenset({_SWITCHING_PROTOCOLS, _NO_CONTENT, _NOT_MODIFIED})
_MOST_LENGTH_DIGITS: Final = 18
_NO_CODINGS: Final = frozenset({b"chunked", b"identity"})
_PLAIN_TOKENS: Final = {b"": (), b"keep-alive": (b"keep-alive",), b"close": (b"close",), b"chunked": (b"chunked",)}
_FRAMING_NAMES: Final = frozenset({b"content-length", b"transfer-encoding", b"content-encoding", b"connection"})
_FRAMING_LENGTHS: Final = frozenset(map(len, _FRAMING_NAMES))


def read_framing(fields: Fields, status: int | None, method: str) -> Framing:
    """Decide from the fields where the body ends."""
    told: dict[bytes, bytes] = {}
    for name, value in fields:
        if len(name) not in _FRAMING_LENGTHS:
            continue
        lower = name.lower()
        if lower in _FRAMING_NAMES:
            told[lower] = value if lower not in told else b",".join((told[lower], value))
    length_told, transfer = told.get(b"content-length"), _tokens(told.get(b"transfer-encoding"))
    if method == "HEAD" or status in _BODILESS:
        ending, length, deviations = NONE, 0, _contradictions(length_told, transfer)
    elif not transfer and length_told is not None and length_told.isdigit() and len(length_told) <= _MOST_LENGTH_DIGITS:
        ending, length, deviations = LENGTH, int(length_told), ()
    else:
        ending, length, deviations = _ending(length_told, transfer)
    connection = _tokens(told.get(b"connection"))
    codings: tuple[bytes, ...] = ()
    if transfer or b"content-encoding" in told:
        applied = (*_tokens(told.get(b"content-encoding")), *transfer)
        codings = tuple([coding for coding in applied if coding not in _NO_CODINGS])
    return Framing(ending, length, codings, b"close" in connection, b"keep-alive" in connection, deviations)


def _tokens(value: bytes | None) -> Sequence[bytes]:
    if value is None:
        return ()
    known = _PLAIN_TOKENS.get(value)
    if known is not None:
        return known
    return [token for part in value.lower().split(b",") if (token := part.partition(b";")[0].strip(b" \t"))]


def _ending(length_told: bytes | None, transfer: Sequence[bytes]) -> tuple[Ending, int, tuple[Deviation, ...]]:
    deviations = _contradictions(length_told, transfer)
    if b"chunked" in transfer:
        return CHUNKS, 0, deviations
    length = None if length_told is None else _content_length(length_told.split(b","))[0]
    if length is None or any(coding != b"identity" for coding in transfer):
        return CLOSE, 0, deviations
    return LENGTH, length, deviations


def _contradictions(length_told: bytes | None, transfer: Sequence[bytes]) -> tuple[Deviation, ...]:
    if length_told is None:
        return ()
    _, deviations = _content_length(length_told.split(b","))
    return (*deviations, Deviation.LENGTH_AND_CHUNKED) if b"chunked" in transfer else deviations


def _content_length(values: list[bytes]) -> tuple[int | None, tuple[Deviation, ...]]:
    """The smallest length told: a body that is cut short can be seen, one that is awaited for ever cannot."""
    stripped = [value.strip(b" \t") for value in values]
    good = {int(value) for value in stripped if value.isdigit() and len(value) <= _MOST_LENGTH_DIGITS}
    odd = []
    if not all(value.isdigit() and len(value) <= _MOST_LENGTH_DIGITS for value in stripped):
        odd.append(Deviation.BAD_CONTENT_LENGTH)
    if len(good) > 1:
        odd.append(Deviation.CONFLICTING_CONTENT_LENGTH)
    return (min(good) if good else None), tuple(odd)
