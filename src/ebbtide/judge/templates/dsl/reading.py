"""From the text of an expression to a tree: the grammar of govaluate, which nuclei's expressions are written in."""

import re
from typing import Final

import msgspec

MOST_CHARACTERS: Final = 65_536
MOST_DEPTH: Final = 64
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_.]*)
  | \[(?P<bracketed>[^\]\[]+)\]
  | (?P<quote>["'`])
  | (?P<operator>\?\?|&&|\|\||==|!=|>=|<=|=~|!~|<<|>>|\*\*|[-+*/%<>!&|^~?:(),])
    )""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_LEVELS: Final[tuple[frozenset[str], ...]] = (
    frozenset({"??"}),
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"==", "!=", ">", "<", ">=", "<=", "=~", "!~", "in"}),
    frozenset({"&", "|", "^"}),
    frozenset({"<<", ">>"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
    frozenset({"**"}),
)
"""From the loosest to the closest."""
_PREFIXES = frozenset({"!", "-", "~"})


class DslSyntaxError(Exception):
    """The text is no expression; names what is wrong and where."""


class Literal(msgspec.Struct, frozen=True, tag="literal"):
    """A string, number or truth value."""

    value: bytes | float | bool


class Filled(msgspec.Struct, frozen=True, tag="filled"):
    """A string that holds names in double braces: text and names in turn, the text first."""

    parts: tuple[str, ...]


class Name(msgspec.Struct, frozen=True, tag="name"):
    """A variable."""

    name: str


class Call(msgspec.Struct, frozen=True, tag="call"):
    """A function with its arguments."""

    name: str
    arguments: tuple["Node", ...]


class Prefix(msgspec.Struct, frozen=True, tag="prefix"):
    """``!``, ``-`` or ``~`` before a value."""

    operator: str
    operand: "Node"


class Binary(msgspec.Struct, frozen=True, tag="binary"):
    """Two values with an operator between them."""

    operator: str
    left: "Node"
    right: "Node"


class Choice(msgspec.Struct, frozen=True, tag="choice"):
    """``condition ? yes : no``."""

    condition: "Node"
    yes: "Node"
    no: "Node"


class Listed(msgspec.Struct, frozen=True, tag="listed"):
    """Values in parentheses with commas between them."""

    items: tuple["Node", ...]


Node = Literal | Filled | Name | Call | Prefix | Binary | Choice | Listed


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    at: int


def read_expression(text: str) -> Node:
    """Read an expression.

    Raises:
        DslSyntaxError: It is none, or is longer or deeper than any that people write.
    """
    if len(text) > MOST_CHARACTERS:
        raise DslSyntaxError(f"the expression is longer than {MOST_CHARACTERS} characters")
    reader = _Reader(_tokens(text))
    node = reader.choice(0)
    reader.expect_end()
    return node


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise DslSyntaxError(f"{text[start]!r} at {start + 1} is not understood")
        kind = found.lastgroup or ""
        value, at = found[kind], found.end()
        if kind == "quote":
            kind, (value, at) = "string", _string(text, at, value)
        tokens.append(_Token("name" if kind == "bracketed" else kind, value, found.start()))
    return tokens


def _string(text: str, at: int, quote: str) -> tuple[str, int]:
    """The string that begins behind a quote, and where it ends. A backslash takes the next character as it is."""
    out: list[str] = []
    begun = at
    while at < len(text):
        character = text[at]
        if character == quote:
            return "".join(out), at + 1
        if character == "\\" and quote != "`" and at + 1 < len(text):
            piece, at = _escaped(text, at + 1)
            out.append(piece)
            continue
        out.append(character)
        at += 1
    raise DslSyntaxError(f"the string that begins at {begun} does not end")


def _escaped(text: str, at: int) -> tuple[str, int]:
    """What stands behind a backslash; unknown letters keep it, so that patterns can be written as they are."""
    character = text[at]
    if character in _ESCAPES and character not in "0b":
        return _ESCAPES[character], at + 1
    if character == "x" and re.fullmatch("[0-9a-fA-F]{2}", text[at + 1 : at + 3]):
        return chr(int(text[at + 1 : at + 3], 16)), at + 3
    if character == "u" and re.fullmatch("[0-9a-fA-F]{4}", text[at + 1 : at + 5]):
        return chr(int(text[at + 1 : at + 5], 16)), at + 5
    return (character, at + 1) if character in "\"'`\\" else (f"\\{character}", at + 1)


class _Reader:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def _next_is(self, *operators: str) -> bool:
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        return token is not None and token.kind in ("operator", "name") and token.text in operators

    def _take(self) -> _Token:
        if self._at >= len(self._tokens):
            raise DslSyntaxError("the expression ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            raise DslSyntaxError(f"{token.text!r} at {token.at + 1} is too much")

    def _expect(self, operator: str) -> None:
        if not self._next_is(operator):
            raise DslSyntaxError(f"{operator!r} is missing")
        self._at += 1

    def choice(self, depth: int) -> Node:
        if depth > MOST_DEPTH:
            raise DslSyntaxError(f"the expression is nested more than {MOST_DEPTH} deep")
        condition = self._level(0, depth)
        if not self._next_is("?"):
            return condition
        self._at += 1
        yes = self.choice(depth + 1)
        self._expect(":")
        return Choice(condition, yes, self.choice(depth + 1))

    def _level(self, level: int, depth: int) -> Node:
        if level == len(_LEVELS):
            return self._prefixed(depth)
        left = self._level(level + 1, depth)
        while self._next_is(*_LEVELS[level]):
            operator = self._take().text
            right = self._level(level + 1, depth)
            left = Binary(operator, left, right)
        return left

    def _prefixed(self, depth: int) -> Node:
        if depth > MOST_DEPTH:
            raise DslSyntaxError(f"the expression is nested more than {MOST_DEPTH} deep")
        if self._next_is(*_PREFIXES):
            return Prefix(self._take().text, self._prefixed(depth + 1))
        return self._value(depth)

    def _value(self, depth: int) -> Node:
        token = self._take()
        match token.kind:
            case "number":
                return Literal(float(int(token.text, 16)) if token.text[:2] in ("0x", "0X") else float(token.text))
            case "string":
                return _filled(token.text)
            case "name" if token.text in ("true", "false"):
                return Literal(token.text == "true")
            case "name" if self._next_is("("):
                self._at += 1
                return Call(token.text, self._items(depth + 1))
            case "name":
                return Name(token.text)
        if token.text != "(":
            raise DslSyntaxError(f"{token.text!r} at {token.at + 1} stands where a value should")
        items = self._items(depth + 1)
        return items[0] if len(items) == 1 else Listed(items)

    def _items(self, depth: int) -> tuple[Node, ...]:
        items: list[Node] = []
        if not self._next_is(")"):
            items.append(self.choice(depth))
            while self._next_is(","):
                self._at += 1
                items.append(self.choice(depth))
        self._expect(")")
        return tuple(items)


_BRACES = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}")


def _filled(text: str) -> Node:
    """A string; names in double braces in it are values to be put in, never text to be read as an expression."""
    parts = _BRACES.split(text)
    return Literal(encoded(text)) if len(parts) == 1 else Filled(tuple(parts))


def encoded(text: str) -> bytes:
    """A string of a template as octets, UTF-8."""
    return text.encode("utf-8", "surrogatepass")
