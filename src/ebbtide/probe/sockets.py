"""The real network: uvloop's transports (asyncio's where uvloop is absent), and TLS over a memory BIO."""

import asyncio
import time
from collections.abc import Callable
from typing import cast

from OpenSSL import SSL

from ebbtide.probe.faults import error_text
from ebbtide.probe.network import Cancellable, Peer, TlsSession
from ebbtide.probe.tls import OpenSslSession, make_client_context

try:
    import uvloop
except ImportError:  # pragma: no cover  (Windows)
    new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    new_event_loop = uvloop.new_event_loop

_CLOSING_ROUNDS = 200
_CLOSING_PAUSE_S = 0.005


class SocketNetwork:
    """Sockets of this machine. One run at a time.

    Args:
        loop_factory: Makes the event loop; uvloop's where it is installed.
    """

    def __init__(self, loop_factory: Callable[[], asyncio.AbstractEventLoop] = new_event_loop) -> None:
        self._loop_factory = loop_factory
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bell: asyncio.Future[None] | None = None
        self._context: SSL.Context | None = None
        self.now_s = time.monotonic
        self.now_ns = time.time_ns

    def run(self, step: Callable[[], bool], abandon: Callable[[], bool]) -> None:
        """Drive ``step`` in a loop of our own; see ``Network.run``."""
        with asyncio.Runner(loop_factory=self._loop_factory) as runner:
            runner.run(self._main(step, abandon))

    def wake(self) -> None:
        """Have ``step`` called soon."""
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Cancellable:
        """Have ``callback`` called once, later."""
        return self._running().call_later(delay_s, callback)

    def connect(self, address: str, port: int, peer: Peer) -> Cancellable:
        """Dial; see ``Network.connect``."""
        loop, line = self._running(), _Line(peer)
        task = loop.create_task(loop.create_connection(line.protocol, address, port))
        task.add_done_callback(line.dialed)
        return task

    def tls_session(self, server_name: str) -> TlsSession:
        """A new session of OpenSSL."""
        if self._context is None:
            self._context = make_client_context()
        return OpenSslSession(self._context, server_name)

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the network does not run")
        return self._loop

    async def _main(self, step: Callable[[], bool], abandon: Callable[[], bool]) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                self._bell = self._loop.create_future()
                if step():
                    break
                await self._bell
        finally:
            self._bell = None
            await self._close(abandon)
            self._loop = None

    async def _close(self, abandon: Callable[[], bool]) -> None:
        for _ in range(_CLOSING_ROUNDS):
            if abandon():
                break
            await asyncio.sleep(_CLOSING_PAUSE_S)
        await asyncio.sleep(0)


class _Line:
    """One connection's way to its peer, cut when the dialing was called off, so that no late call arrives."""

    __slots__ = ("data_received", "eof_received", "is_made", "is_over", "pause_writing", "peer", "resume_writing")

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.is_made = False
        self.is_over = False
        self.data_received = peer.data_received
        self.eof_received = peer.eof_received
        self.pause_writing = peer.pause_writing
        self.resume_writing = peer.resume_writing

    def protocol(self) -> asyncio.BaseProtocol:
        return cast("asyncio.BaseProtocol", self)

    def dialed(self, task: asyncio.Task[tuple[asyncio.BaseTransport, asyncio.BaseProtocol]]) -> None:
        if self.is_made or self.is_over:
            return
        self.is_over = True
        error = None if task.cancelled() else task.exception()
        if error is None:
            self.peer.connection_lost(None)
        else:
            self.peer.connection_failed(error if isinstance(error, OSError) else OSError(0, error_text(error)))

    def connection_made(self, transport: asyncio.Transport) -> None:
        if self.is_over:
            transport.abort()
            return
        self.is_made = True
        self.peer.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.is_over:
            self.is_over = True
            self.peer.connection_lost(exc)
