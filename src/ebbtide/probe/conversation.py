"""One attempt at one target: dial, shake hands, ask, read, ask on; one connection at a time."""

from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import Any, Final

from ebbtide.model.outcomes import Answered, Failed, Fault, Outcome, Skipped, SkipReason, Stage
from ebbtide.model.targets import Scheme
from ebbtide.model.transcripts import TlsSummary
from ebbtide.probe.desk import Desk
from ebbtide.probe.doors import Doors
from ebbtide.probe.evidence import Evidence
from ebbtide.probe.faults import connect_failure, error_text, lost_fault
from ebbtide.probe.itinerary import Itinerary
from ebbtide.probe.network import Cancellable, Link
from ebbtide.probe.origins import Origin
from ebbtide.probe.raw import Asking, RawExchange
from ebbtide.probe.secure_line import SecureLine
from ebbtide.probe.settings import Assignment
from ebbtide.probe.stops import Stop
from ebbtide.probe.supervision import supervised, supervised_call
from ebbtide.wire.records import Response
from ebbtide.wire.response import ResponseReader


class Phase(Enum):
    """What a conversation is waiting for."""

    TURN = auto()
    DIALING = auto()
    HANDSHAKE = auto()
    ASKING = auto()
    PARKED = auto()
    CLOSING = auto()
    OVER = auto()
    GONE = auto()


TURN: Final[Phase] = Phase.TURN
DIALING: Final[Phase] = Phase.DIALING
HANDSHAKE: Final[Phase] = Phase.HANDSHAKE
ASKING: Final[Phase] = Phase.ASKING
PARKED: Final[Phase] = Phase.PARKED
CLOSING: Final[Phase] = Phase.CLOSING
OVER: Final[Phase] = Phase.OVER
GONE: Final[Phase] = Phase.GONE
"""Looked up as names of the module: on the class it costs three times as much, and every packet asks."""

_STAGES: Final = {TURN: Stage.CONNECT, DIALING: Stage.CONNECT, HANDSHAKE: Stage.TLS}


class Conversation:
    """An attempt at a target. The network calls it; it calls the desk when it is over.

    Args:
        assignment: Whom to ask.
        addresses: Those of the assignment that the scope admits, in order; at least one.
        desk: What all conversations of a run share.
    """

    __slots__ = (
        "_answers_here", "_asking", "_connect_began_s", "_dialing", "_doors", "_evidence", "_is_repeat",
        "_is_sending", "_itinerary", "_line", "_link", "_origin", "_reader", "_spent_s", "_stop", "_target_timer",
        "_then", "_tls_summary", "_turn_began_s", "assignment", "desk", "phase"
    )  # fmt: skip

    def __init__(self, assignment: Assignment, addresses: tuple[str, ...], desk: "Desk[Conversation]") -> None:
        self.assignment = assignment
        self.desk = desk
        self.phase = TURN
        self._doors = Doors(addresses)
        self._itinerary: Itinerary | None = None
        self._evidence: Evidence | None = None
        self._stop: Stop | None = None
        self._origin: Origin | None = None
        self._link: Link | None = None
        self._line: SecureLine | None = None
        self._dialing: Cancellable | None = None
        self._target_timer: Cancellable | None = None
        self._tls_summary: TlsSummary | None = None
        self._reader: ResponseReader | None = None
        self._asking: Asking | None = None
        self._then: Callable[[], None] | None = None
        self._is_sending = False
        self._is_repeat = False
        self._answers_here = 0
        self._turn_began_s = self._connect_began_s = self._spent_s = 0.0

    # What the run calls.

    @property
    def address(self) -> str:
        """Where the target is asked, or tried."""
        return self._doors.address

    @property
    def is_over(self) -> bool:
        """Whether the transcript is whole."""
        return self.phase is OVER or self.phase is GONE

    @property
    def is_prepared(self) -> bool:
        """Whether the plan was asked; the target has then been started before."""
        return self._evidence is not None

    @supervised
    def prepare(self) -> None:
        """Ask the plan what to ask; before the first packet."""
        desk = self.desk
        self._itinerary = Itinerary(self.assignment, desk.plan, desk.settings)
        self._evidence = Evidence(self.assignment, self._itinerary, desk.settings, desk.network)
        self._itinerary.begin()
        self._stop = self._itinerary.next_stop
        if self._stop is None:
            self._finish(Skipped(SkipReason.LEVEL, "the plan asks nothing of this target"))

    @supervised
    def begin(self) -> None:
        """Start the clock of the whole target, and dial."""
        self._start_clock()
        self._dial()

    @supervised
    def go_on(self) -> None:
        """The request that had to wait is admitted."""
        self._start_clock()
        if self._link is None:
            self._dial()
        else:
            self._send()

    def abandon(self) -> None:
        """The run has ended early: close, and tell nobody."""
        if self.phase is GONE:
            return
        self._stop_clocks()
        self.phase = OVER
        self._hang_up(is_rude=True)

    # What the clocks call.

    @supervised
    def on_connect_clock(self) -> None:
        """Nobody took the call."""
        failed = Failed(Stage.CONNECT, Fault.TIMED_OUT)
        self._close_and(partial(self._connect_failed, failed))

    @supervised
    def on_handshake_clock(self) -> None:
        """The handshake takes too long."""
        self._fail(Stage.TLS, Fault.TIMED_OUT)

    @supervised
    def on_target_clock(self) -> None:
        """The whole target takes too long."""
        if self._itinerary is not None:
            self._itinerary.is_late = True
        if self.phase is DIALING and self._doors.has_failed:
            self._doors.give_up()
            self.on_connect_clock()
        elif not self.is_over and self.phase is not TURN:
            self._fail(self._stage(), Fault.TIMED_OUT, "the whole target")

    # What the network calls.

    @supervised_call
    def connection_made(self, transport: Any) -> None:
        """The connection is open: shake hands, or ask."""
        self._link = transport
        self._dialing = None
        if self.phase is not DIALING:
            transport.abort()
            return
        desk, now_s = self.desk, self.desk.network.now_s()
        desk.connect_clock.stop(self)
        if self._asking is not None:
            self._asking.connect_s = now_s - self._connect_began_s
        origin = self._now_at().origin
        self._origin = origin
        if origin.scheme is Scheme.HTTP:
            self._send()
            return
        self.phase = HANDSHAKE
        desk.handshake_clock.start(self, now_s)
        self._connect_began_s = now_s
        self._line = SecureLine(transport, desk.network.tls_session(origin.server_name))

    @supervised_call
    def connection_failed(self, error: OSError) -> None:
        """There is no connection."""
        self._dialing = None
        if self.phase is DIALING:
            self._connect_failed(connect_failure(error))
        else:
            self._lost(error)

    def data_received(self, data: bytes) -> None:
        """Octets came in."""
        try:  # as ``supervised``, written out: most calls come here
            if self._line is not None:
                self._receive_secured(self._line, data)
            elif self.phase is ASKING:
                self._receive(data)
        except Exception as bug:  # noqa: BLE001  (the same supervisor)
            self.break_off(bug)

    @supervised
    def eof_received(self) -> None:
        """The other side sends nothing more; while our request still waits, ``connection_lost`` would wait for it."""
        if self.phase is ASKING and self._is_sending:
            self._fail(Stage.REQUEST, Fault.CLOSED_EARLY)

    @supervised_call
    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self._link = self._dialing = None
        self._lost(exc)

    def pause_writing(self) -> None:
        """What we wrote is not yet handed over."""
        self._is_sending = True

    def resume_writing(self) -> None:
        """What we wrote is handed over."""
        self._is_sending = False

    # Dialing.

    def _start_clock(self) -> None:
        network = self.desk.network
        self._turn_began_s = network.now_s()
        if self._spent_s:
            left_s = max(0.0, self.desk.settings.clocks.target_s - self._spent_s)
            self._target_timer = network.call_later(left_s, self.on_target_clock)
        else:
            self.desk.target_clock.start(self, self._turn_began_s)

    def _pause_clock(self) -> None:
        """Waiting for a turn is our own doing: it is not counted."""
        self._stop_clocks()
        self._spent_s += self.desk.network.now_s() - self._turn_began_s

    def _dial(self) -> None:
        desk, stop = self.desk, self._now_at()
        closed = desk.decide_address(self.address)
        if closed is not None:
            self._finish(closed)
            return
        network, port = desk.network, stop.origin.port
        self.phase = DIALING
        self._connect_began_s = now_s = network.now_s()
        self._line = self._reader = None
        self._answers_here = 0
        self._is_sending = False
        self._asking = Asking(stop, network.now_ns(), now_s)
        known = None if self._has_seen_any else desk.silences.recall(self.address, port, now_s)
        if known is not None:
            self._give_up_address(known)
            return
        desk.connect_clock.start(self, now_s)
        self._dialing = network.connect(self.address, port, self)

    def _connect_failed(self, failed: Failed) -> None:
        desk, origin = self.desk, self._now_at().origin
        desk.connect_clock.stop(self)
        desk.silences.note(self.address, origin.port, origin.host, failed, desk.network.now_s())
        self._give_up_address(failed)

    def _give_up_address(self, failed: Failed) -> None:
        """Go on to the target's next address, or end with the most telling of the failures."""
        doors, left = self._doors, self._doors.address
        doors.note(failed)
        if not self._has_seen_any and doors.go_on():
            self._pause_clock()
            self.phase = TURN
            self.desk.requeue(self, left)
            return
        failure, address = (failed, left) if self._has_seen_any else doors.verdict(failed)
        self._record(None, failure, address)
        self._fall_back_or_finish()

    @property
    def _has_seen_any(self) -> bool:
        return self._evidence is not None and bool(self._evidence.exchanges)

    def _close_and(self, then: Callable[[], None]) -> None:
        """Close what is open or being dialed, and go on once it is closed."""
        self._then = then
        self.desk.connect_clock.stop(self)
        self.phase = CLOSING
        self._hang_up(is_rude=False)

    def _lost(self, error: Exception | None) -> None:
        if self.phase is CLOSING:
            then, self._then = self._then, None
            if then is not None:
                then()
        elif self.phase is OVER:
            self._leave()
        elif self.phase is HANDSHAKE:
            self._fail(Stage.TLS, lost_fault(error), error_text(error) if error else "")
        elif self.phase is ASKING:
            self._ended(error)

    # Asking and reading.

    def _send(self) -> None:
        stop = self._now_at()
        network, asking, link = self.desk.network, self._asking, self._link
        if asking is None:
            self._asking = asking = Asking(stop, 0, 0.0)
        asking.asked_at_ns = network.now_ns()
        asking.started_s = network.now_s()
        self.phase = ASKING
        self._is_sending = True
        self._reader = ResponseReader(stop.request.method, self.desk.settings.caps)
        octets = self.desk.encode(stop.origin, stop.request)
        if link is None:
            raise RuntimeError("asked without a connection")
        self._is_sending = False
        if self._line is None:
            link.write(octets)
        else:
            self._line.write(octets)

    def _receive(self, octets: bytes) -> None:
        reader, asking = self._reader, self._asking
        if reader is None or asking is None:
            raise RuntimeError("an answer to nothing")
        if asking.first_byte_s is None:
            asking.first_byte_s = self.desk.network.now_s() - asking.started_s
        reader.feed(octets)
        if reader.is_complete:
            self._answered(reader)

    def _receive_secured(self, line: SecureLine, octets: bytes) -> None:
        if not (self.phase is HANDSHAKE or self.phase is ASKING or self.phase is PARKED):
            return
        session = line.session
        plain = line.receive(octets)
        if self.phase is HANDSHAKE and session.is_established:
            self._shaken_hands(line)
        line.flush()
        if plain and self._line is line and self.phase is ASKING:
            self._receive(plain)
        if self._line is not line or not (self.phase is HANDSHAKE or self.phase is ASKING):
            return
        if session.failure is not None:
            self._fail(self._stage(), session.failure.fault, session.failure.detail)
        elif session.is_closed:
            self._ended(None)

    def _shaken_hands(self, line: SecureLine) -> None:
        self.desk.handshake_clock.stop(self)
        if self._asking is not None:
            self._asking.tls_s = self.desk.network.now_s() - self._connect_began_s
        self._tls_summary, certificates = line.session.summary()
        self._seen.keep_certificates(certificates)
        self._send()

    def _ended(self, error: Exception | None) -> None:
        """The other side sends nothing more while we wait for an answer."""
        reader = self._reader
        has_begun = reader is not None and reader.has_begun
        if reader is not None and has_begun and error is None:
            reader.feed_eof()
            self._answered(reader)
        elif not has_begun and self._answers_here and not self._is_repeat:
            self._is_repeat = True
            self._reopen()
        elif not has_begun and isinstance(error, BrokenPipeError):
            self._fail(Stage.REQUEST, Fault.RESET, error_text(error))
        else:
            self._fail(self._stage(), lost_fault(error), error_text(error) if error else "")

    def _answered(self, reader: ResponseReader) -> None:
        response = reader.response()
        exchange = self._record(response, None, self.address)
        self._reader = self._asking = None
        self._answers_here += 1
        self._is_repeat = False
        stop = self._seen.next_stop() if isinstance(exchange.outcome, Answered) else None
        if stop is None:
            self._finish(None)
            return
        self._stop = stop
        if response.keeps_alive and self._link is not None and stop.origin == self._origin:
            self._when_admitted(self._send)
        else:
            self._reopen()

    def _now_at(self) -> Stop:
        if self._stop is None:
            raise RuntimeError("asked before it was prepared")
        return self._stop

    @property
    def _seen(self) -> Evidence:
        if self._evidence is None:
            raise RuntimeError("asked before it was prepared")
        return self._evidence

    def _reopen(self) -> None:
        dial = partial(self._when_admitted, self._dial)
        if self._link is None:
            dial()
        else:
            self._close_and(dial)

    def _when_admitted(self, act: Callable[[], None]) -> None:
        """Every request has its turn; while it waits the connection stays open, as long as the other side lets it."""
        if self.desk.admit(self):
            act()
        else:
            self.phase = PARKED
            self._pause_clock()

    # The end.

    def break_off(self, bug: Exception) -> None:
        """Record our own mistake as this target's outcome."""
        if self.is_over:
            self.desk.note_crash(bug)
            return
        self.desk.note_bug(bug)
        try:
            self._finish(Failed(self._stage(), Fault.INTERNAL_ERROR, error_text(bug)))
        except Exception as another:  # noqa: BLE001  (the same supervisor: what cannot be recorded ends the run in step)
            self.desk.note_crash(another)

    def _stage(self) -> Stage:
        return _STAGES.get(self.phase, Stage.REQUEST if self._is_sending else Stage.RESPONSE)

    def _fail(self, stage: Stage, fault: Fault, detail: str = "") -> None:
        response = None if self._reader is None else self._reader.response()
        self._record(response, Failed(stage, fault, detail), self.address)
        if self.phase is HANDSHAKE or self._is_plainly_refused(fault):
            self._fall_back_or_finish()
        else:
            self._finish(None)

    def _is_plainly_refused(self, fault: Fault) -> bool:
        """Whether plain words got no answer, but the end of the connection."""
        has_begun = self._reader is not None and self._reader.has_begun
        return self._line is None and not has_begun and fault in (Fault.RESET, Fault.CLOSED_EARLY)

    def _fall_back_or_finish(self) -> None:
        """Over the other scheme, if the target allows it and the clock of the whole target still runs."""
        if self._itinerary is None or not self._itinerary.fall_back():
            self._finish(None)
            return
        self.desk.handshake_clock.stop(self)
        self._doors.forget()
        self._asking = None
        self._stop = self._seen.next_stop()
        self._reopen()

    def _record(self, response: Response | None, failure: Failed | None, address: str) -> RawExchange:
        asking, desk = self._asking, self.desk
        if asking is None:
            asking = Asking(self._now_at(), desk.network.now_ns(), desk.network.now_s())
        tls = None if self._line is None else self._tls_summary
        exchange = self._seen.record(asking, response, failure, address, tls)
        desk.note_exchange(address, exchange)
        return exchange

    def _finish(self, outcome: Outcome | None) -> None:
        transcript = self._seen.transcript(outcome, self.address)
        is_rude = self._is_sending or not isinstance(transcript.outcome, Answered)
        self._stop_clocks()
        self.phase = OVER
        self.desk.deliver(transcript)
        self._hang_up(is_rude=is_rude)

    def _hang_up(self, *, is_rude: bool) -> None:
        if self._link is not None:
            line: Link = self._line or self._link
            if is_rude:
                line.abort()
            else:
                line.finish(is_told=self._stop is not None and self._stop.request.is_last)
        elif self._dialing is not None:
            self._dialing.cancel()
        elif self.phase is OVER:
            self._leave()

    def _leave(self) -> None:
        self.phase = GONE
        self.desk.release(self)

    def _stop_clocks(self) -> None:
        desk = self.desk
        desk.target_clock.stop(self)
        desk.connect_clock.stop(self)
        if self._line is not None:
            desk.handshake_clock.stop(self)
        if self._target_timer is not None:
            self._target_timer.cancel()
            self._target_timer = None
