"""Text from strangers, made harmless for a terminal."""

import unicodedata

_BIDI_AND_INVISIBLE = frozenset(
    "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)


def harmless(text: str) -> str:
    """The text with control and direction characters as visible escapes.

    Args:
        text: Anything, for example a banner that a server sent.

    Returns:
        The same, in which no character moves the cursor, colours, or turns the direction of reading.
    """
    if text.isprintable() and not (_BIDI_AND_INVISIBLE & set(text)):
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    hidden = character in _BIDI_AND_INVISIBLE or unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"}
    return character.encode("unicode_escape").decode() if hidden and character != "\n" else character
