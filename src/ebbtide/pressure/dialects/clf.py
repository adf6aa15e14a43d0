"""Common log format and what has been made of it: combined, with a virtual host in front, Traefik's."""

import datetime as dt
from functools import lru_cache

from ebbtide.pressure.dialects.dialect import Dialect
from ebbtide.pressure.records import Aside, Line, LogRequest, split_request
from ebbtide.pressure.stamps import Moment, clf_day, read_clf

_BACKSLASH = 0x5C
_LEAST_FIELDS = 3
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STATUS_BYTES = 3


class AccessLines(Dialect):
    """Lines of Apache, nginx and their like.

    Args:
        name: ``common``, ``combined``, ``vhost combined`` or ``traefik``; they are read alike.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def read(self, line: bytes) -> Line:
        """Read a line; see ``Dialect.read``."""
        return read_access_line(line)

    def cut(self, line: bytes) -> tuple[bytes, bytes, bytes] | None:
        """What stands before the stamp, the stamp, and what follows it."""
        who, _, rest = line.partition(b" [")
        when, closed, what = rest.partition(b"]")
        return None if not closed or b'"' in who else (who, when, what)

    def moment(self, stamp: bytes) -> Moment | None:
        """The stamp that stood in brackets."""
        return read_clf(stamp)

    def day(self, line: bytes) -> int:
        """The day in brackets."""
        begin = line.find(b" [")
        return clf_day(line[begin + 2 : begin + 13]) if begin >= 0 else 0

    def day_token(self, day: int) -> bytes:
        """The date behind its bracket."""
        return clf_token(day)


@lru_cache(maxsize=4096)
def clf_token(day: int) -> bytes:
    """The date of a stamp in brackets, with what stands around it."""
    date = dt.date.fromordinal(day)
    return b" [%02d/%s/%d:" % (date.day, _MONTHS[date.month - 1].encode(), date.year)


def read_access_line(line: bytes, stamped: Moment | None = None) -> Line:
    """Read a line of the common log format or of one made of it.

    Args:
        line: Without its line end.
        stamped: The moment that stands around the line, for lines without a stamp of their own.
    """
    if not line.strip():
        return Aside.OTHER
    begin = line.find(b" [")
    quote = line.find(b'"')
    if 0 <= begin < quote or (begin >= 0 and quote < 0):
        end = line.find(b"]", begin)
        moment = read_clf(line[begin + 2 : end]) if end > 0 else None
        quote = line.find(b'"', end)
        before = line[:begin]
    else:
        moment, before = stamped, line[:quote].rstrip()
    fields = before.split(b" ")
    if moment is None or quote < 0 or len(fields) < _LEAST_FIELDS:
        return Aside.REJECTED
    closing = closing_quote(line, quote + 1)
    if closing < 0:
        return Aside.REJECTED
    method, target = split_request(line[quote + 1 : closing])
    status = line[closing + 2 : closing + 2 + _STATUS_BYTES]
    return LogRequest(
        moment[0], moment[1], source_of(fields), method, target, int(status) if status.isdigit() else 0,
        *agent_and_referrer(line, closing + 2),
    )  # fmt: skip


def closing_quote(line: bytes, start: int) -> int:
    """Where the request ends: at the first quote that is not escaped and has a status behind it; -1 if there is none.

    A quote inside the request, which old servers write as it came, has no status behind it.
    """
    place = line.find(b'" ', start)
    while place >= 0:
        status = line[place + 2 : place + 6]
        is_status = status[:3].isdigit() and len(status) >= _STATUS_BYTES and status[3:] in {b" ", b""}
        if (is_status or status[:2] == b"- ") and not is_escaped(line, place):
            return place
        place = line.find(b'" ', place + 1)
    return -1


def is_escaped(line: bytes, place: int) -> bool:
    """Whether an odd number of backslashes stands before a place."""
    begin = place
    while begin and line[begin - 1] == _BACKSLASH:
        begin -= 1
    return (place - begin) % 2 == 1


def source_of(fields: list[bytes]) -> bytes:
    """Who asked: the first field, or the second where the first is a virtual host and the second an address."""
    if not looks_like_address(fields[0]) and looks_like_address(fields[1]):
        return fields[1]
    return fields[0].rstrip(b",")


def looks_like_address(text: bytes) -> bool:
    """Whether some text looks like an IPv4 or IPv6 address, at a glance."""
    if text.count(b".") == 3:  # noqa: PLR2004  three dots make an IPv4 address
        return text.replace(b".", b"").isdigit()
    return text.count(b":") >= 2 and not text.strip(b"0123456789abcdefABCDEF:.")  # noqa: PLR2004  IPv6 has two at least


def agent_and_referrer(line: bytes, start: int) -> tuple[bytes, bytes]:
    """The User-Agent and the referrer: the quoted fields behind the status; empty where there are none."""
    open_referrer = line.find(b' "', start)
    if open_referrer < 0:
        return b"", b""
    between = line.find(b'" "', open_referrer + 2)
    while between >= 0 and is_escaped(line, between):
        between = line.find(b'" "', between + 1)
    if between < 0:
        return b"", b""
    end = line.find(b'"', between + 3)
    while end >= 0 and is_escaped(line, end):
        end = line.find(b'"', end + 1)
    agent = line[between + 3 : end if end >= 0 else len(line)]
    referrer = line[open_referrer + 2 : between]
    return b"" if agent == b"-" else agent, b"" if referrer == b"-" else referrer
