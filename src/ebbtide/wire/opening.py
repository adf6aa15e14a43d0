"""Where the status line of an answer begins, for servers that send something else first, or none at all."""

from enum import Enum, auto

from ebbtide.wire.greetings import WINDOW, measure_greeting, name_greeting

_CANDIDATE = b"HTTP/d.d ddd"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Opening(Enum):
    """What an answer begins with."""

    STATUS_LINE = auto()
    UNDECIDED = auto()
    MARKUP = auto()
    SOMETHING_ELSE = auto()


STATUS_LINE, UNDECIDED, MARKUP, SOMETHING_ELSE = Opening


def find_opening(octets: bytes | bytearray, *, is_all: bool) -> tuple[Opening, int]:
    """Find the status line.

    Args:
        octets: What was received so far.
        is_all: Nothing will follow.

    Returns:
        What stands there; with it the offset of a status line, or how many octets of something else tell what it is.
        A document without a status line is HTTP/0.9 if it begins as markup. The answer is the same however the octets
        were cut when they arrived.
    """
    if octets.startswith(b"HTTP/"):
        return STATUS_LINE, 0
    window = bytes(octets[:WINDOW])
    if not name_greeting(window):
        return _search(window, is_all=is_all)
    size = measure_greeting(window)
    return (UNDECIDED, 0) if size < 0 and not is_all else (SOMETHING_ELSE, size if size >= 0 else len(window))


def _search(window: bytes, *, is_all: bool) -> tuple[Opening, int]:
    blank = len(window) - len(window.lstrip(b"\r\n"))
    beginning = window[blank : blank + 5].upper()
    if beginning[:4] in {b"HTTP", b"ICY "} and beginning[4:] in b"/ ":
        return (STATUS_LINE, blank) if len(beginning) == len(b"HTTP/") or is_all else (UNDECIDED, 0)
    if beginning.startswith(b"ICY "):
        return STATUS_LINE, blank
    found = _find_candidate(window)
    if found >= 0:
        return STATUS_LINE, found
    if len(window) < WINDOW and not is_all:
        return UNDECIDED, 0
    document = window.removeprefix(_BYTE_ORDER_MARK).lstrip()
    return (MARKUP, 0) if document.startswith(b"<") else (SOMETHING_ELSE, len(window))


def _find_candidate(window: bytes) -> int:
    """The first place that reads ``HTTP/1.1 200``, at a line's start or on the first line before any markup."""
    at = window.find(b"HTTP/")
    while at >= 0:
        is_at_line = window[at - 1 : at] == b"\n" or not (b"\n" in window[:at] or b"<" in window[:at])
        if is_at_line and _is_status_line(window[at : at + len(_CANDIDATE)]):
            return at
        at = window.find(b"HTTP/", at + 1)
    return -1


def _is_status_line(text: bytes) -> bool:
    return (
        len(text) == len(_CANDIDATE)
        and text[5:6] + text[7:8] + text[9:]
        == bytes(octet for octet in text[5:6] + text[7:8] + text[9:] if octet in b"0123456789")
        and text[6:7] == b"."
        and text[8:9] == b" "
    )
