"""When a log was there to see: days with lines, how much of each, and the gaps between them."""

import itertools
from collections.abc import Container, Iterable, Mapping

import msgspec

from ebbtide.pressure.events import month_of
from ebbtide.pressure.exposure import Span, seconds_by_day
from ebbtide.pressure.stamps import DAY_S


class Gap(msgspec.Struct, frozen=True):
    """Days between two observed ones on which no line was written.

    Attributes:
        first, last: Ordinals.
    """

    first: int
    last: int

    @property
    def days(self) -> int:
        """How many."""
        return self.last - self.first + 1


class Ledger(msgspec.Struct, frozen=True):
    """The exposure. A day counts as observed if the log holds one line of it, whatever that line says.

    A server that is really asked for nothing all day looks as if its log were missing; such a day is not counted. A log
    that tells when its writer was up, as the sensor's does, is observed for so long and no longer.

    Attributes:
        lines: Lines of each observed day (ordinal), in order of days.
        seconds: How long some of them were observed, 1 to 86,400; a day that is not in it was observed as a whole.
    """

    lines: dict[int, int]
    seconds: dict[int, int] = {}

    @property
    def observed_days(self) -> tuple[int, ...]:
        """All of them, in order."""
        return tuple(self.lines)

    def exposure_days(self, days: Iterable[int]) -> float:
        """What some observed days come to, in whole days."""
        return sum(self.seconds.get(day, DAY_S) for day in days) / DAY_S

    @property
    def months(self) -> tuple[str, ...]:
        """Months with an observed day, in order."""
        return tuple(dict.fromkeys(map(month_of, self.lines)))

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """All gaps, in order."""
        days = self.observed_days
        pairs = itertools.pairwise(days)
        return tuple(Gap(before + 1, after - 1) for before, after in pairs if after > before + 1)

    @property
    def calendar_days(self) -> int:
        """From the first to the last observed day, both counted."""
        days = self.observed_days
        return days[-1] - days[0] + 1 if days else 0


def make_ledger(lines: Mapping[int, int], whole: Container[int] | None = None, spans: Iterable[Span] = ()) -> Ledger:
    """A ledger from lines by day.

    Args:
        lines: By day (ordinal).
        whole: Days of logs that do not tell when they were there, which are observed as a whole; ``None`` for all.
        spans: When the others were.
    """
    observed = {day: lines[day] for day in sorted(lines) if lines[day]}
    if whole is None:
        return Ledger(observed)
    seconds = seconds_by_day(spans)
    return Ledger(observed, {day: max(1, seconds.get(day, 0)) for day in observed if day not in whole})
