"""Logs that are being written, by their names: what was added since the last look, over renaming and truncation."""

import os
import time
from collections.abc import Iterator, Sequence
from io import FileIO
from math import inf
from pathlib import Path

import msgspec

from ebbtide.pressure.opening import BLOCK_BYTES, MOST_LINE_BYTES, STANDARD_INPUT, is_packed
from ebbtide.pressure.records import PressureError

LEAVING_S = 10.0
"""How long a log that was renamed is still looked at: its writer turns to the new one a little later."""

_KNOWN_OCTETS = 64
_MOST_FINISHED = 1024

Identity = tuple[int, int]


class Added(msgspec.Struct, frozen=True):
    """What was added to a log.

    Attributes:
        path: The name under which the log was given.
        is_first: A file begins with it.
        lines: Whole lines, each ended.
    """

    path: str
    is_first: bool
    lines: bytes


class GrowingFile:
    """One file that grows, whatever its name becomes.

    Args:
        stream: Open, and not packed.
        path: Its name when it was opened.
        position: Octets at its beginning that were read before.
    """

    def __init__(self, stream: FileIO, path: str, position: int = 0) -> None:
        self.identity = identity_of(os.fstat(stream.fileno()))
        self.path = path
        self.head = os.pread(stream.fileno(), _KNOWN_OCTETS, 0) if position else b""
        self.position = position
        self._stream = stream
        self._rest = b""
        self._known = self._before(position)
        self._is_inside_long = False

    def read(self) -> bytes:
        """Whole lines that were added, a block of them at most; empty if there are none."""
        number = self._stream.fileno()
        if self._before(self.position) != self._known or os.fstat(number).st_size < self.position:
            return self._begin_again()
        piece = os.pread(number, BLOCK_BYTES, self.position)
        if not piece:
            return b""
        self.position += len(piece)
        self.head = self.head or os.pread(number, _KNOWN_OCTETS, 0)
        self._known = self._before(self.position)
        return self._lines(piece)

    def _before(self, position: int) -> bytes:
        """The octets before a place: others stand there once the file was emptied and written anew."""
        begin = max(position - _KNOWN_OCTETS, 0)
        return os.pread(self._stream.fileno(), position - begin, begin) if position else b""

    def _begin_again(self) -> bytes:
        left = self.finish()
        self.position, self._known, self.head = 0, b"", b""
        return left

    def _lines(self, piece: bytes) -> bytes:
        end = piece.rfind(b"\n") + 1
        if self._is_inside_long:
            cut = piece.find(b"\n") + 1
            self._is_inside_long = not cut
            piece, end = (piece[cut:], end - cut) if cut else (b"", 0)
        if end:
            lines, self._rest = self._rest + piece[:end], piece[end:]
            return lines
        self._rest += piece
        if len(self._rest) <= MOST_LINE_BYTES:
            return b""
        line, self._rest, self._is_inside_long = self._rest[:MOST_LINE_BYTES] + b"\n", b"", True
        return line

    def finish(self) -> bytes:
        """The last line, if it was never ended."""
        rest, self._rest, self._is_inside_long = self._rest, b"", False
        return rest + b"\n" if rest else b""

    def close(self) -> None:
        """Close it."""
        self._stream.close()


class Tails:
    """Some logs under their names.

    A file that takes another of the names, as a rotated log does, goes on from where it was read to.

    Args:
        paths: Files; they need not be there yet.
        leaving_s: How long a log that lost its name is still looked at.

    Raises:
        PressureError: One of them is packed, a folder, or standard input.
    """

    def __init__(self, paths: Sequence[str], leaving_s: float = LEAVING_S) -> None:
        self._paths = tuple(dict.fromkeys(paths))
        self._leaving_s = leaving_s
        self._open: dict[Identity, GrowingFile] = {}
        self._by_name: dict[str, GrowingFile] = {}
        self._leaving: dict[Identity, float] = {}
        self._finished: dict[Identity, tuple[bytes, int]] = {}
        for path in self._paths:
            if path == STANDARD_INPUT or Path(path).is_dir() or (Path(path).is_file() and is_packed(_head(path))):
                raise PressureError(f"{path} cannot be followed.", remedy="Name the log that the server writes.")

    def read(self) -> Iterator[Added]:
        """Everything that was added, block by block."""
        for path in self._paths:
            self._look(path)
        for growing in tuple(self._open.values()):
            yield from self._added(growing)
            if self._leaving.get(growing.identity, inf) < time.monotonic():
                yield from self._left(growing)

    def finish(self) -> Iterator[Added]:
        """Everything that was added, and last lines that were not ended; all files are closed."""
        yield from self.read()
        for growing in tuple(self._open.values()):
            yield from self._left(growing)

    @staticmethod
    def _added(growing: GrowingFile) -> Iterator[Added]:
        while True:
            begin = growing.position
            lines = growing.read()
            if lines:
                yield Added(growing.path, begin == 0, lines)
            if growing.position == begin:
                return

    def _left(self, growing: GrowingFile) -> Iterator[Added]:
        """The end of a file that is not looked at any more."""
        if rest := growing.finish():
            yield Added(growing.path, is_first=False, lines=rest)
        growing.close()
        self._leaving.pop(growing.identity, None)
        del self._open[growing.identity]
        self._finished[growing.identity] = growing.head, growing.position
        while len(self._finished) > _MOST_FINISHED:
            del self._finished[next(iter(self._finished))]

    def _look(self, path: str) -> None:
        """See which file has a name now."""
        known = self._by_name.get(path)
        try:
            identity = identity_of(Path(path).stat())
        except OSError:
            return
        if known is not None and known.identity == identity:
            return
        growing = self._open.get(identity) or self._opened(path)
        if growing is None:
            return
        self._by_name[path] = growing
        if known is not None and known not in self._by_name.values():
            self._leaving[known.identity] = time.monotonic() + self._leaving_s
        self._leaving.pop(growing.identity, None)

    def _opened(self, path: str) -> GrowingFile | None:
        """A file opened, unless it cannot be or is packed by now."""
        try:
            stream = Path(path).open("rb", buffering=0)  # noqa: SIM115  closed when it has left
        except OSError:
            return None
        head = os.pread(stream.fileno(), _KNOWN_OCTETS, 0)
        if is_packed(head):
            stream.close()
            return None
        known, position = self._finished.get(identity_of(os.fstat(stream.fileno())), (b"", 0))
        growing = GrowingFile(stream, path, position if known and head.startswith(known) else 0)
        self._open[growing.identity] = growing
        return growing


def identity_of(status: os.stat_result) -> Identity:
    """What tells a file whatever its name: its device and number."""
    return status.st_dev, status.st_ino


def _head(path: str) -> bytes:
    with Path(path).open("rb") as stream:
        return stream.read(_KNOWN_OCTETS)
