"""What is asked of one target, where, and in which order: the plan's requests first, then hops of redirects. Pure."""

from collections import deque
from typing import Final

import msgspec

from ebbtide.conduct.robots import ROBOTS_PATH, robots_of
from ebbtide.model.outcomes import Answered, Skipped, SkipReason
from ebbtide.model.transcripts import Plan, Purpose, Request
from ebbtide.probe.origins import Origin, home_of, origin_at
from ebbtide.probe.raw import RawExchange
from ebbtide.probe.redirects import Dead, Hop, next_hop
from ebbtide.probe.settings import Assignment, ProbeSettings
from ebbtide.probe.stops import Stop

_ROBOTS: Final = Request(ROBOTS_PATH, Purpose.ROBOTS)
CLOSED_BY_ROBOTS: Final = Skipped(SkipReason.ROBOTS, "robots.txt does not allow it")


class Itinerary:
    """The stops of one conversation.

    Args:
        assignment: Whom to ask; with a hop, that alone is asked, and what it redirects to.
        plan: What to ask.
        settings: How far redirects are followed.

    Attributes:
        home: Where the plan's own requests go.
        is_late: The time for the whole target is over; no other scheme is begun.
    """

    __slots__ = (
        "_asked", "_assignment", "_hops", "_own", "_pending", "_plan", "_robots", "_settings", "home", "is_late"
    )  # fmt: skip

    def __init__(self, assignment: Assignment, plan: Plan, settings: ProbeSettings) -> None:
        self._assignment = assignment
        self._plan = plan
        self._settings = settings
        self._pending: deque[Stop] = deque()
        self._hops: deque[Stop] = deque()
        self._own: list[RawExchange] = []
        self._asked: set[object] = set()
        self._robots: RawExchange | None = None
        self.is_late = False
        self.home = home_of(assignment.target) if assignment.hop is None else assignment.hop.origin

    def begin(self) -> None:
        """Ask the plan for the first stops; of a hop there is only the one."""
        hop = self._assignment.hop
        if hop is None:
            self._ask_plan()
        else:
            self._pending.append(Stop(hop.request, hop.origin, hop.parent, hop.visited))

    @property
    def next_stop(self) -> Stop | None:
        """Where to go now; ``None`` at the end."""
        if self._pending:
            return self._pending[0]
        return self._hops[0] if self._hops else None

    @property
    def closed_stop(self) -> Stop | None:
        """The next of the named paths that robots.txt closes; ``None`` if another comes first."""
        stop = self._pending[0] if self._pending else None
        return stop if stop is not None and stop.dead is CLOSED_BY_ROBOTS else None

    def pass_on(self, exchange: RawExchange) -> None:
        """Take note of what came of the next stop, and go on to the one after it.

        Args:
            exchange: Is told what it hands on to a conversation elsewhere.
        """
        is_own = bool(self._pending)
        stop = (self._pending if is_own else self._hops).popleft()
        is_own = is_own and stop.parent is None
        if isinstance(exchange.outcome, Answered):
            self._follow(exchange, stop)
            if is_own:
                self._take_in(exchange)
        elif stop.parent is None and stop.dead is None:
            self._give_up(exchange)
            return
        if is_own and not self._pending and not stop.request.is_last:
            self._ask_plan()

    def fall_back(self) -> bool:
        """Ask the plan anew over the other scheme, if the target allows it and nothing was answered."""
        target = self._assignment.target
        other = target.fallback_origin
        if other is None or self.is_late or self._own or self.home.label or self._assignment.hop is not None:
            return False
        scheme, port = other
        self.home = origin_at(scheme, target.host, port)
        self._pending.clear()
        self._asked.clear()
        self._ask_plan()
        return bool(self._pending)

    def _ask_plan(self) -> None:
        assignment = self._assignment
        seen = [exchange.masked() for exchange in self._own]
        for request in self._plan.next_requests(assignment.target, seen, assignment.level):
            if request.is_named and self._settings.robots:
                self._ask(_ROBOTS)
            self._ask(request)
        self._heed_robots()

    def _ask(self, request: Request) -> None:
        if request.key not in self._asked:
            self._asked.add(request.key)
            self._pending.append(Stop(request, self.home))

    def _take_in(self, exchange: RawExchange) -> None:
        """Keep an answer for the plan; that to robots.txt is ours alone."""
        if exchange.asking.stop.request.purpose is Purpose.ROBOTS:
            self._robots = exchange
            self._heed_robots()
        else:
            self._own.append(exchange)

    def _give_up(self, exchange: RawExchange) -> None:
        """Nothing more is asked; without a robots.txt to read, the named paths are closed and kept so."""
        if exchange.asking.stop.request.purpose is Purpose.ROBOTS:
            self._take_in(exchange)
        self._pending = deque(stop for stop in self._pending if stop.dead is not None)

    def _heed_robots(self) -> None:
        """Close what robots.txt closes. Its rules are read anew each time: thousands of them are not worth keeping."""
        if self._robots is None or not self._pending:
            return
        robots = robots_of(self._robots.masked())
        for _ in range(len(self._pending)):
            stop = self._pending.popleft()
            if stop.request.is_named and not robots.allows(stop.request.path):
                stop = msgspec.structs.replace(stop, dead=CLOSED_BY_ROBOTS)
            self._pending.append(stop)

    def _follow(self, exchange: RawExchange, stop: Stop) -> None:
        if exchange.status is None or not 300 <= exchange.status < 400:  # noqa: PLR2004  # the class of redirects
            return
        settings = self._settings
        found = next_hop(exchange.masked(), stop.origin, stop.visited, settings.redirects, settings.most_redirects)
        if found is None:
            return
        if isinstance(found, Dead):
            request = Request(found.path, Purpose.REDIRECT)
            self._hops.append(Stop(request, stop.origin, found.parent, dead=found.outcome))
        elif found.origin.host != self.home.host:
            exchange.handed_on = found.url
        else:
            self._hops.append(_stop_of(found, self.home))


def _stop_of(hop: Hop, home: Origin) -> Stop:
    """A hop to the same host; at the target's own origin it bears no label."""
    is_home = (hop.origin.scheme, hop.origin.port) == (home.scheme, home.port)
    return Stop(hop.request, home if is_home else hop.origin, hop.parent, hop.visited)
