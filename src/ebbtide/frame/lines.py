"""Lines of a source, one at a time: bounded, decoded, without comments; hostile input is named by file and line."""

from collections.abc import Iterator
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


def read_lines(stream: BinaryIO, source: str) -> Iterator[Line]:
    """Read lines, of which at most one is in memory.

    Args:
        stream: UTF-8, with or without a byte order mark, lines ended by LF or CRLF.
        source: Name of the file, for errors.

    Yields:
        Every line but blank ones and those that start with ``#``.

    Raises:
        FrameError: A line is longer than 4096 octets, or is not UTF-8 text.
    """
    number = 0
    while raw := stream.readline(MOST_LINE_BYTES + 1):
        number += 1
        if number == 1:
            raw = _without_bom(raw, source)
        if len(raw) > MOST_LINE_BYTES:
            raise FrameError(
                f"the line is longer than {MOST_LINE_BYTES} octets.",
                where=f"{source}:{number}",
                remedy="Give one target a line.",
            )
        text = _decoded(raw, f"{source}:{number}").strip()
        if text and text[0] != "#":
            yield Line(text, number, source)


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
