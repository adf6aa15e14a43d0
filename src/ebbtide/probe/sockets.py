"""The real network: sockets of this machine, epoll, clocks, and TLS over a memory BIO."""

import heapq
import select
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Final

from ebbtide.probe.links import INTERESTS, SocketLink
from ebbtide.probe.network import Cancellable, Peer, TlsSession

_MOST_EVENTS: Final = 1024
_FEW_TIMERS: Final = 1024
_FINISHING_S: Final = 1.0
_CLOSING_ROUNDS: Final = 200
_CLOSING_PAUSE_S: Final = 0.005


class SocketNetwork:
    """Sockets of this machine. One run at a time.

    Each socket is registered once and for both directions; the kernel tells of changes only (edge-triggered), so a
    connection costs one call to epoll however many exchanges it carries.

    Args:
        source: Address of this machine that connections of its kind, IPv4 or IPv6, are dialed from; empty: the
            kernel's choice.
    """

    def __init__(self, source: str = "") -> None:
        self.source = source
        self.now_s = time.monotonic
        self.now_ns = time.time_ns
        self._links: dict[int, SocketLink] = {}
        self._soon: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[float, int, _Timer]] = []
        self._most_timers = _FEW_TIMERS
        self._ties = count()
        self._finishing: deque[tuple[float, SocketLink]] = deque()
        self._is_woken = False
        self._epoll: select.epoll | None = None
        self._open_session: Callable[[str], TlsSession] | None = None

    def run(self, step: Callable[[], bool], abandon: Callable[[], bool]) -> None:
        """Drive ``step``; see ``Network.run``."""
        self._is_woken = False
        self._epoll = select.epoll()
        try:
            while not self._step(step):
                self._turn(self._pause_s())
                while not self._is_woken:
                    self._turn(self._pause_s())
        finally:
            self._close(abandon)
            self._epoll.close()
            self._epoll = None

    def _step(self, step: Callable[[], bool]) -> bool:
        """What ``step`` says; a call to be woken that it makes itself holds for the next turn."""
        self._is_woken = False
        return step()

    def wake(self) -> None:
        """Have ``step`` called soon."""
        self._is_woken = True

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Cancellable:
        """Have ``callback`` called once, later."""
        timer = _Timer(callback)
        if len(self._timers) >= self._most_timers:
            self._forget_cancelled()
        heapq.heappush(self._timers, (self.now_s() + delay_s, next(self._ties), timer))
        return timer

    def _forget_cancelled(self) -> None:
        """A timer that is called off stays until it is due, maybe for a minute; let them not outnumber the others."""
        self._timers[:] = [entry for entry in self._timers if entry[2].callback is not None]
        heapq.heapify(self._timers)
        self._most_timers = max(_FEW_TIMERS, 2 * len(self._timers))

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called once what is under way is done."""
        self._soon.append(callback)

    def connect(self, address: str, port: int, peer: Peer) -> Cancellable:
        """Dial; see ``Network.connect``."""
        link = SocketLink(self, address, port, peer)
        self._soon.append(link.dial)
        return link

    def tls_session(self, server_name: str) -> TlsSession:
        """A new session of OpenSSL."""
        if self._open_session is None:
            self._open_session = _opener()
        return self._open_session(server_name)

    # What links call.

    def watch(self, link: SocketLink, descriptor: int) -> None:
        """Tell ``link`` of every change of its socket from now on."""
        if self._epoll is None:
            raise RuntimeError("the network does not run")
        self._epoll.register(descriptor, INTERESTS)
        self._links[descriptor] = link

    def unwatch(self, descriptor: int) -> None:
        """The socket is about to be closed; the kernel forgets it then by itself."""
        self._links.pop(descriptor, None)

    def end_soon(self, link: SocketLink) -> None:
        """Give the other side of a finished connection a moment to close it."""
        if not self._finishing:
            self.call_later(_FINISHING_S, self._end_finished)
        self._finishing.append((self.now_s() + _FINISHING_S, link))

    def _end_finished(self) -> None:
        now_s = self.now_s()
        while self._finishing and self._finishing[0][0] <= now_s:
            self._finishing.popleft()[1].abort()
        if self._finishing:
            self.call_later(self._finishing[0][0] - now_s, self._end_finished)

    def _turn(self, pause_s: float) -> None:
        """Wait for what comes next, and do it."""
        if self._epoll is None:
            raise RuntimeError("the network does not run")
        links = self._links
        for descriptor, events in self._epoll.poll(pause_s, _MOST_EVENTS):
            link = links.get(descriptor)
            if link is not None:
                link.on_events(events)
        for _ in range(len(self._soon)):
            self._soon.popleft()()
        self._ring()

    def _pause_s(self) -> float:
        if self._soon or self._is_woken:
            return 0.0
        return max(0.0, self._timers[0][0] - self.now_s()) if self._timers else -1.0

    def _ring(self) -> None:
        timers = self._timers
        if not timers:
            return
        now_s = self.now_s()
        while timers and timers[0][0] <= now_s:
            callback = heapq.heappop(timers)[2].callback
            if callback is not None:
                callback()

    def _close(self, abandon: Callable[[], bool]) -> None:
        """Close everything, however the run ended."""
        for _ in range(_CLOSING_ROUNDS):
            if abandon():
                break
            self._turn(0.0 if self._soon else _CLOSING_PAUSE_S)
        for link in tuple(self._links.values()):
            link.abort()
        self._soon.clear()
        self._timers.clear()
        self._finishing.clear()


def _opener() -> Callable[[str], TlsSession]:
    """Opens sessions of one context. OpenSSL is loaded here: it takes a fifth of what a process costs to start."""
    from ebbtide.probe.tls import OpenSslSession, make_client_context  # noqa: PLC0415  (the reason stands above)

    return partial(OpenSslSession, make_client_context())


class _Timer:
    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None
