"""Opt-outs: who asked not to be asked, until when, why, and who wrote it down."""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec

from ebbtide.model.errors import ConductError

COLUMNS = ("what", "expires", "reason", "who")


class OptOut(msgspec.Struct, frozen=True):
    """One line of the operator's file of opt-outs.

    Attributes:
        what: Address, prefix, host name, or ``.domain`` for a domain and all below it.
        expires: The last day on which it holds; ``None`` means for good.
        reason: Why, for the record.
        who: Who asked, or who wrote it down.
        where: File and line it stands at; empty if it was not read from a file.
    """

    what: str
    expires: date | None = None
    reason: str = ""
    who: str = ""
    where: str = ""

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.expires is None or day <= self.expires


def read_opt_outs(path: Path) -> tuple[OptOut, ...]:
    """Read a CSV file of opt-outs with the header ``what,expires,reason,who``.

    Args:
        path: The file, UTF-8. Blank lines and lines that start with ``#`` are passed over; later columns may be
            missing; an empty ``expires`` means for good.

    Returns:
        All of them, expired ones too, in the file's order.

    Raises:
        ConductError: The file cannot be read, has another header, or a line has no subject or a bad date. An opt-out
            that cannot be read must stop the survey, never be passed over.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConductError(
            f"the file of opt-outs cannot be read ({type(error).__name__}).",
            where=str(path),
            remedy="Name a UTF-8 file in scope.opt_out, or leave scope.opt_out empty.",
        ) from error
    return tuple(_opt_outs(text, path))


def _opt_outs(text: str, path: Path) -> Iterator[OptOut]:
    reader = csv.reader(text.splitlines(), strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if not any(row) or row[0].startswith("#"):
                continue
            if header is None:
                header = _header(row, path, reader.line_num)
                continue
            yield _opt_out(dict(zip(header, row, strict=False)), len(row) > len(header), f"{path}:{reader.line_num}")
    except csv.Error as error:
        raise ConductError(f"the line is no CSV ({error}).", where=f"{path}:{reader.line_num}") from error


def _header(row: list[str], path: Path, line: int) -> list[str]:
    header = [cell.lower() for cell in row]
    if "what" not in header or not set(header) <= set(COLUMNS) or len(set(header)) != len(header):
        raise ConductError(
            f"the header of opt-outs is {','.join(row)[:80]!r}.",
            where=f"{path}:{line}",
            remedy=f"Write the line {','.join(COLUMNS)} at the top.",
        )
    return header


def _opt_out(cells: dict[str, str], has_too_many: bool, where: str) -> OptOut:  # noqa: FBT001  # only called above
    if has_too_many:
        raise ConductError("the line has more cells than the header.", where=where, remedy="Put quotes around commas.")
    if not cells["what"]:
        raise ConductError("the line does not say who opted out.", where=where, remedy="Fill in the column what.")
    expires = cells.get("expires", "")
    try:
        until = date.fromisoformat(expires) if expires else None
    except ValueError as error:
        raise ConductError(
            f"{expires[:40]!r} is no date.", where=where, remedy="Write expires as 2027-12-31, or leave it empty."
        ) from error
    return OptOut(cells["what"], until, cells.get("reason", ""), cells.get("who", ""), where)
