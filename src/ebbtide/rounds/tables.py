"""Writing rows to Parquet, a file a shard, and reading them back."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from ebbtide.rounds.columns import column_values, make_column
from ebbtide.rounds.durable import make_folder, replacing
from ebbtide.rounds.entries import FileRef
from ebbtide.rounds.schemas import RECORDS, arrow_schema

Row = TypeVar("Row", bound=msgspec.Struct)

ROWS_A_GROUP = 50_000
ROWS_A_BATCH = 1024
COMPRESSION = "zstd"
FEW_ROWS = 4096
"""Below this a file's cost is that of its columns, not of its rows."""
_LEVEL = -1
_BUFFER_BYTES = 1 << 16
_BLOBS = frozenset({"bodies", "certificates"})


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
    parts = [arrow_table(RECORDS[table], rows)]
    return write_arrow(root, table, shard, parts, len(rows), below=below)


def write_tuples(root: Path, table: str, shard: int, groups: Iterable[Sequence[tuple[Any, ...]]], rows: int) -> FileRef:
    """As ``write_shard``, of groups of plain tuples, of which one is in memory at a time; all but the last are full.

    Args:
        root: The round's folder.
        table: A key of ``RECORDS``.
        shard: Whose rows they are.
        groups: ``ROWS_A_GROUP`` rows each, in the order of the record's attributes.
        rows: How many there are in all.
    """
    return write_arrow(root, table, shard, (tuples_table(RECORDS[table], group) for group in groups), rows)


def write_arrow(
    root: Path, table: str, shard: int, parts: Iterable[pa.Table], most_rows: int, *, below: str = ""
) -> FileRef:
    """Write Arrow tables of the right schema one after the other into one new file.

    No reader looks at the file before the log lists it, and the commit that lists it flushes it to the disk.

    Args:
        root: The round's folder.
        table: A key of ``RECORDS``.
        shard: Whose rows they are.
        parts: The rows.
        most_rows: No more rows than this will come.
        below: See ``write_sharded``.
    """
    folder = f"{below}/{shard_folder(table, shard)}".lstrip("/")
    relative = f"{folder}/{uuid4().hex}.parquet"
    make_folder(root / folder)
    rows = 0
    with (
        replacing(root / relative, flushes=False) as unfinished,
        pa.output_stream(str(unfinished), buffer_size=_BUFFER_BYTES) as stream,
        pq.ParquetWriter(stream, arrow_schema(RECORDS[table]), **_layout(table, most_rows)) as out,
    ):
        for part in parts:
            out.write_table(part, row_group_size=ROWS_A_GROUP)
            rows += part.num_rows
    return FileRef(table, shard, relative, rows)


def _layout(table: str, most_rows: int) -> dict[str, Any]:
    """How a file is encoded.

    Bodies and certificates are distinct and long: a dictionary or a least value of them would only cost time. Where
    rows are few, starting zstd for every column costs more than all the rest.
    """
    if table in _BLOBS:
        return {
            "compression": COMPRESSION,
            "compression_level": _LEVEL,
            "use_dictionary": False,
            "write_statistics": False,
        }
    if most_rows < FEW_ROWS:
        return {"compression": "snappy", "use_dictionary": False, "write_statistics": False}
    return {"compression": COMPRESSION}


def arrow_table(record: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> pa.Table:
    """Records as an Arrow table of their schema."""
    return tuples_table(record, list(map(msgspec.structs.astuple, rows)))


def tuples_table(record: type[msgspec.Struct], rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """As ``arrow_table``, of plain tuples in the order of the record's attributes."""
    schema = arrow_schema(record)
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    return pa.Table.from_arrays(
        [
            make_column(column, field.type, nullable=field.nullable)
            for column, field in zip(columns, schema, strict=True)
        ],
        schema=schema,
    )


def read_arrow(root: Path, files: Iterable[FileRef], table: str, columns: Sequence[str] = ()) -> pa.Table:
    """All rows of some files of one table, with the columns of today's schema.

    Columns that an older version did not write are null.
    """
    wanted = _wanted(table, columns)
    parts = [conform(_read_file(root / file.path, wanted.names), wanted) for file in files]
    return pa.concat_tables(parts) if parts else _empty(wanted)


def conform(table: pa.Table, wanted: pa.Schema) -> pa.Table:
    """A table with exactly the wanted columns, null where it has none."""
    present = set(table.column_names)
    columns = [
        table.column(field.name) if field.name in present else pa.nulls(table.num_rows, field.type) for field in wanted
    ]
    if all(column.type == field.type for column, field in zip(columns, wanted, strict=True)):
        return pa.Table.from_arrays(columns, schema=wanted)
    return pa.Table.from_arrays(columns, names=wanted.names).cast(wanted)


def file_batches(root: Path, files: Iterable[FileRef], table: str, columns: Sequence[str] = ()) -> Iterator[pa.Table]:
    """As ``read_arrow``, some rows at a time."""
    wanted = _wanted(table, columns)
    for file in files:
        with pq.ParquetFile(root / file.path) as source:
            for batch in source.iter_batches(batch_size=ROWS_A_BATCH, columns=wanted.names, use_threads=False):
                yield conform(pa.Table.from_batches([batch]), wanted)


def read_rows(root: Path, files: Iterable[FileRef], table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Rows of some files as plain tuples of the named columns, file by file."""
    for file in files:
        part = read_arrow(root, [file], table, columns)
        yield from zip(*(column_values(part.column(name)) for name in columns), strict=True)


def _wanted(table: str, columns: Sequence[str]) -> pa.Schema:
    """Some columns of today's schema, or all; each may be null, since an older version may not have written it."""
    schema = arrow_schema(RECORDS[table])
    fields = [schema.field(name) for name in columns] if columns else list(schema)
    return pa.schema([field.with_nullable(True) for field in fields])


def _read_file(path: Path, columns: Sequence[str]) -> pa.Table:
    """Some columns of a file; those that it lacks are left out. ``read_table`` would import a machinery for folders."""
    with pq.ParquetFile(path) as source:
        return source.read(columns=columns, use_threads=False)


def _empty(schema: pa.Schema) -> pa.Table:
    return pa.Table.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)
