"""Work divided by network: whole groups (operators, else prefixes) go to one share, and a share to one process.

The limits of a group then hold without a word between processes.
"""

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import msgspec

from ebbtide.probe.scheduling import home_of
from ebbtide.probe.settings import Assignment
from ebbtide.survey.shares import BUCKET_HEADER, KEY_BYTES, Share

BUCKETS = 256
_WAITING_BYTES = 16_384
_HASH_BYTES = KEY_BYTES // 3


class Divider:
    """Takes assignments in any order and any number, and keeps them in scratch files by their group.

    Args:
        scratch: Folder to make.
        seed: Settles the order in which everything is asked: a permutation of prefixes, of addresses in a prefix, of
            targets at an address.
        operator_of: The operator of an address, empty if none is known.
    """

    def __init__(self, scratch: Path, seed: bytes, operator_of: Callable[[str], str] | None = None) -> None:
        scratch.mkdir(parents=True)
        self._scratch = scratch
        self._seed = blake2b(seed, digest_size=32).digest()
        self._operator_of = operator_of
        self._waiting = [bytearray() for _ in range(BUCKETS)]
        self._counts = [0] * BUCKETS
        self._first_attempts = [0] * BUCKETS
        self._encoder = msgspec.msgpack.Encoder()

    @property
    def total(self) -> int:
        """Assignments taken."""
        return sum(self._counts)

    def add(self, assignment: Assignment) -> None:
        """Take one."""
        address = assignment.addresses[0]
        prefix = home_of(address)
        prefix_hash = self._hash(prefix.encode())
        operator = self._operator_of(address) if self._operator_of else ""
        bucket = (self._hash(b"operator " + operator.encode()) if operator else prefix_hash)[0]
        key = prefix_hash + self._hash(address.encode()) + self._hash(assignment.target.target_id)
        payload = self._encoder.encode(assignment)
        waiting = self._waiting[bucket]
        waiting += BUCKET_HEADER.pack(len(payload), key)
        waiting += payload
        self._counts[bucket] += 1
        self._first_attempts[bucket] += assignment.attempt == 1
        if len(waiting) >= _WAITING_BYTES:
            self._spill(bucket)

    def shares(self, most: int) -> list[Share]:
        """All work, in at most so many shares of about the same size, the largest first; no group is in two of them."""
        for bucket in range(BUCKETS):
            self._spill(bucket)
        holds: list[list[int]] = [[] for _ in range(most)]
        sizes = [0] * most
        for bucket in sorted(range(BUCKETS), key=lambda bucket: -self._counts[bucket]):
            if self._counts[bucket]:
                least = sizes.index(min(sizes))
                holds[least].append(bucket)
                sizes[least] += self._counts[bucket]
        shares = [
            Share(
                tuple(self._path(bucket) for bucket in sorted(held)),
                self._scratch / f"share-{number:03d}",
                size,
                sum(self._first_attempts[bucket] for bucket in held),
            )
            for number, (held, size) in enumerate(zip(holds, sizes, strict=True))
            if size
        ]
        return sorted(shares, key=lambda share: -share.count)

    def _hash(self, octets: bytes) -> bytes:
        return blake2b(octets, digest_size=_HASH_BYTES, key=self._seed).digest()

    def _spill(self, bucket: int) -> None:
        if self._waiting[bucket]:
            with self._path(bucket).open("ab") as file:
                file.write(self._waiting[bucket])
            self._waiting[bucket].clear()

    def _path(self, bucket: int) -> Path:
        return self._scratch / f"bucket-{bucket:03d}"
