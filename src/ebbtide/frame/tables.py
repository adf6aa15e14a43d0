"""Sources in columns: CSV with or without a header, and ranked lists."""

import csv
from collections.abc import Iterator

from ebbtide.frame.entries import Defaults, make_targets
from ebbtide.frame.ids import shown
from ebbtide.frame.lines import Line
from ebbtide.model.errors import FrameError
from ebbtide.model.targets import Target

COLUMNS = ("host", "address", "port", "scheme", "stratum", "weight")
_RANKED_CELLS = 2


def csv_targets(lines: Iterator[Line], defaults: Defaults) -> Iterator[Target]:
    """The targets of a CSV file.

    Args:
        lines: Its lines. If one cell of the first is ``host``, it is a header and names the columns, in any order;
            otherwise they are ``host,address,port,scheme,stratum,weight``, of which later ones may be missing.
        defaults: What holds where a cell is empty.

    Yields:
        One target a line, or two where both schemes are asked.

    Raises:
        FrameError: A line is no CSV, has too many cells, or names no target; the header names an unknown column.
    """
    columns: tuple[str, ...] = COLUMNS
    is_first = True
    for line in lines:
        row = cells(line)
        if is_first:
            is_first = False
            named = tuple(cell.lower() for cell in row)
            if "host" in named:
                columns = _checked_header(named, line)
                continue
        if len(row) > len(columns):
            raise FrameError(
                f"the line has {len(row)} cells, more than the {len(columns)} columns.",
                where=line.where,
                remedy=f"The columns are {','.join(columns)}; put quotes around commas.",
            )
        named_cells = dict(zip(columns, row, strict=False))
        host = named_cells.pop("host", "")
        yield from make_targets(host, line, defaults, **named_cells)


def ranked_targets(lines: Iterator[Line], defaults: Defaults) -> Iterator[Target]:
    """The targets of a ranked list, ``1,example.org`` a line.

    Raises:
        FrameError: A line is not a rank, a comma and a host.
    """
    for line in lines:
        row = cells(line)
        if len(row) != _RANKED_CELLS or not (row[0].isascii() and row[0].isdigit()):
            raise FrameError(
                f"{shown(line.text)} is not a rank and a host.", where=line.where, remedy="Write 1,example.org."
            )
        yield from make_targets(row[1], line, defaults)


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
