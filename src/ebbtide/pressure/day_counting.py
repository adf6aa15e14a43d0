"""Lines of each day in a block, without reading lines where days come in order."""

from collections import Counter

from ebbtide.pressure.dialects.dialect import Dialect

_EDGE_LINES = 50


def count_days(dialect: Dialect, data: bytes) -> tuple[Counter[int], int]:
    """Lines of each day (ordinal), and lines in all; lines without a day are in none.

    A stretch in which all lines seem to be of one day, by its first and its last line, is believed to be so if the
    day's token stands in it as often as there are lines. Otherwise its lines are looked at one by one. Where days are
    mixed, a request that holds another day's token can make up for a line that lacks it; in order, none can.

    Args:
        dialect: The log's own, directives before the block taken note of.
        data: Whole lines, each ended.
    """
    days: Counter[int] = Counter()
    begin = lines = 0
    while begin < len(data):
        day = _day_at(dialect, data, begin)
        token = dialect.day_token(day) if day else b""
        end = _end_of_day(dialect, data, begin, day) if token else len(data)
        count = data.count(b"\n", begin, end)
        lines += count
        if token and _told(data, token, begin, end) == count:
            days[day] += count
        else:
            days.update(each for each in map(dialect.day, _lines(data, begin, end)) if each)
        begin = end
    return days, lines


def edge_days(dialect: Dialect, data: bytes) -> tuple[int, int]:
    """The days of the first and the last dated line, if these are near the edges; 0 otherwise."""
    head = data.split(b"\n", _EDGE_LINES)[:_EDGE_LINES]
    tail = data.rsplit(b"\n", _EDGE_LINES + 1)[-_EDGE_LINES - 1 :]
    first = (day for line in head if (day := dialect.day(line.rstrip(b"\r"))))
    last = (day for line in reversed(tail) if (day := dialect.day(line.rstrip(b"\r"))))
    return next(first, 0), next(last, 0)


def _lines(data: bytes, begin: int, end: int) -> list[bytes]:
    lines = data[begin:end].split(b"\n")
    return [line.rstrip(b"\r") for line in lines] if b"\r" in data else lines


def _day_at(dialect: Dialect, data: bytes, begin: int) -> int:
    return dialect.day(data[begin : data.index(b"\n", begin)].rstrip(b"\r"))


def _end_of_day(dialect: Dialect, data: bytes, begin: int, day: int) -> int:
    """Where the lines of a day end, if days come in order: found by halving."""
    low, high = begin, len(data)
    if dialect.day(data[data.rfind(b"\n", 0, len(data) - 1) + 1 : -1].rstrip(b"\r")) == day:
        return high
    while True:
        middle = data.rfind(b"\n", low, (low + high) // 2) + 1
        if middle <= low:
            middle = data.index(b"\n", low) + 1  # a long line lies in the middle, or only two are left
        if middle >= high:
            return high
        if _day_at(dialect, data, middle) == day:
            low = middle
        else:
            high = middle


def _told(data: bytes, token: bytes, begin: int, end: int) -> int:
    """How often a token stands in a stretch; one that begins with a newline belongs to the line behind it."""
    if token[:1] != b"\n":
        return data.count(token, begin, end)
    return data.count(token, begin, end) + data.startswith(token[1:], begin)
