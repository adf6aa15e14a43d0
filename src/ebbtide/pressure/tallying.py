"""Rows of attacks to requests, visits and sources by day, by month and in all, a part of the sources at a time."""

from collections import Counter

import msgspec
import numpy as np
import numpy.typing as npt

from ebbtide.pressure.rows import RowStore, by_source
from ebbtide.pressure.sources import Nearness
from ebbtide.pressure.spells import Spells, begin_visit, spells_of
from ebbtide.pressure.stamps import EPOCH_DAY

ALL_ATTACKS = 0xFFFF
"""Number that stands for all attacks together, research left out."""

WHOLE = -1
"""Stands for all months together."""

Integers = npt.NDArray[np.int64]
Cell = tuple[int, int]
"""Number of a signature, and a day (ordinal) or a month (since January 1970)."""


class Reach(msgspec.Struct):
    """The sources of one family in a month, or in all.

    Attributes:
        sources: How many.
        most: Requests of the busiest.
        near_16, near_8: How many of them lie in our own /16, and in our own /8 outside it.
    """

    sources: int = 0
    most: int = 0
    near_16: int = 0
    near_8: int = 0


class Tally(msgspec.Struct):
    """What rows come to.

    Attributes:
        requests, visits, sources: By signature and day; a visit counts on the day on which it begins.
        reach: By signature and month, and by signature and ``WHOLE``.
    """

    requests: Counter[Cell] = msgspec.field(default_factory=Counter)
    visits: Counter[Cell] = msgspec.field(default_factory=Counter)
    sources: Counter[Cell] = msgspec.field(default_factory=Counter)
    reach: dict[Cell, Reach] = msgspec.field(default_factory=dict)

    @property
    def signatures(self) -> list[int]:
        """Numbers of the signatures that were seen, rising."""
        return sorted({number for number, _ in self.requests if number != ALL_ATTACKS})


def month_number(day: int) -> int:
    """The month of a day (ordinal), counted from January 1970."""
    return int(_months(np.array([day], np.int64))[0])


def count_rows(store: RowStore, are_attacks: list[bool]) -> Tally:
    """Count rows.

    Args:
        store: The rows, in any order.
        are_attacks: Of each signature, whether it counts among all attacks together.
    """
    tally = Tally()
    attacks = np.array(are_attacks, bool)
    for part in store.parts(by_source):
        _count_part(tally, spells_of(part), attacks)
    return tally


def _count_part(tally: Tally, spells: Spells, attacks: npt.NDArray[np.bool_]) -> None:
    """Count all spells of some sources."""
    begins = begin_visit(spells)
    signature, days = spells["signature"].astype(np.int64), spells["day"].astype(np.int64)
    is_attack = attacks[signature]
    once = np.ones(len(spells), np.int64)
    for chosen, numbers in ((slice(None), signature), (is_attack, np.full(len(spells), ALL_ATTACKS))):
        cells = (numbers << 32 | days)[chosen]
        _add(tally.requests, cells, spells["requests"][chosen])
        _add(tally.visits, cells[begins[chosen]], once[chosen][begins[chosen]])
        _count_sources(tally, spells[chosen], numbers[chosen])


def _add(counts: Counter[Cell], cells: Integers, amounts: Integers) -> None:
    """Add amounts to their cells; a cell is a signature and a day in one number."""
    found, number = np.unique(cells, return_inverse=True)
    sums = np.zeros(len(found), np.int64)
    np.add.at(sums, number, amounts)
    for cell, amount in zip(found.tolist(), sums.tolist(), strict=True):
        counts[cell >> 32, cell & 0xFFFFFFFF] += amount


def _count_sources(tally: Tally, spells: Spells, numbers: Integers) -> None:
    """Count different sources by day, by month and in all, of families that are told by number."""
    if not len(spells):
        return
    order = np.lexsort((spells["day"], numbers, spells["source"]))
    spells, numbers = spells[order], numbers[order]
    days = spells["day"].astype(np.int64)
    is_new = np.ones(len(spells), bool)
    is_new[1:] = (spells["source"][1:] != spells["source"][:-1]) | (numbers[1:] != numbers[:-1])
    on_day, in_month, months = is_new.copy(), is_new.copy(), _months(days)
    on_day[1:] |= days[1:] != days[:-1]
    in_month[1:] |= months[1:] != months[:-1]
    _add(tally.sources, (numbers << 32 | days)[on_day], np.ones(int(on_day.sum()), np.int64))
    _add_reach(tally, spells, numbers, months, in_month)
    _add_reach(tally, spells, numbers, np.full(len(spells), WHOLE, np.int64), is_new)


def _add_reach(
    tally: Tally, spells: Spells, numbers: Integers, months: Integers, begins: npt.NDArray[np.bool_]
) -> None:
    """Add the sources that begin at some places to those of their family and month."""
    places = np.flatnonzero(begins)
    requests = np.add.reduceat(spells["requests"], places)
    nearest = np.maximum.reduceat(spells["near"], places)
    cells, number = np.unique((numbers[places] << 32) | (months[places] + 1), return_inverse=True)
    sources = np.bincount(number)
    most = np.zeros(len(cells), np.int64)
    np.maximum.at(most, number, requests)
    near_16 = np.bincount(number, nearest == Nearness.SAME_16, len(cells))
    near_8 = np.bincount(number, nearest == Nearness.SAME_8, len(cells))
    for place, cell in enumerate(cells.tolist()):
        reach = tally.reach.setdefault((cell >> 32, (cell & 0xFFFFFFFF) - 1), Reach())
        reach.sources += int(sources[place])
        reach.most = max(reach.most, int(most[place]))
        reach.near_16 += int(near_16[place])
        reach.near_8 += int(near_8[place])


def _months(days: Integers) -> Integers:
    """Months of days (ordinals), counted from January 1970; every day of logs lies behind it."""
    return (days - EPOCH_DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
