"""``flow``: which blocks of a template must match, as ``http(1) && http("second")``; never run as a program."""

import re
from collections.abc import Callable, Mapping
from typing import assert_never

import msgspec

from ebbtide.judge.templates.dsl.reading import DslSyntaxError

MOST_CHARACTERS = 2000
_MOST_DEPTH = 20
_TOKEN = re.compile(r"(http\s*\(\s*([^()]*?)\s*\))|&&|\|\||[!();]")
_NOT_THERE = -1
_GOES_ON = ("&&", "||", ")", ";")
_WANTS_MORE = frozenset({"&&", "||", "!", "(", ";"})


class FlowBlock(msgspec.Struct, frozen=True, tag=True):
    """A block matched; ``number`` counts from 0."""

    number: int


class FlowNot(msgspec.Struct, frozen=True, tag=True):
    """What stands behind it did not."""

    of: "Flow"


class FlowAll(msgspec.Struct, frozen=True, tag=True):
    """Each did; the next is looked at only then."""

    of: tuple["Flow", ...]


class FlowAny(msgspec.Struct, frozen=True, tag=True):
    """One did."""

    of: tuple["Flow", ...]


Flow = FlowBlock | FlowNot | FlowAll | FlowAny


def read_flow(text: str, ids: Mapping[str, int], count: int) -> Flow:
    """Read a flow.

    Args:
        text: As it stands in the template.
        ids: Numbers of blocks by their ids, from 0.
        count: How many blocks there are.

    Raises:
        DslSyntaxError: It is more than a chain of blocks.
    """
    return _Reader(text, ids, count).flow()


def is_true(flow: Flow, matched: Callable[[int], bool]) -> bool:
    """Whether a flow holds; asks only for those blocks on which it hangs, in its order."""
    match flow:
        case FlowBlock(number=number):
            return matched(number)
        case FlowNot(of=inner):
            return not is_true(inner, matched)
        case FlowAll(of=parts):
            return all(is_true(part, matched) for part in parts)
        case FlowAny(of=parts):
            return any(is_true(part, matched) for part in parts)
        case _ as never:
            assert_never(never)


class _Reader:
    """Reads one flow by recursive descent, no deeper than ``_MOST_DEPTH``."""

    def __init__(self, text: str, ids: Mapping[str, int], count: int) -> None:
        if len(text) > MOST_CHARACTERS:
            raise DslSyntaxError("the flow is too long")
        self._tokens = list(_tokens(text.strip()))
        self._ids = ids
        self._count = count

    def flow(self) -> Flow:
        """Statements one after the other: each is run, and any may match."""
        statements = []
        while self._tokens:
            if self._tokens[0] == ";":
                self._tokens.pop(0)
                continue
            statements.append(self._any(0))
            if self._tokens and self._tokens[0] != ";":
                raise DslSyntaxError("the flow is more than a chain of blocks")
        if not statements:
            raise DslSyntaxError("the flow is empty")
        return statements[0] if len(statements) == 1 else FlowAny(tuple(statements))

    def _any(self, depth: int) -> Flow:
        parts = [self._all(depth)]
        while self._takes("||"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else FlowAny(tuple(parts))

    def _all(self, depth: int) -> Flow:
        parts = [self._one(depth)]
        while self._takes("&&"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else FlowAll(tuple(parts))

    def _one(self, depth: int) -> Flow:
        if depth > _MOST_DEPTH or not self._tokens:
            raise DslSyntaxError("the flow ends too soon, or nests too deep")
        if self._takes("!"):
            return FlowNot(self._one(depth + 1))
        if self._takes("("):
            inner = self._any(depth + 1)
            if not self._takes(")"):
                raise DslSyntaxError("a bracket of the flow is not closed")
            return inner
        token = self._tokens.pop(0)
        if not token.startswith("http:"):
            raise DslSyntaxError("the flow is more than a chain of blocks")
        return self._blocks(token.removeprefix("http:"))

    def _blocks(self, arguments: str) -> Flow:
        """``http()`` is all blocks, each run; ``http(1, "x")`` these; one that is not there never matches."""
        numbers = range(self._count) if not arguments else [self._number(each) for each in arguments.split(",")]
        parts = tuple(FlowBlock(number) for number in numbers if number != _NOT_THERE)
        return parts[0] if len(parts) == 1 else FlowAny(parts)

    def _number(self, argument: str) -> int:
        name = argument.strip().strip("\"'`")
        if name in self._ids:
            return self._ids[name]
        if name.isascii() and name.isdecimal() and 1 <= int(name) <= self._count:
            return int(name) - 1
        return _NOT_THERE

    def _takes(self, token: str) -> bool:
        if self._tokens and self._tokens[0] == token:
            self._tokens.pop(0)
            return True
        return False


def _tokens(text: str) -> list[str]:
    """Signs of a flow; a line's end is one between two statements only."""
    found: list[str] = []
    place = 0
    while place < len(text):
        if text[place] == "\n":
            goes_on = text[place:].lstrip().startswith(_GOES_ON) or (found and found[-1] in _WANTS_MORE)
            found.extend([] if goes_on or not found else [";"])
        elif not text[place].isspace():
            token = _TOKEN.match(text, place)
            if token is None:
                raise DslSyntaxError("the flow is more than a chain of blocks")
            found.append(f"http:{token.group(2)}" if token.group(1) else token.group(0))
            place = token.end()
            continue
        place += 1
    return found
