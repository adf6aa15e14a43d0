"""Which of a few dozen words may occur in some bytes: the quickest question there is, asked before all others."""

from collections.abc import Iterable, Sequence

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
        self._finders = [
            (
                BytesAhoCorasick(some, matchkind=MatchKind.LeftmostFirst, implementation=Implementation.DFA),
                [frozenset(number for number, word in enumerate(words) if _may_share(found, word)) for found in some],
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


def _may_share(found: bytes, word: bytes) -> bool:
    """Whether an occurrence of ``word`` can share octets with one of ``found``."""
    return found in word or any(
        found.endswith(word[:length]) or word.endswith(found[:length])
        for length in range(1, min(len(found), len(word)))
    )
