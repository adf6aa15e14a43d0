"""Deadlines of one length each: they end in the order in which they began, so a queue is enough."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from ebbtide.probe.network import Cancellable, Network

Holder = TypeVar("Holder")

_STALL_S: Final = 0.25
"""So late a ring means that this process stood still: a busy disk, a long pause of the machine."""
_GRACE_S: Final = 0.1
"""What we then give to what has arrived meanwhile, before anybody is called silent."""


class Clock(Generic[Holder]):
    """One deadline for many holders; starting and stopping cost the same however many there are.

    Args:
        network: Tells the time.
        limit_s: Seconds from ``start`` to the deadline.
        on_expired: Called with each holder that did not stop in time.
    """

    __slots__ = ("_deadlines", "_due_s", "_has_waited", "_limit_s", "_network", "_on_expired", "_timer")

    def __init__(self, network: Network, limit_s: float, on_expired: Callable[[Holder], None]) -> None:
        self._network = network
        self._limit_s = limit_s
        self._on_expired = on_expired
        self._deadlines: OrderedDict[Holder, float] = OrderedDict()
        self._timer: Cancellable | None = None
        self._due_s = 0.0
        self._has_waited = False

    def start(self, holder: Holder, now_s: float) -> None:
        """Begin a deadline for ``holder``, which has none yet."""
        self._deadlines[holder] = now_s + self._limit_s
        if self._timer is None:
            self._set(self._limit_s, now_s)

    def stop(self, holder: Holder) -> None:
        """Forget the deadline of ``holder``, if it has one."""
        self._deadlines.pop(holder, None)

    def close(self) -> None:
        """Forget everything."""
        self._deadlines.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, delay_s: float, now_s: float) -> None:
        self._due_s = now_s + delay_s
        self._timer = self._network.call_later(delay_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now_s = self._network.now_s()
        if now_s - self._due_s > _STALL_S and not self._has_waited:
            self._has_waited = True
            self._set(_GRACE_S, now_s)
            return
        self._has_waited = False
        while self._deadlines:
            holder = next(iter(self._deadlines))
            now_s = self._network.now_s()
            left_s = self._deadlines[holder] - now_s
            if left_s > 0:
                self._set(left_s, now_s)
                return
            del self._deadlines[holder]
            self._on_expired(holder)
