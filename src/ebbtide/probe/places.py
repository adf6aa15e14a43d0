"""Where requests go, as the scheduler sees it: addresses within prefixes within operators; each with its pace."""

import math
from collections import deque
from collections.abc import Iterator
from typing import Final, Generic, TypeVar, Union

from ebbtide.probe.pacing import Pace

Job = TypeVar("Job")
Supply = Iterator[Job]

NEVER: Final = math.inf
Later = list[tuple[float, int, "Place[Job]"]]


class Level(Generic[Job]):
    """All places, or those of one operator.

    Attributes:
        parent: The level above; itself at the top.
        ready: Places below that may have a start, in the order in which they became so.
        later: A heap of places below that may have one from a moment on.
        further: A heap of places below where a request waits, by the moment from which it may go.
        is_ready: Whether the parent's ``ready`` holds this one.
        later_s, further_s: Under which moments the parent's heaps hold this one; other entries are stale.
    """

    __slots__ = ("further", "further_s", "is_ready", "later", "later_s", "name", "pace", "parent", "ready")

    def __init__(self, name: str, parent: "Level[Job] | None", pace: Pace) -> None:
        self.name = name
        self.parent: Level[Job] = parent or self
        self.pace = pace
        self.ready: deque[Place[Job]] = deque()
        self.later: Later[Job] = []
        self.further: Later[Job] = []
        self.is_ready = False
        self.later_s = self.further_s = NEVER

    def start_at_s(self) -> float:
        """From when on a start is possible here; never, if there is nothing to start."""
        if self.ready:
            return self.pace.next_s
        return max(self.later[0][0], self.pace.next_s) if self.later else NEVER

    def further_at_s(self) -> float:
        """From when on a request that waits here may go; never, if none waits."""
        return max(self.further[0][0], self.pace.next_s) if self.further else NEVER


class Prefix(Level[Job]):
    """A /24 or /48.

    Attributes:
        in_flight: Jobs under way in it.
        most: Jobs that may be under way in it.
        addresses: How many of its addresses are known.
        more: Further addresses with their jobs, not looked at yet; ``None`` when there are none.
    """

    __slots__ = ("addresses", "in_flight", "more", "most")

    def __init__(self, name: str, parent: Level[Job], pace: Pace, most: int) -> None:
        super().__init__(name, parent, pace)
        self.most = most
        self.in_flight = 0
        self.addresses = 0
        self.more: Iterator[tuple[str, Supply[Job]]] | None = None

    def start_at_s(self) -> float:
        """As of any level, within the limit of jobs under way."""
        if self.in_flight >= self.most:
            return NEVER
        if self.ready or self.more is not None:
            return self.pace.next_s
        return max(self.later[0][0], self.pace.next_s) if self.later else NEVER

    @property
    def has_starts(self) -> bool:
        """Whether somebody waits for a start here, now or later."""
        return bool(self.ready or self.later) or self.more is not None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way or to be done here."""
        return self.addresses == 0 and self.more is None


class Address(Generic[Job]):
    """One machine; it has one connection at a time.

    Attributes:
        jobs: Those that were added one by one.
        supply: Gives the others; ``None`` when there are none.
        parked: The job under way here, while its next request has to wait.
        parent: Its prefix. The other attributes are those of ``Level``.
    """

    __slots__ = (
        "further_s", "is_busy", "is_ready", "jobs", "later_s", "name", "pace", "parent", "parked", "supply"
    )  # fmt: skip

    def __init__(self, name: str, prefix: Prefix[Job], pace: Pace) -> None:
        self.name = name
        self.parent = prefix
        self.pace = pace
        self.is_busy = self.is_ready = False
        self.later_s = self.further_s = NEVER
        self.jobs: deque[Job] | None = None
        self.supply: Supply[Job] | None = None
        self.parked: Job | None = None

    def start_at_s(self) -> float:
        """From when on its next job may start."""
        if self.is_busy or not (self.jobs or self.supply is not None):
            return NEVER
        return self.pace.next_s

    def further_at_s(self) -> float:
        """From when on the request that waits may go."""
        return NEVER if self.parked is None else self.pace.next_s

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way or to be done here."""
        return not self.is_busy and not self.jobs and self.supply is None

    def next_job(self) -> Job | None:
        """The job to start next; what a supply still has only it can tell."""
        if self.jobs:
            return self.jobs.popleft()
        job = None if self.supply is None else next(self.supply, None)
        if job is None:
            self.supply = None
        return job


Place = Union[Level[Job], Address[Job]]  # noqa: UP007  a generic alias, which the operator cannot make on 3.11
