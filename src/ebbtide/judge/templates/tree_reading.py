"""Typed values out of a YAML tree; each mistake names file, line and key."""

from collections.abc import Iterable
from typing import NoReturn

from ebbtide.judge.templates.yaml_tree import Items, Node, Scalar, Table, refuse

_TRUE = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
_LONGEST_NUMBER = 18


class TableReader:
    """One mapping of a file, read key by key.

    Args:
        table: The mapping.
        file: Name of the file it stands in.
        path: Dotted key of the mapping inside the file; empty at the top.
    """

    def __init__(self, table: Table, file: str, path: str = "") -> None:
        self.table = table
        self.file = file
        self.path = path

    @property
    def keys(self) -> Iterable[str]:
        """The keys that are there, in order."""
        return self.table.entries.keys()

    def __contains__(self, key: str) -> bool:
        return self.node(key) is not None

    def dotted(self, key: str) -> str:
        """The key with the path to it."""
        return f"{self.path}.{key}" if self.path else key

    def node(self, key: str) -> Node | None:
        """What stands behind a key; ``None`` if it is missing or null."""
        node = self.table.entries.get(key)
        return None if isinstance(node, Scalar) and node.is_null else node

    def fail(self, key: str, sentence: str) -> NoReturn:
        """Refuse a key's value.

        Raises:
            CheckError: Always.
        """
        node = self.table.entries.get(key)
        refuse(self.file, self.table.line if node is None else node.line, f"{self.dotted(key)} {sentence}")

    def only(self, *known: str) -> None:
        """Refuse keys that mean nothing here.

        Raises:
            CheckError: There is one.
        """
        for key in self.keys:
            if key not in known:
                self.fail(key, f"is unknown; known are {', '.join(known)}.")

    def text(self, key: str, default: str | None = None) -> str:
        """A text.

        Raises:
            CheckError: It is missing and there is no default, or it is not a text.
        """
        node = self.node(key)
        if node is None:
            if default is None:
                self.fail(key, "is missing.")
            return default
        if not isinstance(node, Scalar):
            self.fail(key, "must be a text.")
        return node.text

    def truth(self, key: str) -> bool:
        """True or false; false if it is missing.

        Raises:
            CheckError: It is neither.
        """
        text = self.text(key, "false")
        if text not in _TRUE and text not in _FALSE:
            self.fail(key, "must be true or false.")
        return text in _TRUE

    def number(self, key: str, default: int) -> int:
        """A whole number, 0 or more.

        Raises:
            CheckError: It is something else.
        """
        node = self.node(key)
        if node is None:
            return default
        return self._number(key, node)

    def numbers(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers, each 0 or more.

        Raises:
            CheckError: It is something else.
        """
        return tuple(self._number(key, node) for node in self._items(key))

    def _number(self, key: str, node: Node) -> int:
        text = node.text if isinstance(node, Scalar) else ""
        if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
            self.fail(key, "must be whole numbers.")
        return int(text)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty if it is missing.

        Raises:
            CheckError: It is something else.
        """
        found = []
        for node in self._items(key):
            if not isinstance(node, Scalar):
                self.fail(key, "must be a list of texts.")
            found.append("" if node.is_null else node.text)
        return tuple(found)

    def comma_texts(self, key: str) -> tuple[str, ...]:
        """Texts as a list or as one text with commas; empty if missing.

        Raises:
            CheckError: It is something else.
        """
        node = self.node(key)
        texts = node.text.split(",") if isinstance(node, Scalar) else self.texts(key)
        return tuple(text.strip() for text in texts if text.strip())

    def child(self, key: str) -> "TableReader | None":
        """The mapping behind a key; ``None`` if it is missing.

        Raises:
            CheckError: It is something else.
        """
        node = self.node(key)
        if node is None:
            return None
        if not isinstance(node, Table):
            self.fail(key, "must be a mapping.")
        return TableReader(node, self.file, self.dotted(key))

    def need(self, key: str) -> "TableReader":
        """The mapping behind a key.

        Raises:
            CheckError: It is missing or something else.
        """
        found = self.child(key)
        if found is None:
            self.fail(key, "is missing.")
        return found

    def children(self, key: str) -> tuple["TableReader", ...]:
        """The mappings in the list behind a key; empty if it is missing.

        Raises:
            CheckError: It is something else.
        """
        found = []
        for number, node in enumerate(self._items(key), 1):
            if not isinstance(node, Table):
                self.fail(key, "must be a list of mappings.")
            found.append(TableReader(node, self.file, f"{self.dotted(key)}[{number}]"))
        return tuple(found)

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """The mapping of texts behind a key, in order; empty if it is missing.

        Raises:
            CheckError: It is something else.
        """
        child = self.child(key)
        return () if child is None else tuple((name, child.text(name, "")) for name in child.keys)

    def _items(self, key: str) -> tuple[Node, ...]:
        node = self.node(key)
        if node is None:
            return ()
        if not isinstance(node, Items):
            self.fail(key, "must be a list.")
        return node.items
