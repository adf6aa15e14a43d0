"""W3C extended log format: IIS and its kin, CloudFront."""

import datetime as dt

from ebbtide.pressure.dialects.dialect import Dialect
from ebbtide.pressure.records import Aside, Line, LogRequest
from ebbtide.pressure.stamps import clf_day, clock_s, iso_day, moment

_CLOCK = len("hh:mm:ss")
_DEFAULT_FIELDS = (
    b"date", b"time", b"s-ip", b"cs-method", b"cs-uri-stem", b"cs-uri-query", b"s-port", b"cs-username", b"c-ip",
    b"cs(user-agent)", b"cs(referer)", b"sc-status",
)  # fmt: skip
_METHOD = (b"cs-method",)
_SOURCE = (b"c-ip", b"x-forwarded-for", b"c-dns")
_STEM = (b"cs-uri-stem", b"cs-uri", b"cs-url")
_DATE = (b"date", b"date-local", b"x-date")
_TIME = (b"time", b"time-local", b"x-time")
_SERVICES_AT_EDGE = b"x-edge-location"


class ExtendedLines(Dialect):
    """Lines whose columns a ``#Fields`` directive names, anywhere in the file and more than once."""

    name = "w3c"
    directive = b"#"

    def __init__(self) -> None:
        self._day = 0
        self._lay_out(_DEFAULT_FIELDS)

    def _lay_out(self, fields: tuple[bytes, ...]) -> None:
        places = {field: place for place, field in reversed(tuple(enumerate(fields)))}

        def place(names: tuple[bytes, ...]) -> int:
            return next((places[name] for name in names if name in places), -1)

        self._least = 1 + max(place(_METHOD), place(_STEM), place(_TIME))
        self._columns = len(fields)
        self._method, self._source, self._stem = place(_METHOD), place(_SOURCE), place(_STEM)
        self._date, self._time = place(_DATE), place(_TIME)
        self._query = place((b"cs-uri-query",))
        self._status, self._agent = place((b"sc-status",)), place((b"cs(user-agent)",))
        self._referrer = place((b"cs(referer)", b"cs(referrer)"))
        self._is_usable = self._method >= 0 and self._stem >= 0 and self._time >= 0
        if _SERVICES_AT_EDGE in places:
            self.name = "cloudfront"

    def direct(self, line: bytes) -> None:
        """Take note of ``#Fields`` and ``#Date``."""
        key, _, value = line.partition(b":")
        key = key.strip().lower()
        if key == b"#fields":
            self._lay_out(tuple(value.strip().lower().split()))
        elif key in {b"#date", b"#start-date"}:
            value = value.strip()
            self._day = iso_day(value[:10]) or clf_day(value[:11])

    def read(self, line: bytes) -> Line:
        """Read a line; see ``Dialect.read``."""
        if line[:1] == b"#" or not line.strip():
            return Aside.OTHER
        if not self._is_usable:
            return Aside.REJECTED
        values = self._split(line)
        if len(values) < self._least:
            return Aside.REJECTED
        method = values[self._method]
        if not method.replace(b"-", b"").replace(b"_", b"").isalpha():
            return Aside.OTHER if method == b"-" or method[:1] == b"[" else Aside.REJECTED
        when = moment(self._day_of(values), clock_s(values[self._time][:_CLOCK]))
        if when is None:
            return Aside.REJECTED
        status = self._value(values, self._status)
        return LogRequest(
            when[0], when[1], self._value(values, self._source), method, self._target(values),
            int(status) if status.isdigit() and len(status) < 4 else 0,  # noqa: PLR2004  status codes have three digits
            self._value(values, self._agent), self._value(values, self._referrer),
        )  # fmt: skip

    def _split(self, line: bytes) -> list[bytes]:
        if b"\t" in line:
            return line.split(b"\t")
        if b'"' not in line:
            return line.split()
        quoted = split_quoted(line)
        return quoted if len(quoted) >= self._columns else line.split()

    def _target(self, values: list[bytes]) -> bytes:
        stem, query = values[self._stem], self._value(values, self._query)
        if stem[:1] not in {b"/", b"*"} and b"://" not in stem and b"." in stem.partition(b"/")[0] and b"/" in stem:
            stem = b"/" + stem.partition(b"/")[2]  # some write the host in front
        return stem + b"?" + query if query else stem

    @staticmethod
    def _value(values: list[bytes], place: int) -> bytes:
        value = values[place] if 0 <= place < len(values) else b""
        return b"" if value == b"-" else value

    def _day_of(self, values: list[bytes]) -> int:
        return iso_day(values[self._date]) if 0 <= self._date < len(values) else self._day

    def day(self, line: bytes) -> int:
        """The day in the column ``date``, or of the last ``#Date``."""
        if line[:1] == b"#" or not line.strip():
            return 0
        if self._date == 0 and line[:1] != b'"':
            return iso_day(line[:10])
        return self._day_of(self._split(line))

    def day_token(self, day: int) -> bytes:
        """The date at the beginning of a line, where it stands there."""
        if self._date != 0 or self._time != 1:
            return b""
        return b"\n" + dt.date.fromordinal(day).isoformat().encode()


def split_quoted(line: bytes) -> list[bytes]:
    """Split at blanks outside quotes; a doubled quote inside quotes stands for one."""
    values: list[bytes] = []
    place, end = 0, len(line)
    while place < end:
        if line[place : place + 1] in {b" ", b"\t"}:
            place += 1
        elif line[place : place + 1] == b'"':
            close = line.find(b'"', place + 1)
            while close >= 0 and line[close + 1 : close + 2] == b'"':
                close = line.find(b'"', close + 2)
            close = end if close < 0 else close
            values.append(line[place + 1 : close].replace(b'""', b'"'))
            place = close + 1
        else:
            blank = line.find(b" ", place)
            blank = end if blank < 0 else blank
            values.append(line[place:blank])
            place = blank
    return values
