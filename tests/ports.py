"""Ports for servers that a test is going to start, and that take theirs from a configuration."""

import random
import socket

_FIRST, _LAST = 10_000, 32_000
"""Below those that the system gives to outgoing connections, one of which might take the port before its server."""
_given: set[int] = set()


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens at now, and that was not given out before in this process."""
    while True:
        port = random.SystemRandom().randint(_FIRST, _LAST)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind((address, port))
            except OSError:
                continue
        _given.add(port)
        return port
