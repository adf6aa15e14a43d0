"""How alike two answers are, whatever names were asked for and whatever the time was: shingles of words."""

from collections.abc import Set as AbstractSet
from itertools import pairwise

import msgspec

from ebbtide.model.transcripts import Exchange

MOST_WORDS = 20_000
"""Of a longer page only so many words are compared, so that a long one costs no more than this."""

_KEPT = b"abcdefghijklmnopqrstuvwxyz0123456789"
_DIGITS = frozenset(b"0123456789")
_FIELDS = (b"location", b"www-authenticate")


def _word_table() -> bytes:
    """Letters in lower case, digits and all beyond ASCII stay; everything else parts words."""
    table = bytearray(b" " * 128 + bytes(range(128, 256)))
    for octet in _KEPT:
        table[octet] = octet
        if chr(octet).isalpha():
            table[octet - 32] = octet
    return bytes(table)


_WORDS = _word_table()


class Wording(msgspec.Struct, frozen=True):
    """An answer as words, for ``likeness``.

    Attributes:
        words: Of the body, then of the fields that stand in for one; those with a digit in them are left out, for
            they count, date or name something once.
        asked: Words of the path that was asked for, which a page may repeat.
    """

    words: tuple[bytes, ...]
    asked: frozenset[bytes]


def wording(exchange: Exchange) -> Wording:
    """The words of an answer."""
    values = [value for name in _FIELDS for value in exchange.field_values(name)]
    told = [word for text in (exchange.body, *values) for word in _words(text)]
    return Wording(tuple(told), frozenset(_words(exchange.request.path.encode("ascii", "replace"))))


def likeness(one: Wording, other: Wording) -> float:
    """The share of pairs of neighbouring words that two answers have in common.

    Args:
        one: The words of an answer.
        other: Those of another answer.

    Returns:
        Jaccard's index, 0 to 1, over the sets of pairs, once all words of either path are taken out of both; 1 where
        neither answer has a word left.

    Source: A. Broder, "On the resemblance and containment of documents", 1997.
    """
    left_out = one.asked | other.asked
    mine, others = _shingles(one, left_out), _shingles(other, left_out)
    union = len(mine | others)
    return len(mine & others) / union if union else 1.0


def _shingles(told: Wording, left_out: AbstractSet[bytes]) -> set[tuple[bytes, bytes]]:
    kept = [word for word in told.words if word not in left_out]
    return set(pairwise((b"", *kept))) if kept else set()


def _words(text: bytes) -> list[bytes]:
    words = text.translate(_WORDS).split(maxsplit=MOST_WORDS)[:MOST_WORDS]
    return [word for word in words if _DIGITS.isdisjoint(word)]
