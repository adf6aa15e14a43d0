"""What a backslash means, in and out of a character class, and which escapes are refused by name."""

import string
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, NoReturn

from ebbtide.model.errors import PatternError
from ebbtide.patterns.tokens import Kind, Token

_REFUSED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "h": ("\\h", "Ruby reads a hexadecimal digit, PCRE a horizontal space; write [0-9A-Fa-f] or [ \\t]."),
        "H": ("\\H", "Ruby and PCRE read it differently; write [^0-9A-Fa-f] or [^ \\t]."),
        "R": ("\\R (line break)", "Write (?:\\r\\n|\\n|\\r)."),
        "K": ("\\K (match reset)", "Put what is wanted into a group."),
        "G": ("\\G (end of the last match)", "There is only one search."),
        "X": ("\\X (grapheme)", "Write a dot."),
        "N": ("\\N (no newline)", "Write [^\\n]."),
        "V": ("\\V (no vertical space)", "Write [^\\n\\x0b\\f\\r]."),
        "k": ("back-reference \\k", "RE2 has no memory of what a group matched."),
        "g": ("back-reference or subroutine \\g", "RE2 has no memory of what a group matched."),
    }
)
_CONTROLS: Mapping[str, str] = MappingProxyType(
    {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "e": "\x1b"}
)
_CLASSES = "dDsSwWC"
_ASSERTIONS = "AbBz"
_OCTAL = "01234567"
_RUBY_HEX = "0-9A-Fa-f"
_LAST_LATIN1 = 0xFF
_LAST_UNICODE = 0x10FFFF


class UnsupportedPatternError(PatternError):
    """A pattern is well formed elsewhere, but uses a construct that is refused here."""


class Escape(NamedTuple):
    """An escape read: what it is, and where the next part begins."""

    token: Token
    end: int


def refuse(construct: str, position: int, *, where: str, remedy: str = "") -> NoReturn:
    """Refuse a construct by its name and place.

    Raises:
        UnsupportedPatternError: Always.
    """
    raise UnsupportedPatternError(
        f"the pattern uses {construct} at character {position + 1}, which is refused.", where=where, remedy=remedy
    )


def read_escape(pattern: str, start: int, *, in_class: bool, where: str, is_ruby: bool = False) -> Escape:
    r"""Read the escape that begins at ``start``.

    Args:
        pattern: The whole pattern.
        start: Where the backslash stands.
        in_class: Between brackets, where ``\b`` is a backspace and nothing asserts.
        where: Place of the pattern, for the sentence of an error.
        is_ruby: ``\h`` is a hexadecimal digit.

    Raises:
        PatternError: The escape is refused or broken.
    """
    letter = pattern[start + 1 : start + 2]
    if not letter:
        raise PatternError("the pattern ends with a lone backslash.", where=where)
    if is_ruby and (letter == "h" or (letter == "H" and not in_class)):
        text = _RUBY_HEX if in_class else f"[{'^' if letter == 'H' else ''}{_RUBY_HEX}]"
        return Escape(Token(Kind.CLASS, start, text), start + 2)
    if letter in _REFUSED:
        name, remedy = _REFUSED[letter]
        refuse(name, start, where=where, remedy=remedy)
    if letter in string.digits:
        return _read_octal(pattern, start, where)
    if letter in "xuc":
        return _read_code(pattern, start, where)
    if letter in "pP":
        return _read_property(pattern, start)
    return _read_letter(start, letter, in_class=in_class, where=where)


def _read_letter(start: int, letter: str, *, in_class: bool, where: str) -> Escape:
    """Escapes of one letter or sign."""
    end = start + 2
    spelled = f"\\{letter}"
    if letter in _CLASSES and not (in_class and letter == "C"):
        return Escape(Token(Kind.CLASS, start, spelled), end)
    if in_class and letter == "b":
        return Escape(_code_token(start, 0x08), end)
    if letter in _CONTROLS:
        return Escape(_code_token(start, ord(_CONTROLS[letter])), end)
    if letter in _ASSERTIONS and not in_class:
        return Escape(Token(Kind.ASSERTION, start, spelled), end)
    if letter == "Z" and not in_class:
        return Escape(Token(Kind.NEAR_END, start, r"(?:\n?\z)"), end)
    if letter.isascii() and letter.isalnum():
        refuse(f"the escape {spelled}", start, where=where)
    text = spelled if letter.isascii() else letter
    return Escape(Token(Kind.CHARACTER, start, text, character=letter, needs_text=not letter.isascii()), end)


def _read_octal(pattern: str, start: int, where: str) -> Escape:
    """Up to three octal digits; one digit other than 0 alone would point back to a group."""
    digits = ""
    for digit in pattern[start + 1 : start + 4]:
        if digit not in _OCTAL:
            break
        digits += digit
    if digits[:1] != "0" and len(digits) < len("12"):
        refuse(
            f"back-reference \\{pattern[start + 1]}",
            start,
            where=where,
            remedy="RE2 has no memory of what a group matched.",
        )
    code = int(digits, 8)
    return Escape(_code_token(start, code), start + 1 + len(digits))


def _read_code(pattern: str, start: int, where: str) -> Escape:
    r"""``\xHH``, ``\x{H}``, ``\uHHHH``, ``\u{H}`` and ``\cA``."""
    letter = pattern[start + 1]
    rest = pattern[start + 2 :]
    if letter == "c":
        if not (rest[:1].isascii() and rest[:1].isalpha()):
            refuse("a broken escape \\c", start, where=where)
        return Escape(_code_token(start, ord(rest[0].upper()) - 64), start + 3)
    if rest[:1] == "{":
        digits, closed = rest[1:].partition("}")[:2]
        end = start + 4 + len(digits)
    else:
        width = 2 if letter == "x" else 4
        digits, closed = rest[:width], "}" if len(rest) >= width else ""
        end = start + 2 + width
    if not closed or not digits or not set(digits) <= set(string.hexdigits) or int(digits, 16) > _LAST_UNICODE:
        refuse(
            f"a broken escape \\{letter}",
            start,
            where=where,
            remedy="Write two hexadecimal digits, or up to six in braces.",
        )
    return Escape(_code_token(start, int(digits, 16), is_character=letter == "u"), end)


def _read_property(pattern: str, start: int) -> Escape:
    r"""``\pN`` and ``\p{Greek}``: RE2 knows the names."""
    end = start + 3
    if pattern[start + 2 : start + 3] == "{":
        end = pattern.find("}", start) + 1 or len(pattern)
    return Escape(Token(Kind.CLASS, start, pattern[start:end], needs_text=True), end)


def _code_token(start: int, code: int, *, is_character: bool = False) -> Token:
    r"""A character by its number; ``\u`` names a character, ``\x`` up to FF a byte."""
    needs_text = code > _LAST_LATIN1 or (is_character and code > 0x7F)  # noqa: PLR2004  the last ASCII code
    return Token(Kind.CHARACTER, start, f"\\x{{{code:x}}}", character=chr(code), needs_text=needs_text)
