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
        if any(not literal.text for literals in rows for literal in literals):
            raise ValueError("a literal must not be empty")
        self._size = len(rows)
        self._always = frozenset(number for number, literals in enumerate(rows) if not literals)
        self._exact = _Waiting(
            (literal.text, number)
            for number, literals in enumerate(rows)
            for literal in literals
            if not literal.ignore_case
        )
        self._folded = _Waiting(
            (literal.text.lower(), number)
            for number, literals in enumerate(rows)
            for literal in literals
            if literal.ignore_case
        )

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
        return self._exact.entries_for(data) | (self._folded.entries_for(data.lower()) if self._folded else set())


class _Waiting:
    """Words, and the entries that wait for them."""

    def __init__(self, pairs: Iterable[tuple[bytes, int]]) -> None:
        waiting: dict[bytes, list[int]] = {}
        for word, entry in pairs:
            waiting.setdefault(word, []).append(entry)
        self._entries = tuple(waiting.values())
        self._automaton = Automaton(tuple(waiting)) if waiting else None

    def __bool__(self) -> bool:
        """Whether any entry waits."""
        return self._automaton is not None

    def entries_for(self, text: bytes) -> set[int]:
        """The entries that wait for any word that occurs in the text."""
        if self._automaton is None:
            return set()
        return {entry for word in self._automaton.present(text) for entry in self._entries[word]}
