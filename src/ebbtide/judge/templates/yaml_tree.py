"""YAML as a tree of plain text with line numbers: nothing is constructed, and size, depth and aliases are capped.

Scalars stay the text that stands in the file, since a template's ``words: [200, yes]`` means the texts "200" and "yes".
"""

from collections.abc import Iterator
from typing import NoReturn

import msgspec
import yaml

from ebbtide.model.errors import CheckError

MOST_BYTES = 2 << 20
MOST_NODES = 50_000
MOST_DEPTH = 40

_KNOWN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map"))
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Scalar(msgspec.Struct, frozen=True):
    """One value as text. ``is_plain``: it stood without quotes."""

    text: str
    line: int
    is_plain: bool

    @property
    def is_null(self) -> bool:
        """It says nothing."""
        return self.is_plain and self.text in _NULLS


class Items(msgspec.Struct, frozen=True):
    """A list."""

    items: tuple["Node", ...]
    line: int


class Table(msgspec.Struct, frozen=True):
    """A mapping; its keys are texts, each there once."""

    entries: dict[str, "Node"]
    line: int


Node = Scalar | Items | Table


def refuse(file: str, line: int, sentence: str) -> NoReturn:
    """Say what is wrong, and where.

    Raises:
        CheckError: Always.
    """
    raise CheckError(sentence, where=f"{file}:{line}")


def read_yaml(data: bytes, file: str) -> Table:
    """Read one document whose top is a mapping.

    Args:
        data: The file's bytes; UTF-8.
        file: Its name, for the sentences of errors.

    Raises:
        CheckError: It is not UTF-8, not YAML, not one mapping, or larger, deeper or more folded than we read.
    """
    if len(data) > MOST_BYTES:
        refuse(file, 1, f"the file is larger than {MOST_BYTES} bytes.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        refuse(file, data.count(b"\n", 0, error.start) + 1, "the file is not UTF-8.")
    try:
        top = _Builder(file).build(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        refuse(file, line, f"this is not YAML: {_one_line(error.problem or 'it cannot be read')}.")
    except yaml.YAMLError as error:
        refuse(file, 1, f"this is not YAML: {_one_line(str(error))}.")
    if not isinstance(top, Table):
        refuse(file, 1 if top is None else top.line, "the file must hold one mapping.")
    return top


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]


class _Open:
    """A list or mapping that has not been closed yet."""

    __slots__ = ("anchor", "entries", "is_table", "items", "key", "line", "nodes")

    def __init__(self, line: int, anchor: str | None, *, is_table: bool) -> None:
        self.line = line
        self.anchor = anchor
        self.is_table = is_table
        self.items: list[Node] = []
        self.entries: dict[str, Node] = {}
        self.key: str | None = None
        self.nodes = 1


class _Builder:
    """Builds the tree from the parser's events without recursion."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = 0
        self._top: Node | None = None

    def build(self, events: Iterator[yaml.Event]) -> Node | None:
        documents = 0
        for event in events:
            line = event.start_mark.line + 1 if event.start_mark else 1
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        refuse(self._file, line, "the file holds more than one document.")
                case yaml.ScalarEvent():
                    self._check_tag(event.tag, line)
                    scalar = Scalar(event.value, line, is_plain=event.style is None)
                    self._add(scalar, 1, event.anchor, line)
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    self._check_tag(event.tag, line)
                    if len(self._open) >= MOST_DEPTH:
                        refuse(self._file, line, f"the file is nested deeper than {MOST_DEPTH}.")
                    self._open.append(_Open(line, event.anchor, is_table=isinstance(event, yaml.MappingStartEvent)))
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    self._close(line)
                case yaml.AliasEvent():
                    self._add_alias(event.anchor, line)
                case _:
                    pass
        return self._top

    def _check_tag(self, tag: str | None, line: int) -> None:
        if tag is not None and tag not in _KNOWN_TAGS:
            refuse(self._file, line, f"the tag {tag[:60]!r} is refused.")

    def _add_alias(self, anchor: str | None, line: int) -> None:
        if anchor is None or anchor not in self._anchors:
            refuse(self._file, line, f"the alias {anchor or '':.60} names nothing that is complete.")
        node, nodes = self._anchors[anchor]
        self._add(node, nodes, None, line)

    def _close(self, line: int) -> None:
        done = self._open.pop()
        node: Node = Table(done.entries, done.line) if done.is_table else Items(tuple(done.items), done.line)
        self._nodes -= done.nodes - 1
        self._add(node, done.nodes, done.anchor, line)

    def _add(self, node: Node, nodes: int, anchor: str | None, line: int) -> None:
        """Put a finished node where it belongs; an alias counts as all that it stands for."""
        self._nodes += nodes
        if self._nodes > MOST_NODES:
            refuse(self._file, line, f"the file holds more than {MOST_NODES} values.")
        if anchor is not None:
            self._anchors[anchor] = (node, nodes)
        if not self._open:
            self._top = node
            return
        holder = self._open[-1]
        holder.nodes += nodes
        if not holder.is_table:
            holder.items.append(node)
        elif holder.key is None:
            holder.key = self._key(node, holder, line)
        else:
            holder.entries[holder.key] = node
            holder.key = None

    def _key(self, node: Node, holder: _Open, line: int) -> str:
        if not isinstance(node, Scalar):
            refuse(self._file, line, "a key must be a text.")
        if node.text == "<<" and node.is_plain:
            refuse(self._file, line, "merge keys are refused.")
        if node.text in holder.entries:
            refuse(self._file, line, f"the key {node.text[:60]!r} stands twice.")
        return node.text
