"""Writing rows to Parquet, a file a shard, and reading them back."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from ebbtide.rounds.durable import make_folder, replacing, sync_folder
from ebbtide.rounds.entries import FileRef
from ebbtide.rounds.schemas import RECORDS, arrow_schema

Row = TypeVar("Row", bound=msgspec.Struct)

ROWS_A_GROUP = 50_000
COMPRESSION = "zstd"


def shard_folder(table: str, shard: int) -> str:
    """Folder of a shard of a table, relative to the round's."""
    below = "units/address" if table == "address_units" else table
    return f"{below}/shard={shard:02d}"


def write_sharded(
    root: Path, table: str, rows: Iterable[Row], shard_of_row: Callable[[Row], int], *, below: str = ""
) -> list[FileRef]:
    """Write rows into one new file a shard.

    Args:
        root: The round's folder.
        table: A key of ``RECORDS``.
        rows: Records of that table.
        shard_of_row: Which shard keeps a row.
        below: Folder under ``root`` that holds the table; the round's own folder if empty.

    Returns:
        The files, which no reader sees before the log lists them.
    """
    by_shard: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_shard[shard_of_row(row)].append(row)
    return [write_shard(root, table, shard, by_shard[shard], below=below) for shard in sorted(by_shard)]


def write_shard(root: Path, table: str, shard: int, rows: Sequence[msgspec.Struct], *, below: str = "") -> FileRef:
    """Write all rows of one shard into one new file; see ``write_sharded``."""
    return write_arrow(root, table, shard, [arrow_table(RECORDS[table], rows)], below=below)


def write_arrow(root: Path, table: str, shard: int, parts: Iterable[pa.Table], *, below: str = "") -> FileRef:
    """Write Arrow tables of the right schema one after the other into one new file."""
    schema = arrow_schema(RECORDS[table])
    folder = f"{below}/{shard_folder(table, shard)}".lstrip("/")
    relative = f"{folder}/{uuid4().hex}.parquet"
    make_folder(root / folder)
    rows = 0
    with replacing(root / relative) as unfinished:
        # Bodies and certificates are distinct: a dictionary of them would only cost time.
        has_dictionary = table not in ("bodies", "certificates")
        with pq.ParquetWriter(unfinished, schema, compression=COMPRESSION, use_dictionary=has_dictionary) as out:
            for part in parts:
                out.write_table(part, row_group_size=ROWS_A_GROUP)
                rows += part.num_rows
    sync_folder(root / folder)
    return FileRef(table, shard, relative, rows)


def arrow_table(record: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> pa.Table:
    """Records as an Arrow table of their schema."""
    schema = arrow_schema(record)
    columns = zip(*map(msgspec.structs.astuple, rows), strict=True) if rows else ((),) * len(schema)
    return pa.Table.from_arrays(
        [_array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def read_arrow(root: Path, files: Iterable[FileRef], table: str, columns: Sequence[str] = ()) -> pa.Table:
    """All rows of some files of one table, with the columns of today's schema.

    Columns that an older version did not write are null.
    """
    schema = arrow_schema(RECORDS[table])
    fields = [schema.field(name) for name in columns] if columns else list(schema)
    wanted = pa.schema([field.with_nullable(True) for field in fields])
    parts = [conform(pq.read_table(root / file.path, partitioning=None), wanted) for file in files]
    return pa.concat_tables(parts) if parts else wanted.empty_table()


def conform(table: pa.Table, wanted: pa.Schema) -> pa.Table:
    """A table with exactly the wanted columns, null where it has none."""
    present = set(table.column_names)
    columns = [
        table.column(field.name) if field.name in present else pa.nulls(table.num_rows, field.type) for field in wanted
    ]
    return pa.Table.from_arrays(columns, names=wanted.names).cast(wanted)


def read_rows(root: Path, files: Iterable[FileRef], table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Rows of some files as plain tuples of the named columns, file by file."""
    for file in files:
        part = read_arrow(root, [file], table, columns)
        yield from zip(*(part.column(name).to_pylist() for name in columns), strict=True)


def _array(values: Sequence[Any], data_type: pa.DataType) -> pa.Array:
    if pa.types.is_list(data_type) and pa.types.is_struct(data_type.value_type):
        pairs = [pair for value in values for pair in value]
        inner = data_type.value_type
        struct = pa.StructArray.from_arrays(
            [pa.array([pair[place] for pair in pairs], inner.field(place).type) for place in range(2)],
            fields=[inner.field(place) for place in range(2)],
        )
        return pa.ListArray.from_arrays(_offsets(values), struct, type=data_type)
    if pa.types.is_struct(data_type):
        plain = [None if value is None else msgspec.structs.asdict(value) for value in values]
        return pa.array(plain, data_type)
    return pa.array(values, data_type)


def _offsets(values: Iterable[Sequence[object]]) -> pa.Array:
    offsets = [0]
    for value in values:
        offsets.append(offsets[-1] + len(value))
    return pa.array(offsets, pa.int32())
