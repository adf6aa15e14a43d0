"""Text from strangers, made dead before it stands in a publication."""

import unicodedata

_TURNS_OR_HIDES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def plain(text: str) -> str:
    """The text with control, direction and invisible characters as visible escapes.

    Args:
        text: Anything, for example a family's id that was read from a banner.

    Returns:
        The same, in which no character moves a cursor, colours, or turns the direction of reading.
    """
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _TURNS_OR_HIDES or character == "\n":
        return character
    return character.encode("unicode_escape").decode("ascii")
