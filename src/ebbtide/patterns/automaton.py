"""The only door to ahocorasick-rs: all places where any of many byte strings occurs."""

from collections.abc import Iterator, Sequence

from ahocorasick_rs import BytesAhoCorasick

_WINDOW_BYTES = 65_536


class Automaton:
    """Finds every occurrence of every word, overlapping ones too.

    Args:
        words: Byte strings, none of them empty.
    """

    def __init__(self, words: Sequence[bytes]) -> None:
        self._finder = BytesAhoCorasick(words)
        self._overlap = max((len(word) for word in words), default=1) - 1

    def occurrences(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Number of a word and where it starts; a place in the seam of two windows may come twice.

        The text is read in windows, so that a text made to hold very many occurrences costs time but never much memory.
        """
        for begin in range(0, max(len(text) - self._overlap, 1), _WINDOW_BYTES):
            window = text[begin : begin + _WINDOW_BYTES + self._overlap]
            for word, start, _ in self._finder.find_matches_as_indexes(window, overlapping=True):
                yield word, begin + start
