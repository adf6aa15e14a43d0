"""One connection over a socket that never blocks: dialed, written, read, closed."""

import errno
import os
import select
import socket
import struct
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, Protocol

from ebbtide.probe.network import Peer

INTERESTS: Final = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
_ENDED: Final = select.EPOLLHUP | select.EPOLLERR
_ENDING: Final = select.EPOLLRDHUP | _ENDED
_READABLE: Final = select.EPOLLIN | _ENDING
_WRITABLE: Final = select.EPOLLOUT | _ENDED

_READ_BYTES: Final = 65_536
_MOST_READS: Final = 8
"""Octets that one connection may bring before the others have their turn: this many times ``_READ_BYTES``."""
_open_socket: Final = socket.SocketType
"""The kernel's socket without the wrapper that counts its files: opened and closed some microseconds faster."""
_STREAM: Final = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
_RESET: Final = struct.pack("ii", 1, 0)
_UNDER_WAY: Final = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR})


class Reactor(Protocol):
    """What a link needs of the network that drives it.

    Attributes:
        source: Address of this machine to dial from; empty: the kernel's choice.
    """

    source: str

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called once what is under way is done."""

    def watch(self, link: "SocketLink", descriptor: int) -> None:
        """Tell ``link`` of every change of its socket from now on."""

    def unwatch(self, descriptor: int) -> None:
        """The socket is about to be closed."""

    def end_soon(self, link: "SocketLink") -> None:
        """Have ``link.abort`` called in a moment."""


class State(Enum):
    """What a link is waiting for."""

    DIALING = auto()
    OPEN = auto()
    CLOSING = auto()
    FINISHING = auto()
    CLOSED = auto()


DIALING: Final[State] = State.DIALING
OPEN: Final[State] = State.OPEN
CLOSING: Final[State] = State.CLOSING
FINISHING: Final[State] = State.FINISHING
CLOSED: Final[State] = State.CLOSED


class SocketLink:
    """A connection to one address; fulfils ``Link``, and ``Cancellable`` while it is being dialed.

    The peer is told of its end exactly once, by ``connection_failed`` or ``connection_lost``, and never from within
    a call that the peer itself makes.

    Args:
        reactor: Drives this link.
        address: IPv4 or IPv6, never a name: nothing here looks one up.
        port: 1 to 65535.
        peer: Who listens.
    """

    __slots__ = (
        "_address",
        "_descriptor",
        "_error",
        "_is_ending",
        "_peer",
        "_port",
        "_reactor",
        "_refusal",
        "_socket",
        "_state",
        "_unsent",
    )

    def __init__(self, reactor: Reactor, address: str, port: int, peer: Peer) -> None:
        self._reactor = reactor
        self._address = address
        self._port = port
        self._peer = peer
        self._state = DIALING
        self._socket: socket.SocketType | None = None
        self._descriptor = -1
        self._unsent = bytearray()
        self._refusal: OSError | None = None
        self._is_ending = False

    def dial(self) -> None:
        """Send the first packet, unless the dialing was called off meanwhile."""
        if self._state is not DIALING:
            return
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        try:
            self._socket = made = _open_socket(family, _STREAM)
            self._descriptor = made.fileno()
            if self._reactor.source and (":" in self._reactor.source) == (":" in self._address):
                made.bind((self._reactor.source, 0))
            fault = made.connect_ex((self._address, self._port))
        except OSError as error:
            self._fail(error)
            return
        if fault and fault not in _UNDER_WAY:
            self._fail(OSError(fault, os.strerror(fault)))
            return
        self._reactor.watch(self, self._descriptor)

    def cancel(self) -> None:
        """Call the dialing off."""
        self._end(None)

    def write(self, data: bytes) -> None:
        """Hand octets over; what the kernel does not take at once waits here."""
        if self._state is not OPEN or self._refusal is not None:
            return
        if not self._unsent:
            sent = self._send(data)
            if sent == len(data):
                return
            self._unsent += data[sent:]
            self._peer.pause_writing()
        else:
            self._unsent += data

    def finish(self, *, is_told: bool) -> None:
        """Close when the other side has closed too, or in a moment: until then it still holds a connection of ours.

        Args:
            is_told: The other side knows already that nothing follows; if not, our end of the connection says so.
        """
        if self._state is not OPEN or self._refusal is not None or self._is_ending:
            self._end(None)
            return
        self._reactor.end_soon(self)
        if self._unsent:
            self._state = CLOSING
        else:
            self._await_end(is_told=is_told)

    def _await_end(self, *, is_told: bool) -> None:
        self._state = FINISHING
        if not is_told and self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_WR)
            except OSError:
                self._end(None)

    def abort(self) -> None:
        """Close at once, on both sides: a reset, so that nothing of the connection is left over there."""
        if self._state is not DIALING and self._socket is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._end(None)

    def on_events(self, events: int) -> None:
        """The socket has changed."""
        if self._state is DIALING:
            self._dialed(events)
        elif events & _WRITABLE and self._unsent:
            self._send_rest()
        if events & _ENDING:
            self._is_ending = True
        if not events & _READABLE:
            return
        if self._state is OPEN:
            self._read()
        elif self._state is FINISHING and self._is_ending:
            self._end(None)

    def _dialed(self, events: int) -> None:
        if events & _ENDED and self._socket is not None:
            fault = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if fault:
                self._fail(OSError(fault, os.strerror(fault)))
                return
        self._state = OPEN
        self._peer.connection_made(self)

    def _read(self) -> None:
        """Read all that is there, as the kernel tells of it only once; but let the others have their turn."""
        for _ in range(_MOST_READS):
            made = self._socket
            if made is None or self._state is not OPEN:
                return
            try:
                octets = made.recv(_READ_BYTES)
            except BlockingIOError:
                return
            except OSError as error:
                self._end(error)
                return
            if not octets:
                if self._refusal is None:
                    self._peer.eof_received()
                self._end(self._refusal)
                return
            self._peer.data_received(octets)
            if len(octets) < _READ_BYTES and not self._is_ending:
                return
        self._reactor.call_soon(self._read)

    def _send(self, data: bytes | bytearray) -> int:
        """How many octets the kernel took. What it refuses for good ends the link, after what came in was read."""
        try:
            return 0 if self._socket is None else self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._refusal = error
            self._reactor.call_soon(self._break)
            return 0

    def _send_rest(self) -> None:
        del self._unsent[: self._send(self._unsent)]
        if self._unsent:
            return
        if self._state is CLOSING:
            self._await_end(is_told=False)
        else:
            self._peer.resume_writing()

    def _break(self) -> None:
        self._read()
        self._end(self._refusal)

    def _fail(self, error: OSError) -> None:
        self._shut()
        self._reactor.call_soon(lambda: self._peer.connection_failed(error))

    def _end(self, error: OSError | None) -> None:
        if self._state is not CLOSED:
            self._shut()
            self._error = error
            self._reactor.call_soon(self._tell_lost)

    def _tell_lost(self) -> None:
        self._peer.connection_lost(self._error)

    def _shut(self) -> None:
        self._state = CLOSED
        if self._socket is not None:
            self._reactor.unwatch(self._descriptor)
            self._socket.close()
            self._socket = None
