"""How numbers are written: one place, so that the page, its charts and the terminal agree to the last digit."""

from datetime import date

from ebbtide.publish.plain_text import plain

BLANK = "\N{EN DASH}"
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_SMALLEST_SHOWN = 0.0005
_LAST_MONTH = 12
_LEAST_A_DAY = 0.005
_TENS, _HUNDREDS = 9.995, 99.95


def percent(fraction: float | None) -> str:
    """A fraction of 0 to 1 as percent with one decimal; what would round to 0 or 100 but is neither says so."""
    if fraction is None:
        return BLANK
    if 0 < fraction < _SMALLEST_SHOWN:
        return "under 0.1 %"
    if 1 - _SMALLEST_SHOWN < fraction < 1:
        return "over 99.9 %"
    return f"{fraction * 100:.1f} %"


def points(fraction: float | None) -> str:
    """A difference of two fractions in percentage points, always with its sign."""
    if fraction is None:
        return BLANK
    value = round(fraction * 100, 1)
    sign = "\N{MINUS SIGN}" if value < 0 else "+" if value > 0 else ""
    return f"{sign}{abs(value):.1f} points"


def count(number: int | None) -> str:
    """A count with thousands separators."""
    return BLANK if number is None else f"{number:,}"


def a_day(number: float | None) -> str:
    """A count a day: two decimals below 10, one below 100, none above."""
    if number is None:
        return BLANK
    if 0 < number < _LEAST_A_DAY:
        return "under 0.01"
    return f"{number:,.{2 if number < _TENS else 1 if number < _HUNDREDS else 0}f}"


def days(number: float | None) -> str:
    """A length of time in days with one decimal."""
    return BLANK if number is None else f"{number:,.1f} days"


def raw(number: float | None) -> str:
    """The number as a machine reads it, for the ``value`` of a ``data`` element."""
    return "" if number is None else repr(number)


def day_words(iso_date: str) -> str:
    """``2001-07-15`` as ``15 July 2001``; what is no date stays as it is."""
    try:
        day = date.fromisoformat(iso_date)
    except ValueError:
        return plain(iso_date)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def round_words(label: str, *, with_year: bool = True) -> str:
    """A round's label in words: ``2001-07`` is ``July 2001``; any other label stays as it is."""
    year, _, month = label.partition("-")
    if not (len(year) == len("2001") and year.isascii() and year.isdigit()):
        return plain(label)
    if not (len(month) == len("07") and month.isascii() and month.isdigit() and 1 <= int(month) <= _LAST_MONTH):
        return plain(label)
    name = _MONTHS[int(month) - 1]
    return f"{name} {year}" if with_year else name


def round_tick(label: str) -> str:
    """A round's label for the axis of a small chart: ``2001-07`` is ``Jul``."""
    words = round_words(label, with_year=False)
    return words[:3] if words in _MONTHS else words[:8]


def listing(parts: tuple[str, ...]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
