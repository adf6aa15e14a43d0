"""Read a scenario's YAML: no key twice, bounded size, and every scalar as the text that stands there.

What kind a value is, the records decide. So a version may be called 5.0, a language ``no``, and a month 2001-06-01.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from ebbtide.lab.errors import ScenarioError

MOST_BYTES = 4_000_000
MOST_VALUES = 200_000
MOST_DEPTH = 30

_NULL = "tag:yaml.org,2002:null"
_FLOAT = "tag:yaml.org,2002:float"
_BARE_FRACTION = re.compile(r"^([-+]?)\.(?=\d)")
_PLAIN = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "timestamp"))


def read_yaml(path: Path) -> Any:
    """Read one YAML document into mappings, lists, strings and ``None``.

    Args:
        path: The file, UTF-8.

    Returns:
        The document. Keys are always strings.

    Raises:
        ScenarioError: The file cannot be read, is no YAML, holds a key twice, or is far too large.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ScenarioError(path, "", f"cannot be read ({error.strerror})") from error
    if len(content) > MOST_BYTES:
        raise ScenarioError(path, "", f"is larger than {MOST_BYTES:,} bytes")
    try:
        root = yaml.compose(content.decode("utf-8"), Loader=yaml.CSafeLoader)
    except UnicodeDecodeError as error:
        raise ScenarioError(path, "", f"is not UTF-8 at byte {error.start}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ScenarioError(path, "", f"is no YAML: {' '.join(str(error).split())}") from error
    if root is None:
        raise ScenarioError(path, "", "is empty")
    return _Reader(path).value(root, "", 0)


class _Reader:
    """Turns composed nodes into values, and counts them, so that aliases cannot blow a small file up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values = 0

    def value(self, node: yaml.Node, key: str, depth: int) -> Any:
        self._values += 1
        if self._values > MOST_VALUES or depth > MOST_DEPTH:
            raise ScenarioError(self._path, key, f"holds more than {MOST_VALUES:,} values or nests too deeply")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, key, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, f"{key}[{index}]", depth + 1) for index, item in enumerate(node.value)]
        return self._scalar(node, key)

    def _mapping(self, node: yaml.MappingNode, key: str, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for name_node, value_node in node.value:
            line = name_node.start_mark.line + 1
            if not isinstance(name_node, yaml.ScalarNode):
                raise ScenarioError(self._path, key, f"line {line}: a key must be plain text")
            name = str(name_node.value)
            dotted = f"{key}.{name}" if key else name
            if name in mapping:
                raise ScenarioError(self._path, dotted, f"line {line}: stands there twice")
            mapping[name] = self.value(value_node, dotted, depth + 1)
        return mapping

    def _scalar(self, node: yaml.Node, key: str) -> Any:
        if node.tag == _NULL:
            return None
        if node.tag not in _PLAIN:
            raise ScenarioError(self._path, key, f"line {node.start_mark.line + 1}: the tag {node.tag} is not admitted")
        text = str(node.value)
        is_bare = isinstance(node, yaml.ScalarNode) and not node.style
        # YAML writes 0.5 as .5 too, which the records take for no number.
        return _BARE_FRACTION.sub(r"\g<1>0.", text) if node.tag == _FLOAT and is_bare else text
