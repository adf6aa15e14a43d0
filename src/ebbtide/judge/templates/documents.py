"""Parts of answers read as JSON, HTML or XML, and asked by jq programs and XPath; both bounded, whoever wrote them."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import jq
import msgspec
from lxml import etree

from ebbtide.model.errors import PatternError
from ebbtide.patterns.regex import Pattern, compile_pattern

MOST_VALUES = 1000
MOST_QUERY_CHARACTERS = 1000
_MOST_SEARCHES = 3
_MOST_BRANCHES = 8
_WORDS = frozenset(
    {
        *("select", "map", "keys", "to_entries", "length", "has", "first", "last", "join", "type", "not", "and", "or"),
        *("null", "true", "false", "tostring", "tonumber", "values", "ascii_downcase", "startswith", "endswith"),
        *("contains", "index", "split", "ltrimstr", "rtrimstr", "if", "then", "else", "end", "empty", "add"),
    }
)
"""What a program may call: nothing of it loops, reads anything, or matches patterns."""
_CAPTURE = re.compile(r'\s*capture\(\s*("(?:[^"\\]|\\.)*")\s*(?:;\s*("i"|"ix"))?\s*\)\s*')
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_FIELD = re.compile(r"\.\s*[A-Za-z_][A-Za-z0-9_]*|\$[A-Za-z_]*|[A-Za-z_@][A-Za-z0-9_]*")
_SEARCH = re.compile(r"//|descendant|ancestor|preceding|following")
_XML = b"<?xml"


class QueryRefusal(Exception):  # noqa: N818  it is told on by the reader, as a sentence of the template
    """The query is not run: it is none, or may cost more than it is worth."""


@lru_cache(maxsize=1024)
def check_program(program: str) -> tuple[Any, ...]:
    """A jq program, compiled: its steps, one after the other.

    ``capture("pattern")`` is a step of its own and runs on our patterns, in linear time.

    Raises:
        QueryRefusal: It is none, or uses what could loop, read something, or branch without end.
    """
    bare = _TEXT.sub(" ", program)
    if len(program) > MOST_QUERY_CHARACTERS or bare.count(",") > _MOST_BRANCHES or bare.count("..") > 0:
        raise QueryRefusal("the program may branch too often")
    steps: list[Any] = []
    pipe: list[str] = []
    for stage in _stages(program):
        captured = _CAPTURE.fullmatch(stage)
        if captured is None:
            pipe.append(stage)
            continue
        steps += [_compiled("|".join(pipe)), _capturing(captured)] if pipe else [_capturing(captured)]
        pipe = []
    return (*steps, _compiled("|".join(pipe))) if pipe else tuple(steps)


def _stages(program: str) -> list[str]:
    """What stands between the pipes of a program that stand in no bracket and in no text."""
    stages, depth, place = [""], 0, 0
    while place < len(program):
        text = _TEXT.match(program, place)
        piece = text.group(0) if text else program[place]
        depth += (piece in _OPENING) - (piece in _CLOSING)
        if piece == "|" and depth == 0 and program[place + 1 : place + 2] != "=":
            stages.append("")
        else:
            stages[-1] += piece
        place += len(piece)
    return stages


def _compiled(program: str) -> Any:
    called = {word for word in _FIELD.findall(_TEXT.sub(" ", program)) if not word.startswith(".")}
    if called - _WORDS:
        raise QueryRefusal(f"the program uses {', '.join(sorted(called - _WORDS))}")
    try:
        return jq.compile(program)
    except ValueError as error:
        raise QueryRefusal("this is no jq program") from error


def _capturing(captured: re.Match[str]) -> Pattern:
    try:
        source = msgspec.json.decode(captured.group(1), type=str)
        return compile_pattern(source, ignore_case=captured.group(2) is not None)
    except (msgspec.DecodeError, PatternError) as error:
        raise QueryRefusal("the pattern of capture cannot be used") from error


def json_values(program: str, text: bytes) -> Iterator[bytes]:
    """What a program gives of a text; nothing where that is no JSON, or where the program does not fit it."""
    try:
        values = iter(_identity().input_text(text.decode("utf-8", "replace")))
        for step in check_program(program):
            values = islice(_stepped(step, values), MOST_VALUES)
        for value in values:
            if value is not None:
                yield value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    except (ValueError, RecursionError):
        return


@lru_cache(maxsize=1)
def _identity() -> Any:
    return jq.compile(".")


def _stepped(step: Any, values: Iterator[Any]) -> Iterator[Any]:
    for value in values:
        if not isinstance(step, Pattern):
            yield from step.input_value(value)
        elif isinstance(value, str):
            found = step.search(value.encode("utf-8", "replace"))
            if found is not None:
                yield {name: _told(found.group(number)) for name, number in step.group_names.items()}
        else:
            return


def _told(octets: bytes | None) -> str | None:
    return None if octets is None else octets.decode("utf-8", "replace")


@lru_cache(maxsize=1024)
def check_query(query: str) -> etree.XPath:
    """An XPath query, compiled.

    Raises:
        QueryRefusal: It is none, or searches the whole document inside of searches.
    """
    if len(query) > MOST_QUERY_CHARACTERS or len(_SEARCH.findall(query)) > _MOST_SEARCHES:
        raise QueryRefusal("the query searches too often")
    try:
        return etree.XPath(query)
    except etree.XPathSyntaxError as error:
        raise QueryRefusal("this is no XPath") from error


def read_tree(text: bytes) -> etree._Element | None:
    """A page or document; nothing outside it is ever fetched, and no entity is put in."""
    is_xml = text.lstrip().startswith(_XML)
    parser = (
        etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
        if is_xml
        else etree.HTMLParser(no_network=True, recover=True, huge_tree=False)
    )
    try:
        return etree.fromstring(text, parser)
    except (etree.LxmlError, ValueError):
        return None


def xpath_values(query: str, tree: etree._Element, attribute: str = "") -> Iterator[bytes]:
    """Texts (or an attribute) of the nodes that a query finds."""
    try:
        found = check_query(query)(tree)
    except etree.LxmlError:
        return
    for node in islice(found if isinstance(found, list) else [found], MOST_VALUES):
        if isinstance(node, etree._Element):  # noqa: SLF001  (the only name that the library gives its nodes)
            value = node.get(attribute) if attribute else "".join(map(str, node.itertext()))
            if value is not None:
                yield str(value).encode("utf-8", "surrogatepass")
        elif node is not False:
            yield str(node).encode("utf-8", "surrogatepass")
