"""Who stands before the server that was asked for: told by fields that caches, proxies and balancers add."""

import functools
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec

from ebbtide.model.verdicts import Software
from ebbtide.patterns.regex import Pattern, compile_pattern

FRONT_ROLE = "front"
_FILE = Path(__file__).with_name("fronts.toml")


class Front(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service that may stand before a server.

    Attributes:
        kind: ``cdn``, ``proxy`` or ``balancer``.
        fields: Names, in lower case, whose mere presence tells it.
        values: Name of a field to a pattern for its value; of a cookie only its name and ``=`` are looked at.
        seen, alike: Fields that tell it, and fields that must not, each as ``Name: value``.
    """

    id: str
    name: str
    kind: str
    fields: tuple[str, ...]
    values: Mapping[str, str]
    source: str
    seen: tuple[str, ...]
    alike: tuple[str, ...]


class Fronts:
    """Ready to be held against fields.

    Args:
        fronts: With different ids.

    Attributes:
        present: Fields whose presence tells a front.
        valued: Fields whose values may tell one.
    """

    def __init__(self, fronts: Sequence[Front]) -> None:
        by_field: dict[bytes, list[Front]] = defaultdict(list)
        by_value: dict[bytes, list[tuple[Front, Pattern]]] = defaultdict(list)
        for front in fronts:
            for field in front.fields:
                by_field[field.encode()].append(front)
            for field, pattern in front.values.items():
                by_value[field.encode()].append((front, compile_pattern(pattern, where=f"{_FILE.name}: {front.id}")))
        self._by_field: Mapping[bytes, Sequence[Front]] = MappingProxyType(dict(by_field))
        self._by_value: Mapping[bytes, Sequence[tuple[Front, Pattern]]] = MappingProxyType(dict(by_value))
        self.present = frozenset(by_field)
        self.valued = frozenset(by_value)

    def of_presence(self, field: bytes) -> Iterator[Software]:
        """What the presence of a field (lower case) tells."""
        for front in self._by_field.get(field, ()):
            yield _row(front, field)

    def of_value(self, field: bytes, value: bytes) -> Iterator[Software]:
        """What a value of a field (lower case) tells."""
        for front, pattern in self._by_value.get(field, ()):
            if pattern.matches(value):
                yield _row(front, field)

    def mark(self, field: bytes, value: bytes) -> bytes:
        """A value reduced to what it tells, so that values that tell the same are one; empty if it tells nothing."""
        told = (front.id for front, pattern in self._by_value[field] if pattern.matches(value))
        identity = next(told, "")
        return field + b":" + identity.encode() if identity else b""

    def of_mark(self, mark: bytes) -> Iterator[Software]:
        """What such a mark tells."""
        field, _, identity = mark.partition(b":")
        for front, _ in self._by_value[field]:
            if front.id == identity.decode():
                yield _row(front, field)


def read_fronts() -> tuple[Front, ...]:
    """Those that come with Ebbtide."""
    return msgspec.convert(tomllib.loads(_FILE.read_text(encoding="utf-8"))["front"], tuple[Front, ...])


@functools.cache
def own_fronts() -> Fronts:
    """The same, ready to be held against fields; made once."""
    return Fronts(read_fronts())


def _row(front: Front, field: bytes) -> Software:
    return Software("", FRONT_ROLE, "", front.name, "", "", f"{FRONT_ROLE}:{front.id}", field.decode("ascii"))
