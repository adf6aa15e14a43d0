"""Content codings (RFC 9110, 8.4) undone, with a cap on what they unfold to and on how many times their size it is."""

from collections.abc import Sequence

import msgspec

from ebbtide.model.transcripts import Deviation
from ebbtide.wire.unfolding import UNFOLD, Allowance

_MOST_CODINGS = 4
USUAL_RATIO = 1000


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


def decode_body(
    raw: bytes, codings: Sequence[bytes], cap: int, *, ratio: int = USUAL_RATIO, is_truncated: bool = False
) -> DecodedBody:
    """Undo the codings of a body, last one first.

    Memory stays within a few times ``cap`` and the coding's own window (at most 16 MiB), whatever was sent.

    Args:
        raw: The body as received, without chunks.
        codings: Lower-case names in the order in which the server applied them.
        cap: Octets of decoded body that are kept, after each coding.
        ratio: How many times its own size a body may unfold to; what is more is cut, and named.
        is_truncated: ``raw`` is known to be cut, so that an early end is no fault of the server's.

    Returns:
        The body; with an unknown coding, or too many of them, the octets as received.
    """
    if not codings or not raw:
        return DecodedBody(raw[:cap], is_truncated or len(raw) > cap)
    if len(codings) > _MOST_CODINGS or not all(coding in UNFOLD for coding in codings):
        return DecodedBody(raw[:cap], is_truncated or len(raw) > cap, deviations=(Deviation.UNKNOWN_CODING,))
    limit = Allowance(cap, ratio).after(len(raw))
    body, is_cut, is_bad, is_bomb = raw, is_truncated, False, False
    for coding in reversed(codings):
        unfolded = UNFOLD[coding](body, Allowance(limit, ratio), is_cut=is_cut)
        if unfolded.is_broken and not unfolded.body:
            return DecodedBody(
                raw[:cap], is_truncated or len(raw) > cap, is_undecodable=True, deviations=(Deviation.BAD_CODING,)
            )
        body = unfolded.body
        is_cut = is_cut or unfolded.has_more or unfolded.is_broken
        is_bad = is_bad or unfolded.is_broken
        is_bomb = is_bomb or unfolded.is_bomb or (unfolded.has_more and limit < cap)
    named = ((Deviation.BAD_CODING, is_bad), (Deviation.CODING_RATIO, is_bomb))
    return DecodedBody(body, is_cut, deviations=tuple(deviation for deviation, is_so in named if is_so))
