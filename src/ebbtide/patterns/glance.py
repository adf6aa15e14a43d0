"""Which of a few dozen words may occur in some bytes: the quickest question there is, asked before all others."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

_WORDS_AT_ONCE = 48
"""Up to 64 words the library skips through the bytes with vector instructions; beyond, it is some ten times slower."""


class Glance:
    """Tells which words may occur, for words of which hardly any does.

    Only matches that do not overlap are looked for, which is what makes it quick; a word that could have been hidden by
    one that was found is reported too. So no word that occurs is ever missing from the answer.

    Args:
        words: Byte strings, none of them empty; known by their number, from 0.
    """

    def __init__(self, words: Sequence[bytes]) -> None:
        distinct = set(words)
        sought = sorted(word for word in distinct if not any(other in word for other in distinct if other != word))
        beginnings = _numbers_by_piece(words, lambda word: (word[:length] for length in range(1, len(word) + 1)))
        ends = _numbers_by_piece(words, lambda word: (word[-length:] for length in range(1, len(word) + 1)))
        self._finders = [
            (
                BytesAhoCorasick(some, matchkind=MatchKind.LeftmostFirst, implementation=Implementation.DFA),
                [_sharing(found, words, beginnings, ends) for found in some],
            )
            for start in range(0, len(sought), _WORDS_AT_ONCE)
            for some in [sought[start : start + _WORDS_AT_ONCE]]
        ]

    def possible(self, text: bytes) -> set[int]:
        """Numbers of words that may stand in the text; all others certainly do not."""
        possible: set[int] = set()
        for finder, implied in self._finders:
            if places := finder.find_matches_as_indexes(text):
                possible.update(*_each_once(implied, places))
        return possible


def _each_once(implied: Sequence[frozenset[int]], places: Iterable[Sequence[int]]) -> list[frozenset[int]]:
    return [implied[found] for found in {place[0] for place in places}]


def _numbers_by_piece(words: Sequence[bytes], pieces: Callable[[bytes], Iterable[bytes]]) -> dict[bytes, set[int]]:
    """Which words begin, or end, with a piece."""
    numbers: dict[bytes, set[int]] = defaultdict(set)
    for number, word in enumerate(words):
        for piece in pieces(word):
            numbers[piece].add(number)
    return numbers


def _sharing(
    found: bytes, words: Sequence[bytes], beginnings: Mapping[bytes, set[int]], ends: Mapping[bytes, set[int]]
) -> frozenset[int]:
    """Numbers of words of which an occurrence can share octets with one of ``found``."""
    inside = {number for number, word in enumerate(words) if found in word}
    behind = (beginnings.get(found[-length:], ()) for length in range(1, len(found)))
    before = (ends.get(found[:length], ()) for length in range(1, len(found)))
    return frozenset(inside.union(*behind, *before))
