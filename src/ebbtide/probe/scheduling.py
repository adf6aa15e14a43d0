"""Who may be asked next: limits in all, per prefix and per address, in O(1) or O(log n) a decision."""

import heapq
from collections import deque
from ipaddress import IPv6Address
from itertools import count
from typing import Generic, TypeVar

from ebbtide.frame.ids import prefix_of
from ebbtide.model.configuration import LimitsSection

Job = TypeVar("Job")

_LATENESS_S = 0.02


class Pace:
    """A rate: starts are spaced evenly; being woken a little late is made up for.

    Args:
        rate_per_s: 0 means no limit.
    """

    __slots__ = ("_next_s", "_spacing_s")

    def __init__(self, rate_per_s: float) -> None:
        self._spacing_s = 1 / rate_per_s if rate_per_s else 0.0
        self._next_s = float("-inf")

    def ready_at_s(self) -> float:
        """When the next start is admitted."""
        return self._next_s

    def take(self, now_s: float) -> None:
        """Note a start."""
        if self._spacing_s:
            self._next_s = max(self._next_s, now_s - _LATENESS_S) + self._spacing_s


class _Prefix(Generic[Job]):
    __slots__ = ("in_flight", "is_queued", "key", "pace", "waiting")

    def __init__(self, key: str, rate_per_s: float) -> None:
        self.key = key
        self.in_flight = 0
        self.is_queued = False
        self.pace = Pace(rate_per_s)
        self.waiting: deque[tuple[str, Job]] = deque()


class Scheduler(Generic[Job]):
    """Holds jobs until the limits admit them. Prefixes take turns, so that a large one stalls no other.

    Args:
        limits: In all, per prefix, and rates; at most one job per address is always in force.
    """

    def __init__(self, limits: LimitsSection) -> None:
        self._limits = limits
        self._pace = Pace(limits.requests_per_s)
        self._prefixes: dict[str, _Prefix[Job]] = {}
        self._ready: deque[_Prefix[Job]] = deque()
        self._paused: list[tuple[float, int, _Prefix[Job]]] = []
        self._ties = count()
        self._busy: dict[str, _Prefix[Job]] = {}
        self._parked: dict[str, deque[Job]] = {}
        self.in_flight = 0
        self.waiting = 0

    def add(self, job: Job, address: str, now_s: float) -> None:
        """Have ``job`` wait for its turn at ``address``."""
        machine = _machine_of(address)
        key = prefix_of(address) if ":" in address else f"{address.rpartition('.')[0]}.0/24"
        prefix = self._prefixes.get(key)
        if prefix is None:
            prefix = self._prefixes[key] = _Prefix(key, self._limits.requests_per_prefix_s)
        self.waiting += 1
        prefix.waiting.append((machine, job))
        self._queue(prefix, now_s)

    def take(self, now_s: float) -> Job | None:
        """A job that may start now; it is in flight from here on."""
        if not self.has_room(now_s):
            return None
        while self._paused and self._paused[0][0] <= now_s:
            self._ready.append(heapq.heappop(self._paused)[2])
        while self._ready:
            prefix = self._ready.popleft()
            prefix.is_queued = False
            started = self._start_one(prefix, now_s)
            self._queue(prefix, now_s)
            if started is not None:
                return started[0]
        return None

    def release(self, address: str, now_s: float) -> None:
        """The job at ``address`` is over and its connection closed."""
        machine = _machine_of(address)
        prefix = self._busy.pop(machine)
        self.in_flight -= 1
        prefix.in_flight -= 1
        parked = self._parked.get(machine)
        if parked:
            prefix.waiting.appendleft((machine, parked.popleft()))
            if not parked:
                del self._parked[machine]
        self._queue(prefix, now_s)

    def has_room(self, now_s: float) -> bool:
        """Whether the limits in all admit one more start now."""
        return self.in_flight < self._limits.in_flight and self._pace.ready_at_s() <= now_s

    def ready_at_s(self, now_s: float, *, has_more: bool) -> float | None:
        """When a rate, and nothing else, will admit the next start; ``None`` if no rate holds anything up.

        ``has_more`` says that jobs can be added which do not wait here yet.
        """
        overall_s = self._pace.ready_at_s()
        if self.in_flight >= self._limits.in_flight:
            return None
        if self._ready or (has_more and overall_s > now_s):
            return overall_s
        return max(self._paused[0][0], overall_s) if self._paused else None

    def _start_one(self, prefix: _Prefix[Job], now_s: float) -> tuple[Job] | None:
        while prefix.waiting:
            machine, job = prefix.waiting.popleft()
            if machine in self._busy:
                self._parked.setdefault(machine, deque()).append(job)
                continue
            self._busy[machine] = prefix
            self._pace.take(now_s)
            prefix.pace.take(now_s)
            prefix.in_flight += 1
            self.in_flight += 1
            self.waiting -= 1
            return (job,)
        return None

    def _queue(self, prefix: _Prefix[Job], now_s: float) -> None:
        """Put a prefix where its next job will be seen; forget it when it has neither a job nor a rate to mind."""
        if prefix.is_queued:
            return
        ready_at_s = prefix.pace.ready_at_s()
        if not prefix.waiting:
            if not prefix.in_flight and ready_at_s <= now_s:
                del self._prefixes[prefix.key]
        elif prefix.in_flight < self._limits.in_flight_per_prefix:
            prefix.is_queued = True
            if ready_at_s <= now_s:
                self._ready.append(prefix)
            else:
                heapq.heappush(self._paused, (ready_at_s, next(self._ties), prefix))


def _machine_of(address: str) -> str:
    """The name under which an address is counted. An IPv4-mapped address is the IPv4 machine."""
    if ":" not in address:
        return address
    parsed = IPv6Address(address)
    return str(parsed.ipv4_mapped or parsed)
