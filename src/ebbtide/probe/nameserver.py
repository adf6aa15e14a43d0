"""One name server, asked over c-ares without a thread: its sockets hang on an epoll of ours."""

import select
from collections import deque
from collections.abc import Callable
from functools import partial

import msgspec
import pycares

RENEWED_AFTER = 4096
"""Questions to one channel. A channel keeps every answer that it saw (c-ares caches, and pycares cannot forbid it), so
that its memory grows; and all of its questions leave from one port."""
_RECEIVE_BUFFER_BYTES = 1 << 20


class Reply(msgspec.Struct, frozen=True):
    """What c-ares reports of a question.

    Attributes:
        result: The answer; ``None`` if there is none.
        error: An error number of c-ares; ``None`` with an answer.
    """

    result: pycares.DNSResult | None
    error: int | None


class Wires:
    """The sockets of all channels, on one epoll."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._channels: dict[int, Channel] = {}

    def watch(self, channel: "Channel", descriptor: int, events: int) -> None:
        """Look out for events of a socket; 0 ends it."""
        if not events:
            if self._channels.pop(descriptor, None) is not None:
                self._epoll.unregister(descriptor)
        elif descriptor in self._channels:
            self._epoll.modify(descriptor, events)
        else:
            self._epoll.register(descriptor, events)
            self._channels[descriptor] = channel

    def process(self, wait_s: float) -> None:
        """Take in what has come; wait for the first of it."""
        for descriptor, events in self._epoll.poll(wait_s):
            channel = self._channels.get(descriptor)
            if channel is not None:
                channel.process(descriptor, events)

    def close(self) -> None:
        """Look at nothing more. All channels must be closed."""
        self._epoll.close()


class Channel:
    """One channel of c-ares to one name server; every question is sent once.

    Args:
        server: From ``parse_nameserver``.
        timeout_s: Until c-ares gives a question up. It waits less for a server that it knows to be fast.
        wires: Where its sockets are watched.
    """

    def __init__(self, server: str, timeout_s: float, wires: Wires) -> None:
        self._wires = wires
        self._is_closed = False
        self._descriptors: set[int] = set()
        self._channel = pycares.Channel(
            servers=[server],
            timeout=timeout_s,
            tries=1,
            flags=pycares.ARES_FLAG_NOSEARCH | pycares.ARES_FLAG_EDNS,
            lookups="b",
            socket_receive_buffer_size=_RECEIVE_BUFFER_BYTES,
            sock_state_cb=self._on_socket,
        )
        self.asked = 0
        self._waiting: dict[int, Callable[[Reply], None]] = {}

    @property
    def pending(self) -> int:
        """Questions without an answer."""
        return len(self._waiting)

    def ask(self, name: str, kind: int, told: Callable[[Reply], None]) -> None:
        """Send a question; ``told`` is called once, at once or while ``process`` runs, unless the channel is closed."""
        self.asked += 1
        self._waiting[self.asked] = told
        reply = partial(self._on_reply, self.asked)
        try:
            self._channel.query(name, kind, callback=reply)
        except pycares.AresError as error:
            reply(None, error.args[0] if error.args else pycares.errno.ARES_EBADNAME)

    def process(self, descriptor: int, events: int) -> None:
        """Let c-ares read and write."""
        readable = events & ~select.EPOLLOUT
        self._channel.process_fd(
            descriptor if readable else pycares.ARES_SOCKET_BAD,
            descriptor if events & select.EPOLLOUT else pycares.ARES_SOCKET_BAD,
        )

    def process_timeouts(self) -> None:
        """Let c-ares give up what has waited too long."""
        self._channel.process_fd(pycares.ARES_SOCKET_BAD, pycares.ARES_SOCKET_BAD)

    def close(self) -> None:
        """Forget all questions; c-ares cleans up in a thread of its own, which must not meet our epoll."""
        if not self._is_closed:
            self._is_closed = True
            self._waiting.clear()
            for descriptor in self._descriptors:
                self._wires.watch(self, descriptor, 0)
            self._channel.close()

    def _on_reply(self, number: int, result: pycares.DNSResult | None, error: int | None) -> None:
        """Tell once: for a name that it cannot encode c-ares both calls back and raises."""
        told = self._waiting.pop(number, None)
        if told is not None:
            told(Reply(result, error))

    def _on_socket(self, descriptor: int, is_readable: bool, is_writable: bool) -> None:  # noqa: FBT001  (c-ares calls it)
        if self._is_closed:
            return
        events = (select.EPOLLIN if is_readable else 0) | (select.EPOLLOUT if is_writable else 0)
        if events:
            self._descriptors.add(descriptor)
        else:
            self._descriptors.discard(descriptor)
        self._wires.watch(self, descriptor, events)


class NameServer:
    """One name server over channels that follow one another.

    Args:
        server: From ``parse_nameserver``.
        timeout_s: As for a channel.
        wires: Where sockets are watched.
    """

    def __init__(self, server: str, timeout_s: float, wires: Wires) -> None:
        self._make = partial(Channel, server, timeout_s, wires)
        self._channels: deque[Channel] = deque()

    def ask(self, name: str, kind: int, told: Callable[[Reply], None]) -> None:
        """Send a question; see ``Channel.ask``."""
        if not self._channels or self._channels[-1].asked >= RENEWED_AFTER:
            self._channels.append(self._make())
        self._channels[-1].ask(name, kind, told)

    def process_timeouts(self) -> None:
        """Give up what has waited too long, and let go of channels that have done their work."""
        for channel in self._channels:
            if channel.pending:
                channel.process_timeouts()
        while len(self._channels) > 1 and not self._channels[0].pending:
            self._channels.popleft().close()

    def close(self) -> None:
        """Forget all questions."""
        while self._channels:
            self._channels.popleft().close()


def system_nameservers() -> tuple[str, ...]:
    """The machine's own name servers, as ``address:port``."""
    channel = pycares.Channel(sock_state_cb=lambda _descriptor, _is_readable, _is_writable: None)
    try:
        return tuple(channel.servers)
    finally:
        channel.close()
