"""The one place where our own mistakes are caught: they become the outcome of one target, and the run goes on."""

from collections.abc import Callable
from functools import wraps
from typing import Protocol, TypeVar


class Breakable(Protocol):
    """What can be ended by a mistake of ours."""

    def break_off(self, bug: Exception) -> None:
        """Record the mistake as this target's outcome."""


Owner = TypeVar("Owner", bound=Breakable)
Given = TypeVar("Given")


def supervised(method: Callable[[Owner], None]) -> Callable[[Owner], None]:
    """Wrap what a clock or the run calls."""

    @wraps(method)
    def safe(self: Owner) -> None:
        try:
            method(self)
        except Exception as bug:  # noqa: BLE001  (the one supervisor: a bug must not end a round)
            self.break_off(bug)

    return safe


def supervised_call(method: Callable[[Owner, Given], None]) -> Callable[[Owner, Given], None]:
    """Wrap what the network calls with one argument; without ``*args``, since every packet comes here."""

    @wraps(method)
    def safe(self: Owner, given: Given) -> None:
        try:
            method(self, given)
        except Exception as bug:  # noqa: BLE001  (the same supervisor)
            self.break_off(bug)

    return safe
