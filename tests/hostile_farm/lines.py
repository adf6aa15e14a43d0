"""The server's end of one connection, and the few things that hostile servers do with it."""

import asyncio
import contextlib
import select
import socket
import struct
from collections.abc import Awaitable, Callable

PATIENCE_S = 20.0
"""Nothing here lives longer, whatever the other side does."""
STEP_S = 0.2
"""A drip's pause; clocks in tests are scaled down as much as it is."""
_PIECE = 65_536


class Line:
    """One accepted connection.

    Args:
        connection: A socket that does not block; closed by whoever accepted it.
        canary: Port on loopback where nobody may ever call.
    """

    def __init__(self, connection: socket.socket, canary: int) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self.canary = canary

    async def read(self, most: int = _PIECE) -> bytes:
        """What comes next, at most so much; nothing once the other side has closed."""
        return await self._loop.sock_recv(self._connection, most)

    async def read_request(self) -> bytes:
        """A request's head, or what there is of it before the other side closes."""
        octets = b""
        while b"\r\n\r\n" not in octets:
            piece = await self.read()
            if not piece:
                break
            octets += piece
        return octets

    async def send(self, octets: bytes) -> None:
        """Send all of it."""
        await self._loop.sock_sendall(self._connection, octets)

    async def wait_for_octets(self) -> None:
        """Wait until there is something to read, and leave it there."""
        while not self._polled(select.POLLIN):  # noqa: ASYNC110  (only the kernel knows)
            await asyncio.sleep(STEP_S / 20)

    async def wait_for_close(self) -> None:
        """Read and forget until the other side closes."""
        while await self.read():
            pass

    async def wait_unread(self) -> None:
        """Read nothing until the other side is gone."""
        while not self.is_left():  # noqa: ASYNC110  (the same)
            await asyncio.sleep(STEP_S)

    def is_left(self) -> bool:
        """Whether the other side has closed, though what it sent was not read."""
        return self._polled(select.POLLRDHUP | select.POLLHUP | select.POLLERR)

    def finish(self) -> None:
        """Say that nothing more will be sent."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Have the connection end in RST when it is closed."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _polled(self, events: int) -> bool:
        poll = select.poll()
        poll.register(self._connection, events)
        return bool(poll.poll(0))


Handler = Callable[[Line], Awaitable[None]]


async def leave(_line: Line) -> None:
    """Close at once."""


async def stay(line: Line) -> None:
    """Say nothing more until the other side closes."""
    await line.wait_for_close()


async def end(line: Line) -> None:
    """Say that nothing more will come, and wait until the other side has closed too."""
    line.finish()
    await line.wait_for_close()


async def break_off(line: Line) -> None:
    """Let what was sent arrive, then reset."""
    await asyncio.sleep(STEP_S / 2)
    line.reset()


def answer(octets: bytes, *, then: Handler = stay) -> Handler:
    """Read a request, answer with ``octets``, and go on with ``then``."""

    async def handler(line: Line) -> None:
        if await line.read_request():
            await line.send(octets)
            await then(line)

    return handler


def keep_answering(*answers: bytes, then: Handler = stay) -> Handler:
    """Answer one request after the other on one connection, and go on with ``then``."""

    async def handler(line: Line) -> None:
        for octets in answers:
            if not await line.read_request():
                return
            await line.send(octets)
        await then(line)

    return handler


def speak(octets: bytes, *, then: Handler = end) -> Handler:
    """Send ``octets`` without being asked, and go on with ``then``."""

    async def handler(line: Line) -> None:
        await line.send(octets)
        await then(line)

    return handler


def pour(octets: bytes) -> Handler:
    """Send ``octets`` again and again, as fast as they are taken."""
    much = octets * max(1, _PIECE // len(octets))

    async def handler(line: Line) -> None:
        while True:
            await line.send(much)

    return handler


def drip(octets: bytes) -> Handler:
    """Send ``octets`` again and again, one at a time, with a pause after each."""

    async def handler(line: Line) -> None:
        while not line.is_left():
            for octet in octets:
                await line.send(bytes([octet]))
                await asyncio.sleep(STEP_S)

    return handler
