"""What the conversations of one run share: settings, clocks, and the way back to the run."""

import logging
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from ebbtide.frame.ids import prefix_of
from ebbtide.model.outcomes import Skipped
from ebbtide.model.transcripts import Plan, Request
from ebbtide.probe.clocks import Clock
from ebbtide.probe.courtesy import GOOD, advice_of
from ebbtide.probe.network import Network
from ebbtide.probe.origins import Origin
from ebbtide.probe.raw import RawExchange, RawTranscript
from ebbtide.probe.scheduling import Scheduler
from ebbtide.probe.settings import ProbeSettings
from ebbtide.probe.silences import Silences
from ebbtide.wire.request import RequestEncoder

_SHARED_FIELDS: Final = (("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate, br, zstd"))
_MOST_DECIDED: Final = 16_384
_LOG: Final = logging.getLogger(__name__)


class Talk(Protocol):
    """What a desk knows of a conversation."""

    @property
    def address(self) -> str:
        """Where its target is asked."""

    def on_connect_clock(self) -> None:
        """Nobody took the call."""

    def on_handshake_clock(self) -> None:
        """The handshake takes too long."""

    def on_target_clock(self) -> None:
        """The whole target takes too long."""


TalkType = TypeVar("TalkType", bound=Talk)


class Desk(Generic[TalkType]):
    """Shared by all conversations of a run; each puts down here what is done.

    Attributes:
        closed: Conversations whose connection is closed.
        waiting: Conversations that want a turn at another address, with the one that they leave.
        crash: What the caller raised, or a mistake of ours that belongs to no target; it ends the run.
        bugs: Mistakes of ours that became a target's outcome.
        silences: Addresses that gave no answer just now.
        scheduler: Who may be asked when.
    """

    def __init__(
        self,
        settings: ProbeSettings,
        plan: Plan,
        network: Network,
        on_done: Callable[[RawTranscript], None],
        on_note: Callable[[str, str, str], None] = lambda _what, _about, _detail: None,
    ) -> None:
        self.settings = settings
        self.plan = plan
        self.network = network
        clocks = settings.clocks
        self.connect_clock: Clock[TalkType] = Clock(network, clocks.connect_s, lambda talk: talk.on_connect_clock())
        self.handshake_clock: Clock[TalkType] = Clock(
            network, clocks.handshake_s, lambda talk: talk.on_handshake_clock()
        )
        self.target_clock: Clock[TalkType] = Clock(network, clocks.target_s, lambda talk: talk.on_target_clock())
        self._on_done = on_done
        self._on_note = on_note
        self.closed: deque[TalkType] = deque()
        self.waiting: deque[tuple[TalkType, str]] = deque()
        self.crash: BaseException | None = None
        self.bugs = 0
        self.silences = Silences()
        operators = settings.operators
        self.scheduler: Scheduler[TalkType] = Scheduler(
            settings.limits, operators.operator_of if operators else None, network.now_s()
        )
        self._decided: dict[str, Skipped | None] = {}
        shared = (("User-Agent", settings.user_agent), *_SHARED_FIELDS)
        self._encoder = RequestEncoder((*shared, ("Connection", "keep-alive")))
        self._last_encoder = RequestEncoder((*shared, ("Connection", "close")))

    def decide_address(self, address: str) -> Skipped | None:
        """What the scope says of an address: asked before a turn is taken, and again for every connection."""
        try:
            return self._decided[address]
        except KeyError:
            if len(self._decided) >= _MOST_DECIDED:
                self._decided.clear()
            decided = self._decided[address] = self.settings.scope.decide_address(address)
            return decided

    def encode(self, origin: Origin, request: Request) -> bytes:
        """A request as octets; after the last one of a plan the server need not keep the connection."""
        encoder = self._last_encoder if request.is_last else self._encoder
        return encoder.encode(request.method, request.path, origin.host_field, request.fields)

    def deliver(self, transcript: RawTranscript) -> None:
        """A target is done: tell the caller at once, so that no body waits in memory."""
        if self.crash is not None:
            return
        try:
            self._on_done(transcript)
        except BaseException as error:  # noqa: BLE001  (the caller's; ``step`` raises it where the caller can catch it)
            self.crash = error
            self.network.wake()

    def admit(self, talk: TalkType) -> bool:
        """Whether a conversation may send one more request to its address now; if not, ``go_on`` is called later."""
        if self.scheduler.admit(talk, talk.address, self.network.now_s()):
            return True
        self.network.wake()
        return False

    def note_exchange(self, address: str, exchange: RawExchange) -> None:
        """Errors in a row, and servers that say that it is too much, slow their prefix down; answers give it back."""
        pace = self.scheduler.pace_of(address)
        if pace is None:
            return
        advice = advice_of(exchange)
        if advice is GOOD:
            pace.note_good()
            return
        if advice.hold_s:
            self.scheduler.hold_address(address, self.network.now_s() + advice.hold_s)
        if pace.note_trouble(is_told=advice.is_told):
            why = "it says so" if advice.is_told else "errors in a row"
            self._on_note("slowed", prefix_of(address), f"{pace.spacing_s:g} s between requests: {why}")

    def release(self, talk: TalkType) -> None:
        """The conversation's connection is closed; its address is free."""
        self.closed.append(talk)
        self.network.wake()

    def requeue(self, talk: TalkType, left_address: str) -> None:
        """The conversation waits for its turn at its next address."""
        self.waiting.append((talk, left_address))
        self.network.wake()

    def note_bug(self, bug: Exception) -> None:
        """A mistake of ours became a target's outcome."""
        self.bugs += 1
        self._on_note("bug", "", repr(bug))
        _LOG.error("internal error while asking a target", exc_info=bug)

    def note_crash(self, bug: Exception) -> None:
        """A mistake of ours belongs to no target any more."""
        self.crash = self.crash or bug
        self.network.wake()

    def close(self) -> None:
        """Stop all clocks."""
        self.connect_clock.close()
        self.handshake_clock.close()
        self.target_clock.close()
