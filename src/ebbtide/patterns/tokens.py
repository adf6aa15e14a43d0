"""The parts of a pattern as our reader of pattern syntax names them."""

from enum import StrEnum

import msgspec

MOST_NESTED = 200
"""Groups within groups that a pattern may have."""

MOST_CHARACTERS = 65_536
"""Length that a pattern may have."""

MOST_REPEATED = 1000
"""RE2's bound for ``{n,m}``."""


class Kind(StrEnum):
    """What a part of a pattern does."""

    CHARACTER = "character"
    CLASS = "class"
    ASSERTION = "assertion"
    OPEN = "open"
    CLOSE = "close"
    ALTERNATIVE = "alternative"
    REPEAT = "repeat"
    FLAGS = "flags"
    NEAR_END = "near_end"


class Token(msgspec.Struct, frozen=True):
    """One part of a pattern.

    Attributes:
        position: Where it stands in the pattern as written, from 0.
        text: How RE2 spells it.
        character: The one character that it matches; empty if it is not of kind ``CHARACTER``.
        captures: For ``OPEN``: the group is numbered.
        flags_on, flags_off: Flag letters that ``FLAGS`` or ``OPEN`` sets and clears.
        least: For ``REPEAT``: how often what stands before must come.
        needs_text: It speaks of characters beyond Latin-1, so bytes must be read as UTF-8.
    """

    kind: Kind
    position: int
    text: str
    character: str = ""
    captures: bool = False
    flags_on: str = ""
    flags_off: str = ""
    least: int = 0
    needs_text: bool = False
