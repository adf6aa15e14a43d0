"""Servers that go away: by closing or by reset, at every stage of an answer."""

from ebbtide.model.transcripts import Deviation, Purpose, Request
from hostile_farm.lines import Handler, Line, answer, break_off, end, leave
from hostile_farm.records import HEAD, Hostile, Place, Seen, cut, http, unheard

WITH_LENGTH = HEAD + b"Content-Length: 9\r\n\r\n"
WITH_CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
HUGE = Request("/", Purpose.ROOT, fields=(("X-Huge", "x" * 16_000_000),))
_SERVER = (b"Server",)


async def reset_unheard(line: Line) -> None:
    """Reset once a request is there, without reading it."""
    await line.wait_for_octets()
    line.reset()


async def leave_unread(line: Line) -> None:
    """Say that nothing will be sent, and read nothing either."""
    await line.wait_for_octets()
    line.finish()
    await line.wait_unread()


async def never_read(line: Line) -> None:
    """Read nothing and say nothing."""
    await line.wait_unread()


async def end_at_once(line: Line) -> None:
    """Say that nothing will be sent, before anything was asked."""
    await end(line)


def _stage(name: str, stage: str, octets: bytes, closed: Seen, broken: Seen) -> tuple[Hostile, Hostile]:
    """The same place to go away at, once politely and once not."""
    return (
        http(f"closes {name}", f"closes {stage}", answer(octets, then=end), closed),
        http(f"resets {name}", f"resets {stage}", answer(octets, then=break_off), broken),
    )


def _while_we_send(name: str, does: str, handler: Handler, seen: Seen) -> Hostile:
    return Hostile(name, does, handler, (seen,), asks=(HUGE,), place=Place.NARROW)


SERVERS = (
    unheard("closed port", "nobody listens", Place.CLOSED, "connect/refused"),
    http("resets unheard", "resets without reading the request", reset_unheard, Seen("response/reset")),
    http("ends at once", "closes its side as soon as it is called", end_at_once, Seen("response/closed_early")),
    http(
        "ends after a while",
        "waits, then closes without a word",
        answer(b"", then=leave),
        Seen("response/closed_early"),
    ),
    _while_we_send(
        "resets while we send",
        "resets while a large request is being sent",
        reset_unheard,
        Seen("request/reset"),
    ),
    _while_we_send(
        "closes while we send",
        "closes its side while a large request is being sent",
        leave_unread,
        Seen("request/closed_early"),
    ),
    _while_we_send(
        "stops while we send",
        "stops reading while a large request is being sent",
        never_read,
        Seen("request/timed_out"),
    ),
    *_stage("before the answer", "instead of an answer", b"", Seen("response/closed_early"), Seen("response/reset")),
    *_stage(
        "in the status line",
        "within the status line",
        b"HTTP/1.1 20",
        Seen("response/closed_early", body=b"HTTP/1.1 20"),
        Seen("response/reset", body=b"HTTP/1.1 20"),
    ),
    *_stage(
        "in the head",
        "within a field",
        HEAD + b"X-Cut: of",
        Seen("response/closed_early", 200, fields=_SERVER),
        Seen("response/reset", 200, fields=_SERVER),
    ),
    *_stage(
        "in the body",
        "within a body of announced length",
        WITH_LENGTH + b"1234",
        cut("answered", Deviation.BODY_SHORTER_THAN_LENGTH, body=b"1234"),
        cut("response/reset", body=b"1234"),
    ),
    *_stage(
        "in a chunk",
        "within a chunk",
        WITH_CHUNKS + b"9\r\n1234",
        cut("answered", Deviation.BAD_CHUNK, body=b"1234"),
        cut("response/reset", body=b"1234"),
    ),
    *_stage(
        "between chunks",
        "between two chunks",
        WITH_CHUNKS + b"4\r\n1234\r\n",
        cut("answered", Deviation.BAD_CHUNK, body=b"1234"),
        cut("response/reset", body=b"1234"),
    ),
    *_stage(
        "in a chunk size",
        "within the size of a chunk",
        WITH_CHUNKS + b"4\r\n1234\r\n1",
        cut("answered", Deviation.BAD_CHUNK, body=b"1234"),
        cut("response/reset", body=b"1234"),
    ),
    *_stage(
        "in the trailer",
        "after the last chunk and before the empty line",
        WITH_CHUNKS + b"4\r\n1234\r\n0\r\nX: y\r\n",
        Seen("answered", 200, (Deviation.BAD_CHUNK,), b"1234"),
        Seen("response/reset", 200, (), b"1234"),
    ),
    *_stage(
        "in an open body",
        "within a body that only the close would end",
        HEAD + b"\r\n1234",
        Seen("answered", 200, (), b"1234"),
        cut("response/reset", body=b"1234"),
    ),
)
