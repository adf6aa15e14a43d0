"""One connection, from being accepted to its end."""

import socket

from ebbtide.pressure.sensor.requests import RequestReader
from ebbtide.pressure.sensor.settings import RequestLimits


class Visitor:
    """Who called.

    Args:
        made: The connection; it is made never to block.
        network: Whose connections are counted together.
        limits: Caps on the request.

    Attributes:
        source, near: As the policy keeps them.
        at_ns: When it was accepted.
        deadline_s: When its time is over.
        on: Address and port that were called.
        is_over: It was recorded.
    """

    __slots__ = (
        "at_ns", "deadline_s", "descriptor", "discarded", "is_answered", "is_over", "is_watched", "linger_until_s",
        "near", "network", "on", "reader", "socket", "source",
    )  # fmt: skip

    def __init__(self, made: socket.socket, network: str, limits: RequestLimits) -> None:
        made.setblocking(False)
        self.socket = made
        self.descriptor = made.fileno()
        self.network = network
        self.reader = RequestReader(limits)
        self.source, self.near = "", 0
        self.at_ns, self.deadline_s, self.on = 0, 0.0, ""
        self.is_over = self.is_answered = self.is_watched = False
        self.discarded = 0
        self.linger_until_s = 0.0

    def begin(self, at_ns: int, deadline_s: float, on: str) -> None:
        """Note when and where it came."""
        self.at_ns, self.deadline_s, self.on = at_ns, deadline_s, on

    def answer(self, octets: bytes) -> None:
        """Hand the answer over; a new connection has room for all of it, and nobody is waited for."""
        try:
            self.is_answered = self.socket.send(octets) == len(octets)
        except OSError:
            self.is_answered = False

    def half_close(self) -> bool:
        """Say that nothing follows; whether that could be said."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True
