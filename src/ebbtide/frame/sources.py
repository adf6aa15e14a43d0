"""Reading the frame: every source in turn, one target at a time."""

import math
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO, assert_never

import msgspec

from ebbtide.frame.entries import Defaults, list_targets
from ebbtide.frame.lines import Line, parse_line, raw_lines
from ebbtide.frame.plain import PLAIN_HOST, PLAIN_RANKED, plain_parts
from ebbtide.frame.prefixes import prefix_rows
from ebbtide.frame.rows import Row, SilentRows, row_of, target_of
from ebbtide.frame.tables import Table, ranked_targets
from ebbtide.model.configuration import FrameSection, FrameSource
from ebbtide.model.errors import FrameError
from ebbtide.model.targets import SchemePolicy, Target

STANDARD_INPUT = "-"


def read_targets(section: FrameSection, folder: Path, stdin: BinaryIO | None = None) -> Iterator[Target]:
    """As ``read_rows``, as records."""
    return map(target_of, read_rows(section, folder, stdin))


def read_rows(section: FrameSection, folder: Path, stdin: BinaryIO | None = None) -> Iterator[Row]:
    """Read all targets of the frame, duplicates included, as plain tuples.

    Args:
        section: The section ``[frame]``.
        folder: The survey's folder, which the paths of sources are relative to.
        stdin: What the source ``-`` reads; the process's standard input if it is ``None``.

    Returns:
        An iterator that holds one line of one source at a time.

    Raises:
        FrameError: At once if the frame names no source, standard input twice, or one port for both schemes; while
            iterating if a file cannot be read or a line names no target, naming file and line.
    """
    check_sources(section)
    return _all_rows(section, folder, stdin)


def check_sources(section: FrameSection) -> None:
    """Refuse a frame that names no source, standard input twice, or one port for both schemes.

    Raises:
        FrameError: It does.
    """
    if not section.source:
        raise FrameError(
            "the frame names no source.", where="frame.source", remedy='Add [[frame.source]] with path = "hosts.txt".'
        )
    if sum(source.path == STANDARD_INPUT for source in section.source) > 1:
        raise FrameError(
            "standard input is named by two sources.", where="frame.source", remedy="Name it once; it is read once."
        )
    if section.scheme is SchemePolicy.BOTH and section.port is not None:
        raise FrameError(
            f"port {section.port} cannot be that of both schemes.",
            where="frame.port",
            remedy="Leave it out, or write the port behind the host of each line.",
        )


def _all_rows(section: FrameSection, folder: Path, stdin: BinaryIO | None) -> Iterator[Row]:
    for index in range(len(section.source)):
        yield from piece_rows(section, folder, Piece(index), stdin)


class Piece(msgspec.Struct, frozen=True):
    """Some neighbouring lines of a source.

    Attributes:
        source: Index of the source.
        start: Octet at which the first line begins.
        end: Octet behind the last line; ``None`` if it is the source's last piece.
        number: Number of the first line.
    """

    source: int
    start: int = 0
    end: int | None = None
    number: int = 1


def piece_rows(section: FrameSection, folder: Path, piece: Piece, stdin: BinaryIO | None = None) -> Iterator[Row]:
    """As ``read_rows``, of one piece."""
    source = section.source[piece.source]
    defaults = Defaults(section.scheme, section.port, source.stratum)
    if source.path == STANDARD_INPUT:
        with nullcontext(stdin or sys.stdin.buffer) as stream:
            yield from _rows(stream, source, "standard input", defaults, piece)
    else:
        with open_source(section, folder, piece.source) as stream:
            yield from _rows(stream, source, str(folder / source.path), defaults, piece)


def open_source(section: FrameSection, folder: Path, index: int) -> BinaryIO:
    """The file of a source.

    Raises:
        FrameError: It cannot be read.
    """
    path = folder / section.source[index].path
    try:
        return path.open("rb")
    except OSError as error:
        raise FrameError(
            f"{path} cannot be read ({error.strerror or type(error).__name__}).",
            where=f"frame.source[{index}].path",
            remedy="Name a file relative to the survey's folder.",
        ) from error


def _numbered(stream: BinaryIO, piece: Piece) -> Iterator[tuple[int, bytes]]:
    """The lines of a piece with their numbers."""
    left = math.inf if piece.end is None else piece.end - piece.start
    if piece.start:
        stream.seek(piece.start)
    for number, raw in enumerate(raw_lines(stream), piece.number):
        yield number, raw
        left -= len(raw)
        if left <= 0:
            return


def _rows(stream: BinaryIO, source: FrameSource, name: str, defaults: Defaults, piece: Piece) -> Iterator[Row]:
    match source.format:
        case "list":
            return _line_rows(_numbered(stream, piece), name, defaults, PLAIN_HOST, list_targets)
        case "ranked":
            return _line_rows(_numbered(stream, piece), name, defaults, PLAIN_RANKED, ranked_targets)
        case "csv":
            table = _begun_table(stream, name, defaults) if piece.start else Table(defaults)
            return _table_rows(_numbered(stream, piece), name, defaults, table)
        case "cidr":
            return _prefix_rows(_numbered(stream, piece), name, defaults)
        case _:
            assert_never(source.format)


def _line_rows(
    lines: Iterator[tuple[int, bytes]],
    name: str,
    defaults: Defaults,
    plain: re.Pattern[bytes],
    long_way: Callable[[Line, Defaults], tuple[Target, ...]],
) -> Iterator[Row]:
    silent = SilentRows(defaults)
    for number, raw in lines:
        parts = plain_parts(raw, plain)
        if parts is not None:
            yield from silent.of(*parts)
        elif line := parse_line(raw, number, name):
            yield from map(row_of, long_way(line, defaults))


def _begun_table(stream: BinaryIO, name: str, defaults: Defaults) -> Table:
    """A table of which the first line is read, so that it knows its columns."""
    table = Table(defaults)
    for number, raw in enumerate(raw_lines(stream), 1):
        if line := parse_line(raw, number, name):
            table.targets(line)
            break
    return table


def _table_rows(lines: Iterator[tuple[int, bytes]], name: str, defaults: Defaults, table: Table) -> Iterator[Row]:
    silent = SilentRows(defaults)
    for number, raw in lines:
        parts = plain_parts(raw, table.plain) if table.plain is not None else None
        if parts is not None:
            yield from silent.of(*parts)
        elif line := parse_line(raw, number, name):
            yield from map(row_of, table.targets(line))


def _prefix_rows(lines: Iterator[tuple[int, bytes]], name: str, defaults: Defaults) -> Iterator[Row]:
    silent = SilentRows(defaults)
    for number, raw in lines:
        if line := parse_line(raw, number, name):
            yield from prefix_rows(line, silent)
