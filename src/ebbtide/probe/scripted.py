"""A network that plays a script in virtual time: for tests of whatever stands on the probe. No socket, no waiting."""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import count
from typing import Literal

import msgspec

from ebbtide.model.outcomes import Fault
from ebbtide.model.transcripts import Certificate, TlsSummary
from ebbtide.probe.network import Cancellable, Peer, TlsFailure, TlsSession

_HELLO = b"scripted hello\n"
_WELCOME = b"scripted welcome\n"
_ALERT = b"scripted alert\n"
_START_NS = 1_000_000_000_000_000_000


class Reply(msgspec.Struct, frozen=True):
    """What a scripted server does when it is asked.

    Attributes:
        chunks: Sent one after the other.
        delay_s: Before the first of them.
        pause_s: Between two of them.
        then: What becomes of the connection.
    """

    chunks: tuple[bytes, ...] = ()
    delay_s: float = 0.01
    pause_s: float = 0.0
    then: Literal["keep", "close", "reset"] = "keep"


PLAIN = Reply((b"HTTP/1.1 200 OK\r\nServer: scripted\r\nContent-Length: 2\r\n\r\nok",))
"""An ordinary answer on a connection that is kept."""


class ScriptedServer(msgspec.Struct, frozen=True):
    """How one address and port behaves.

    Attributes:
        dialing: What becomes of a call.
        connect_s: Until it is taken or refused.
        replies: To the first, second, ... request that the server sees in all; the last one for all that follow.
        handshake: With TLS: ``welcome``, an ``alert``, or ``none`` (it never answers).
    """

    dialing: Literal["accept", "refuse", "reset", "unreachable", "silent"] = "accept"
    connect_s: float = 0.01
    replies: tuple[Reply, ...] = (PLAIN,)
    handshake: Literal["welcome", "alert", "none"] = "welcome"


class Visit(msgspec.Struct):
    """One connection to a scripted server, or the attempt at one.

    Attributes:
        began_s, ended_s: In virtual seconds; ``ended_s`` is ``None`` while it lasts.
        requests: Octets that were written, one entry a call of ``write``.
    """

    address: str
    port: int
    began_s: float
    ended_s: float | None = None
    requests: list[bytes] = []


_DIAL_ERRORS: dict[str, OSError] = {
    "refuse": ConnectionRefusedError(111, "scripted"),
    "reset": ConnectionResetError(104, "scripted"),
    "unreachable": OSError(113, "scripted"),
}


class ScriptedNetwork:
    """Plays servers; fulfils ``Network``.

    Args:
        servers: By address and port.
        otherwise: For every other address and port.

    Attributes:
        visits: Every connection that was dialed, in order.
        asked: When each request was written, and to which address, in order.
        most_open: Address to the most connections that it had at one time, half-open ones included.
    """

    def __init__(
        self,
        servers: Mapping[tuple[str, int], ScriptedServer] | None = None,
        *,
        otherwise: ScriptedServer | None = None,
    ) -> None:
        self._servers = dict(servers or {})
        self._otherwise = otherwise or ScriptedServer()
        self._events: list[tuple[float, int, _Event]] = []
        self._ties = count()
        self._now_s = 0.0
        self._is_woken = False
        self._replies: Counter[tuple[str, int]] = Counter()
        self._open: Counter[str] = Counter()
        self.visits: list[Visit] = []
        self.asked: list[tuple[float, str]] = []
        self.most_open: dict[str, int] = {}

    def run(self, step: Callable[[], bool], abandon: Callable[[], bool]) -> None:
        """Play until ``step`` says that all is done.

        Raises:
            RuntimeError: Nothing is left to happen, and yet not all is done.
        """
        try:
            while True:
                self._is_woken = False
                if step():
                    break
                while not self._is_woken:
                    self._play_one()
        finally:
            while not abandon():
                self._play_one()

    def wake(self) -> None:
        """Have ``step`` called after the present event."""
        self._is_woken = True

    def now_s(self) -> float:
        """Virtual seconds since the beginning."""
        return self._now_s

    def now_ns(self) -> int:
        """Virtual time as if the play had begun at 10**18 ns."""
        return _START_NS + int(self._now_s * 1e9)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Cancellable:
        """Have ``callback`` called once, later."""
        event = _Event(callback)
        heapq.heappush(self._events, (self._now_s + delay_s, next(self._ties), event))
        return event

    def connect(self, address: str, port: int, peer: Peer) -> Cancellable:
        """Dial a scripted server."""
        server = self._servers.get((address, port), self._otherwise)
        visit = Visit(address, port, self._now_s)
        self.visits.append(visit)
        self._open[address] += 1
        self.most_open[address] = max(self.most_open.get(address, 0), self._open[address])
        return _Line(self, server, visit, peer)

    def tls_session(self, server_name: str) -> TlsSession:
        """A session that only pretends."""
        return _PretendedTls(server_name)

    def next_reply(self, server: ScriptedServer, visit: Visit) -> Reply:
        """The reply that comes next at a server."""
        where = (visit.address, visit.port)
        self.asked.append((self._now_s, visit.address))
        number = min(self._replies[where], len(server.replies) - 1)
        self._replies[where] += 1
        return server.replies[number]

    def end(self, visit: Visit) -> None:
        """A connection is closed."""
        visit.ended_s = self._now_s
        self._open[visit.address] -= 1

    def _play_one(self) -> None:
        if not self._events:
            raise RuntimeError("nothing is left to happen, and not all is done")
        self._now_s, _, event = heapq.heappop(self._events)
        if not event.is_cancelled:
            event.callback()


class _Event:
    __slots__ = ("callback", "is_cancelled")

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class _Line:
    """A connection: to the caller the ``Link``, and the dialing before it."""

    def __init__(self, network: ScriptedNetwork, server: ScriptedServer, visit: Visit, peer: Peer) -> None:
        self._network = network
        self._server = server
        self._visit = visit
        self._peer = peer
        self._is_ended = False
        self._is_welcomed = False
        if server.dialing != "silent":
            self._later(server.connect_s, self._take_call)

    def cancel(self) -> None:
        """Call the dialing off."""
        self._end(None)

    def write(self, data: bytes) -> None:
        """The server is asked."""
        self._visit.requests.append(data)
        if data == _HELLO and not self._is_welcomed:
            self._shake_hands()
            return
        reply = self._network.next_reply(self._server, self._visit)
        at_s = reply.delay_s
        for chunk in reply.chunks:
            self._later(at_s, lambda chunk=chunk: self._peer.data_received(chunk))  # type: ignore[misc]  # a default binds it
            at_s += reply.pause_s
        if reply.then != "keep":
            error = ConnectionResetError(104, "scripted") if reply.then == "reset" else None
            self._later(at_s, lambda: self._end_now(error))

    def finish(self, *, is_told: bool) -> None:  # noqa: ARG002  (a scripted server closes at once either way)
        """A scripted server closes at once when it is asked to."""
        self._end(None)

    def abort(self) -> None:
        """Close at once."""
        self._end(None)

    def _shake_hands(self) -> None:
        self._is_welcomed = True
        if self._server.handshake != "none":
            answer = _WELCOME if self._server.handshake == "welcome" else _ALERT
            self._later(self._server.connect_s, lambda: self._peer.data_received(answer))

    def _take_call(self) -> None:
        error = _DIAL_ERRORS.get(self._server.dialing)
        if error is None:
            self._peer.connection_made(self)
            return
        self._is_ended = True
        self._network.end(self._visit)
        self._peer.connection_failed(error)

    def _end(self, error: Exception | None) -> None:
        self._later(0.0, lambda: self._end_now(error))

    def _end_now(self, error: Exception | None) -> None:
        self._is_ended = True
        self._network.end(self._visit)
        self._peer.connection_lost(error)

    def _later(self, delay_s: float, callback: Callable[[], None]) -> None:
        self._network.call_later(delay_s, lambda: None if self._is_ended else callback())


class _PretendedTls:
    def __init__(self, server_name: str) -> None:
        self.is_established = False
        self.is_closed = False
        self.failure: TlsFailure | None = None
        self._server_name = server_name
        self._outgoing = b""

    def start(self) -> None:
        self._outgoing += _HELLO

    def receive(self, octets: bytes) -> bytes:
        if self.is_established:
            return octets
        if octets == _WELCOME:
            self.is_established = True
        elif octets == _ALERT:
            self.failure = TlsFailure(Fault.TLS_ALERT, "scripted alert")
        else:
            self.failure = TlsFailure(Fault.TLS_PROTOCOL, "wrong version number")
        return b""

    def send(self, octets: bytes) -> None:
        self._outgoing += octets

    def outgoing(self) -> bytes:
        outgoing, self._outgoing = self._outgoing, b""
        return outgoing

    def close(self) -> None:
        self.is_closed = True

    def summary(self) -> tuple[TlsSummary, tuple[Certificate, ...]]:
        certificate = Certificate(b"\0" * 32, b"scripted")
        return TlsSummary("TLSv1.3", "SCRIPTED", "", (certificate.sha256,)), (certificate,)
