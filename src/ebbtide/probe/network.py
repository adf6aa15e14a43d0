"""The port to the network: what the probe needs of it, and nothing more. Real: ``sockets``; fake: ``scripted``."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from ebbtide.model.outcomes import Fault
from ebbtide.model.transcripts import Certificate, TlsSummary


class Link(Protocol):
    """Our end of an open connection."""

    def write(self, data: bytes) -> None:
        """Hand octets over; they may wait in a buffer."""

    def finish(self, *, is_told: bool) -> None:
        """Close when the other side has closed too, or in a moment if it does not; what still comes is thrown away.

        Args:
            is_told: The other side knows already that nothing follows, and closes by itself.
        """

    def abort(self) -> None:
        """Close at once."""


class Peer(Protocol):
    """Who listens to one connection at a time."""

    def connection_made(self, transport: Link) -> None:
        """The connection is open."""

    def connection_failed(self, error: OSError) -> None:
        """There will be no connection; the last call for it."""

    def data_received(self, data: bytes) -> None:
        """Octets came in."""

    def eof_received(self) -> bool | None:
        """The other side will send nothing more; the connection is then closed."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed, or the dialing was cancelled; the last call for it."""

    def pause_writing(self) -> None:
        """What was written waits in a buffer."""

    def resume_writing(self) -> None:
        """What was written is gone."""


class Cancellable(Protocol):
    """Something under way that can be called off."""

    def cancel(self) -> object:
        """Call it off."""


class TlsFailure(msgspec.Struct, frozen=True):
    """Why TLS cannot go on."""

    fault: Fault
    detail: str


class TlsSession(Protocol):
    """TLS without a socket: octets in, octets out.

    Attributes:
        is_established: The handshake is done.
        is_closed: The other side said that it will send nothing more.
        failure: Set when TLS cannot go on.
    """

    is_established: bool
    is_closed: bool
    failure: TlsFailure | None

    def start(self) -> None:
        """Begin the handshake."""

    def receive(self, octets: bytes) -> bytes:
        """Take in octets from the network; return what they hold for the application."""

    def send(self, octets: bytes) -> None:
        """Encrypt octets of the application."""

    def outgoing(self) -> bytes:
        """Take what is to be written to the network."""

    def close(self) -> None:
        """Say that we will send nothing more."""

    def summary(self) -> tuple[TlsSummary, tuple[Certificate, ...]]:
        """What the handshake settled, and the chain as sent."""


class Network(Protocol):
    """Connections, clocks, and the loop that drives them."""

    def run(self, step: Callable[[], bool], abandon: Callable[[], bool]) -> None:
        """Call ``step`` now and after every ``wake`` until it says that all is done.

        Args:
            step: Does what can be done now; true when nothing is left. What it raises ends the run.
            abandon: Closes everything; called until it says that all is closed, however the run ended.
        """

    def wake(self) -> None:
        """Have ``step`` called soon."""

    def now_s(self) -> float:
        """A clock that never goes back, in seconds."""

    def now_ns(self) -> int:
        """UTC in nanoseconds since 1970."""

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Cancellable:
        """Have ``callback`` called once, later."""

    def connect(self, address: str, port: int, peer: Peer) -> Cancellable:
        """Dial. Ends in ``connection_made`` or ``connection_failed``; cancelled, in ``connection_lost``."""

    def tls_session(self, server_name: str) -> TlsSession:
        """A new session; ``server_name`` goes into the handshake, none if empty."""
