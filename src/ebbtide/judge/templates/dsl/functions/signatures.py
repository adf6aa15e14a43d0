"""How a function takes its arguments."""

from collections.abc import Callable

from ebbtide.judge.templates.dsl.values import DslError, Value

Arguments = list[Value]
Function = Callable[[Arguments], Value]


def takes(least: int, most: int | None = None) -> Callable[[Function], Function]:
    """Has a function refuse another number of arguments.

    Args:
        least: Fewest.
        most: Most; as many as the fewest if it is ``None``, any number if it is negative.
    """
    highest = least if most is None else most

    def wrap(function: Function) -> Function:
        def counted(arguments: Arguments) -> Value:
            if len(arguments) < least or (highest >= 0 and len(arguments) > highest):
                raise DslError(f"{len(arguments)} arguments, where {_count(least, highest)} are taken")
            return function(arguments)

        return counted

    return wrap


def _count(least: int, most: int) -> str:
    if most < 0:
        return f"at least {least}"
    return str(least) if least == most else f"{least} to {most}"
