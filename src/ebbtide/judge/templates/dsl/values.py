"""Values of the language and how they turn into each other, as Go prints and parses them."""

import math
from collections.abc import Mapping

Value = bytes | float | bool | list["Value"]
"""Strings are octets, numbers 64-bit floats, as in the language's own implementation."""

Variables = Mapping[str, Value]

MOST_BYTES = 8_388_608
"""No value grows beyond this: an expression is short, what it makes need not be."""

_LEAST_EXPONENT, _MOST_EXPONENT = -4, 21


class DslError(Exception):
    """The expression has no value here; a matcher that meets it does not match."""


def as_text(value: Value) -> bytes:
    """A value as a string."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, float):
        return _number_text(value)
    return b"[" + b" ".join(map(as_text, value)) + b"]"


def _number_text(number: float) -> bytes:
    """A number as Go's ``%v`` prints it: whole ones without a point, very large and small ones with an exponent."""
    if not math.isfinite(number):
        return {math.inf: b"+Inf", -math.inf: b"-Inf"}.get(number, b"NaN")
    if number == 0:
        return b"0"
    exponent = math.floor(math.log10(abs(number)))
    if _LEAST_EXPONENT <= exponent < _MOST_EXPONENT:
        return str(int(number)).encode() if number.is_integer() else repr(number).encode()
    digits, _, power = repr(float(f"{number:.17g}")).partition("e")
    return f"{digits.removesuffix('.0')}e{int(power):+03d}".encode() if power else repr(number).encode()


def as_number(value: Value) -> float:
    """A value as a number.

    Raises:
        DslError: It is none.
    """
    if isinstance(value, bool):
        raise DslError("a truth value is no number")
    if isinstance(value, float):
        return value
    if isinstance(value, bytes):
        text = value.decode("latin-1").strip()
        try:
            if "_" not in text:
                return float(text)
        except ValueError:
            pass
    raise DslError(f"{shown(value)} is no number")


def as_whole(value: Value) -> int:
    """A value as a whole number.

    Raises:
        DslError: It is none.
    """
    number = as_number(value)
    if not math.isfinite(number):
        raise DslError("the number is not finite")
    return int(number)


def as_list(value: Value) -> list[Value]:
    """A value as a list; a single one is a list of one."""
    return value if isinstance(value, list) else [value]


def bounded(octets: bytes) -> bytes:
    """The same octets.

    Raises:
        DslError: They are too many.
    """
    if len(octets) > MOST_BYTES:
        raise DslError(f"the value is longer than {MOST_BYTES} octets")
    return octets


def shown(value: Value) -> str:
    """A value short enough for a sentence."""
    return repr(as_text(value)[:40])[1:]
