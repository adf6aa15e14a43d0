"""Parts of answers read as JSON, HTML or XML, and asked by jq programs and XPath; both bounded, whoever wrote them."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import jq
import msgspec
from lxml import etree

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
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_FIELD = re.compile(r"\.\s*[A-Za-z_][A-Za-z0-9_]*|\$[A-Za-z_]*|[A-Za-z_@][A-Za-z0-9_]*")
_SEARCH = re.compile(r"//|descendant|ancestor|preceding|following")
_XML = b"<?xml"


class QueryRefusal(Exception):  # noqa: N818  it is told on by the reader, as a sentence of the template
    """The query is not run: it is none, or may cost more than it is worth."""


@lru_cache(maxsize=1024)
def check_program(program: str) -> Any:
    """A jq program, compiled.

    Raises:
        QueryRefusal: It is none, or uses what could loop, read something, or branch without end.
    """
    bare = _TEXT.sub(" ", program)
    if len(program) > MOST_QUERY_CHARACTERS or bare.count(",") > _MOST_BRANCHES or bare.count("..") > 0:
        raise QueryRefusal("the program may branch too often")
    called = {word for word in _FIELD.findall(bare) if not word.startswith(".")}
    if called - _WORDS:
        raise QueryRefusal(f"the program uses {', '.join(sorted(called - _WORDS))}")
    try:
        return jq.compile(program)
    except ValueError as error:
        raise QueryRefusal("this is no jq program") from error


def json_values(program: str, text: bytes) -> Iterator[bytes]:
    """What a program gives of a text; nothing where that is no JSON, or where the program does not fit it."""
    try:
        found = iter(check_program(program).input_text(text.decode("utf-8", "replace")))
        for value in islice(found, MOST_VALUES):
            if value is not None:
                yield value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    except (ValueError, RecursionError):
        return


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
