"""Servers made of random steps, the same for the same seed."""

import asyncio
import gzip
from collections.abc import Iterator
from random import Random

from hostile_farm.lines import STEP_S, Handler, Line
from hostile_farm.records import Hostile

PIECES = (
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 404 No\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 204 No\r\n",
    b"ICY 200 OK\r\n", b"http/1.1 200\n", b"HTTP/1.1 302 X\r\nLocation: /\r\n", b"Content-Length: 5\r\n",
    b"Content-Length: 99\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n",
    b"Content-Encoding: gzip\r\n", b"Connection: keep-alive\r\n", b" folded\r\n", b"no colon\r\n", b": no name\r\n",
    b"X: \0\r\n", b"X: a\rb\r\n", b"\r\n", b"\r\n", b"\r\n", b"\n\n", b"hello", b"5\r\nhello\r\n", b"0\r\n\r\n",
    b"FFFFFFFFFFFFFFFF\r\n", b"5;a=b\r\n", b"zz\r\n", b"<html>", b"\xff" * 600, b"SSH-2.0-x\r\n", b"x" * 40_000,
    b"\x15\x03\x03\0\x02\x02\x28", b"a:b\r\n" * 3000, gzip.compress(b"tide" * 9, mtime=0),
)  # fmt: skip
_MOST_STEPS = 14


def random_servers(seed: int, count: int) -> Iterator[Hostile]:
    """So many servers; their table of what must be seen is empty, since nobody knows."""
    for number in range(count):
        yield Hostile(f"random {number}", "random steps", _random_handler(Random(f"{seed}/{number}")), ())  # noqa: S311


def _random_handler(random: Random) -> Handler:
    steps = [random.choice(PIECES) for _ in range(random.randrange(_MOST_STEPS))]
    pauses = [random.random() < 0.2 for _ in steps]
    reads_first, end = random.random() < 0.8, random.choice(["close", "reset", "stay", "tarpit", "again"])

    async def handler(line: Line) -> None:
        has_more = True
        while has_more:
            if reads_first and not await line.read_request():
                return
            for octets, is_pausing in zip(steps, pauses, strict=True):
                await line.send(octets)
                if is_pausing:
                    await asyncio.sleep(STEP_S / 10)
            has_more = end == "again" and reads_first
        await _leave(line, end)

    return handler


async def _leave(line: Line, how: str) -> None:
    if how == "reset":
        line.reset()
    elif how == "stay":
        await line.wait_for_close()
    elif how == "tarpit":
        await line.wait_unread()
