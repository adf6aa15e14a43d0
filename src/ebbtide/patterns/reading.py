"""Reads a pattern in the spelling of Go, PCRE, Ruby or Python into parts that RE2 takes, or refuses it by name.

What is decided by documentation: RE2's syntax page says what RE2 takes; a construct is translated only where Ruby, PCRE
and Python agree on what it means and RE2 can say exactly the same.
"""

import string
from collections.abc import Callable, Mapping
from types import MappingProxyType

from ebbtide.model.errors import PatternError
from ebbtide.patterns.escapes import read_escape, refuse
from ebbtide.patterns.tokens import MOST_CHARACTERS, MOST_NESTED, MOST_REPEATED, Kind, Token

_NO_LOOKING = "RE2 has no look-around, so that every search is linear."
_NO_BACKTRACKING = "RE2 does not backtrack; write the plain group or repetition."
_NO_MEMORY = "RE2 has no memory of what a group matched."
_REFUSED_GROUPS = (
    ("(?=", "look-ahead (?=", _NO_LOOKING),
    ("(?!", "negative look-ahead (?!", _NO_LOOKING),
    ("(?<=", "look-behind (?<=", _NO_LOOKING),
    ("(?<!", "negative look-behind (?<!", _NO_LOOKING),
    ("(?>", "an atomic group (?>", _NO_BACKTRACKING),
    ("(?|", "a branch reset group (?|", "Number the groups one by one."),
    ("(?(", "a conditional group (?(", "Write both cases as alternatives."),
    ("(?~", "an absence group (?~", "RE2 cannot say what must be absent."),
    ("(?P=", "back-reference (?P=", _NO_MEMORY),
    ("(?P>", "a subroutine call (?P>", _NO_MEMORY),
    ("(?&", "a subroutine call (?&", _NO_MEMORY),
    ("(?R", "recursion (?R", _NO_MEMORY),
    ("(?C", "a callout (?C", ""),
    ("(?{", "code (?{", "A pattern never runs code."),
    ("(??", "code (??", "A pattern never runs code."),
    ("(*", "a control verb (*", _NO_BACKTRACKING),
)
_KNOWN_FLAGS = "imsU"
_FLAG_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "x": "the verbose flag x",
        "u": "the flag u",
        "a": "the flag a",
        "L": "the flag L",
        "n": "the flag n",
        "J": "the flag J",
    }
)
_DEFINITE_REPEATS: Mapping[str, int] = MappingProxyType({"*": 0, "+": 1, "?": 0})


def read_pattern(pattern: str, where: str = "", *, is_ruby: bool = False) -> tuple[Token, ...]:
    """Split a pattern into parts.

    Args:
        pattern: As its author wrote it.
        where: File and line or key, for the sentence of an error.
        is_ruby: Ruby's reading counts where spellings differ.

    Returns:
        The parts in order; their texts joined are the pattern in RE2's spelling.

    Raises:
        PatternError: A construct is refused, with its name and place, or a bracket stays open.
    """
    if len(pattern) > MOST_CHARACTERS:
        raise PatternError(f"the pattern has {len(pattern)} characters; {MOST_CHARACTERS} are allowed.", where=where)
    reader = _Reader(pattern, where, is_ruby=is_ruby)
    reader.read()
    _check_near_end(reader.tokens, where)
    return tuple(reader.tokens)


class _Reader:
    """Walks over a pattern once, from left to right."""

    def __init__(self, pattern: str, where: str, *, is_ruby: bool) -> None:
        self.pattern = pattern
        self.is_ruby = is_ruby
        self.where = where
        self.position = 0
        self.depth = 0
        self.tokens: list[Token] = []
        self._readers: Mapping[str, Callable[[], None]] = {
            "\\": self._read_escape,
            "[": self._read_class,
            "(": self._read_open,
            ")": self._read_close,
            "{": self._read_braces,
            "*": self._read_sign,
            "+": self._read_sign,
            "?": self._read_sign,
        }

    def read(self) -> None:
        """Read to the end."""
        while self.position < len(self.pattern):
            read = self._readers.get(self.pattern[self.position], self._read_plain)
            read()
        if self.depth:
            raise PatternError("a group of the pattern is never closed.", where=self.where)

    def _add(self, token: Token, end: int) -> None:
        self.tokens.append(token)
        self.position = end

    def _read_plain(self) -> None:
        character = self.pattern[self.position]
        start, end = self.position, self.position + 1
        if character == "|":
            self._add(Token(Kind.ALTERNATIVE, start, character), end)
        elif character in "^$":
            self._add(Token(Kind.ASSERTION, start, character), end)
        elif character == ".":
            self._add(Token(Kind.CLASS, start, character), end)
        else:
            self._add(_character(character, start), end)

    def _read_escape(self) -> None:
        start = self.position
        if self.pattern.startswith("\\Q", start):
            self._read_quoted()
            return
        if self.pattern.startswith("\\E", start):
            self.position += 2
            return
        escape = read_escape(self.pattern, start, in_class=False, is_ruby=self.is_ruby, where=self.where)
        self._add(escape.token, escape.end)

    def _read_quoted(self) -> None:
        r"""``\Q...\E``: every character stands for itself."""
        begin = self.position + 2
        end = self.pattern.find("\\E", begin)
        stop = len(self.pattern) if end < 0 else end
        for place in range(begin, stop):
            self._add(_character(self.pattern[place], place, is_quoted=True), place + 1)
        self.position = stop if end < 0 else stop + 2

    def _read_class(self) -> None:
        """One bracketed class, given on in RE2's spelling."""
        start = self.position
        place = start + 1
        spelled = ["["]
        if self.pattern.startswith("^", place):
            spelled.append("^")
            place += 1
        members: list[str] = []
        needs_text = False
        while not (self.pattern.startswith("]", place) and members):
            if place >= len(self.pattern):
                raise PatternError(f"the class that begins at character {start + 1} is never closed.", where=self.where)
            member, place, member_needs_text = self._read_member(place)
            members.append(member)
            needs_text = needs_text or member_needs_text
        single = self._single_member("".join(spelled), members)
        if single is not None:
            self._add(single, place + 1)
            return
        text = "".join([*spelled, *members, "]"])
        self._add(Token(Kind.CLASS, start, text, needs_text=needs_text), place + 1)

    def _single_member(self, opening: str, members: list[str]) -> Token | None:
        """``[.]`` says no more than one character; written so, its literal can be looked for."""
        if opening != "[" or len(members) != 1 or len(members[0]) != 1:
            return None
        return _character(members[0], self.position, is_quoted=True)

    def _read_member(self, place: int) -> tuple[str, int, bool]:
        """One member of a class: its spelling, where the next begins, whether it needs text."""
        character = self.pattern[place]
        if character == "\\":
            escape = read_escape(self.pattern, place, in_class=True, is_ruby=self.is_ruby, where=self.where)
            return escape.token.text, escape.end, escape.token.needs_text
        if self.pattern.startswith("[:", place):
            end = self.pattern.find(":]", place)
            if end > 0:
                return self.pattern[place : end + 2], end + 2, False
        return character, place + 1, not character.isascii()

    def _read_open(self) -> None:
        start = self.position
        for prefix, name, remedy in _REFUSED_GROUPS:
            if self.pattern.startswith(prefix, start):
                refuse(name, start, where=self.where, remedy=remedy)
        if not self.pattern.startswith("(?", start):
            self._open(Token(Kind.OPEN, start, "(", captures=True), start + 1)
        elif self.pattern.startswith("(?#", start):
            self._skip_comment()
        elif self.pattern.startswith(("(?P<", "(?<", "(?'"), start):
            self._read_named()
        else:
            self._read_flags()

    def _open(self, token: Token, end: int) -> None:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise PatternError(f"the groups of the pattern are nested deeper than {MOST_NESTED}.", where=self.where)
        self._add(token, end)

    def _skip_comment(self) -> None:
        end = self.pattern.find(")", self.position)
        if end < 0:
            raise PatternError(f"the comment at character {self.position + 1} is never closed.", where=self.where)
        self.position = end + 1

    def _read_named(self) -> None:
        start = self.position
        begin = start + (4 if self.pattern.startswith("(?P<", start) else 3)
        closing = "'" if self.pattern[begin - 1] == "'" else ">"
        end = self.pattern.find(closing, begin)
        name = self.pattern[begin:end] if end > 0 else ""
        if not (name.isascii() and name.replace("_", "a").isalnum()):
            raise PatternError(f"the name of the group at character {start + 1} is broken.", where=self.where)
        self._open(Token(Kind.OPEN, start, f"(?P<{name}>", captures=True), end + 1)

    def _read_flags(self) -> None:
        """``(?:``, ``(?i)``, ``(?s-i:``; a flag that RE2 lacks is refused by name."""
        start = self.position
        end = start + 2
        while self.pattern[end : end + 1] not in {"", ":", ")"}:
            letter = self.pattern[end]
            if letter in string.digits + "+" or self.pattern[end : end + 2].removeprefix("-").isdigit():
                refuse("a subroutine call (?", start, where=self.where, remedy=_NO_MEMORY)
            if letter not in _KNOWN_FLAGS + "-":
                refuse(_FLAG_NAMES.get(letter, f"the group (?{letter}"), start, where=self.where)
            end += 1
        letters = self.pattern[start + 2 : end]
        if self.is_ruby:
            letters = letters.replace("m", "s")
        turned_on, _, turned_off = letters.partition("-")
        text = f"(?{letters}{self.pattern[end : end + 1]}"
        if text.endswith(":"):
            self._open(Token(Kind.OPEN, start, text, flags_on=turned_on, flags_off=turned_off), end + 1)
        else:
            self._add(Token(Kind.FLAGS, start, text, flags_on=turned_on, flags_off=turned_off), end + 1)

    def _read_close(self) -> None:
        if not self.depth:
            raise PatternError(f"the group closed at character {self.position + 1} was never opened.", where=self.where)
        self.depth -= 1
        self._add(Token(Kind.CLOSE, self.position, ")"), self.position + 1)

    def _read_sign(self) -> None:
        sign = self.pattern[self.position]
        self._add_repeat(sign, _DEFINITE_REPEATS[sign])

    def _read_braces(self) -> None:
        """``{n}``, ``{n,}``, ``{n,m}``; any other brace is itself, ``{,m}`` too, as RE2 and Go read it."""
        start = self.position
        inside, closed = self.pattern[start + 1 :].partition("}")[:2]
        low, comma, high = inside.partition(",")
        is_count = closed and set(low + high) <= set(string.digits)
        if not (is_count and low):
            self._add(_character("{", start, is_quoted=True), start + 1)
            return
        least, most = int(low[:6]), int(high[:6] or low[:6])
        if least > most or max(least, most) > MOST_REPEATED:
            refuse(
                f"the repetition {{{inside}}}",
                start,
                where=self.where,
                remedy=f"The bounds rise and are at most {MOST_REPEATED}.",
            )
        self._add_repeat("{" + low + comma + high + "}", least)

    def _add_repeat(self, text: str, least: int) -> None:
        """A repetition with its mark of greed; possessive and repeated ones are refused."""
        start, end = self.position, self.position + len(text)
        if not self.tokens or self.tokens[-1].kind in {Kind.OPEN, Kind.ALTERNATIVE, Kind.FLAGS}:
            raise PatternError(f"the repetition at character {start + 1} has nothing to repeat.", where=self.where)
        if self.tokens[-1].kind is Kind.REPEAT:
            refuse(
                "a repetition of a repetition", start, where=self.where, remedy="Put the first into a group (?:...)."
            )
        following = self.pattern[end : end + 1]
        if following == "+":
            refuse(f"the possessive repetition {text}+", start, where=self.where, remedy=_NO_BACKTRACKING)
        if following == "?":
            text, end = f"{text}?", end + 1
        self._add(Token(Kind.REPEAT, start, text, least=least), end)


def _character(character: str, start: int, *, is_quoted: bool = False) -> Token:
    """A character that stands for itself."""
    is_sign = is_quoted and character.isascii() and not character.isalnum()
    text = f"\\x{{{ord(character):x}}}" if is_sign else character
    return Token(Kind.CHARACTER, start, text, character=character, needs_text=not character.isascii())


def _check_near_end(tokens: list[Token], where: str) -> None:
    r"""``\Z`` (the end, or before a last newline) can be said exactly only where nothing follows or captures it."""
    open_groups: list[bool] = []
    for index, token in enumerate(tokens):
        if token.kind is Kind.OPEN:
            open_groups.append(token.captures)
        elif token.kind is Kind.CLOSE:
            open_groups.pop()
        elif token.kind is Kind.NEAR_END:
            following = tokens[index + 1 :]
            is_last = all(later.kind is Kind.CLOSE for later in following)
            is_branch_end = not open_groups and bool(following) and following[0].kind is Kind.ALTERNATIVE
            if any(open_groups) or not (is_last or is_branch_end):
                refuse(
                    "\\Z with something after or around it",
                    token.position,
                    where=where,
                    remedy="Write \\z, or \\n?\\z.",
                )
