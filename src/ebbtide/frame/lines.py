"""Lines of a source, one at a time: bounded, decoded, without comments; hostile input is named by file and line."""

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

import msgspec

from ebbtide.frame.ids import shown
from ebbtide.model.errors import FrameError

MOST_LINE_BYTES = 4096
_BOM = b"\xef\xbb\xbf"
_OTHER_BOMS = (b"\xff\xfe", b"\xfe\xff")


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line that says something.

    Attributes:
        text: Without outer white space; never empty, never a comment.
        number: 1 for the first line of the file.
        source: The file as the operator named it.
    """

    text: str
    number: int
    source: str

    @property
    def where(self) -> str:
        """File and line, as errors name them."""
        return f"{self.source}:{self.number}"


def raw_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines with their ends, of which at most one is in memory; one that is too long comes in pieces."""
    return iter(partial(stream.readline, MOST_LINE_BYTES + 1), b"")


def parse_line(raw: bytes, number: int, source: str) -> Line | None:
    """What a line says.

    Args:
        raw: UTF-8, ended by LF, CRLF or the end of the file; before the first may stand a byte order mark.
        number: 1 for the first line.
        source: Name of the file, for errors.

    Returns:
        ``None`` if it is blank or starts with ``#``.

    Raises:
        FrameError: It is longer than 4096 octets, or is not UTF-8 text.
    """
    if number == 1:
        raw = _without_bom(raw, source)
    if len(raw) > MOST_LINE_BYTES:
        raise FrameError(
            f"the line is longer than {MOST_LINE_BYTES} octets.",
            where=f"{source}:{number}",
            remedy="Give one target a line.",
        )
    text = _decoded(raw, f"{source}:{number}").strip()
    return Line(text, number, source) if text and text[0] != "#" else None


def _without_bom(raw: bytes, source: str) -> bytes:
    if raw.startswith(_OTHER_BOMS):
        raise FrameError("the file is UTF-16.", where=f"{source}:1", remedy="Save it as UTF-8.")
    return raw.removeprefix(_BOM)


def _decoded(raw: bytes, where: str) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FrameError(
            f"{shown(raw.decode('latin-1'))} is not UTF-8.", where=where, remedy="Save the file as UTF-8."
        ) from error
    if "\0" in text:
        raise FrameError(f"{shown(text)} has a NUL.", where=where, remedy="Name a text file.")
    return text
