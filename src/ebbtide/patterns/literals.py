"""Which of many literals occur in some bytes, in one pass: the prefilter before the patterns."""

from collections.abc import Iterable, Sequence

from ebbtide.patterns.automaton import Automaton
from ebbtide.patterns.required import Literal


class LiteralSet:
    """Tells which of many entries may match, by the literals that each of them needs.

    An entry is a sequence of literals of which at least one must occur (``Pattern.literals`` is one). An entry without
    literals may always match.

    Args:
        entries: The entries; they are known by their number, from 0.

    Raises:
        ValueError: A literal is empty.
    """

    def __init__(self, entries: Iterable[Sequence[Literal]]) -> None:
        rows = [tuple(entry) for entry in entries]
        self._always = frozenset(number for number, literals in enumerate(rows) if not literals)
        self._words: list[bytes] = []
        self._folded: list[list[int]] = []
        self._exact: list[dict[bytes, list[int]]] = []
        numbers: dict[bytes, int] = {}
        for number, literals in enumerate(rows):
            for literal in literals:
                self._add(numbers, number, literal)
        self._automaton = Automaton(self._words) if self._words else None
        self._size = len(rows)

    def _add(self, numbers: dict[bytes, int], entry: int, literal: Literal) -> None:
        """Let an entry wait for a literal."""
        if not literal.text:
            raise ValueError("a literal must not be empty")
        word = literal.text.lower()
        number = numbers.setdefault(word, len(self._words))
        if number == len(self._words):
            self._words.append(word)
            self._folded.append([])
            self._exact.append({})
        if literal.ignore_case:
            self._folded[number].append(entry)
        else:
            self._exact[number].setdefault(literal.text, []).append(entry)

    def __len__(self) -> int:
        """How many entries there are."""
        return self._size

    @property
    def always(self) -> frozenset[int]:
        """Entries without literals: nothing can rule them out."""
        return self._always

    def candidates(self, data: bytes) -> list[int]:
        """Numbers of the entries that may match, rising; all others certainly do not."""
        return sorted(self._always | self.occurring(data))

    def occurring(self, data: bytes) -> set[int]:
        """Numbers of the entries of whose literals at least one occurs in the data."""
        found: set[int] = set()
        if self._automaton is None:
            return found
        seen: set[int] = set()
        for word, start in self._automaton.occurrences(data.lower()):
            if word not in seen:
                seen.add(word)
                found.update(self._folded[word])
            if self._exact[word]:
                found.update(self._exact[word].get(data[start : start + len(self._words[word])], ()))
        return found
