"""Versions held against constraints, as ``>= 1.2, < 1.4``."""

import operator
import re
from collections.abc import Callable
from typing import Any

from ebbtide.judge.templates.dsl.functions.signatures import Arguments, Function, takes
from ebbtide.judge.templates.dsl.values import DslError, Value, as_text

_VERSION = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)(-?[0-9A-Za-z][0-9A-Za-z.~-]*)?(?:\+[0-9A-Za-z.~-]*)?\Z")
_CONSTRAINT = re.compile(r"\s*(>=|<=|!=|=|>|<|~>|)\s*(\S+)\s*\Z")
_MOST_DIGITS = 18
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "=": operator.eq,
    "": operator.eq,
}

Key = tuple[tuple[int, ...], int, tuple[tuple[int, int, str], ...]]


@takes(2, -1)
def _compare_versions(arguments: Arguments) -> Value:
    version, *constraints = (as_text(each).decode("latin-1") for each in arguments)
    here = _key(version)
    return all(_holds(here, each) for constraint in constraints for each in constraint.split(",") if each.strip())


def _holds(here: Key, constraint: str) -> bool:
    found = _CONSTRAINT.match(constraint)
    if found is None:
        raise DslError("the constraint is not understood")
    order, version = found.groups()
    there = _key(version)
    if order == "~>":
        return here >= there and here[0][: _told(version) - 1] == there[0][: _told(version) - 1]
    return _ORDERS[order](here, there)


def _told(version: str) -> int:
    """How many numbers a version has as it is written."""
    found = _VERSION.match(version.strip())
    return found.group(1).count(".") + 1 if found else 1


def _key(version: str) -> Key:
    """What versions are ordered by: their numbers, padded to three; what comes before a release stands below it."""
    found = _VERSION.match(version.strip())
    if found is None or any(len(part) > _MOST_DIGITS for part in found.group(1).split(".")):
        raise DslError(f"{version[:40]!r} is no version")
    numbers = [int(part) for part in found.group(1).split(".")]
    numbers += [0] * (3 - len(numbers))
    while len(numbers) > 3 and numbers[-1] == 0:  # noqa: PLR2004  # major, minor, patch
        numbers.pop()
    early = (found.group(2) or "").lstrip("-")
    pieces = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in early.split(".")) if early else ()
    return tuple(numbers), 0 if early else 1, pieces


VERSIONS: dict[str, Function] = {"compare_versions": _compare_versions}
