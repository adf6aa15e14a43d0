"""The farm at work: every server of a table in one process, for as long as somebody holds its standard input open."""

import asyncio
import contextlib
import json
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable

from hostile_farm.lines import PATIENCE_S, Line
from hostile_farm.records import Hostile, Place

_QUEUE = 4096
_FILLERS = 3
_SMALLEST_WINDOW = 1
_SEND_BUFFER = 65_536
"""What pours for ever fills no more of the kernel's memory than this."""
LIFETIME_S = 240.0


class Farm:
    """Serves, and counts who was called."""

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}
        self.calls: Counter[str] = Counter()
        self.canary = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._stack = contextlib.ExitStack()

    async def open(self, servers: Iterable[Hostile]) -> None:
        """Listen for all of them, and for the canary."""
        canary = self._listen(is_v6=False)
        self.canary = canary.getsockname()[1]
        self._begin(self._count_calls(canary))
        for server in servers:
            listener = self._listener(server)
            self.ports[server.name] = listener.getsockname()[1]
            if server.place in {Place.OPEN, Place.ONCE, Place.NARROW}:
                self._begin(self._accept(listener, server))

    async def close(self) -> None:
        """End every conversation."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._stack.close()

    def _begin(self, work: AsyncIterator[None] | object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _listener(self, server: Hostile) -> socket.socket:
        if server.place is Place.CLOSED:
            return self._bind(is_v6=server.is_v6)
        if server.place is not Place.FULL:
            return self._listen(is_v6=server.is_v6, is_narrow=server.place is Place.NARROW)
        listener = self._listen(is_v6=server.is_v6, queue=0)
        for _ in range(_FILLERS):
            filler = self._stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", listener.getsockname()[1]))
        return listener

    def _bind(self, *, is_v6: bool) -> socket.socket:
        """Every address of loopback, and none of any other interface."""
        listener = self._stack.enter_context(socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET))
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        listener.bind(("::1" if is_v6 else "0.0.0.0", 0))
        return listener

    def _listen(self, *, is_v6: bool, is_narrow: bool = False, queue: int = _QUEUE) -> socket.socket:
        listener = self._bind(is_v6=is_v6)
        if is_narrow:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALLEST_WINDOW)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        listener.listen(queue)
        return listener

    async def _count_calls(self, listener: socket.socket) -> None:
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            connection.close()
            self.calls["canary"] += 1

    async def _accept(self, listener: socket.socket, server: Hostile) -> None:
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            self.calls[server.name] += 1
            self._begin(self._converse(connection, server))
            if server.place is Place.ONCE:
                listener.close()
                return

    async def _converse(self, connection: socket.socket, server: Hostile) -> None:
        with connection, contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await server.handler(Line(connection, self.canary))


async def serve_until_told(servers: Iterable[Hostile]) -> None:
    """Print the ports, serve until standard input ends, print the calls."""
    farm = Farm()
    await farm.open(servers)
    try:
        print(json.dumps(farm.ports), flush=True)  # noqa: T201  (how the parent learns of them)
        is_over = asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin, is_over.set)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(is_over.wait(), LIFETIME_S)
    finally:
        await farm.close()
    print(json.dumps(farm.calls), flush=True)  # noqa: T201
