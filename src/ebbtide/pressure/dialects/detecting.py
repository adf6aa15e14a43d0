"""Which dialect a file is written in: the one that reads most of a sample."""

from collections.abc import Callable, Sequence

import msgspec

from ebbtide.pressure.dialects.clf import AccessLines, looks_like_address
from ebbtide.pressure.dialects.dialect import Dialect
from ebbtide.pressure.dialects.json_lines import JsonLines
from ebbtide.pressure.dialects.proxies import BalancerLines, HaproxyLines
from ebbtide.pressure.dialects.sensor_lines import SensorLines
from ebbtide.pressure.dialects.syslog import SystemLines
from ebbtide.pressure.dialects.w3c import ExtendedLines
from ebbtide.pressure.records import Aside, LogRequest
from ebbtide.pressure.stamps import YearGuess

SAMPLE_LINES = 500
"""Lines at the head of a file from which its dialect is told."""


class Reading(msgspec.Struct, frozen=True):
    """How a dialect fared with a sample.

    Attributes:
        requests, other, rejected: Lines of each kind.
    """

    requests: int
    other: int
    rejected: int


def detect(lines: Sequence[bytes], latest_s: float) -> Dialect | None:
    """A fresh dialect for a file.

    The system log is tried first, and wins a tie: an access line inside it could be read as one alone, with what the
    system log puts in front taken for the source. A log of our own sensor says so itself, even where nobody has asked.

    Args:
        lines: Its first lines, without line ends.
        latest_s: When the file was last changed, seconds since 1970; tells the year of stamps that have none.

    Returns:
        ``None`` if no dialect finds one request among them, or none reads as many lines as it rejects.
    """
    if any(line.startswith(SensorLines.directive) for line in lines):
        return SensorLines()
    years = YearGuess(latest_s)
    makers: tuple[Callable[[], Dialect], ...] = (
        SensorLines,
        lambda: SystemLines(years),
        lambda: AccessLines(_access_name(lines)),
        ExtendedLines,
        JsonLines,
        HaproxyLines,
        BalancerLines,
    )
    best: tuple[int, int] = (0, 0)
    chosen: Callable[[], Dialect] | None = None
    for make in makers:
        reading = try_dialect(make(), lines)
        score = (reading.requests, -reading.rejected)
        if score > best and reading.requests + reading.other >= reading.rejected:
            best, chosen = score, make
    return None if chosen is None else chosen()


def try_dialect(dialect: Dialect, lines: Sequence[bytes]) -> Reading:
    """Read a sample and count."""
    counts = {Aside.OTHER: 0, Aside.REJECTED: 0}
    requests = 0
    for line in lines:
        if dialect.directive and line.startswith(dialect.directive):
            dialect.direct(line)
        read = dialect.read(line)
        if isinstance(read, Aside):
            counts[read] += 1
        else:
            requests += 1
    return Reading(requests, counts[Aside.OTHER], counts[Aside.REJECTED])


def _access_name(lines: Sequence[bytes]) -> str:
    """How to call a file of access lines, by the first of them that can be read."""
    plain = AccessLines("")
    for line in lines:
        request = plain.read(line)
        if isinstance(request, LogRequest):
            fields = line.split(b" ", 2)
            if not looks_like_address(fields[0]) and looks_like_address(fields[1]):
                return "vhost combined"
            if line.endswith(b"ms") and line.count(b'"') >= 10:  # noqa: PLR2004  Traefik adds two quoted fields to three
                return "traefik"
            return "combined" if line.count(b'"') > 2 else "common"  # noqa: PLR2004  the request alone has two
    return "common"
