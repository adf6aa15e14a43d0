"""The only door to google-re2, which ships no types: one thin wrapper with types of our own."""

from collections.abc import Iterator, Mapping
from typing import Protocol, cast

import re2


class RawMatch(Protocol):
    """What RE2 hands back for one match."""

    def span(self, group: int = 0, /) -> tuple[int, int]:
        """Start and end of a group; ``(-1, -1)`` if it took no part."""
        ...

    def group(self, group: int = 0, /) -> bytes | None:
        """The bytes of a group; ``None`` if it took no part."""
        ...


class Program(Protocol):
    """A pattern that RE2 has compiled."""

    @property
    def groups(self) -> int:
        """How many groups capture."""
        ...

    @property
    def programsize(self) -> int:
        """How many instructions it compiled to."""
        ...

    @property
    def groupindex(self) -> Mapping[bytes, int]:
        """Names of groups and their numbers."""
        ...

    def search(self, text: bytes, /) -> RawMatch | None:
        """The leftmost match."""
        ...

    def finditer(self, text: bytes, /) -> Iterator[RawMatch]:
        """All matches that do not overlap."""
        ...


class EngineRefusal(Exception):  # noqa: N818  it is RE2's answer, told on by the caller as a PatternError
    """RE2 does not take the pattern; the text is RE2's reason."""


def compile_program(pattern: str, *, is_latin1: bool, memory_bytes: int) -> Program:
    """Compile for RE2, over bytes as Latin-1 or over UTF-8.

    Args:
        pattern: In RE2's own spelling; ASCII if ``is_latin1``.
        is_latin1: One byte is one character, so that no byte can break the text.
        memory_bytes: What the compiled pattern and its caches may take.

    Raises:
        EngineRefusal: RE2 says no.
    """
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1 if is_latin1 else re2.Options.Encoding.UTF8
    options.max_mem = memory_bytes
    options.log_errors = False
    try:
        program = re2.compile(pattern.encode("ascii" if is_latin1 else "utf-8"), options)
    except re2.error as refusal:
        raise EngineRefusal(_reason(refusal)) from refusal
    return cast("Program", program)


def _reason(refusal: Exception) -> str:
    """RE2's reason as text."""
    reason = refusal.args[0] if refusal.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
