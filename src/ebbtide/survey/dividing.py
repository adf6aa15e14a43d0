"""Work divided by network: whole prefixes go to one lane, and a lane is asked batch after batch, never two at once."""

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import msgspec

from ebbtide.frame.ids import prefix_of
from ebbtide.probe.settings import Assignment

BUCKETS = 256
_WAITING = 64
_LENGTH_BYTES = 4


class Divider:
    """Takes assignments in any order and any number, and keeps them in scratch files by their prefix.

    Args:
        scratch: Folder to make.
    """

    def __init__(self, scratch: Path) -> None:
        scratch.mkdir(parents=True)
        self._scratch = scratch
        self._waiting: list[list[Assignment]] = [[] for _ in range(BUCKETS)]
        self._counts = [0] * BUCKETS

    @property
    def total(self) -> int:
        """Assignments taken."""
        return sum(self._counts)

    def add(self, assignment: Assignment) -> None:
        """Take one."""
        bucket = bucket_of(prefix_of(assignment.addresses[0]))
        self._counts[bucket] += 1
        self._waiting[bucket].append(assignment)
        if len(self._waiting[bucket]) == _WAITING:
            self._spill(bucket)

    def lanes(self, batch_targets: int, processes: int) -> "list[Lane]":
        """All work as lanes, the longest first; no prefix is in two of them.

        Args:
            batch_targets: About so many targets make a lane, fewer where there would be too few lanes.
            processes: Lanes are wanted for twice as many.
        """
        for bucket in range(BUCKETS):
            self._spill(bucket)
        wanted = max(1, min(batch_targets, -(-self.total // (2 * processes))))
        lanes: list[Lane] = []
        paths: list[Path] = []
        count = 0
        for bucket in range(BUCKETS):
            if self._counts[bucket]:
                paths.append(self._path(bucket))
                count += self._counts[bucket]
            if count >= wanted:
                lanes.append(Lane(paths, count, batch_targets))
                paths, count = [], 0
        if paths:
            lanes.append(Lane(paths, count, batch_targets))
        return sorted(lanes, key=lambda lane: -lane.count)

    def _spill(self, bucket: int) -> None:
        if self._waiting[bucket]:
            block = msgspec.msgpack.encode(self._waiting[bucket])
            with self._path(bucket).open("ab") as file:
                file.write(len(block).to_bytes(_LENGTH_BYTES, "big") + block)
            self._waiting[bucket].clear()

    def _path(self, bucket: int) -> Path:
        return self._scratch / f"bucket-{bucket:03d}"


class Lane:
    """Whole prefixes that are asked one batch after the other.

    Args:
        paths: Scratch files.
        count: Assignments in them.
        batch_targets: Most in one batch.
    """

    def __init__(self, paths: list[Path], count: int, batch_targets: int) -> None:
        self.count = count
        self._batch_targets = batch_targets
        self._assignments = _read(paths)

    def next_batch(self) -> list[Assignment]:
        """The next assignments; empty at the end."""
        return [each for _, each in zip(range(self._batch_targets), self._assignments, strict=False)]


def bucket_of(prefix: str) -> int:
    """Which bucket holds a prefix."""
    return blake2b(prefix.encode("ascii"), digest_size=1).digest()[0]


def _read(paths: list[Path]) -> Iterator[Assignment]:
    decoder = msgspec.msgpack.Decoder(list[Assignment])
    for path in paths:
        with path.open("rb") as file:
            while head := file.read(_LENGTH_BYTES):
                yield from decoder.decode(file.read(int.from_bytes(head, "big")))
