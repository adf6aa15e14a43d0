"""From a tree to a function of the variables; names of functions are looked up once."""

import math
from collections.abc import Callable
from functools import cached_property
from typing import assert_never

from ebbtide.judge.templates.dsl.functions import FUNCTIONS
from ebbtide.judge.templates.dsl.reading import (
    Binary,
    Call,
    Choice,
    Filled,
    Listed,
    Literal,
    Name,
    Node,
    Prefix,
    encoded,
    read_expression,
)
from ebbtide.judge.templates.dsl.values import DslError, Value, Variables, as_text, bounded, shown

Compiled = Callable[[Variables], Value]

_NUMBERS: dict[str, Callable[[float, float], float]] = {
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "**": math.pow,
    "&": lambda left, right: float(int(left) & int(right)),
    "|": lambda left, right: float(int(left) | int(right)),
    "^": lambda left, right: float(int(left) ^ int(right)),
    "<<": lambda left, right: float(int(left) << min(int(right), 64)),
    ">>": lambda left, right: float(int(left) >> min(int(right), 64)),
}


class UnknownFunctionError(Exception):
    """The expression calls functions that we do not have.

    Attributes:
        names: Of all of them, sorted.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


class Expression:
    """An expression ready to be evaluated.

    Args:
        text: As it is written.

    Raises:
        DslSyntaxError: The text is no expression.
        UnknownFunctionError: A function is lacking; it is named, never guessed.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        called = _collected(self.node)[1]
        lacking = tuple(sorted(called - FUNCTIONS.keys()))
        if lacking:
            raise UnknownFunctionError(lacking)

    @classmethod
    def known(cls, text: str) -> "Expression":
        """One that was read before without a mistake; it is read again only when it is asked."""
        expression = cls.__new__(cls)
        expression.text = text
        return expression

    @cached_property
    def node(self) -> Node:
        """It as a tree."""
        return read_expression(self.text)

    @cached_property
    def names(self) -> frozenset[str]:
        """Variables that it may ask for."""
        return frozenset(_collected(self.node)[0])

    @cached_property
    def _evaluate(self) -> Compiled:
        return _compiled(self.node)

    def __reduce__(self) -> tuple[Callable[[str], "Expression"], tuple[str]]:
        return Expression.known, (self.text,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def evaluate(self, variables: Variables) -> Value:
        """Its value.

        Raises:
            DslError: It has none here: a variable is unknown, or a value of the wrong kind.
        """
        try:
            return self._evaluate(variables)
        except (ArithmeticError, ValueError, RecursionError) as error:
            raise DslError(str(error)) from error


def _collected(node: Node) -> tuple[set[str], set[str]]:
    """Names of the variables and of the functions in a tree."""
    names: set[str] = set()
    called: set[str] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Filled):
            names.update(each.parts[1::2])
        elif isinstance(each, Name):
            names.add(each.name)
        elif isinstance(each, Call):
            called.add(each.name)
        waiting += _below(each)
    return names, called


def _below(node: Node) -> tuple[Node, ...]:
    match node:
        case Call():
            return node.arguments
        case Prefix():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case Choice():
            return (node.condition, node.yes, node.no)
        case Listed():
            return node.items
        case _:
            return ()


def _compiled(node: Node) -> Compiled:  # noqa: PLR0911  one line a kind of node
    match node:
        case Literal():
            value: Value = node.value
            return lambda _variables: value
        case Filled():
            return _filled(node)
        case Name():
            return _named(node.name)
        case Call():
            return _called(node)
        case Prefix():
            return _prefixed(node)
        case Binary():
            return _binary(node)
        case Choice():
            condition, yes, no = map(_compiled, (node.condition, node.yes, node.no))
            return lambda variables: yes(variables) if _truth(condition(variables)) else no(variables)
        case Listed():
            items = tuple(map(_compiled, node.items))
            return lambda variables: [item(variables) for item in items]
        case _:
            assert_never(node)


def _filled(node: Filled) -> Compiled:
    def evaluate(variables: Variables) -> Value:
        return bounded(
            b"".join(
                as_text(_value(variables, part)) if number % 2 else encoded(part)
                for number, part in enumerate(node.parts)
            )
        )

    return evaluate


def _named(name: str) -> Compiled:
    return lambda variables: _value(variables, name)


def _value(variables: Variables, name: str) -> Value:
    value = variables.get(name)
    if value is None:
        raise DslError(f"there is no variable {name[:60]!r}")
    return value


def _called(node: Call) -> Compiled:
    function = FUNCTIONS[node.name]
    arguments = tuple(map(_compiled, node.arguments))

    def evaluate(variables: Variables) -> Value:
        return function([argument(variables) for argument in arguments])

    return _remembered(node, evaluate) if _is_worth_remembering(node) else evaluate


def _is_worth_remembering(node: Node) -> bool:
    """Whether a call hangs on variables alone, so that many expressions may ask for the very same."""
    return isinstance(node, Call) and all(
        isinstance(each, Name) or _is_worth_remembering(each) for each in node.arguments
    )


def _remembered(node: Call, evaluate: Compiled) -> Compiled:
    """The same call, made once for all expressions that share a cache."""

    def recall(variables: Variables) -> Value:
        cache: dict[Node, Value] | None = getattr(variables, "cache", None)
        if cache is None:
            return evaluate(variables)
        if node not in cache:
            cache[node] = evaluate(variables)
        return cache[node]

    return recall


def _prefixed(node: Prefix) -> Compiled:
    operand = _compiled(node.operand)
    match node.operator:
        case "!":
            return lambda variables: not _truth(operand(variables))
        case "-":
            return lambda variables: -_number(operand(variables))
        case _:
            return lambda variables: float(~int(_number(operand(variables))))


def _binary(node: Binary) -> Compiled:  # noqa: C901, PLR0911  one line an operator
    left, right = _compiled(node.left), _compiled(node.right)
    match node.operator:
        case "&&":
            return lambda variables: _truth(left(variables)) and _truth(right(variables))
        case "||":
            return lambda variables: _truth(left(variables)) or _truth(right(variables))
        case "??":
            return lambda variables: _or_else(left, right, variables)
        case "==":
            return lambda variables: _is_same(left(variables), right(variables))
        case "!=":
            return lambda variables: not _is_same(left(variables), right(variables))
        case "<" | ">" | "<=" | ">=" as order:
            return lambda variables: _in_order(order, left(variables), right(variables))
        case "=~":
            return lambda variables: _matches(left(variables), right(variables))
        case "!~":
            return lambda variables: not _matches(left(variables), right(variables))
        case "in":
            return lambda variables: _is_in(left(variables), right(variables))
        case "+":
            return lambda variables: _sum(left(variables), right(variables))
        case "/" | "%" as operator:
            return lambda variables: _quotient(operator, _number(left(variables)), _number(right(variables)))
        case operator:
            reckon = _NUMBERS[operator]
            return lambda variables: reckon(_number(left(variables)), _number(right(variables)))


def _or_else(left: Compiled, right: Compiled, variables: Variables) -> Value:
    try:
        return left(variables)
    except DslError:
        return right(variables)


def _truth(value: Value) -> bool:
    if not isinstance(value, bool):
        raise DslError(f"{shown(value)} is neither true nor false")
    return value


def _number(value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, float):
        raise DslError(f"{shown(value)} is no number")
    return value


def _is_same(left: Value, right: Value) -> bool:
    return type(left) is type(right) and left == right


def _in_order(order: str, left: Value, right: Value) -> bool:
    """Two texts by their octets, or two numbers."""
    if isinstance(left, bytes) and isinstance(right, bytes):
        sign = (left > right) - (left < right)
    else:
        sign = (_number(left) > _number(right)) - (_number(left) < _number(right))
    return (sign == 0 and "=" in order) or sign == (-1 if order[0] == "<" else 1)


def _matches(text: Value, pattern: Value) -> bool:
    if not (isinstance(text, bytes) and isinstance(pattern, bytes)):
        raise DslError("a pattern is looked for in text only")
    return FUNCTIONS["regex"]([pattern, text]) is True


def _is_in(value: Value, among: Value) -> bool:
    if not isinstance(among, list):
        raise DslError("a value is looked for in a list only")
    return any(_is_same(value, each) for each in among)


def _sum(left: Value, right: Value) -> Value:
    if isinstance(left, bytes) or isinstance(right, bytes):
        return bounded(as_text(left) + as_text(right))
    return _number(left) + _number(right)


def _quotient(operator: str, left: float, right: float) -> float:
    if right == 0:
        raise DslError("nothing is divided by zero")
    return left / right if operator == "/" else math.fmod(left, right)
