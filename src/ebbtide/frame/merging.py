"""Merging duplicates by way of scratch files, so that ten million lines never sit in memory."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from ebbtide.frame.ids import SITE_ID_BITS
from ebbtide.frame.rows import Row, row_of, target_of
from ebbtide.model.targets import Target

_LEAST_PARTS = 128
_ROWS_A_BLOCK = 128
_LENGTH_BYTES = 4

_Key = tuple[str, str, int, str]


class MergedFrame(msgspec.Struct, frozen=True):
    """The frame without duplicates, in scratch files that follow the shards.

    Attributes:
        scratch: Folder of the files.
        shards: Number of shards.
        parts: Number of files, a multiple of ``shards``.
        read: Targets read, duplicates included.
        duplicates: Targets that were there already: same host, pinned address, port and scheme.
        weight_conflicts: Duplicates whose weight differed from the first, which was kept.
        stratum_conflicts: Duplicates whose stratum differed from the first, which was kept.
        undrawn: Distinct targets that are not in the sample; 0 in a census.
    """

    scratch: Path
    shards: int
    parts: int
    read: int
    duplicates: int
    weight_conflicts: int
    stratum_conflicts: int
    undrawn: int = 0

    @property
    def kept(self) -> int:
        """Distinct targets, as far as they are drawn."""
        return self.read - self.duplicates - self.undrawn

    def by_shard(self, shard: int) -> Iterator[Target]:
        """The distinct targets of one shard, in a fixed order; may be called again.

        Args:
            shard: 0 to ``shards - 1``.
        """
        return map(target_of, self.rows(shard))

    def rows(self, shard: int) -> Iterator[Row]:
        """As ``by_shard``, as plain tuples; see ``rows.Row``."""
        each = self.parts // self.shards
        for part in range(shard * each, (shard + 1) * each):
            for block in read_blocks(part_path(self.scratch, part)):
                yield from block

    def discard(self) -> None:
        """Remove the scratch files."""
        for part in range(self.parts):
            part_path(self.scratch, part).unlink(missing_ok=True)


class Counts(msgspec.Struct):
    """What was read and merged; see ``MergedFrame``."""

    read: int = 0
    duplicates: int = 0
    weight_conflicts: int = 0
    stratum_conflicts: int = 0


def merge_duplicates(targets: Iterable[Target], scratch: Path, shards: int) -> MergedFrame:
    """As ``merge_rows``, of records."""
    return merge_rows(map(row_of, targets), scratch, shards)


def merge_rows(rows: Iterable[Row], scratch: Path, shards: int) -> MergedFrame:
    """Merge equal targets; of equal ones the first in reading order is kept, with its stratum, weight and fall-back.

    Only equal canonical strings merge, never equal hashes. Memory holds the keys of a
    hundred-and-twenty-eighth of the sites at a time (and no less than those of the largest site).

    Args:
        rows: As read, in order.
        scratch: Folder for files of about 130 octets a target; made if missing. Files of an earlier run are replaced.
        shards: Number of shards, a power of two.

    Returns:
        The merged frame and its counts.

    Raises:
        ValueError: ``shards`` is no power of two.
    """
    parts = parts_for(shards)
    scratch.mkdir(parents=True, exist_ok=True)
    read = spill_rows(rows, scratch, parts)
    return merged_frame(scratch, shards, read, [merge_parts(range(parts), scratch, pieces=1)])


def parts_for(shards: int) -> int:
    """Into how many files a frame is divided while it is merged.

    Raises:
        ValueError: ``shards`` is no power of two.
    """
    if shards < 1 or shards & (shards - 1):
        raise ValueError(f"{shards} shards are not a power of two")
    return max(shards, _LEAST_PARTS)


def spill_rows(rows: Iterable[Row], scratch: Path, parts: int, piece: int = 0) -> int:
    """Write rows into a file for each part, in order; a site's part follows from its id, as its shard does.

    Args:
        rows: Those of one piece of the frame.
        scratch: Folder of the files.
        parts: From ``parts_for``.
        piece: Number of the piece in reading order.

    Returns:
        How many rows there were.
    """
    for part in range(parts):
        _spill_path(scratch, part, piece).unlink(missing_ok=True)
    waiting: list[list[Row]] = [[] for _ in range(parts)]
    read = 0
    spare = SITE_ID_BITS + 1 - parts.bit_length()
    for row in rows:
        read += 1
        block = waiting[row[1] >> spare]
        block.append(row)
        if len(block) == _ROWS_A_BLOCK:
            _append(_spill_path(scratch, row[1] >> spare, piece), block)
            block.clear()
    for part, rest in enumerate(waiting):
        if rest:
            _append(_spill_path(scratch, part, piece), rest)
    return read


def merge_parts(parts: Iterable[int], scratch: Path, pieces: int) -> Counts:
    """Write each part without its duplicates; what was spilled is removed.

    Args:
        parts: Which parts.
        scratch: Folder of the files.
        pieces: So many pieces were spilled; the first of equal rows stands in the first of them.
    """
    counts = Counts()
    for part in parts:
        first: dict[_Key, tuple[str, float]] = {}
        with part_path(scratch, part).open("wb") as stream:
            for piece in range(pieces):
                spilled = _spill_path(scratch, part, piece)
                for block in read_blocks(spilled):
                    write_block(stream, _first_ones(block, first, counts))
                spilled.unlink(missing_ok=True)
    return counts


def merged_frame(scratch: Path, shards: int, read: int, counts: Iterable[Counts]) -> MergedFrame:
    """The frame of which all parts are merged."""
    totals = [sum(each) for each in zip(*map(msgspec.structs.astuple, counts), strict=True)]
    return MergedFrame(scratch, shards, parts_for(shards), read, *totals[1:])


def _first_ones(block: list[Row], first: dict[_Key, tuple[str, float]], counts: Counts) -> list[Row]:
    """The rows of a block that were not there before, neither in it nor in an earlier one."""
    kept = []
    for row in block:
        _, _, host, address, port, scheme, stratum, weight, _ = row
        key = host, address, port, scheme
        known = first.get(key)
        if known is None:
            first[key] = (stratum, weight)
            kept.append(row)
        else:
            counts.duplicates += 1
            counts.stratum_conflicts += known[0] != stratum
            counts.weight_conflicts += known[1] != weight
    return kept


def part_path(scratch: Path, part: int) -> Path:
    """Where a merged part lies."""
    return scratch / f"frame-{part:04d}.part"


def _spill_path(scratch: Path, part: int, piece: int) -> Path:
    return scratch / f"frame-{part:04d}.{piece:04d}"


def _append(path: Path, rows: Sequence[Row]) -> None:
    with path.open("ab") as stream:
        write_block(stream, rows)


def write_block(stream: BinaryIO, rows: Sequence[Row]) -> None:
    """Append some rows to a part."""
    block = msgspec.msgpack.encode(rows)
    stream.write(len(block).to_bytes(_LENGTH_BYTES, "big"))
    stream.write(block)


def read_blocks(path: Path) -> Iterator[list[Row]]:
    """The rows of a part, some at a time."""
    if not path.exists():
        return
    decoder = msgspec.msgpack.Decoder(list[Row])
    with path.open("rb") as stream:
        while length := stream.read(_LENGTH_BYTES):
            yield decoder.decode(stream.read(int.from_bytes(length, "big")))
