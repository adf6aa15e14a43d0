"""Who may be asked next: limits in all, per operator, prefix and address, in O(log n) a decision.

A turn goes down from all to an operator (where a table is given), a prefix, an address. Whoever may have a start stands
in a queue of the level above, whoever may have one later in a heap; so it costs the same however many there are. A
request on behalf of a job that is under way goes before any start. Whoever waits for a start need not be in memory:
addresses and their jobs are pulled from what the caller supplies, one at a time.
"""

from collections import deque
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from ipaddress import IPv6Address
from itertools import chain, count
from typing import Generic

from ebbtide.frame.ids import prefix_of
from ebbtide.model.configuration import LimitsSection
from ebbtide.probe.pacing import NEVER_BEFORE, Pace
from ebbtide.probe.places import NEVER, Address, Job, Later, Level, Place, Prefix, Supply


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
        self._most = limits.in_flight
        self._operator_of = operator_of
        self._ties = count()
        self._top: Level[Job] = Level("", None, Pace(limits.requests_per_s))
        self._top.pace.hold(since_s + _longest_spacing_s(limits))
        self._operators: dict[str, Level[Job]] = {}
        self._prefixes: dict[str, Prefix[Job]] = {}
        self._addresses: dict[str, Address[Job]] = {}
        self._resting: Later[Job] = []
        self._no_pace = Pace(0)
        self._address_rate = limits.requests_per_address_s
        self.in_flight = 0
        self.waiting = 0

    @property
    def open_prefixes(self) -> int:
        """Prefixes that have work, or a rate to mind."""
        return len(self._prefixes)

    @property
    def has_work(self) -> bool:
        """Whether somebody waits for a start, here or in a supply."""
        return self._top.start_at_s() < NEVER

    # What is to be done.

    def add(self, job: Job, address: str, now_s: float) -> None:
        """Have ``job`` wait for its turn at ``address``."""
        node = self._address(machine_of(address))
        if node.jobs is None:
            node.jobs = deque()
        node.jobs.append(job)
        self.waiting += 1
        if not node.is_ready:
            self._offer(node, now_s)

    def open(self, prefix: str, addresses: Iterator[tuple[str, Supply[Job]]], now_s: float) -> None:
        """Take in a whole prefix: its addresses and, for each, its jobs; both are pulled one by one as turns come.

        Args:
            prefix: Of all the addresses.
            addresses: None twice.
            now_s: The present.
        """
        node = self._prefix(prefix)
        node.more = addresses if node.more is None else chain(node.more, addresses)
        self._offer(node, now_s)

    # Turns.

    def start_now(self, address: str, now_s: float) -> bool:
        """Have a job start at ``address`` at once, if it can; ``take_start`` has just said that nobody who waits can.

        Returns:
            Whether it is in flight now; if not, ``add`` has it wait.
        """
        node = self._address(machine_of(address))
        prefix = node.parent
        if node.is_busy or prefix.in_flight >= prefix.most or not self._is_open(node, now_s):
            return False
        self._begin(node, now_s)
        return True

    def take_start(self, now_s: float) -> Job | None:
        """A job that may start now; it is in flight from here on."""
        if self._resting:
            self._forget_rested(now_s)
        return self._start_below(self._top, now_s) if self.has_room(now_s) else None

    def take_further(self, now_s: float) -> Job | None:
        """A job in flight whose next request is admitted now."""
        if not self._top.further or self._top.pace.next_s > now_s:
            return None
        return self._further_below(self._top, now_s)

    def admit(self, job: Job, address: str, now_s: float) -> bool:
        """Whether a job in flight may send one more request now; if not, ``take_further`` will hand it out."""
        node = self._addresses[machine_of(address)]
        if self._is_open(node, now_s):
            self._charge(node, now_s)
            return True
        node.parked = job
        self._offer_further(node, now_s)
        return False

    def release(self, address: str, now_s: float) -> None:
        """The job at ``address`` is over and its connection closed."""
        node = self._addresses[machine_of(address)]
        prefix = node.parent
        node.is_busy = False
        node.parked = None
        prefix.in_flight -= 1
        self.in_flight -= 1
        if node.is_idle:
            self._rest(node, now_s)
            if prefix.has_starts and not prefix.is_ready:
                self._offer(prefix, now_s)
        else:
            self._offer(node, now_s)

    def has_room(self, now_s: float) -> bool:
        """Whether the limits in all admit one more start now."""
        return self.in_flight < self._most and self._top.pace.next_s <= now_s

    def ready_at_s(self, now_s: float, *, has_more: bool) -> float | None:
        """When a rate, and nothing else, will admit the next turn; ``None`` if no rate holds anything up.

        ``has_more`` says that there is work which does not wait here yet.
        """
        at_s = self._top.further_at_s()
        if self.in_flight < self._most:
            overall_s = self._top.pace.next_s
            at_s = min(at_s, overall_s if has_more and overall_s > now_s else self._top.start_at_s())
        return None if at_s == NEVER else at_s

    # Slowing down.

    def pace_of(self, address: str) -> Pace | None:
        """The pace of an address's prefix; ``None`` if nothing is under way there."""
        node = self._addresses.get(machine_of(address))
        return None if node is None else node.parent.pace

    def hold_address(self, address: str, until_s: float) -> None:
        """Ask nothing of an address with a job in flight before a moment."""
        node = self._addresses[machine_of(address)]
        if node.pace is self._no_pace:
            node.pace = Pace(0)
        node.pace.hold(until_s)

    # Starts.

    def _start_below(self, level: Level[Job], now_s: float) -> Job | None:
        while True:
            if level.later and level.later[0][0] <= now_s:
                self._wake(level, now_s)
            if not level.ready:
                return None
            child = level.ready.popleft()
            child.is_ready = False
            job = None
            if child.start_at_s() <= now_s:
                if isinstance(child, Prefix):
                    job = self._start_in(child, now_s)
                elif isinstance(child, Level):
                    job = self._start_below(child, now_s)
            self._offer_one(child, now_s)
            if job is not None:
                return job

    def _start_in(self, prefix: Prefix[Job], now_s: float) -> Job | None:
        while True:
            if prefix.later and prefix.later[0][0] <= now_s:
                self._wake(prefix, now_s)
            node = prefix.ready.popleft() if prefix.ready else self._fresh_address(prefix, now_s)
            if not isinstance(node, Address):
                return None
            node.is_ready = False
            if node.start_at_s() > now_s:
                self._offer_one(node, now_s)
                continue
            has_waited = bool(node.jobs)
            job = node.next_job()
            if job is not None:
                self.waiting -= has_waited
                self._begin(node, now_s)
                return job
            self._rest(node, now_s)

    def _fresh_address(self, prefix: Prefix[Job], now_s: float) -> Address[Job] | None:
        """The next address that the caller supplies for a prefix."""
        fresh = None if prefix.more is None else next(prefix.more, None)
        if fresh is None:
            prefix.more = None
            self._rest(prefix, now_s)
            return None
        name, supply = fresh
        node = self._address(machine_of(name), prefix)
        if node.is_ready:
            prefix.ready.remove(node)
        node.supply = supply if node.supply is None else chain(node.supply, supply)
        return node

    def _wake(self, level: Level[Job], now_s: float) -> None:
        """Those whose time has come are ready."""
        while level.later and level.later[0][0] <= now_s:
            at_s, _, child = heappop(level.later)
            if child.later_s == at_s:
                child.later_s = NEVER
                self._offer_one(child, now_s)

    def _offer(self, node: Place[Job], now_s: float) -> None:
        """Put a place, and all above it, where their next start will be seen."""
        top = self._top
        while node is not top and not node.is_ready:
            self._offer_one(node, now_s)
            node = node.parent

    def _offer_one(self, node: Place[Job], now_s: float) -> None:
        if node.is_ready:
            return
        at_s = node.start_at_s()
        if at_s <= now_s:
            node.is_ready = True
            node.later_s = NEVER
            node.parent.ready.append(node)
        elif at_s < node.later_s:
            node.later_s = at_s
            heappush(node.parent.later, (at_s, next(self._ties), node))

    # Further requests.

    def _further_below(self, level: Level[Job], now_s: float) -> Job | None:
        while level.further and level.further[0][0] <= now_s:
            at_s, _, child = heappop(level.further)
            if child.further_s != at_s:
                continue
            child.further_s = NEVER
            job = None
            if child.further_at_s() <= now_s:
                job = self._unpark(child, now_s) if isinstance(child, Address) else self._further_below(child, now_s)
            self._offer_one_further(child, now_s)
            if job is not None:
                return job
        return None

    def _unpark(self, node: Address[Job], now_s: float) -> Job | None:
        job, node.parked = node.parked, None
        self._charge(node, now_s)
        return job

    def _offer_further(self, node: Place[Job], now_s: float) -> None:
        while node is not self._top:
            self._offer_one_further(node, now_s)
            node = node.parent

    def _offer_one_further(self, node: Place[Job], now_s: float) -> None:
        at_s = max(node.further_at_s(), now_s)
        if at_s < node.further_s:
            node.further_s = at_s
            heappush(node.parent.further, (at_s, next(self._ties), node))

    # Places.

    def _begin(self, node: Address[Job], now_s: float) -> None:
        node.is_busy = True
        node.parent.in_flight += 1
        self.in_flight += 1
        self._charge(node, now_s)

    def _is_open(self, node: Address[Job], now_s: float) -> bool:
        """Whether an address and all above it admit a request now, and nobody who waits has the older claim."""
        if node.pace.next_s > now_s:
            return False
        level: Level[Job] = node.parent
        top = self._top
        while level.pace.next_s <= now_s and not (level.further and level.pace.spacing_s):
            if level is top:
                return True
            level = level.parent
        return False

    def _charge(self, node: Address[Job], now_s: float) -> None:
        if node.pace.spacing_s:
            node.pace.take(now_s)
        level: Level[Job] = node.parent
        top = self._top
        while True:
            if level.pace.spacing_s:
                level.pace.take(now_s)
            if level is top:
                return
            level = level.parent

    def _address(self, machine: str, home: Prefix[Job] | None = None) -> Address[Job]:
        node = self._addresses.get(machine)
        if node is None:
            prefix = home or self._prefix(home_of(machine))
            prefix.addresses += 1
            pace = Pace(self._address_rate) if self._address_rate else self._no_pace
            node = self._addresses[machine] = Address(machine, prefix, pace)
        return node

    def _prefix(self, name: str) -> Prefix[Job]:
        node = self._prefixes.get(name)
        if node is None:
            limits = self._limits
            pace = Pace(limits.requests_per_prefix_s)
            node = Prefix(name, self._operator(name), pace, limits.in_flight_per_prefix)
            self._prefixes[name] = node
        return node

    def _operator(self, prefix: str) -> Level[Job]:
        name = self._operator_of(prefix.partition("/")[0]) if self._operator_of else ""
        if not name:
            return self._top
        node = self._operators.get(name)
        if node is None:
            node = self._operators[name] = Level(name, self._top, Pace(self._limits.requests_per_operator_s))
        return node

    def _rest(self, node: Address[Job] | Prefix[Job], now_s: float) -> None:
        """Forget an idle place, once it has no rate to mind any more."""
        if not node.is_idle:
            return
        if node.pace.next_s > now_s:
            heappush(self._resting, (node.pace.next_s, next(self._ties), node))
        elif isinstance(node, Prefix):
            self._prefixes.pop(node.name, None)
        elif self._addresses.pop(node.name, None) is node:
            node.parent.addresses -= 1
            self._rest(node.parent, now_s)

    def _forget_rested(self, now_s: float) -> None:
        while self._resting and self._resting[0][0] <= now_s:
            node = heappop(self._resting)[2]
            if isinstance(node, Prefix):
                is_known = self._prefixes.get(node.name) is node
            else:
                is_known = self._addresses.get(node.name) is node
            if is_known and isinstance(node, Prefix | Address):
                self._rest(node, now_s)


def machine_of(address: str) -> str:
    """The name under which an address is counted. An IPv4-mapped address is the IPv4 machine."""
    if ":" not in address:
        return address
    parsed = IPv6Address(address)
    return str(parsed.ipv4_mapped or parsed)


def home_of(address: str) -> str:
    """The prefix of an address in its usual form; ``frame.ids.prefix_of`` reads any form, at ten times the cost."""
    return prefix_of(address) if ":" in address else f"{address.rpartition('.')[0]}.0/24"


def _longest_spacing_s(limits: LimitsSection) -> float:
    rates = (
        limits.requests_per_s,
        limits.requests_per_operator_s,
        limits.requests_per_prefix_s,
        limits.requests_per_address_s,
    )
    return max((1 / rate for rate in rates if rate), default=0.0)
