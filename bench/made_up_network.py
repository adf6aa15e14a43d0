"""Servers that are not there: they answer, refuse or keep silent in the asking process itself, without a socket."""

from collections.abc import Callable
from functools import partial
from hashlib import blake2b

from ebbtide.probe.network import Cancellable, Peer
from ebbtide.probe.sockets import SocketNetwork

_KINDS = 64
_SILENT = 1
_REFUSES = 16
_PAGE = b"<html><title>%b</title><p>" + 12 * b"A page of a server that is not there. " + b"</html>"
_HEAD = b"HTTP/1.1 %b\r\nServer: Made-up/1.0\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"


class MadeUpNetwork(SocketNetwork):
    """The real loop, its clocks and timers; of 64 servers one is silent, fifteen refuse, the others answer."""

    def connect(self, address: str, port: int, peer: Peer) -> Cancellable:
        """Nobody is dialed; who listens hears of it as if somebody had been."""
        return _Line(self.call_soon, f"{address}:{port}".encode(), peer)


class _Line:
    """Both ends of a connection."""

    def __init__(self, call_soon: Callable[[Callable[[], None]], None], name: bytes, peer: Peer) -> None:
        self._call_soon = call_soon
        self._name = name
        self._peer = peer
        self._is_closed = False
        kind = blake2b(name, digest_size=8).digest()[0] % _KINDS
        if kind >= _REFUSES:
            call_soon(self._open)
        elif kind >= _SILENT:
            call_soon(self._refuse)

    def _open(self) -> None:
        if not self._is_closed:
            self._peer.connection_made(self)

    def _refuse(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._peer.connection_failed(ConnectionRefusedError(111, "refused"))

    def write(self, data: bytes) -> None:
        """Every request has its answer, whole."""
        is_root = data.startswith(b"GET / ")
        page = _PAGE % self._name if is_root else b"not here"
        answer = _HEAD % (b"200 OK" if is_root else b"404 Not Found", len(page)) + page
        self._call_soon(partial(self._answer, answer))

    def _answer(self, octets: bytes) -> None:
        if not self._is_closed:
            self._peer.data_received(octets)

    def close(self) -> None:
        """As ``abort``: nothing waits to be written."""
        self.abort()

    def finish(self, *, is_told: bool) -> None:  # noqa: ARG002  the port's
        """As ``abort``: the other side closes at once."""
        self.abort()

    def abort(self) -> None:
        """Close."""
        if not self._is_closed:
            self._is_closed = True
            self._call_soon(partial(self._peer.connection_lost, None))

    def cancel(self) -> None:
        """Dialing is called off."""
        self.abort()
