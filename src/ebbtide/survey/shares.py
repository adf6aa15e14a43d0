"""A share of the work on disk: sorted by prefix and address, read with one cursor for each address that is being asked.

The file of a share is, for each prefix, the assignments of its addresses one after the other, then a directory that
tells where each address begins and how many it has. In memory are an integer for each prefix, no assignment that
waits, and an address only once its prefix is asked.
"""

import heapq
import os
import struct
from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby, takewhile
from pathlib import Path
from typing import BinaryIO

import msgspec

from ebbtide.probe.scheduling import home_of
from ebbtide.probe.settings import Assignment

KEY_BYTES = 24
"""Of a record in a bucket: keyed hashes of its prefix, its first address and its target, eight octets each."""

BUCKET_HEADER = struct.Struct(f">I{KEY_BYTES}s")
"""Before each record of a bucket: its length and its key."""

_NEARLY_ALL = 0.9
_IN_MEMORY_BYTES = 24 << 20
_LENGTH = struct.Struct(">I")
_ENTRY = struct.Struct(">QIB")
_READ_BYTES = 512
_LENGTH_CLASSES = 64
_MOST_ADDRESS = 64
"""An address as text is shorter, an IPv4-mapped one with a zone too."""
_PREFIX = slice(0, 8)
_ADDRESS = slice(8, 16)

_Record = tuple[bytes, bytes]


class Share(msgspec.Struct, frozen=True):
    """Whole groups that one process asks; plain values that can be handed to it.

    Attributes:
        buckets: Scratch files of a ``Divider``; they go when the share is sorted.
        path: Where the sorted file is written.
        count: Assignments in them.
        first_attempts: Those of them that were never asked before.
    """

    buckets: tuple[Path, ...]
    path: Path
    count: int
    first_attempts: int

    @property
    def is_first(self) -> bool:
        """Nearly nobody in it was asked before: who is asked again was silent, and tells nothing of our way out."""
        return self.first_attempts >= _NEARLY_ALL * self.count

    def sort(self, is_stopped: Callable[[], bool] = lambda: False) -> "SortedShare":
        """Write the share's file. Memory holds some megabytes at a time, and an integer for each prefix.

        Args:
            is_stopped: Asked before each assignment; once it says so, none follows.
        """
        by_length: list[array[int]] = [array("Q") for _ in range(_LENGTH_CLASSES)]
        with self.path.open("wb") as out:
            for bucket in self.buckets:
                for _, records in groupby(_sorted_records(bucket), key=lambda record: record[0][_PREFIX]):
                    place, count = _write_prefix(out, records)
                    by_length[count.bit_length()].append(place)
                bucket.unlink()
        # The longest first, so that they are not left over at the end; those of about one length as the seed has them.
        return SortedShare(self.path, array("Q", chain.from_iterable(reversed(by_length))), is_stopped)


class SortedShare:
    """Gives out the assignments of a share in the order of its seed; see ``probe.settings.Grouped``.

    Args:
        path: Of the sorted file.
        directories: Where the directory of each prefix begins.
        is_stopped: Once it says so, no assignment follows.
    """

    def __init__(self, path: Path, directories: "array[int]", is_stopped: Callable[[], bool] = lambda: False) -> None:
        self.is_stopped = is_stopped
        self._directories = directories
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._decoder = msgspec.msgpack.Decoder(Assignment)

    def close(self) -> None:
        """Let the file go."""
        os.close(self._descriptor)

    def neighbours(self) -> Iterator["PrefixOnDisk"]:
        """Each prefix once, the longest first."""
        return (PrefixOnDisk(self, place) for place in takewhile(lambda _: not self.is_stopped(), self._directories))

    def __iter__(self) -> Iterator[Assignment]:
        """All assignments, one prefix and address after the other."""
        return (each for prefix in self.neighbours() for _, some in prefix.addresses() for each in some)

    def read(self, place: int) -> bytes:
        """Some octets from a place on."""
        return os.pread(self._descriptor, _READ_BYTES, place)

    def assignment(self, place: int) -> tuple[Assignment, int]:
        """The assignment at a place, and where the next one is."""
        octets = self.read(place)
        end = _LENGTH.size + _LENGTH.unpack_from(octets)[0]
        if end > len(octets):
            octets = os.pread(self._descriptor, end, place)
        return self._decoder.decode(memoryview(octets)[_LENGTH.size : end]), place + end


class PrefixOnDisk:
    """One prefix of a share; see ``probe.settings.Neighbours``."""

    __slots__ = ("_left", "_octets", "_place", "_share", "prefix")

    def __init__(self, share: SortedShare, place: int) -> None:
        self._share = share
        self._octets = share.read(place)
        self._left = _LENGTH.unpack_from(self._octets)[0]
        self._place = place + _LENGTH.size
        self._octets = self._octets[_LENGTH.size :]
        self.prefix = home_of(self._entry()[2])

    def addresses(self) -> Iterator[tuple[str, Iterator[Assignment]]]:
        """Each address once, with its assignments."""
        while self._left and not self._share.is_stopped():
            if len(self._octets) < _ENTRY.size + _MOST_ADDRESS:
                self._octets = self._share.read(self._place)
            begin, count, address = self._entry()
            size = _ENTRY.size + len(address)
            self._octets = self._octets[size:]
            self._place += size
            self._left -= 1
            yield address, _Cursor(self._share, begin, count)

    def _entry(self) -> tuple[int, int, str]:
        """The next entry: where the address's assignments begin, how many, and the address."""
        begin, count, length = _ENTRY.unpack_from(self._octets)
        return begin, count, self._octets[_ENTRY.size : _ENTRY.size + length].decode("ascii")


class _Cursor(Iterator[Assignment]):
    __slots__ = ("_left", "_place", "_share")

    def __init__(self, share: SortedShare, place: int, left: int) -> None:
        self._share = share
        self._place = place
        self._left = left

    def __next__(self) -> Assignment:
        if not self._left or self._share.is_stopped():
            raise StopIteration
        self._left -= 1
        assignment, self._place = self._share.assignment(self._place)
        return assignment


def _write_prefix(out: BinaryIO, records: Iterable[_Record]) -> tuple[int, int]:
    """Write a prefix; where its directory begins, and how many assignments it has."""
    entries: list[tuple[int, int, str]] = []
    total = 0
    for _, some in groupby(records, key=lambda record: record[0][_ADDRESS]):
        begin, count, address = out.tell(), 0, ""
        for _, payload in some:
            address = address or msgspec.msgpack.decode(payload, type=_Addresses).addresses[0]
            out.write(_LENGTH.pack(len(payload)))
            out.write(payload)
            count += 1
        entries.append((begin, count, address))
        total += count
    place = out.tell()
    out.write(_LENGTH.pack(len(entries)))
    entries.sort(key=lambda entry: -entry[1].bit_length())
    for begin, count, address in entries:
        out.write(_ENTRY.pack(begin, count, len(address)) + address.encode("ascii"))
    return place, total


class _Addresses(msgspec.Struct, frozen=True):
    addresses: tuple[str, ...]


def _sorted_records(bucket: Path) -> Iterator[_Record]:
    """The records of a bucket by their keys; one that memory should not hold is sorted in parts first."""
    parts: list[Path] = []
    held: list[_Record] = []
    size = 0
    for record in _records(bucket):
        held.append(record)
        size += len(record[1])
        if size >= _IN_MEMORY_BYTES:
            parts.append(_write_part(bucket.with_suffix(f".{len(parts)}"), sorted(held)))
            held.clear()
            size = 0
    yield from heapq.merge(*map(_records, parts), sorted(held)) if parts else sorted(held)
    for part in parts:
        part.unlink()


def _write_part(path: Path, records: Iterable[_Record]) -> Path:
    with path.open("wb") as out:
        for key, payload in records:
            out.write(BUCKET_HEADER.pack(len(payload), key) + payload)
    return path


def _records(path: Path) -> Iterator[_Record]:
    with path.open("rb") as file:
        while head := file.read(BUCKET_HEADER.size):
            length, key = BUCKET_HEADER.unpack(head)
            yield key, file.read(length)
