"""Logs of load balancers: HAProxy, and those of AWS."""

from ebbtide.pressure.dialects.clf import clf_token
from ebbtide.pressure.dialects.dialect import Dialect
from ebbtide.pressure.records import Aside, Line, LogRequest, split_request
from ebbtide.pressure.stamps import clf_day, iso_day, read_clf, read_iso

_BALANCER_KINDS = (b"http", b"https", b"h2", b"ws", b"wss", b"grpcs")
_STATUS_BYTES = 3
_LEAST_BALANCER_FIELDS = 9


class HaproxyLines(Dialect):
    """HAProxy's HTTP log, with or without the system log around it. Its stamps have no zone and are taken for UTC."""

    name = "haproxy"

    def read(self, line: bytes) -> Line:
        """Read a line; see ``Dialect.read``."""
        begin = line.find(b" [")
        moment = read_clf(line[begin + 2 : line.find(b"]", begin)].partition(b".")[0]) if begin >= 0 else None
        if moment is None:
            return Aside.OTHER if b"haproxy" in line or not line.strip() else Aside.REJECTED
        source = line[:begin].rpartition(b" ")[2]
        fields = line[begin:].split(b" ", 8)[2:]
        timers = fields[2] if len(fields) > 3 else b""  # noqa: PLR2004  the status stands fourth
        if timers.count(b"/") != 4 or timers.strip(b"0123456789/-+"):  # noqa: PLR2004  HTTP has five timers
            return Aside.REJECTED if b'"' in line else Aside.OTHER
        quote = line.find(b'} "', begin) + 1 or line.find(b' "', begin)
        if quote <= 0:
            return Aside.REJECTED
        request = line[quote + 2 :].rstrip().removesuffix(b'"')
        asked = (b"", b"") if request == b"<BADREQ>" else split_request(request)
        opened = line.find(b" {", begin, quote + 2)
        agent = line[opened + 2 : line.find(b"}", opened)] if opened > 0 else b""
        status = fields[3][:_STATUS_BYTES]
        return LogRequest(*moment, source, *asked, int(status) if status.isdigit() else 0, agent.partition(b"|")[0])

    def day(self, line: bytes) -> int:
        """The day in brackets."""
        begin = line.find(b" [")
        return clf_day(line[begin + 2 : begin + 13]) if begin >= 0 else 0

    def day_token(self, day: int) -> bytes:
        """The date behind its bracket."""
        return clf_token(day)


class BalancerLines(Dialect):
    """Access logs of AWS load balancers (application and classic).

    They write the whole address that was asked, so that a request to a proxy cannot be told from any other.
    """

    name = "aws alb"

    def read(self, line: bytes) -> Line:
        """Read a line; see ``Dialect.read``."""
        if not line.strip():
            return Aside.OTHER
        fields = line.split(b" ", 12)
        if fields[0] not in _BALANCER_KINDS:
            fields.insert(0, b"http")
        quote = line.find(b' "')
        moment = read_iso(fields[1]) if len(fields) > 1 else None
        if moment is None or quote < 0 or len(fields) < _LEAST_BALANCER_FIELDS:
            return Aside.REJECTED
        close = line.find(b'" ', quote + 2)
        close = len(line.rstrip()) - 1 if close < 0 else close
        method, target = split_request(line[quote + 2 : close])
        after = line[close + 2 :]
        agent = after[1 : after.find(b'"', 1)] if after[:1] == b'"' else b""
        status = fields[8]
        return LogRequest(
            *moment, fields[3], method, _origin_form(target), int(status) if status.isdigit() else 0,
            b"" if agent == b"-" else agent,
        )  # fmt: skip

    def day(self, line: bytes) -> int:
        """The day of the stamp, first or second of the fields."""
        first, _, rest = line.partition(b" ")
        return iso_day(rest[:10] if first in _BALANCER_KINDS else first[:10])


def _origin_form(target: bytes) -> bytes:
    """The path and query of a whole address."""
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in _BALANCER_KINDS:
        return target
    _, slash, path = rest.partition(b"/")
    return slash + path or b"/"
