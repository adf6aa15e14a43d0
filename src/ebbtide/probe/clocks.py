"""Deadlines of one length each: they end in the order in which they began, so a queue is enough."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from ebbtide.probe.network import Cancellable, Network

Holder = TypeVar("Holder")


class Clock(Generic[Holder]):
    """One deadline for many holders; starting and stopping cost the same however many there are.

    Args:
        network: Tells the time.
        limit_s: Seconds from ``start`` to the deadline.
        on_expired: Called with each holder that did not stop in time.
    """

    __slots__ = ("_deadlines", "_limit_s", "_network", "_on_expired", "_timer")

    def __init__(self, network: Network, limit_s: float, on_expired: Callable[[Holder], None]) -> None:
        self._network = network
        self._limit_s = limit_s
        self._on_expired = on_expired
        self._deadlines: OrderedDict[Holder, float] = OrderedDict()
        self._timer: Cancellable | None = None

    def start(self, holder: Holder, now_s: float) -> None:
        """Begin a deadline for ``holder``, which has none yet."""
        self._deadlines[holder] = now_s + self._limit_s
        if self._timer is None:
            self._timer = self._network.call_later(self._limit_s, self._ring)

    def stop(self, holder: Holder) -> None:
        """Forget the deadline of ``holder``, if it has one."""
        self._deadlines.pop(holder, None)

    def close(self) -> None:
        """Forget everything."""
        self._deadlines.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        while self._deadlines:
            holder = next(iter(self._deadlines))
            left_s = self._deadlines[holder] - self._network.now_s()
            if left_s > 0:
                self._timer = self._network.call_later(left_s, self._ring)
                return
            del self._deadlines[holder]
            self._on_expired(holder)
