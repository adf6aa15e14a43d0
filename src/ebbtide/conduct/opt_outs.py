"""Opt-outs: who asked not to be asked, until when, why, and who wrote it down."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec

from ebbtide.model.errors import ConductError

COLUMNS = ("what", "expires", "reason", "who", "proof")


class OptOut(msgspec.Struct, frozen=True):
    """One line of the operator's file of opt-outs.

    Attributes:
        what: Address, prefix, host name, or ``.domain`` for a domain and all below it.
        expires: The last day on which it holds; ``None`` means for good.
        reason: Why, for the record.
        who: Who asked, or who wrote it down.
        where: File and line it stands at; empty if it was not read from a file.
        proof: How it is known that they may speak for it: a letter, a ticket, a message's id.
    """

    what: str
    expires: date | None = None
    reason: str = ""
    who: str = ""
    where: str = ""
    proof: str = ""

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.expires is None or day <= self.expires


def read_opt_outs(path: Path) -> tuple[OptOut, ...]:
    """Read a CSV file of opt-outs with the header ``what,expires,reason,who,proof``.

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
            f"the file of opt-outs cannot be read ({getattr(error, 'strerror', None) or type(error).__name__}).",
            where=str(path),
            remedy="Name a UTF-8 file in scope.opt_out, begin one with ebbtide conduct opt-out, or leave it empty.",
        ) from error
    return tuple(_opt_outs(text, path))


def with_opt_out(text: str, opt_out: OptOut) -> str:
    """A file of opt-outs with one line more.

    Args:
        text: The file as it stands; its header gets the columns that it lacks, and remarks stay.
        opt_out: To write at the end.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    head = next((at for at, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), None)
    columns = list(COLUMNS)
    if head is None:
        lines.append(",".join(columns))
    else:
        columns = [cell.strip().lower() for cell in next(csv.reader([lines[head]]))]
        columns += [column for column in COLUMNS if column not in columns]
        lines[head] = ",".join(columns)
    cells = {
        "what": opt_out.what,
        "expires": "" if opt_out.expires is None else opt_out.expires.isoformat(),
        "reason": opt_out.reason,
        "who": opt_out.who,
        "proof": opt_out.proof,
    }
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow([" ".join(cells[column].split()) for column in columns])
    return "\n".join([*lines, written.getvalue()]) + "\n"


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
    return OptOut(cells["what"], until, cells.get("reason", ""), cells.get("who", ""), where, cells.get("proof", ""))
