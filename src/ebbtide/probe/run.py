"""Probing: assignments in, transcripts out, within the limits."""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from ebbtide.model.outcomes import Failed, Fault, Skipped, Stage
from ebbtide.model.transcripts import Plan
from ebbtide.probe.conversation import Conversation
from ebbtide.probe.desk import Desk
from ebbtide.probe.heap import keep_freed_memory
from ebbtide.probe.network import Cancellable, Network
from ebbtide.probe.raw import RawTranscript
from ebbtide.probe.recording import make_transcript
from ebbtide.probe.settings import Assignment, Grouped, Neighbours, ProbeSettings
from ebbtide.probe.sockets import SocketNetwork

LOOK_AHEAD: Final = 10_000
"""Assignments that may wait for their turn; beyond it a crowded prefix at the head of the list holds up the rest."""

MOST_OPEN_PREFIXES: Final = 65_536
"""Prefixes whose assignments are being asked at the same time, where these come sorted by prefix."""

_MOST_PULLED_AT_ONCE: Final = 256
_GC_THRESHOLDS: Final = (50_000, 50, 100)
_NO_ADDRESS: Final = Failed(Stage.RESOLVE, Fault.DNS_FAILED, "no address was found")


def probe_assignments(
    assignments: Iterable[Assignment] | Grouped,
    plan: Plan,
    settings: ProbeSettings,
    *,
    on_start: Callable[[Assignment], None],
    on_done: Callable[[RawTranscript], None],
    on_note: Callable[[str, str, str], None] = lambda _what, _about, _detail: None,
    network: Network | None = None,
) -> None:
    """Ask every assignment once. Returns when all are done and every connection is closed.

    Args:
        assignments: Whom to ask; pulled only as turns come free, at most ``LOOK_AHEAD`` ahead. Sorted ones are pulled
            one by one, so that none of them waits in memory, and no prefix in front of another.
        plan: What to ask; called again after each answered set.
        settings: How to ask.
        on_start: Called just before the first packet to a target; not called for what the scope forbids.
        on_done: Called once for every assignment, with its whole transcript; what is kept or judged is its ``masked``.
        on_note: Called with what happened, where, and how: ``slowed`` for a prefix, ``bug`` for a mistake of ours.
        network: The real one by default.

    Raises:
        Exception: Whatever ``assignments``, ``on_start`` or ``on_done`` raise; all connections are closed before.
    """
    chosen = SocketNetwork(settings.source) if network is None else network
    desk: Desk[Conversation] = Desk(settings, plan, chosen, on_done, on_note)
    if isinstance(assignments, Grouped):
        run = _Run(assignments.neighbours(), desk, on_start, assignments.is_stopped)
    else:
        run = _Run(iter(assignments), desk, on_start)
    keep_freed_memory()
    with _quiet_gc():
        chosen.run(run.step, run.abandon)


@contextmanager
def _quiet_gc() -> Iterator[None]:
    """Thousands of records wait for their turn and none is part of a cycle: look for cycles less often."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class _Run:
    def __init__(
        self,
        feed: Iterator[Assignment | Neighbours],
        desk: Desk[Conversation],
        on_start: Callable[[Assignment], None],
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_stopped = is_stopped
        self._feed: Iterator[Assignment | Neighbours] | None = feed
        self._desk = desk
        self._network = desk.network
        self._scheduler = desk.scheduler
        self._on_start = on_start
        self._talking: set[Conversation] = set()
        self._alarm: Cancellable | None = None
        self._alarm_s = 0.0

    def step(self) -> bool:
        """Do all that can be done now; whether nothing is left."""
        self._take_back()
        if self._desk.crash is None:
            self._start_turns()
        if self._desk.crash is not None:
            raise self._desk.crash
        return not self._talking and (self._is_stopped_for_good or not (self._feed or self._scheduler.has_work))

    @property
    def _is_stopped_for_good(self) -> bool:
        """Whether nobody new is to be asked, and nobody who was asked waits for another turn."""
        return not self._scheduler.waiting and self._is_stopped()

    def abandon(self) -> bool:
        """Close everything; whether all is closed."""
        self._desk.close()
        if self._alarm is not None:
            self._alarm.cancel()
        for conversation in tuple(self._talking):
            conversation.abandon()
        self._take_back()
        return not self._talking

    def _take_back(self) -> None:
        """Free the addresses of closed connections."""
        desk, now_s = self._desk, self._network.now_s()
        while desk.closed:
            conversation = desk.closed.popleft()
            self._talking.discard(conversation)
            self._scheduler.release(conversation.address, now_s)
        while desk.waiting:
            conversation, left_address = desk.waiting.popleft()
            self._talking.discard(conversation)
            self._scheduler.release(left_address, now_s)
            self._scheduler.add(conversation, conversation.address, now_s)

    def _start_turns(self) -> None:
        pulled = 0
        while True:
            now_s = self._network.now_s()
            parked = self._scheduler.take_further(now_s)
            if parked is not None:
                parked.go_on()
                continue
            conversation = self._scheduler.take_start(now_s)
            if conversation is not None:
                self._start(conversation)
            elif not self._may_pull(now_s):
                break
            elif pulled == _MOST_PULLED_AT_ONCE:
                self._network.wake()
                return
            else:
                pulled += 1
                self._pull(now_s)
        self._set_alarm(now_s)

    def _may_pull(self, now_s: float) -> bool:
        scheduler = self._scheduler
        has_space = scheduler.waiting < LOOK_AHEAD and scheduler.open_prefixes < MOST_OPEN_PREFIXES
        return self._feed is not None and has_space and scheduler.has_room(now_s)

    def _pull(self, now_s: float) -> None:
        item = None if self._feed is None else next(self._feed, None)
        if item is None:
            self._feed = None
        elif isinstance(item, Assignment):
            conversation = self._conversation(item)
            if conversation is None:
                return
            if self._scheduler.start_now(conversation.address, now_s):
                self._start(conversation)
            else:
                self._scheduler.add(conversation, conversation.address, now_s)
        else:
            addresses = ((address, self._supply(address, some)) for address, some in item.addresses())
            self._scheduler.open(item.prefix, addresses, now_s)

    def _supply(self, address: str, assignments: Iterator[Assignment]) -> Iterator[Conversation]:
        """Conversations at one address; one that the scope sends to another of its addresses waits there."""
        for assignment in assignments:
            conversation = self._conversation(assignment)
            if conversation is None:
                continue
            if conversation.address == address:
                yield conversation
            else:
                self._scheduler.add(conversation, conversation.address, self._network.now_s())

    def _conversation(self, assignment: Assignment) -> Conversation | None:
        """What is to be said to a target; ``None`` if the scope forbids it, which is then delivered."""
        admitted, outcome = self._admitted(assignment)
        if admitted:
            return Conversation(assignment, admitted, self._desk)
        vantage = self._desk.settings.vantage
        address = assignment.addresses[0] if assignment.addresses else ""
        self._desk.deliver(make_transcript(assignment, (), outcome, address=address, vantage=vantage))
        return None

    def _admitted(self, assignment: Assignment) -> tuple[tuple[str, ...], Skipped | Failed]:
        """The addresses that may be asked, and the outcome if there is none."""
        decide = self._desk.decide_address
        if len(assignment.addresses) == 1 and decide(assignment.addresses[0]) is None:
            return assignment.addresses, _NO_ADDRESS
        outcome: Skipped | Failed = _NO_ADDRESS
        admitted = []
        for address in reversed(assignment.addresses):
            closed = decide(address)
            if closed is None:
                admitted.append(address)
            else:
                outcome = closed
        return tuple(reversed(admitted)), outcome

    def _start(self, conversation: Conversation) -> None:
        self._talking.add(conversation)
        if not conversation.is_prepared:
            conversation.prepare()
            if conversation.is_over:
                return
            self._on_start(conversation.assignment)
        conversation.begin()

    def _set_alarm(self, now_s: float) -> None:
        """Have ``step`` called when a rate admits the next start."""
        ready_at_s = self._scheduler.ready_at_s(now_s, has_more=self._feed is not None)
        if ready_at_s is None or (self._alarm is not None and self._alarm_s <= ready_at_s):
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_s = ready_at_s
        self._alarm = self._network.call_later(max(0.0, ready_at_s - now_s), self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._network.wake()
