"""When a log was there to see: days with lines, and the gaps between them."""

import itertools
from collections.abc import Mapping

import msgspec

from ebbtide.pressure.events import month_of


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

    A server that is really asked for nothing all day looks as if its log were missing; such a day is not counted.

    Attributes:
        lines: Lines of each observed day (ordinal), in order of days.
    """

    lines: dict[int, int]

    @property
    def observed_days(self) -> tuple[int, ...]:
        """All of them, in order."""
        return tuple(self.lines)

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


def make_ledger(lines: Mapping[int, int]) -> Ledger:
    """A ledger from lines by day."""
    return Ledger({day: lines[day] for day in sorted(lines) if lines[day]})
