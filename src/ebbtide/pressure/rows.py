"""Attacks as rows of 27 octets: so many in memory, all others in a temporary file that has no name."""

import tempfile
import weakref
from collections.abc import Callable, Iterator
from typing import IO, cast

import numpy as np
import numpy.typing as npt

ROW = np.dtype(
    [("source", "<u8"), ("time_s", "<i8"), ("day", "<i4"), ("form", "<u4"), ("signature", "<u2"), ("near", "u1")]
)
"""Numbers of source, form and signature; seconds since 1970; day as an ordinal; nearness."""

MOST_IN_MEMORY = 1 << 18
_PIECE_ROWS = 1 << 15
_LEAST_RECENT = 256
_PART_BITS = 6
_PARTS = 1 << _PART_BITS
_FIRST_SHIFT = 64 - _PART_BITS

Rows = npt.NDArray[np.void]
Numbers = npt.NDArray[np.uint64]
Key = Callable[[Rows], Numbers]
"""A number for each row, of 64 bits."""


class RowStore:
    """Rows in the order in which they were added.

    Args:
        most: How many fit into memory at once.
        most_recent: How many are gathered before they go to the disk; as many as ``most`` if it is not given.
    """

    def __init__(self, most: int = MOST_IN_MEMORY, most_recent: int | None = None) -> None:
        self._most = most
        self._most_recent = most if most_recent is None else most_recent
        self._recent: list[Rows] = []
        self._recent_rows = 0
        self._stored_rows = 0
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        """How many rows there are."""
        return self._recent_rows + self._stored_rows

    def add(self, rows: Rows) -> None:
        """Add some rows."""
        if not len(rows):
            return
        self._recent.append(rows)
        self._recent_rows += len(rows)
        if self._recent_rows > self._most_recent:
            self._store()

    def _store(self) -> None:
        if self._file is None:
            self._file = cast("IO[bytes]", tempfile.TemporaryFile(prefix="ebbtide-"))  # noqa: SIM115  closed with us
            weakref.finalize(self, self._file.close)
        self._file.seek(0, 2)
        for rows in self._recent:
            self._file.write(rows.tobytes())
        self._stored_rows += self._recent_rows
        self._recent, self._recent_rows = [], 0

    def __iter__(self) -> Iterator[Rows]:
        """All rows, in pieces."""
        for begin in range(0, self._stored_rows, _PIECE_ROWS):
            if self._file is not None:
                self._file.seek(begin * ROW.itemsize)
                count = min(_PIECE_ROWS, self._stored_rows - begin)
                yield np.frombuffer(self._file.read(count * ROW.itemsize), ROW)
        yield from self._recent

    def parts(self, key: Key, shift: int = _FIRST_SHIFT) -> "Iterator[RowStore]":
        """All rows, divided by their keys into parts that fit into memory, in rising order of keys.

        Rows of one key come in one part, in the order in which they were added. A part has more rows than fit only
        where one key has. No part is empty.

        Args:
            key: By it rows are divided, from its highest bits down.
            shift: How many bits lie below those by which rows are divided first.
        """
        if len(self) <= self._most or shift < 0:
            if len(self):
                yield self
            return
        stores = [RowStore(self._most, max(self._most // _PARTS, _LEAST_RECENT)) for _ in range(_PARTS)]
        for piece in self:
            number = (key(piece) >> np.uint64(shift)) & np.uint64(_PARTS - 1)
            order = np.argsort(number, kind="stable")
            bounds = np.searchsorted(number[order], np.arange(_PARTS + 1, dtype=np.uint64))
            divided = piece[order]
            for store, begin, end in zip(stores, bounds[:-1], bounds[1:], strict=True):
                store.add(divided[begin:end].copy())  # a view would keep all of them in memory
        while stores:
            yield from stores.pop(0).parts(key, shift - _PART_BITS)


def by_source(rows: Rows) -> Numbers:
    """Keys that are the same for the same source, evenly spread."""
    return cast("Numbers", rows["source"] * np.uint64(0x9E3779B97F4A7C15))


def by_time(first_s: int, last_s: int) -> Key:
    """Keys that rise with the time, for rows from the first moment to the last."""
    shift = np.uint64(64 - max((last_s - first_s).bit_length(), 1))
    return lambda rows: cast("Numbers", (rows["time_s"] - first_s).astype(np.uint64) << shift)
