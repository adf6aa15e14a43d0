"""The only door to ahocorasick-rs: which of many byte strings occur in some bytes."""

from collections.abc import Sequence

from ahocorasick_rs import BytesAhoCorasick

_WINDOW_BYTES = 16_384
_DENSE_PLACES = 4096


class Automaton:
    """Tells which words occur, in one pass over the bytes.

    Args:
        words: Byte strings, none of them empty, each once.
    """

    def __init__(self, words: Sequence[bytes]) -> None:
        self._words = tuple(words)
        self._finder = BytesAhoCorasick(self._words)
        self._overlap = max((len(word) for word in self._words), default=1) - 1

    def present(self, text: bytes) -> set[int]:
        """Numbers of the words that occur.

        The text is read in windows. Where a window holds very many places, the words already seen are no longer looked
        for, so that a text made to repeat them costs neither much time nor much memory.
        """
        present: set[int] = set()
        numbers: Sequence[int] = range(len(self._words))
        finder = self._finder
        for begin in range(0, max(len(text) - self._overlap, 1), _WINDOW_BYTES):
            window = text[begin : begin + _WINDOW_BYTES + self._overlap]
            places = finder.find_matches_as_indexes(window, overlapping=True)
            present.update({numbers[place[0]] for place in places})
            if len(places) > _DENSE_PLACES:
                numbers = [number for number in numbers if number not in present]
                finder = BytesAhoCorasick([self._words[number] for number in numbers])
        return present
