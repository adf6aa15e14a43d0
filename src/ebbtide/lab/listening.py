"""Sockets of the lab: bound addresses, silent addresses, and whether there are enough file descriptors for all."""

import errno
import resource
import select
import socket
from collections.abc import Sequence
from pathlib import Path

from ebbtide.lab.errors import ScenarioError

BACKLOG = 128
HEADROOM = 1200
"""Descriptors beside the listening ones: clients' connections and what the process itself holds."""

FILES_OF_SILENCE = 2
PARKING_S = 2.0


def raise_file_limit(needed: int, file: Path | None) -> None:
    """Raise the soft limit of open files as far as it is needed.

    Args:
        needed: Descriptors that will be open at once.
        file: The scenario's file, for the error.

    Raises:
        ScenarioError: The hard limit is too low; says by how many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = needed if hard == resource.RLIM_INFINITY else hard
    if needed > most:
        raise ScenarioError(
            file,
            "strata",
            f"{needed:,} file descriptors are needed and {most:,} are the most here: {needed - most:,} are missing; "
            "raise the limit (ulimit -Hn) or choose a smaller scale",
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def bind(address: str, port: int, file: Path | None) -> socket.socket:
    """Bind one address of loopback.

    Raises:
        ScenarioError: It is in use, or may not be bound.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setblocking(False)
        bound.bind((address, port))
    except OSError as error:
        bound.close()
        raise ScenarioError(file, "network.port", f"{address}:{port} cannot be bound: {error.strerror}") from error
    return bound


def fall_silent(addresses: Sequence[str], port: int, file: Path | None) -> list[socket.socket]:
    """Make addresses drop every attempt to connect, as a filter does.

    A backlog of 0 holds one connection that nobody accepts; we park one there ourselves, and from then on the kernel
    drops every SYN.

    Returns:
        Sockets that keep the silence as long as they are open.

    Raises:
        ScenarioError: An address cannot be bound, or does not fall silent.
    """
    kept: list[socket.socket] = []
    try:
        for address in addresses:
            listening = bind(address, port, file)
            kept.append(listening)
            listening.listen(0)
            kept.append(_park(address, port, file))
    except ScenarioError:
        for each in kept:
            each.close()
        raise
    return kept


def _park(address: str, port: int, file: Path | None) -> socket.socket:
    """Fill the queue of an address with one connection of our own."""
    parked = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    parked.setblocking(False)
    code = parked.connect_ex((address, port))
    poller = select.poll()
    poller.register(parked, select.POLLOUT)
    is_ready = code in {0, errno.EINPROGRESS} and bool(poller.poll(PARKING_S * 1000))
    if not is_ready or parked.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        parked.close()
        raise ScenarioError(file, "network", f"{address}:{port} cannot be made silent")
    return parked
