"""Times as logs write them: day in the log's own zone, and seconds since 1970 in UTC."""

import datetime as dt
from functools import lru_cache

DAY_S = 86_400
EPOCH_DAY = dt.date(1970, 1, 1).toordinal()

_MONTHS = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec")
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS, 1)}
_CLF_DATE = len("20/Jul/2009")
_ISO_DATE = len("2009-07-20")
_SYSLOG_STAMP = len("Jul 20 22:59:26")
_FIRST_YEAR, _LAST_YEAR = 1990, 2200

Moment = tuple[int, int]
"""Day (ordinal) and seconds since 1970."""


@lru_cache(maxsize=4096)
def clf_day(date: bytes) -> int:
    """Ordinal of a date as ``20/Jul/2009``; 0 if it is none."""
    if len(date) != _CLF_DATE or date[2:3] != b"/" or date[6:7] != b"/":
        return 0
    month = _MONTH_NUMBERS.get(date[3:6].lower(), 0)
    return _ordinal(date[7:], month, date[:2])


@lru_cache(maxsize=4096)
def iso_day(date: bytes) -> int:
    """Ordinal of a date as ``2009-07-20``; 0 if it is none."""
    if len(date) != _ISO_DATE or date[4:5] != b"-" or date[7:8] != b"-" or not date[5:7].isdigit():
        return 0
    return _ordinal(date[:4], int(date[5:7]), date[8:])


def _ordinal(year: bytes, month: int, day: bytes) -> int:
    if not (year.isdigit() and day.isdigit() and _FIRST_YEAR <= int(year) < _LAST_YEAR):
        return 0
    try:
        return dt.date(int(year), month, int(day)).toordinal()
    except ValueError:
        return 0


@lru_cache(maxsize=256)
def _offset_s(zone: bytes) -> int | None:
    """Seconds east of UTC of ``+0200``, ``+02:00``, ``Z`` or nothing."""
    if zone in {b"", b"Z", b"z"}:
        return 0
    digits = zone[1:].replace(b":", b"")
    if zone[:1] not in {b"+", b"-"} or len(digits) != len("hhmm") or not digits.isdigit():
        return None
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[:1] == b"-" else seconds


def clock_s(clock: bytes) -> int:
    """Seconds since midnight of ``22:59:26``; -1 if it is none."""
    minute, second = _minute_s(clock[:6]), _second(clock[6:8])
    return -1 if minute < 0 or second < 0 else minute + second


@lru_cache(maxsize=2048)
def _minute_s(clock: bytes) -> int:
    """Seconds since midnight of ``22:59:``; -1 if it is none."""
    hour, minute = clock[:2], clock[3:5]
    if clock[2:3] != b":" or clock[5:6] != b":" or not (hour.isdigit() and minute.isdigit()):
        return -1
    return int(hour) * 3600 + int(minute) * 60


@lru_cache(maxsize=256)
def _second(text: bytes) -> int:
    return int(text) if text.isdigit() else -1


def moment(day: int, second: int, zone: bytes = b"") -> Moment | None:
    """Day and UTC seconds from a local day, a local second and a zone."""
    offset = _offset_s(zone)
    if not day or second < 0 or offset is None:
        return None
    return day, (day - EPOCH_DAY) * DAY_S + second - offset


def read_clf(stamp: bytes) -> Moment | None:
    """Read ``20/Jul/2009:22:59:26 +0000``, or the same with a fraction and without a zone."""
    midnight, minute, second = _clf_midnight(stamp[:11], stamp[20:]), _minute_s(stamp[12:18]), _second(stamp[18:20])
    if midnight is None or minute < 0 or second < 0:
        return None
    return midnight[0], midnight[1] + minute + second


@lru_cache(maxsize=4096)
def _clf_midnight(date: bytes, zone: bytes) -> Moment | None:
    """When a day began; the zone stands behind a blank."""
    return moment(clf_day(date), 0, zone[1:] if zone[:1] == b" " else b"")


def read_iso(stamp: bytes) -> Moment | None:
    """Read ``2009-07-20T22:59:26.5+02:00``, with a blank instead of the T, and with or without fraction and zone."""
    rest = stamp[19:]
    if rest[:1] in {b".", b","}:
        rest = rest[1:].lstrip(b"0123456789")
    return moment(iso_day(stamp[:10]), clock_s(stamp[11:19]), rest.strip())


def read_epoch(value: float) -> Moment | None:
    """Read seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size."""
    for _ in range(3):
        if abs(value) < 1e11:  # noqa: PLR2004  beyond the year 5000 in seconds
            break
        value /= 1000
    second = int(value // 1)
    day = EPOCH_DAY + second // DAY_S
    return (day, second) if second > 0 and day < dt.date(_LAST_YEAR, 1, 1).toordinal() else None


class YearGuess:
    """The year of stamps that have none: the latest in which they do not lie beyond the file's own last change.

    Args:
        latest_s: Seconds since 1970 that no stamp is later than, but for one day of odd zones.
    """

    def __init__(self, latest_s: float) -> None:
        self._latest = EPOCH_DAY + int(latest_s // DAY_S) + 1

    def read_syslog(self, stamp: bytes) -> Moment | None:
        """Read ``Jul 20 22:59:26``; the zone is taken for UTC."""
        if len(stamp) < _SYSLOG_STAMP:
            return None
        month, day = _MONTH_NUMBERS.get(stamp[:3].lower(), 0), stamp[4:6].strip()
        latest = dt.date.fromordinal(self._latest).year
        for year in (latest, latest - 1, latest - 2, latest - 3, latest - 4):
            ordinal = _ordinal(b"%d" % year, month, day)
            if ordinal and ordinal <= self._latest:
                return moment(ordinal, clock_s(stamp[7:15]))
        return None
