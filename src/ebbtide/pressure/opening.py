"""Logs as bytes: plain, gzip, bzip2, zstd, standard input; whole lines, block by block."""

import bz2
import contextlib
import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from ebbtide.pressure.records import PressureError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

STANDARD_INPUT = "-"
BLOCK_BYTES = 2 << 20
PIECE_BYTES = 1 << 18
MOST_LINE_BYTES = 1 << 20
"""What is kept of a line; nothing that is longer is a request that a server took."""

_EDGE_BYTES = 64
_GZIP, _BZIP2, _ZSTD = b"\x1f\x8b", b"BZh", b"\x28\xb5\x2f\xfd"
BROKEN_STREAM = (EOFError, zlib.error, OSError, zstd.ZstdError)


class Block(msgspec.Struct, frozen=True):
    """Some whole lines, each ended by a newline.

    Attributes:
        start: Octets of the file, unpacked, that come before it.
        data: The lines.
        is_verbatim: They stand so in the file, unpacked.
    """

    start: int
    data: bytes
    is_verbatim: bool = True


@contextlib.contextmanager
def open_log(path: str) -> Iterator[BinaryIO]:
    """Open a log, unpacked as its first bytes say; its name does not matter.

    Args:
        path: A file, or ``-`` for standard input.

    Raises:
        PressureError: It cannot be opened.
    """
    if path == STANDARD_INPUT:
        yield _unpacked(io.BufferedReader(cast("io.RawIOBase", sys.stdin.buffer), BLOCK_BYTES))
        return
    file = Path(path)
    if file.is_dir():
        raise PressureError(f"{path} is a folder.", remedy="Name the files in it, for example with *.")
    try:
        stream = file.open("rb")
    except OSError as error:
        raise PressureError(f"{path} cannot be opened: {error.strerror or error}.") from error
    with stream:
        yield _unpacked(stream)


def _unpacked(stream: io.BufferedReader) -> BinaryIO:
    head = stream.peek(4)[:4]
    if head.startswith(_GZIP):
        return cast("BinaryIO", gzip.GzipFile(fileobj=stream, mode="rb"))
    if head.startswith(_BZIP2):
        return cast("BinaryIO", bz2.BZ2File(stream, "rb"))
    if head.startswith(_ZSTD):
        return cast("BinaryIO", zstd.ZstdFile(stream, "rb"))
    return cast("BinaryIO", stream)


def is_packed(head: bytes) -> bool:
    """Whether a file that begins so is packed in a way that is known."""
    return head.startswith((_GZIP, _BZIP2, _ZSTD))


def read_piece(stream: BinaryIO, octets: int) -> bytes:
    """So many octets, or fewer at the end; a compressed file that breaks off ends where it breaks off."""
    try:
        return stream.read(octets)
    except BROKEN_STREAM:
        return b""


class LineBlocks:
    """The lines of a stream, in blocks.

    Args:
        stream: Where they come from.
        block_bytes: About how much a block holds.
        skip: Octets at the beginning that are left out; they end with a line.
        begun: What has been read from the stream already.

    Attributes:
        stream: As given.
        is_cut: The stream broke off in the middle (a compressed file that was not finished); set at the end.
        shortened: Lines of which only the first ``MOST_LINE_BYTES`` were kept.
    """

    def __init__(self, stream: BinaryIO, block_bytes: int = BLOCK_BYTES, skip: int = 0, begun: bytes = b"") -> None:
        self.stream = stream
        self._block_bytes = block_bytes
        self._skip = skip
        self._begun = begun
        self._is_inside_long = False
        self.is_cut = False
        self.shortened = 0

    def _read(self) -> bytes:
        if self._begun:
            begun, self._begun = self._begun, b""
            return begun
        try:
            return self.stream.read(self._block_bytes)
        except BROKEN_STREAM:
            self.is_cut = True
            return b""

    def __iter__(self) -> Iterator[Block]:
        """All blocks; the last line is ended if the file does not end it."""
        place, rest = 0, b""
        while piece := self._read():
            end = piece.rfind(b"\n") + 1
            if end:
                text = b"".join((rest, memoryview(piece)[:end]))
                rest = piece[end:]
                yield from self._kept(place, text)
                place += len(text)
                continue
            rest += piece
            if len(rest) > MOST_LINE_BYTES:
                if not self._is_inside_long:
                    yield from self._kept(place, rest[:MOST_LINE_BYTES] + b"\n", is_verbatim=False)
                    self.shortened += 1
                self._is_inside_long = True
                place += len(rest)
                rest = b""
        if rest:
            yield from self._kept(place, rest + b"\n", is_verbatim=False)

    def _kept(self, place: int, data: bytes, *, is_verbatim: bool = True) -> Iterator[Block]:
        """The block without what is skipped, and without the end of a line that has been shortened."""
        if self._is_inside_long and not data.startswith(b"\n", MOST_LINE_BYTES):
            cut = data.find(b"\n") + 1
            data, place = data[cut:], place + cut
            self._is_inside_long = False
        if place < self._skip:
            cut = min(self._skip - place, len(data))
            data, place = data[cut:], place + cut
        if data:
            yield Block(place, data, is_verbatim)


class Stretch(msgspec.Struct, frozen=True):
    """Where some octets of a file stand, for another process that reads them itself.

    Attributes:
        path: The file.
        identity: Its device and number; a file that took its name since is another.
        start, length: Where they begin, and how many they are.
        edges: The first and the last of them.
    """

    path: str
    identity: tuple[int, int]
    start: int
    length: int
    edges: tuple[bytes, bytes]


def place_of(stream: BinaryIO, path: str, block: Block) -> Stretch | None:
    """Where a block stands in a file that is not packed; ``None`` if it stands so in none.

    Args:
        stream: The block came from it.
        path: The stream was opened from it.
        block: Read from the stream.
    """
    if path == STANDARD_INPUT or not block.is_verbatim or not isinstance(stream, io.BufferedReader):
        return None
    status = os.fstat(stream.fileno())
    if not stat.S_ISREG(status.st_mode):
        return None
    edges = block.data[:_EDGE_BYTES], block.data[-_EDGE_BYTES:]
    return Stretch(path, (status.st_dev, status.st_ino), block.start, len(block.data), edges)


def read_stretch(stretch: Stretch) -> bytes | None:
    """The octets of a stretch; ``None`` if they do not stand there any more."""
    try:
        with Path(stretch.path).open("rb", buffering=0) as stream:
            status = os.fstat(stream.fileno())
            data = os.pread(stream.fileno(), stretch.length, stretch.start)
    except OSError:
        return None
    is_same = (status.st_dev, status.st_ino) == stretch.identity and len(data) == stretch.length
    return data if is_same and (data[:_EDGE_BYTES], data[-_EDGE_BYTES:]) == stretch.edges else None
