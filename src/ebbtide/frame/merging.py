"""Merging duplicates by way of scratch files, so that ten million lines never sit in memory."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from ebbtide.frame.ids import shard_of
from ebbtide.model.targets import Scheme, Target

_LEAST_PARTS = 64
_TARGETS_A_BLOCK = 256
_LENGTH_BYTES = 4

Row = tuple[bytes, int, str, str, int, Scheme, str, float, bool]
_Key = tuple[str, str, int, Scheme]


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
    """

    scratch: Path
    shards: int
    parts: int
    read: int
    duplicates: int
    weight_conflicts: int
    stratum_conflicts: int

    @property
    def kept(self) -> int:
        """Distinct targets."""
        return self.read - self.duplicates

    def by_shard(self, shard: int) -> Iterator[Target]:
        """The distinct targets of one shard, in a fixed order; may be called again.

        Args:
            shard: 0 to ``shards - 1``.
        """
        each = self.parts // self.shards
        for part in range(shard * each, (shard + 1) * each):
            for block in _blocks(_part_path(self.scratch, part)):
                for row in block:
                    yield Target(*row)

    def discard(self) -> None:
        """Remove the scratch files."""
        for part in range(self.parts):
            _part_path(self.scratch, part).unlink(missing_ok=True)


class _Counts(msgspec.Struct):
    read: int = 0
    duplicates: int = 0
    weight_conflicts: int = 0
    stratum_conflicts: int = 0


def merge_duplicates(targets: Iterable[Target], scratch: Path, shards: int) -> MergedFrame:
    """Merge equal targets; of equal ones the first in reading order is kept, with its stratum, weight and fall-back.

    Only equal canonical strings merge, never equal hashes. Memory holds the keys of a
    sixty-fourth of the sites at a time (and no less than those of the largest site).

    Args:
        targets: As read, in order.
        scratch: Folder for files of about 130 octets a target; made if missing. Files of an earlier run are replaced.
        shards: Number of shards, a power of two.

    Returns:
        The merged frame and its counts.

    Raises:
        ValueError: ``shards`` is no power of two.
    """
    parts = max(shards, _LEAST_PARTS)
    counts = _Counts()
    scratch.mkdir(parents=True, exist_ok=True)
    for part in range(parts):
        _part_path(scratch, part).unlink(missing_ok=True)
    _spill(targets, scratch, parts, counts)
    for part in range(parts):
        _merge_part(_part_path(scratch, part), counts)
    return MergedFrame(
        scratch, shards, parts, counts.read, counts.duplicates, counts.weight_conflicts, counts.stratum_conflicts
    )


def _spill(targets: Iterable[Target], scratch: Path, parts: int, counts: _Counts) -> None:
    waiting: list[list[Target]] = [[] for _ in range(parts)]
    for target in targets:
        counts.read += 1
        part = shard_of(target.site_id, parts)
        waiting[part].append(target)
        if len(waiting[part]) == _TARGETS_A_BLOCK:
            _append(_part_path(scratch, part), waiting[part])
            waiting[part].clear()
    for part, rest in enumerate(waiting):
        if rest:
            _append(_part_path(scratch, part), rest)


def _merge_part(path: Path, counts: _Counts) -> None:
    """Rewrite one file without its duplicates."""
    first: dict[_Key, tuple[str, float]] = {}
    merged = path.with_suffix(".merged")
    with merged.open("wb") as stream:
        for block in _blocks(path):
            _write_block(stream, [row for row in block if _is_first(row, first, counts)])
    merged.replace(path)


def _is_first(row: Row, first: dict[_Key, tuple[str, float]], counts: _Counts) -> bool:
    _, _, host, address, port, scheme, stratum, weight, _ = row
    known = first.get((host, address, port, scheme))
    if known is None:
        first[host, address, port, scheme] = (stratum, weight)
        return True
    counts.duplicates += 1
    counts.stratum_conflicts += known[0] != stratum
    counts.weight_conflicts += known[1] != weight
    return False


def _part_path(scratch: Path, part: int) -> Path:
    return scratch / f"frame-{part:04d}.part"


def _append(path: Path, targets: list[Target]) -> None:
    with path.open("ab") as stream:
        _write_block(stream, [msgspec.structs.astuple(target) for target in targets])


def _write_block(stream: BinaryIO, rows: Sequence[tuple[object, ...]]) -> None:
    block = msgspec.msgpack.encode(rows)
    stream.write(len(block).to_bytes(_LENGTH_BYTES, "big"))
    stream.write(block)


def _blocks(path: Path) -> Iterator[list[Row]]:
    if not path.exists():
        return
    decoder = msgspec.msgpack.Decoder(list[Row])
    with path.open("rb") as stream:
        while length := stream.read(_LENGTH_BYTES):
            yield decoder.decode(stream.read(int.from_bytes(length, "big")))
