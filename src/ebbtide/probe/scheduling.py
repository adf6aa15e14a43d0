"""Who may be asked next: limits in all, per operator, prefix and address, in O(log n) a decision.

A tree: all, operators (where a table is given), prefixes, addresses. Every node has its pace and, for each kind of
turn, a heap of its children by the moment from which they may have one; children that are ready go in the order in
which they became so. A turn goes down the tree along the heaps' heads. Whoever waits for a turn is not in memory:
addresses and their jobs are pulled from what the caller supplies, one at a time.
"""

import heapq
import math
from collections import deque
from collections.abc import Callable, Iterator
from ipaddress import IPv6Address
from itertools import chain, count
from typing import Final, Generic, TypeVar

from ebbtide.frame.ids import prefix_of
from ebbtide.model.configuration import LimitsSection
from ebbtide.probe.pacing import NEVER_BEFORE, Pace

Job = TypeVar("Job")

FURTHER: Final = 0
"""A request on behalf of a job that has had its start; it goes before any start."""

START: Final = 1
_KINDS = (FURTHER, START)
_NOT_QUEUED: Final = math.inf

Heap = list[tuple[float, int, "_Node[Job]"]]
Supply = Iterator[Job]


class _Node(Generic[Job]):
    """What all levels have in common.

    Attributes:
        queued_s: For each kind, under which moment the parent's heap holds this node; other entries are stale.
    """

    __slots__ = ("further", "name", "pace", "parent", "queued_s", "starts")

    def __init__(self, name: str, parent: "_Node[Job] | None", pace: Pace) -> None:
        self.name = name
        self.parent = parent
        self.pace = pace
        self.queued_s = [_NOT_QUEUED, _NOT_QUEUED]
        self.further: Heap[Job] = []
        self.starts: Heap[Job] = []

    def wants_s(self, kind: int) -> float:
        """From when on it can use a turn; infinite if it has no use for one."""
        heap = self.starts if kind else self.further
        return max(heap[0][0], self.pace.ready_at_s()) if heap else math.inf


class _Prefix(_Node[Job]):
    __slots__ = ("in_flight", "live", "more", "most")

    def __init__(self, name: str, parent: _Node[Job], pace: Pace, most: int) -> None:
        super().__init__(name, parent, pace)
        self.in_flight = 0
        self.live = 0
        self.most = most
        self.more: Iterator[tuple[str, Supply[Job]]] | None = None

    def wants_s(self, kind: int) -> float:
        if kind == START:
            if self.in_flight >= self.most:
                return math.inf
            if self.more is not None:
                return self.pace.ready_at_s()
        return super().wants_s(kind)

    @property
    def is_idle(self) -> bool:
        return self.live == 0 and self.more is None


class _Address(_Node[Job]):
    __slots__ = ("is_busy", "jobs", "parked", "prefix", "supply")

    def __init__(self, name: str, prefix: _Prefix[Job], pace: Pace) -> None:
        super().__init__(name, prefix, pace)
        self.prefix = prefix
        self.is_busy = False
        self.jobs: deque[Job] | None = None
        self.supply: Supply[Job] | None = None
        self.parked: Job | None = None

    def wants_s(self, kind: int) -> float:
        if kind == FURTHER:
            return math.inf if self.parked is None else self.pace.ready_at_s()
        has_work = not self.is_busy and (self.jobs or self.supply is not None)
        return self.pace.ready_at_s() if has_work else math.inf

    @property
    def is_idle(self) -> bool:
        return not self.is_busy and not self.jobs and self.supply is None

    def next_job(self) -> Job | None:
        if self.jobs:
            return self.jobs.popleft()
        job = None if self.supply is None else next(self.supply, None)
        if job is None:
            self.supply = None
        return job


class Scheduler(Generic[Job]):
    """Gives out turns as the limits admit them. One job at a time per address is always in force.

    Args:
        limits: In all and per operator, prefix and address.
        operator_of: The operator of an address, empty if none is known.
        since_s: Another run may have asked anybody until this moment, and have died: whatever the rates are, they keep
            their distance from it.

    Attributes:
        in_flight: Jobs that have had their start and are not released.
        waiting: Jobs that were added one by one and have not had their start.
    """

    def __init__(
        self, limits: LimitsSection, operator_of: Callable[[str], str] | None = None, since_s: float = NEVER_BEFORE
    ) -> None:
        self._limits = limits
        self._operator_of = operator_of
        self._ties = count()
        self._top: _Node[Job] = _Node("", None, Pace(limits.requests_per_s))
        self._top.pace.hold(since_s + _longest_spacing_s(limits))
        self._operators: dict[str, _Node[Job]] = {}
        self._prefixes: dict[str, _Prefix[Job]] = {}
        self._addresses: dict[str, _Address[Job]] = {}
        self._resting: Heap[Job] = []
        self._no_pace = Pace(0)
        self.in_flight = 0
        self.waiting = 0

    @property
    def open_prefixes(self) -> int:
        """Prefixes that have work, or a rate to mind."""
        return len(self._prefixes)

    @property
    def has_work(self) -> bool:
        """Whether somebody waits for a start, here or in a supply."""
        return self._top.wants_s(START) < math.inf

    def add(self, job: Job, address: str, now_s: float) -> None:
        """Have ``job`` wait for its turn at ``address``."""
        node = self._address(machine_of(address))
        if node.jobs is None:
            node.jobs = deque()
        node.jobs.append(job)
        self.waiting += 1
        self._queue(node, START, now_s)

    def open(self, prefix: str, addresses: Iterator[tuple[str, Supply[Job]]], now_s: float) -> None:
        """Take in a whole prefix: its addresses and, for each, its jobs; both are pulled one by one as turns come.

        Args:
            prefix: Of all the addresses.
            addresses: None twice.
            now_s: The present.
        """
        node = self._prefix(prefix)
        node.more = addresses if node.more is None else chain(node.more, addresses)
        self._queue(node, START, now_s)

    def admit(self, job: Job, address: str, now_s: float) -> bool:
        """Whether a job in flight may send one more request now; if not, ``take_further`` will hand it out."""
        node = self._addresses[machine_of(address)]
        path = self._path(node)
        if all(_admits(each, now_s) for each in path):
            for each in path:
                each.pace.take(now_s)
            return True
        node.parked = job
        self._queue(node, FURTHER, now_s)
        return False

    def take_further(self, now_s: float) -> Job | None:
        """A job whose next request is admitted now."""
        if not self._top.further or self._top.pace.ready_at_s() > now_s:
            return None
        return self._pick(self._top, FURTHER, now_s)

    def take_start(self, now_s: float) -> Job | None:
        """A job that may start now; it is in flight from here on."""
        if self._resting:
            self._forget_rested(now_s)
        return self._pick(self._top, START, now_s) if self.has_room(now_s) else None

    def release(self, address: str, now_s: float) -> None:
        """The job at ``address`` is over and its connection closed."""
        node = self._addresses[machine_of(address)]
        node.is_busy = False
        node.parked = None
        node.prefix.in_flight -= 1
        self.in_flight -= 1
        self._queue(node, START, now_s)
        self._queue(node.prefix, START, now_s)
        self._rest(node, now_s)

    def has_room(self, now_s: float) -> bool:
        """Whether the limits in all admit one more start now."""
        return self.in_flight < self._limits.in_flight and self._top.pace.ready_at_s() <= now_s

    def ready_at_s(self, now_s: float, *, has_more: bool) -> float | None:
        """When a rate, and nothing else, will admit the next turn; ``None`` if no rate holds anything up.

        ``has_more`` says that there is work which does not wait here yet.
        """
        at_s = self._top.wants_s(FURTHER)
        if self.in_flight < self._limits.in_flight:
            at_s = min(at_s, self._top.wants_s(START))
            overall_s = self._top.pace.ready_at_s()
            if has_more and overall_s > now_s:
                at_s = min(at_s, overall_s)
        return None if at_s == math.inf else at_s

    def pace_of(self, address: str) -> tuple[str, Pace]:
        """The prefix of a job in flight, and its pace."""
        prefix = self._addresses[machine_of(address)].prefix
        return prefix.name, prefix.pace

    def hold_address(self, address: str, until_s: float) -> None:
        """Ask nothing of an address with a job in flight before a moment."""
        node = self._addresses[machine_of(address)]
        if node.pace is self._no_pace:
            node.pace = Pace(0)
        node.pace.hold(until_s)

    def _pick(self, node: _Node[Job], kind: int, now_s: float) -> Job | None:
        """A job below a node whose turn it is; every pace on the way down is charged."""
        while (child := self._ready_child(node, kind, now_s)) is not None:
            if isinstance(child, _Address):
                job = self._started(child, now_s) if kind else _unparked(child)
            else:
                job = self._pick(child, kind, now_s)
            if job is not None:
                child.pace.take(now_s)
            self._queue_one(child, kind, now_s)
            if job is not None:
                if node is self._top:
                    node.pace.take(now_s)
                return job
        return None

    def _started(self, node: _Address[Job], now_s: float) -> Job | None:
        """Start the address's next job; whether there is one its supply alone may know."""
        has_waited = bool(node.jobs)
        job = node.next_job()
        if job is None:
            self._rest(node, now_s)
            return None
        self.waiting -= has_waited
        self.in_flight += 1
        node.is_busy = True
        node.prefix.in_flight += 1
        return job

    def _ready_child(self, node: _Node[Job], kind: int, now_s: float) -> _Node[Job] | None:
        heap = node.starts if kind else node.further
        while heap and heap[0][0] <= now_s:
            at_s, _, child = heapq.heappop(heap)
            if child.queued_s[kind] != at_s:
                continue
            child.queued_s[kind] = _NOT_QUEUED
            if child.wants_s(kind) <= now_s:
                return child
            self._queue_one(child, kind, now_s)
        return self._fresh_address(node, now_s) if kind == START and isinstance(node, _Prefix) else None

    def _fresh_address(self, prefix: _Prefix[Job], now_s: float) -> _Address[Job] | None:
        """The next address that the caller supplies for a prefix, if it may have a turn now."""
        while prefix.more is not None:
            fresh = next(prefix.more, None)
            if fresh is None:
                prefix.more = None
                self._rest(prefix, now_s)
                return None
            name, supply = fresh
            node = self._address(machine_of(name))
            node.supply = supply if node.supply is None else chain(node.supply, supply)
            if node.wants_s(START) <= now_s:
                return node
            self._queue_one(node, START, now_s)
        return None

    def _queue(self, node: _Node[Job], kind: int, now_s: float) -> None:
        """Put a node, and all above it, where their next turn will be seen."""
        each: _Node[Job] | None = node
        while each is not None and each.parent is not None:
            self._queue_one(each, kind, now_s)
            each = each.parent

    def _queue_one(self, node: _Node[Job], kind: int, now_s: float) -> None:
        parent = node.parent
        at_s = node.wants_s(kind)
        if parent is None or at_s == math.inf:
            return
        at_s = max(at_s, now_s)
        if at_s < node.queued_s[kind]:
            node.queued_s[kind] = at_s
            heapq.heappush(parent.starts if kind else parent.further, (at_s, next(self._ties), node))

    def _path(self, node: _Address[Job]) -> tuple[_Node[Job], ...]:
        above = node.prefix.parent
        if above is None or above is self._top:
            return (node, node.prefix, self._top)
        return (node, node.prefix, above, self._top)

    def _address(self, machine: str) -> _Address[Job]:
        node = self._addresses.get(machine)
        if node is None:
            rate = self._limits.requests_per_address_s
            pace = Pace(rate) if rate else self._no_pace
            prefix = self._prefix(_prefix_of(machine))
            prefix.live += 1
            node = self._addresses[machine] = _Address(machine, prefix, pace)
        return node

    def _prefix(self, name: str) -> _Prefix[Job]:
        node = self._prefixes.get(name)
        if node is None:
            limits = self._limits
            pace = Pace(limits.requests_per_prefix_s)
            node = _Prefix(name, self._operator(name), pace, limits.in_flight_per_prefix)
            self._prefixes[name] = node
        return node

    def _operator(self, prefix: str) -> _Node[Job]:
        name = self._operator_of(prefix.partition("/")[0]) if self._operator_of else ""
        if not name:
            return self._top
        node = self._operators.get(name)
        if node is None:
            node = self._operators[name] = _Node(name, self._top, Pace(self._limits.requests_per_operator_s))
        return node

    def _rest(self, node: _Address[Job] | _Prefix[Job], now_s: float) -> None:
        """Forget an idle node, once it has no rate to mind any more."""
        if not node.is_idle:
            return
        ready_s = node.pace.ready_at_s()
        if ready_s > now_s:
            heapq.heappush(self._resting, (ready_s, next(self._ties), node))
        elif isinstance(node, _Address):
            if self._addresses.pop(node.name, None) is node:
                node.prefix.live -= 1
                self._rest(node.prefix, now_s)
        else:
            self._prefixes.pop(node.name, None)

    def _forget_rested(self, now_s: float) -> None:
        while self._resting and self._resting[0][0] <= now_s:
            node = heapq.heappop(self._resting)[2]
            known = self._prefixes if isinstance(node, _Prefix) else self._addresses
            if known.get(node.name) is node and isinstance(node, _Prefix | _Address):
                self._rest(node, now_s)


def _longest_spacing_s(limits: LimitsSection) -> float:
    rates = (
        limits.requests_per_s,
        limits.requests_per_operator_s,
        limits.requests_per_prefix_s,
        limits.requests_per_address_s,
    )
    return max((1 / rate for rate in rates if rate), default=0.0)


def _admits(node: _Node[Job], now_s: float) -> bool:
    """Whether a node admits a request now, and nobody who waits below it has the older claim."""
    return node.pace.ready_at_s() <= now_s and not (node.further and node.pace.spacing_s)


def _unparked(node: _Address[Job]) -> Job | None:
    job, node.parked = node.parked, None
    return job


def machine_of(address: str) -> str:
    """The name under which an address is counted. An IPv4-mapped address is the IPv4 machine."""
    if ":" not in address:
        return address
    parsed = IPv6Address(address)
    return str(parsed.ipv4_mapped or parsed)


def _prefix_of(machine: str) -> str:
    return prefix_of(machine) if ":" in machine else f"{machine.rpartition('.')[0]}.0/24"
