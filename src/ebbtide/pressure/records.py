"""What a line of a log says, and the mistakes of whoever hands over logs."""

import enum

import msgspec

from ebbtide.model.errors import EbbtideError


class PressureError(EbbtideError):
    """A log, a signature or an option of ``ebbtide pressure`` cannot be used."""


class LogRequest(msgspec.Struct, frozen=True):
    """One request as a log tells it.

    Attributes:
        day: Calendar day in the log's own zone, as ``datetime.date.toordinal`` counts.
        time_s: Seconds since 1970, UTC.
        source: Who asked, as written; empty if the log does not say.
        method: As written; empty if there was no request line.
        target: As logged: escapes of the log itself are still in it.
        status: Status code of the answer; 0 if the log does not say.
        agent: User-Agent as logged; empty if there is none.
        referrer: As logged; empty if there is none.
        near: How near the source lies to us, 16 or 8 for that block of our own address, 0 for neither; ``None`` if the
            log does not tell.
    """

    day: int
    time_s: int
    source: bytes
    method: bytes
    target: bytes
    status: int = 0
    agent: bytes = b""
    referrer: bytes = b""
    near: int | None = None


class Aside(enum.Enum):
    """A line that tells no request."""

    OTHER = "other"
    """It belongs to the log and speaks of something else: a directive, a start, a blank line."""
    REJECTED = "rejected"
    """It cannot be read."""


Line = LogRequest | Aside


def split_request(request: bytes) -> tuple[bytes, bytes]:
    """Method and target of a request line, split at the first and the last space.

    What follows the last space is the version only if it looks like one; a target may hold spaces.

    Args:
        request: As logged, without its quotes.

    Returns:
        Method and target; both empty where nothing was asked (``-``).
    """
    if request in {b"", b"-"}:
        return b"", b""
    method, _, rest = request.partition(b" ")
    target, space, version = rest.rpartition(b" ")
    if space and version[:5].upper() == b"HTTP/":
        return method, target
    return method, b"" if rest[:5].upper() == b"HTTP/" else rest
