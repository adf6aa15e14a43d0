"""Tables read in order of ``target_id``, as many rows at a time as memory may hold."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from ebbtide.rounds.columns import make_column, make_scalar
from ebbtide.rounds.entries import FileRef
from ebbtide.rounds.tables import file_batches, read_arrow

ROWS_IN_MEMORY = 400_000
SORTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "targets": ("target_id",),
        "outcomes": ("target_id", "attempt"),
        "exchanges": ("target_id", "attempt", "ordinal"),
    }
)
"""The order of the rows of a sealed table."""

_BYTE = 256


class Range(msgspec.Struct, frozen=True):
    """Targets whose id is at least ``low`` and, if ``high`` is not ``None``, less than that."""

    low: bytes
    high: bytes | None


def divide(passes: int) -> list[Range]:
    """All targets in so many ranges, 256 at most: ids are hashes, so their first byte divides evenly."""
    count = min(_BYTE, passes)
    bounds = [b"", *(bytes([_BYTE * each // count]) for each in range(1, count))]
    return [Range(low, high) for low, high in zip(bounds, [*bounds[1:], None], strict=True)]


def read_range(root: Path, files: Sequence[FileRef], table: str, part: Range, columns: Sequence[str] = ()) -> pa.Table:
    """The rows of some targets in some files, with the columns of today's schema."""
    if not part.low and part.high is None:
        return read_arrow(root, files, table, columns)
    parts = [_within(rows, part) for rows in file_batches(root, files, table, columns)]
    return pa.concat_tables(parts) if parts else read_arrow(root, (), table, columns)


def in_order(rows: pa.Table, keys: Iterable[str]) -> pa.Table:
    """The rows sorted by some columns, rising."""
    return rows.take(pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in keys]))


def has_order(rows: pa.Table, keys: Iterable[str]) -> bool:
    """Whether the rows are sorted by some columns already."""
    places = pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in keys])
    return bool(places.equals(make_column(range(len(places)), pa.uint64(), nullable=False)))


def _within(rows: pa.Table, part: Range) -> pa.Table:
    keep = pc.greater_equal(rows["target_id"], make_scalar(part.low, pa.binary()))
    return rows.filter(
        keep if part.high is None else pc.and_(keep, pc.less(rows["target_id"], make_scalar(part.high, pa.binary())))
    )
