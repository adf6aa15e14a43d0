"""Patterns on network bytes: linear time, capped memory, and no byte that can hide a match."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType

import msgspec

from ebbtide.model.errors import PatternError
from ebbtide.patterns.engine import EngineRefusal, Program, RawMatch, compile_program
from ebbtide.patterns.reading import read_pattern
from ebbtide.patterns.required import Literal, required_literals
from ebbtide.patterns.text import normalise_text

DEFAULT_MEMORY_BYTES = 8 << 20
"""What one compiled pattern and its caches may take, unless the caller says otherwise."""


class Match:
    """One match of a pattern.

    Attributes:
        start, end: Where it lies in the text that was searched: the data itself, or for a pattern with
            ``is_text`` the data as ``normalise_text`` gives it.
    """

    __slots__ = ("_names", "_raw", "end", "start")

    def __init__(self, raw: RawMatch, names: Mapping[str, int]) -> None:
        self._raw = raw
        self._names = names
        self.start, self.end = raw.span()

    def group(self, group: int | str = 0) -> bytes | None:
        """What a group holds; ``None`` if it took no part.

        Raises:
            IndexError: There is no such group.
        """
        if isinstance(group, str):
            if group not in self._names:
                raise IndexError(f"no such group: {group}")
            group = self._names[group]
        return self._raw.group(group)

    def span(self, group: int | str = 0) -> tuple[int, int]:
        """Where a group lies in the text that was searched; ``(-1, -1)`` if it took no part.

        Raises:
            IndexError: There is no such group.
        """
        if isinstance(group, str):
            if group not in self._names:
                raise IndexError(f"no such group: {group}")
            group = self._names[group]
        return self._raw.span(group)

    def groups_by_name(self) -> dict[str, bytes]:
        """All named groups that took part."""
        held = {name: self._raw.group(number) for name, number in self._names.items()}
        return {name: value for name, value in held.items() if value is not None}

    def __repr__(self) -> str:
        return f"Match({self.start}, {self.end}, {self._raw.group()!r})"


class CompiledPattern(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a pattern once RE2 has taken it.

    Attributes:
        source: As its author wrote it.
        spelled: As RE2 takes it.
        is_text: It sees UTF-8, not octets.
        literals: One of them stands in every match; empty if nothing is certain.
        group_count, instruction_count, group_names: As RE2 says.
    """

    source: str
    spelled: str
    memory_bytes: int
    is_text: bool
    literals: tuple[Literal, ...]
    group_count: int
    instruction_count: int
    group_names: dict[str, int]


class Pattern:
    """A compiled pattern; made by ``compile_pattern``. It can be pickled.

    Attributes:
        source: As its author wrote it.
        is_text: It speaks of characters beyond ASCII, so the data is read as UTF-8 first (``normalise_text``).
        group_count: How many groups capture.
        group_names: Named groups and their numbers.
        instruction_count: What it compiled to; its size in memory goes with it.
        literals: Every match holds at least one of these; empty if nothing is certain.
    """

    def __init__(self, told: CompiledPattern, program: Program | None = None) -> None:
        self.source = told.source
        self.is_text = told.is_text
        self.literals = told.literals
        self.group_count = told.group_count
        self.instruction_count = told.instruction_count
        self.group_names: Mapping[str, int] = MappingProxyType(told.group_names)
        self._told = told
        if program is not None:
            self._program = program

    @cached_property
    def _program(self) -> Program:
        told = self._told
        return compile_program(told.spelled, is_latin1=not told.is_text, memory_bytes=told.memory_bytes)

    @property
    def told(self) -> CompiledPattern:
        """All that is known of it, from which it can be made again without being read again."""
        return self._told

    def search(self, data: bytes) -> Match | None:
        """The leftmost match in the data."""
        raw = self._program.search(normalise_text(data) if self.is_text else data)
        return None if raw is None else Match(raw, self.group_names)

    def matches(self, data: bytes) -> bool:
        """Whether it matches anywhere in the data."""
        return self._program.search(normalise_text(data) if self.is_text else data) is not None

    def find_all(self, data: bytes) -> Iterator[Match]:
        """All matches that do not overlap, from left to right."""
        for raw in self._program.finditer(normalise_text(data) if self.is_text else data):
            yield Match(raw, self.group_names)

    def __repr__(self) -> str:
        return f"Pattern({self.source!r})"

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Pattern, (self._told,)


def compile_pattern(
    pattern: str,
    *,
    ignore_case: bool = False,
    multi_line: bool = False,
    dot_all: bool = False,
    is_ruby: bool = False,
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
    where: str = "",
) -> Pattern:
    """Compile a pattern for RE2.

    An ASCII pattern sees each byte as one character, so a stray 0xff never hides a match. A pattern that names other
    characters sees the data as ``normalise_text`` gives it.

    Args:
        pattern: In the spelling of Go, RE2, PCRE, Ruby or Python, as far as these agree.
        ignore_case: Letters match both cases.
        multi_line: ``^`` and ``$`` match at every line.
        dot_all: A dot matches a newline too.
        is_ruby: Where the spellings differ, Ruby's counts: ``(?m)`` lets a dot match a newline, and an escaped ``h`` is
            a hexadecimal digit.
        memory_bytes: What the compiled pattern and its caches may take.
        where: File and line or key, for the sentence of an error.

    Raises:
        PatternError: Look-around, back-references and whatever else RE2 lacks are refused, by name and place.
    """
    if any("\ud800" <= character <= "\udfff" for character in pattern):
        raise PatternError("the pattern holds half of a surrogate pair, which is no character.", where=where)
    tokens = read_pattern(pattern, where, is_ruby=is_ruby)
    is_text = any(token.needs_text for token in tokens)
    flags = ("i" if ignore_case else "") + ("m" if multi_line else "") + ("s" if dot_all else "")
    spelled = (f"(?{flags})" if flags else "") + "".join(token.text for token in tokens)
    try:
        program = compile_program(spelled, is_latin1=not is_text, memory_bytes=memory_bytes)
    except EngineRefusal as refusal:
        raise PatternError(f"RE2 does not take the pattern {_shortened(pattern)}: {refusal}.", where=where) from refusal
    literals = required_literals(tokens, ignore_case=ignore_case, is_text=is_text)
    told = CompiledPattern(
        source=pattern,
        spelled=spelled,
        memory_bytes=memory_bytes,
        is_text=is_text,
        literals=literals,
        group_count=program.groups,
        instruction_count=program.programsize,
        group_names={name.decode("ascii"): number for name, number in program.groupindex.items()},
    )
    return Pattern(told, program)


def _shortened(pattern: str) -> str:
    """A pattern short enough for a sentence."""
    longest = 80
    return pattern if len(pattern) <= longest else f"{pattern[:longest]}..."
