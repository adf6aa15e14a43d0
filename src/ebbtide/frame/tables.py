"""Sources in columns: CSV with or without a header, and ranked lists."""

import csv
import re

from ebbtide.frame.entries import Defaults, make_targets
from ebbtide.frame.ids import shown
from ebbtide.frame.lines import Line
from ebbtide.frame.plain import PLAIN_HOST, PLAIN_PINNED
from ebbtide.model.errors import FrameError
from ebbtide.model.targets import Target

COLUMNS = ("host", "address", "port", "scheme", "stratum", "weight")
_RANKED_CELLS = 2


class Table:
    """Reads the lines of a CSV file.

    If one cell of the first is ``host``, it is a header and names the columns, in any order; otherwise they are
    ``host,address,port,scheme,stratum,weight``, of which later ones may be missing.

    Args:
        defaults: What holds where a cell is empty.

    Attributes:
        plain: What a line looks like that needs no closer look; ``None`` before the first, and where the columns stand
            in another order.
    """

    def __init__(self, defaults: Defaults) -> None:
        self.plain: re.Pattern[bytes] | None = None
        self._columns: tuple[str, ...] = ()
        self._defaults = defaults

    def targets(self, line: Line) -> tuple[Target, ...]:
        """The targets of one line: one, two where both schemes are asked, none of the header.

        Raises:
            FrameError: A line is no CSV, has too many cells, or names no target; the header names an unknown column.
        """
        row = cells(line)
        if not self._columns:
            named = tuple(cell.lower() for cell in row)
            is_header = "host" in named
            self._columns = _checked_header(named, line) if is_header else COLUMNS
            self.plain = _plain(self._columns)
            if is_header:
                return ()
        columns = self._columns
        if len(row) > len(columns):
            raise FrameError(
                f"the line has {len(row)} cells, more than the {len(columns)} columns.",
                where=line.where,
                remedy=f"The columns are {','.join(columns)}; put quotes around commas.",
            )
        named_cells = dict(zip(columns, row, strict=False))
        host = named_cells.pop("host", "")
        return make_targets(host, line, self._defaults, **named_cells)


def ranked_targets(line: Line, defaults: Defaults) -> tuple[Target, ...]:
    """The targets of one line of a ranked list, ``1,example.org``.

    Raises:
        FrameError: The line is not a rank, a comma and a host.
    """
    row = cells(line)
    if len(row) != _RANKED_CELLS or not (row[0].isascii() and row[0].isdigit()):
        raise FrameError(
            f"{shown(line.text)} is not a rank and a host.", where=line.where, remedy="Write 1,example.org."
        )
    return make_targets(row[1], line, defaults)


def _plain(columns: tuple[str, ...]) -> re.Pattern[bytes] | None:
    if columns[:2] == ("host", "address"):
        return PLAIN_PINNED
    return PLAIN_HOST if columns[0] == "host" else None


def cells(line: Line) -> list[str]:
    """The cells of one line, without outer white space.

    Raises:
        FrameError: Its quotes do not close.
    """
    if '"' not in line.text:
        return [cell.strip() for cell in line.text.split(",")]
    try:
        return [cell.strip() for cell in next(csv.reader([line.text], strict=True))]
    except csv.Error as error:
        raise FrameError(
            f"{shown(line.text)} is no line of CSV.", where=line.where, remedy="Close its quotes on the same line."
        ) from error


def _checked_header(named: tuple[str, ...], line: Line) -> tuple[str, ...]:
    for index, name in enumerate(named):
        if name not in COLUMNS or name in named[:index]:
            fault = "stands twice" if name in COLUMNS else "is unknown"
            raise FrameError(
                f"column {shown(name)} {fault}.", where=line.where, remedy=f"Columns are {', '.join(COLUMNS)}."
            )
    return named
