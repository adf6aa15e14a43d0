"""Rotated and overlapping copies: what of a log has already been read from another.

A copy shares its beginning with a stretch of the other file and agrees with it from there to the end of one of both.
Two lines at least must agree that differ from each other, since bursts of equal lines are told apart by nothing.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import msgspec

from ebbtide.pressure.opening import PIECE_BYTES, Block, open_log, read_piece

HEAD_BYTES = 4096
_MOST_PLACES = 16


class Head(msgspec.Struct, frozen=True):
    """How a log begins.

    Attributes:
        path: The log.
        text: Whole lines, up to ``HEAD_BYTES``.
        day: Of its first dated line; 0 if there is none.
    """

    path: str
    text: bytes
    day: int


class Overlap(msgspec.Struct, frozen=True):
    """Where in one log the beginning of another was found.

    Attributes:
        path: The log that was read.
        start: Octets of it, unpacked, before the place.
    """

    path: str
    start: int


class HeadFinder:
    """Finds the beginnings of other logs in a log that is being read.

    Args:
        path: The log that is being read.
        heads: Beginnings of the logs still to be read.
    """

    def __init__(self, path: str, heads: Sequence[Head]) -> None:
        self._path = path
        self._heads = [head for head in heads if is_telling(head.text)]
        self._found: dict[str, list[Overlap]] = {}
        self._tail = b""

    def look(self, block: Block, first_day: int, last_day: int) -> None:
        """Look into a block; blocks come in order.

        Args:
            block: Whole lines.
            first_day: Of its first dated line; 0 where there is none.
            last_day: Of its last.
        """
        if not self._heads:
            return
        text, start = self._tail + block.data, block.start - len(self._tail)
        for head in self._heads:
            if not (first_day and head.day) or first_day - 1 <= head.day <= max(last_day, first_day) + 1:
                self._find(head, text, start)
        self._tail = text[-HEAD_BYTES:]

    def _find(self, head: Head, text: bytes, start: int) -> None:
        places = self._found.setdefault(head.path, [])
        place = text.find(head.text)
        while place >= 0 and len(places) < _MOST_PLACES:
            is_line = place == 0 or text[place - 1 : place] == b"\n"
            overlap = Overlap(self._path, start + place)
            if is_line and overlap not in places:
                places.append(overlap)
            place = text.find(head.text, place + 1)

    def finish(self, end: int) -> dict[str, list[Overlap]]:
        """All that was found, by path of the log that begins there.

        Args:
            end: Octets of the log, unpacked, when it was read to its end.
        """
        for head in self._heads:
            for length in _line_lengths(head.text):
                shared = head.text[:length]
                if length < len(head.text) and self._tail.endswith(shared) and is_telling(shared):
                    self._found.setdefault(head.path, []).append(Overlap(self._path, end - length))
        return self._found


def _line_lengths(text: bytes) -> Iterator[int]:
    """Lengths of the beginnings that end with a line, from the longest down."""
    end = len(text)
    while end > 0:
        yield end
        end = text.rfind(b"\n", 0, end - 1) + 1


def is_telling(lines: bytes) -> bool:
    """Whether two of some lines differ from each other."""
    first, _, rest = lines.partition(b"\n")
    return any(line != first for line in rest.split(b"\n") if line)


def shared_octets(overlap: Overlap, path: str) -> int:
    """How many octets at the beginning of a log stand in the other too, to the end of one of both.

    Args:
        overlap: Where the other log is to be compared from.
        path: The log.

    Returns:
        Whole lines' worth; 0 if they part before either ends.
    """
    with contextlib.ExitStack() as stack:
        other, log = stack.enter_context(open_log(overlap.path)), stack.enter_context(open_log(path))
        _skip(other, overlap.start)
        agreed = lines = 0
        while True:
            ours, theirs = read_piece(log, PIECE_BYTES), read_piece(other, PIECE_BYTES)
            length = min(len(ours), len(theirs))
            if ours[:length] != theirs[:length]:
                return 0
            line_end = ours.rfind(b"\n", 0, length) + 1
            lines = agreed + line_end if line_end else lines
            agreed += length
            if len(ours) < PIECE_BYTES and len(ours) == length:
                return agreed
            if len(theirs) < PIECE_BYTES:
                return lines


def _skip(stream: BinaryIO, octets: int) -> None:
    while octets > 0:
        piece = read_piece(stream, min(octets, PIECE_BYTES))
        if not piece:
            return
        octets -= len(piece)
