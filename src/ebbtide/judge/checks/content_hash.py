"""The hash that names a version: of what decides, whatever the layout of the file."""

import hashlib

import msgspec

from ebbtide.judge.templates.yaml_tree import Items, Node, Scalar, Table

_BYTES = 8


def plain_tree(node: Node | None) -> object:
    """A tree without line numbers, quotes and order of keys, for ``content_hash``."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Items):
        return [plain_tree(each) for each in node.items]
    if isinstance(node, Table):
        return {key: plain_tree(value) for key, value in node.entries.items()}
    return None


def content_hash(content: object) -> str:
    """16 hexadecimal digits.

    Args:
        content: Texts, numbers, lists and mappings of them.
    """
    encoded = msgspec.json.encode(content, order="sorted")
    return hashlib.blake2b(encoded, digest_size=_BYTES).hexdigest()
