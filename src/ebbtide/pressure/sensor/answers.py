"""The one fixed page: the same for everybody, and nothing in it is false."""

from email.utils import formatdate
from functools import lru_cache

from ebbtide.pressure.sensor.records import Kind, Outcome
from ebbtide.pressure.sensor.requests import Received

PAGE = (
    b'<!doctype html><html lang="en"><meta charset="utf-8"><title>Nothing here</title>'
    b"<p>Nothing is published at this address. Requests to it are recorded.</p></html>\n"
)
_REASONS = {
    200: b"OK",
    400: b"Bad Request",
    405: b"Method Not Allowed",
    413: b"Content Too Large",
    431: b"Request Header Fields Too Large",
}
_READING = frozenset({"GET", "HEAD"})
_OK, _BAD_REQUEST, _NOT_ALLOWED, _BODY_TOO_LARGE, _HEAD_TOO_LARGE = _REASONS


def choose_status(received: Received) -> int:
    """The status code of the answer; 0 for what gets none: all that is no HTTP, and requests that did not end."""
    if received.kind is not Kind.HTTP:
        return 0
    match received.outcome:
        case Outcome.COMPLETE:
            return _OK if received.method in _READING else _NOT_ALLOWED
        case Outcome.CUT:
            return _BODY_TOO_LARGE if received.is_head_whole else _HEAD_TOO_LARGE
        case Outcome.MALFORMED:
            return _BAD_REQUEST
        case _:
            return 0


@lru_cache(maxsize=64)
def encode_answer(status: int, second: int, *, is_head: bool = False, is_bare: bool = False) -> bytes:
    """The octets of the answer. It depends on nothing that was sent but on what kind of request it was.

    Args:
        status: As ``choose_status`` gives it.
        second: Now, seconds since 1970, for the date.
        is_head: A ``HEAD`` gets no body.
        is_bare: HTTP/0.9 gets the body alone.
    """
    if is_bare:
        return PAGE
    allowed = b"Allow: GET, HEAD\r\n" if status == _NOT_ALLOWED else b""
    head = (
        b"HTTP/1.1 %d %b\r\nDate: %b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n%b"
        b"Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    ) % (status, _REASONS[status], formatdate(second, usegmt=True).encode(), len(PAGE), allowed)
    return head if is_head else head + PAGE
