"""One expression tried out by hand."""

from collections.abc import Iterable

import msgspec

from ebbtide.judge.templates.dsl.compiling import Expression, UnknownFunctionError
from ebbtide.judge.templates.dsl.reading import DslSyntaxError
from ebbtide.judge.templates.dsl.values import DslError, Value, as_text
from ebbtide.model.errors import CheckError


class Tried(msgspec.Struct, frozen=True):
    """What came of an expression.

    Attributes:
        kind: ``string``, ``number``, ``bool`` or ``list``; empty where there is no value.
        value: As JSON; octets that are no UTF-8 replaced.
        hex: The octets of a string, hexadecimal.
        shown: As the language prints it.
        variables: That the expression asks for.
        problem: Why it has no value; empty if it has one.
    """

    expression: str
    kind: str
    value: object
    hex: str
    shown: str
    variables: tuple[str, ...]
    problem: str


def evaluate(text: str, given: Iterable[str]) -> Tried:
    """Evaluate an expression with variables, each as ``name=value``.

    Raises:
        CheckError: The text is no expression, calls a function that is lacking, or a variable is no pair.
    """
    variables: dict[str, Value] = {}
    for each in given:
        name, equals, written = each.partition("=")
        if not name or not equals:
            raise CheckError(f"{each[:60]!r} is no variable.", where="--var", remedy="Write --var name=value.")
        variables[name] = written.encode("utf-8", "surrogateescape")
    try:
        expression = Expression(text)
    except DslSyntaxError as error:
        raise CheckError(f"this is no expression: {error}.", where="EXPRESSION") from error
    except UnknownFunctionError as error:
        raise CheckError(f"there is no function {error}.", where="EXPRESSION") from error
    names = tuple(sorted(expression.names))
    try:
        value = expression.evaluate(variables)
    except DslError as error:
        return Tried(text, "", None, "", "", names, f"no value: {error}")
    octets = as_text(value)
    return Tried(
        expression=text,
        kind=_kind(value),
        value=_plain(value),
        hex=octets.hex() if isinstance(value, bytes) else "",
        shown=octets.decode("utf-8", "replace"),
        variables=names,
        problem="",
    )


def _kind(value: Value) -> str:
    if isinstance(value, bool):
        return "bool"
    return "string" if isinstance(value, bytes) else "number" if isinstance(value, float) else "list"


def _plain(value: Value) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
