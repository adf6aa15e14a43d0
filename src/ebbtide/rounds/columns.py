"""Columns of Arrow from plain values and back, made of their buffers.

``pyarrow.array`` and ``to_numpy`` import pandas wherever it is installed: a third of a second of every process.
"""

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any

import msgspec
import pyarrow as pa

_CODES = {pa.int64(): "q", pa.uint64(): "Q", pa.float64(): "d"}
_BITS = 8


def make_column(values: Sequence[Any], data_type: pa.DataType, *, nullable: bool) -> pa.Array:
    """A column of Arrow.

    Args:
        values: As ``schemas`` reads the record: numbers, texts, octets, sequences of them, of pairs, or records.
        data_type: Of the column.
        nullable: Whether ``None`` may be among the values.

    Raises:
        TypeError, AttributeError, OverflowError: A value is not of that type.
    """
    if not nullable:
        return _filled(values, data_type, None)
    present = [value is not None for value in values]
    if all(present):
        return _filled(values, data_type, None)
    # What stands under a null is never read, but Parquet wants it whole: a record's own columns must not be null.
    stand_in = _stand_in(data_type)
    return _filled([stand_in if value is None else value for value in values], data_type, _bitmap(present))


def make_scalar(value: Any, data_type: pa.DataType) -> pa.Scalar:
    """One value, to compare a column with."""
    return make_column([value], data_type, nullable=False)[0]


def column_values(column: pa.ChunkedArray | pa.Array) -> list[Any]:
    """The values of a column; a list of pairs becomes a tuple of tuples."""
    if isinstance(column, pa.ChunkedArray):
        return [value for chunk in column.chunks for value in column_values(chunk)]
    if column.null_count == len(column):
        return [None] * len(column)
    if column.null_count or not pa.types.is_list(column.type) or not pa.types.is_struct(column.type.value_type):
        values: list[Any] = column.to_pylist()
        return values
    bounds = column.offsets.to_pylist()
    structs = column.values.slice(bounds[0], bounds[-1] - bounds[0])
    pairs = list(zip(*(part.to_pylist() for part in structs.flatten()), strict=True))
    return [tuple(pairs[low - bounds[0] : high - bounds[0]]) for low, high in pairwise(bounds)]


def _filled(values: Sequence[Any], data_type: pa.DataType, validity: pa.Buffer | None) -> pa.Array:
    """A column without ``None``, under a bitmap that may declare some of it null."""
    count = len(values)
    if not count:
        return pa.nulls(0, data_type)
    if pa.types.is_string(data_type) or pa.types.is_binary(data_type):
        octets = [value.encode() for value in values] if pa.types.is_string(data_type) else values
        return pa.Array.from_buffers(data_type, count, [validity, _offsets(octets), pa.py_buffer(b"".join(octets))])
    if pa.types.is_boolean(data_type):
        return pa.Array.from_buffers(data_type, count, [validity, _bitmap(values)])
    if pa.types.is_list(data_type):
        inner = _filled(list(chain.from_iterable(values)), data_type.value_type, None)
        return pa.Array.from_buffers(data_type, count, [validity, _offsets(values)], children=[inner])
    if pa.types.is_struct(data_type):
        rows = (value if isinstance(value, tuple) else msgspec.structs.astuple(value) for value in values)
        parts = list(zip(*rows, strict=True))
        children = [
            make_column(part, field.type, nullable=field.nullable) for part, field in zip(parts, data_type, strict=True)
        ]
        return pa.Array.from_buffers(data_type, count, [validity], children=children)
    return pa.Array.from_buffers(data_type, count, [validity, pa.py_buffer(array(_CODES[data_type], values))])


def _stand_in(data_type: pa.DataType) -> Any:
    """Any value of a type."""
    if pa.types.is_struct(data_type):
        return tuple(_stand_in(field.type) for field in data_type)
    if pa.types.is_list(data_type):
        return ()
    return "" if pa.types.is_string(data_type) else b"" if pa.types.is_binary(data_type) else 0


def _offsets(values: Iterable[Sequence[object]]) -> pa.Buffer:
    return pa.py_buffer(array("i", accumulate(map(len, values), initial=0)))


def _bitmap(bits: Sequence[bool]) -> pa.Buffer:
    """One bit a value, the lowest first."""
    text = "".join("1" if bit else "0" for bit in reversed(bits))
    return pa.py_buffer(int(text or "0", 2).to_bytes(-(-len(bits) // _BITS), "little"))
