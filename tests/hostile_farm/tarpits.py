"""Servers that hold on to whoever calls."""

import asyncio

from hostile_farm.endings import never_read
from hostile_farm.lines import STEP_S, Line, answer, keep_answering, stay
from hostile_farm.records import HEAD, Hostile, Place, Seen, http, unheard, whole

_OK = HEAD + b"Content-Length: 5\r\n\r\nhello"


async def read_slowly(line: Line) -> None:
    """Read the request in small sips, and answer."""
    octets = b""
    while b"\r\n\r\n" not in octets:
        octets += await line.read(32)
        await asyncio.sleep(STEP_S / 10)
    await line.send(_OK)
    await line.wait_for_close()


async def answer_late(line: Line) -> None:
    """Think for a while before the answer."""
    if await line.read_request():
        await asyncio.sleep(STEP_S * 2)
        await line.send(_OK)
        await line.wait_for_close()


async def answer_in_pieces(line: Line) -> None:
    """Send each octet of the answer in a packet of its own, and quickly."""
    if await line.read_request():
        for octet in _OK:
            await line.send(bytes([octet]))
            await asyncio.sleep(STEP_S / 100)
        await line.wait_for_close()


def _held(name: str, does: str, *, place: Place = Place.OPEN, is_v6: bool = False) -> Hostile:
    return Hostile(name, does, never_read, (Seen("response/timed_out"),), place=place, is_v6=is_v6)


SERVERS = (
    unheard("full queue", "its queue of calls is full", Place.FULL, "connect/timed_out"),
    unheard(
        "never fetched", "the kernel takes the call, and nobody fetches it", Place.UNACCEPTED, "response/timed_out"
    ),
    _held("tarpit", "takes the call, and neither reads nor writes"),
    _held("narrow tarpit", "takes the call with the smallest receive window, and never reads", place=Place.NARROW),
    http("listens for ever", "reads and says nothing", stay, Seen("response/timed_out")),
    http("reads slowly", "reads the request in small sips and answers", read_slowly, whole()),
    http(
        "narrow",
        "reads through the smallest receive window and answers",
        keep_answering(_OK),
        whole(),
        place=Place.NARROW,
    ),
    http("answers late", "answers after a while", answer_late, whole()),
    http("answers in pieces", "sends every octet of its answer by itself", answer_in_pieces, whole()),
    http("answers over IPv6", "answers over IPv6", answer(_OK), whole(), is_v6=True),
    _held("IPv6 tarpit", "takes the call over IPv6, and neither reads nor writes", is_v6=True),
    unheard("IPv6 closed port", "nobody listens on IPv6", Place.CLOSED, "connect/refused", is_v6=True),
)
