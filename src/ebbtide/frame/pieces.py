"""Reading and merging a frame piece by piece, in as many processes as there are.

What comes out is the same however many they are: pieces are cut by size alone, and merged in reading order.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ebbtide.frame.lines import MOST_LINE_BYTES
from ebbtide.frame.merging import MergedFrame, merge_parts, merged_frame, parts_for, spill_rows
from ebbtide.frame.sources import STANDARD_INPUT, Piece, check_sources, piece_rows
from ebbtide.model.configuration import FrameSection

PIECE_BYTES = 16 << 20
_PARTS_A_TASK = 8
_BLOCK_BYTES = 1 << 18


def merge_sources(section: FrameSection, folder: Path, scratch: Path, shards: int, executor: Executor) -> MergedFrame:
    """Read all sources and merge equal targets; see ``merging.merge_rows``.

    Args:
        section: The section ``[frame]``.
        folder: The survey's folder, which the paths of sources are relative to.
        scratch: Folder for the files.
        shards: Number of shards, a power of two.
        executor: Where pieces are read and parts are merged.

    Raises:
        FrameError: The sources cannot be used, or a line names no target; of several mistakes the first is named.
    """
    check_sources(section)
    parts = parts_for(shards)
    scratch.mkdir(parents=True, exist_ok=True)
    pieces = list(cut(section, folder))
    read = sum(executor.map(partial(_spill, section, folder, scratch, parts), range(len(pieces)), pieces))
    tasks = [range(first, first + _PARTS_A_TASK) for first in range(0, parts, _PARTS_A_TASK)]
    counts = executor.map(partial(merge_parts, scratch=scratch, pieces=len(pieces)), tasks)
    return merged_frame(scratch, shards, read, counts)


def cut(section: FrameSection, folder: Path) -> Iterator[Piece]:
    """Cut all sources into pieces, by size alone; standard input, prefixes and what cannot be read stay whole."""
    for index, source in enumerate(section.source):
        path = folder / source.path
        if source.path == STANDARD_INPUT or source.format == "cidr" or not path.is_file():
            yield Piece(index)
            continue
        try:
            stream = path.open("rb")
        except OSError:
            yield Piece(index)  # the mistake is told when its turn comes
            continue
        with stream:
            yield from _cut_stream(stream, index)


def _cut_stream(stream: BinaryIO, index: int) -> Iterator[Piece]:
    size, start, number = os.fstat(stream.fileno()).st_size, 0, 1
    while size - start > PIECE_BYTES:
        lines = sum(stream.read(_BLOCK_BYTES).count(b"\n") for _ in range(-(-PIECE_BYTES // _BLOCK_BYTES)))
        rest = stream.readline(MOST_LINE_BYTES + 1)
        if not rest.endswith(b"\n"):
            break
        yield Piece(index, start, stream.tell(), number)
        start, number = stream.tell(), number + lines + 1
    if start < size or not size:
        yield Piece(index, start, None, number)


def _spill(section: FrameSection, folder: Path, scratch: Path, parts: int, number: int, piece: Piece) -> int:
    return spill_rows(piece_rows(section, folder, piece), scratch, parts, number)
