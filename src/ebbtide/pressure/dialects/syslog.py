"""Access lines that came by a system log, with or without a stamp of their own."""

from ebbtide.pressure.dialects.clf import closing_quote, read_access_line
from ebbtide.pressure.dialects.dialect import Dialect
from ebbtide.pressure.records import Aside, Line, LogRequest
from ebbtide.pressure.stamps import Moment, YearGuess, read_iso

_FIELDS_OF_5424 = 7
_ISO_STAMP = len("2009-07-20T22:59:26")


class SystemLines(Dialect):
    """Lines of a system log, of which some hold an access line.

    Args:
        years: Tells the year of stamps that have none.
    """

    name = "syslog"

    def __init__(self, years: YearGuess) -> None:
        self._years = years

    def read(self, line: bytes) -> Line:
        """Read a line; see ``Dialect.read``."""
        moment, body = self._open(line)
        if moment is None:
            return Aside.REJECTED if line.strip() else Aside.OTHER
        quote = body.find(b'"')
        if quote < 0 or closing_quote(body, quote + 1) < 0:
            return Aside.OTHER
        request = read_access_line(body, moment)
        return request if isinstance(request, LogRequest) else Aside.OTHER

    def day(self, line: bytes) -> int:
        """The day of the access line in it, else of the system log's stamp."""
        moment, body = self._open(line)
        if moment is None:
            return 0
        request = read_access_line(body, moment)
        return request.day if isinstance(request, LogRequest) else moment[0]

    def _open(self, line: bytes) -> tuple[Moment | None, bytes]:
        """The stamp around a line, and what stands behind host and program."""
        if line[:1] == b"<":
            priority, _, line = line.partition(b">")
            if not priority[1:].isdigit():
                return None, b""
        if line[:2] == b"1 ":
            fields = line.split(b" ", _FIELDS_OF_5424)
            moment = read_iso(fields[1]) if len(fields) > 1 else None
            return moment, fields[-1].removeprefix(b"- ")
        if line[4:5] == b"-" and line[:4].isdigit():
            moment = read_iso(line.partition(b" ")[0])
            rest = line[_ISO_STAMP:]
        else:
            moment = self._years.read_syslog(line[:15])
            rest = line[15:]
        return moment, rest.partition(b": ")[2]
