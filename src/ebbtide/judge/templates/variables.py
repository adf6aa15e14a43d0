"""What an answer gives to expressions: parts and fields of it by name, and what is known of its target."""

import re
from collections.abc import Iterator, Mapping

from ebbtide.judge.templates.dsl.values import Value
from ebbtide.judge.templates.parts import Parts

_NUMBER = re.compile(r"(?:status_code|content_length)(?:_[1-9][0-9]{0,2})?")


class AnswerVariables(Mapping[str, Value]):
    """Variables of one answer. They are values only: nothing of what a target says is ever read as an expression.

    Args:
        parts: The answer.
        values: What is known of the target.

    Attributes:
        cache: Values of calls that ask for nothing but parts: hundreds of templates ask for the same hash of an icon.
    """

    __slots__ = ("_parts", "_values", "cache")

    def __init__(self, parts: Parts, values: Mapping[str, str]) -> None:
        self._parts = parts
        self._values = values
        self.cache: dict[object, Value] = {}

    def __getitem__(self, name: str) -> Value:
        value = self._value(name)
        if value is None:
            raise KeyError(name)
        return value

    def _value(self, name: str) -> Value | None:
        part = self._parts.get(name)
        if part is None:
            told = self._values.get(name)
            return None if told is None else told.encode("utf-8", "surrogateescape")
        return float(part) if _NUMBER.fullmatch(name) and part.isdigit() else part

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
