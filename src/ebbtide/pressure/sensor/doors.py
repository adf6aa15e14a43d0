"""The sockets that the sensor listens at: its own, or those that systemd hands over."""

import errno
import os
import socket
from collections.abc import Iterator, Mapping, Sequence

from ebbtide.pressure.records import PressureError
from ebbtide.pressure.sensor.settings import Place

_BACKLOG = 4_096
_FIRST_HANDED = 3
_WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104  told apart, not bound
_LOWEST_FREE_PORT = 1_024
_V6_NETWORK = 4
"""Groups of an IPv6 address that one host commonly has to itself."""


class Door:
    """One listening socket.

    Args:
        listening: It listens already.

    Attributes:
        socket: Never blocks.
        place: Where it listens.
    """

    def __init__(self, listening: socket.socket) -> None:
        listening.setblocking(False)
        self.socket = listening
        address, port = listening.getsockname()[:2]
        self.place = Place(address, port)
        self._is_wildcard = address in _WILDCARDS
        self._called = str(self.place)

    def called(self, made: socket.socket) -> str:
        """The address and port that a connection was made to; empty if it is gone."""
        if not self._is_wildcard:
            return self._called
        try:
            address, port = made.getsockname()[:2]
        except OSError:
            return ""
        return str(Place(address.removeprefix("::ffff:"), port))


def open_doors(places: Sequence[Place]) -> list[Door]:
    """Listen at some places.

    Raises:
        PressureError: At one of them that cannot be done.
    """
    doors: list[Door] = []
    try:
        for place in places:
            doors.append(_open_door(place))  # noqa: PERF401  what is open must be known when one fails
    except PressureError:
        close_doors(doors)
        raise
    return doors


def close_doors(doors: Sequence[Door]) -> None:
    """Stop listening."""
    for door in doors:
        door.socket.close()


def _open_door(place: Place) -> Door:
    family = socket.AF_INET6 if ":" in place.address else socket.AF_INET
    listening = None
    try:
        listening = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((place.address, place.port))
        listening.listen(_BACKLOG)
    except OSError as error:
        if listening is not None:
            listening.close()
        raise PressureError(
            f"the sensor cannot listen at {place}: {error.strerror}.", remedy=_remedy(place, error)
        ) from error
    return Door(listening)


def _remedy(place: Place, error: OSError) -> str:
    if error.errno == errno.EACCES and place.port < _LOWEST_FREE_PORT:
        return (
            "Ports below 1024 are for root: send them to a higher one in the firewall, have systemd hand the socket "
            "over, or start as root with --user NAME; docs/sensor.md shows each."
        )
    if error.errno == errno.EADDRINUSE:
        return "Another program listens there; give another port, or end that program."
    return "Give an address of this machine."


def handed_doors(environment: Mapping[str, str]) -> list[Door]:
    """The sockets that systemd hands over (``sd_listen_fds``); none if it does not.

    Raises:
        PressureError: One of them is no listening stream socket.
    """
    if environment.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = environment.get("LISTEN_FDS", "")
    return list(_take_over(int(count) if count.isascii() and count.isdigit() else 0))


def _take_over(count: int) -> Iterator[Door]:
    for descriptor in range(_FIRST_HANDED, _FIRST_HANDED + count):
        try:
            handed = socket.socket(fileno=descriptor)
            os.set_inheritable(descriptor, False)
            is_listening = handed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
        except OSError as error:
            raise PressureError(f"descriptor {descriptor} that was handed over is no socket.") from error
        if not is_listening or handed.type != socket.SOCK_STREAM or handed.family == socket.AF_UNIX:
            raise PressureError(
                f"descriptor {descriptor} that was handed over is no listening TCP socket.",
                remedy="Give ListenStream with an address and a port, and Accept=no.",
            )
        yield Door(handed)


def network_of(host: str) -> str:
    """Whose connections are counted together: one IPv4 address, or the /64 of an IPv6 one."""
    if ":" not in host:
        return host
    if host.startswith("::ffff:") and "." in host:
        return host[7:]
    head, gap, _ = host.partition("::")
    groups = head.split(":")[:_V6_NETWORK]
    return ":".join(groups) + (gap if len(groups) < _V6_NETWORK else "")
