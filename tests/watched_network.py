"""A network that counts what is under way: every timer must be called or cancelled, every connection must end."""

from collections.abc import Callable

from ebbtide.probe.network import Cancellable, Link, Network, Peer, TlsSession


class _Timer:
    def __init__(self) -> None:
        self.is_over = False
        self.handle: Cancellable | None = None

    def cancel(self) -> None:
        self.is_over = True
        if self.handle is not None:
            self.handle.cancel()


class _WatchedPeer:
    """Stands between a connection and its peer, and notes when the last call for it has come."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.is_over = False
        self.data_received = peer.data_received
        self.eof_received = peer.eof_received
        self.pause_writing = peer.pause_writing
        self.resume_writing = peer.resume_writing

    def connection_made(self, transport: Link) -> None:
        self._peer.connection_made(transport)

    def connection_failed(self, error: OSError) -> None:
        self.is_over = True
        self._peer.connection_failed(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_over = True
        self._peer.connection_lost(exc)


class WatchedNetwork:
    """Hands everything on to a real network.

    Attributes:
        dialed: Address and port of every connection that was begun.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._timers: list[_Timer] = []
        self._peers: list[_WatchedPeer] = []
        self.dialed: list[tuple[str, int]] = []
        self.run = network.run
        self.wake = network.wake
        self.now_s = network.now_s
        self.now_ns = network.now_ns

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Cancellable:
        timer = _Timer()

        def ring() -> None:
            timer.is_over = True
            callback()

        timer.handle = self._network.call_later(delay_s, ring)
        self._timers.append(timer)
        return timer

    def connect(self, address: str, port: int, peer: Peer) -> Cancellable:
        watched = _WatchedPeer(peer)
        self._peers.append(watched)
        self.dialed.append((address, port))
        return self._network.connect(address, port, watched)

    def tls_session(self, server_name: str) -> TlsSession:
        return self._network.tls_session(server_name)

    def timers_left(self) -> int:
        """Timers that were neither called nor cancelled."""
        return sum(not timer.is_over for timer in self._timers)

    def lines_left(self) -> int:
        """Connections whose last call never came."""
        return sum(not peer.is_over for peer in self._peers)
