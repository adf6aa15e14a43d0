"""Attacks of a month in columns: some 30 octets a row, with names that occur often written once."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from ebbtide.model.attacks import AttackRow
from ebbtide.rounds.columns import column_values, make_column
from ebbtide.rounds.schemas import arrow_schema

UNKNOWN_NEAR = -1
"""Stands for ``None`` in the column ``near``."""


class Coded(msgspec.Struct, frozen=True):
    """A column of texts.

    Attributes:
        codes: Buffer of 32-bit integers: places among the names.
        names: Each once.
    """

    codes: Any
    names: Sequence[str]


class AttackColumns(msgspec.Struct, frozen=True):
    """Rows of ``AttackRow``; all buffers have the same number of items.

    Attributes:
        times, requests, near: Buffers of 64-bit integers; ``near`` has ``UNKNOWN_NEAR`` for ``None``.
    """

    times: Any
    days: Coded
    signatures: Coded
    sources: Coded
    near: Any
    requests: Any

    def __len__(self) -> int:
        return memoryview(self.times).nbytes // 8


def columns_table(columns: AttackColumns) -> pa.Table:
    """As an Arrow table of the schema of ``AttackRow``."""
    near = _integers(columns.near, len(columns))
    arrays = {
        "time_s": _integers(columns.times, len(columns)),
        "day": _texts(columns.days),
        "signature": _texts(columns.signatures),
        "source": _texts(columns.sources),
        "near": pc.if_else(pc.equal(near, UNKNOWN_NEAR), pa.scalar(None, pa.int64()), near),
        "requests": _integers(columns.requests, len(columns)),
    }
    schema = arrow_schema(AttackRow)
    return pa.Table.from_arrays([arrays[name] for name in schema.names], schema=schema)


def table_columns(table: pa.Table) -> AttackColumns:
    """Columns of an Arrow table that has all columns of ``AttackRow``; they live as long as what is handed out."""
    return AttackColumns(
        times=_buffer(table["time_s"]),
        days=_coded(table["day"]),
        signatures=_coded(table["signature"]),
        sources=_coded(table["source"]),
        near=_buffer(pc.fill_null(table["near"], UNKNOWN_NEAR)),
        requests=_buffer(table["requests"]),
    )


def _integers(buffer: Any, count: int) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(buffer)])


def _texts(coded: Coded) -> pa.Array:
    count = memoryview(coded.codes).nbytes // 4
    codes = pa.Array.from_buffers(pa.int32(), count, [None, pa.py_buffer(coded.codes)])
    names = make_column(list(coded.names), pa.string(), nullable=False)
    return pa.DictionaryArray.from_arrays(codes, names).dictionary_decode()


def _coded(column: pa.ChunkedArray) -> Coded:
    encoded = _whole(column).dictionary_encode()
    return Coded(_view(encoded.indices), tuple(column_values(encoded.dictionary)))


def _buffer(column: pa.ChunkedArray) -> Any:
    return _view(_whole(column))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _view(array: pa.Array) -> Any:
    if not len(array):
        return memoryview(b"")
    width = array.type.bit_width // 8
    return memoryview(array.buffers()[1])[array.offset * width : (array.offset + len(array)) * width]
