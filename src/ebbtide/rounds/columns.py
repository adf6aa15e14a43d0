"""Columns of Arrow from plain values and back, made of their buffers.

``pyarrow.array`` and ``to_numpy`` import pandas wherever it is installed: a third of a second of every process.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain, pairwise
from types import MappingProxyType
from typing import Any, Literal

import msgspec
import pyarrow as pa

_Code = Literal["q", "Q", "d", "i"]
_CODES: Mapping[pa.DataType, _Code] = MappingProxyType({pa.int64(): "q", pa.uint64(): "Q", pa.float64(): "d"})
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
    absent = values.count(None)
    if not absent:
        return _filled(values, data_type, None)
    if absent == len(values):
        return _none(absent, data_type)
    present = [value is not None for value in values]
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
    kind = column.type
    if not column.null_count and kind in _CODES:
        return _numbers(column.buffers()[1], _CODES[kind], column.offset, len(column))
    if not column.null_count and (pa.types.is_string(kind) or pa.types.is_binary(kind)):
        return _octet_values(column, is_text=pa.types.is_string(kind))
    if not column.null_count and pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        bounds = _numbers(column.buffers()[1], "i", column.offset, len(column) + 1)
        structs = column.values.slice(bounds[0], bounds[-1] - bounds[0])
        pairs = list(zip(*map(column_values, structs.flatten()), strict=True))
        return [tuple(pairs[low - bounds[0] : high - bounds[0]]) for low, high in pairwise(bounds)]
    values: list[Any] = column.to_pylist()
    return values


def _numbers(octets: pa.Buffer, code: _Code, start: int, count: int) -> list[Any]:
    values: list[Any] = memoryview(octets).cast("B").cast(code)[start : start + count].tolist()
    return values


def _octet_values(column: pa.Array, *, is_text: bool) -> list[Any]:
    """Texts or octets, none of them null; a column that holds one short text all along needs it only once."""
    _, places, content = column.buffers()
    bounds = _numbers(places, "i", column.offset, len(column) + 1)
    low, high = bounds[0], bounds[-1]
    held = bytes(memoryview(content)[low:high]) if high > low else b""
    length = bounds[1] - low
    if length * len(column) == len(held) and held[:length] * len(column) == held:
        first = held[:length]
        return [first.decode() if is_text else first] * len(column)
    values = [held[start - low : end - low] for start, end in pairwise(bounds)]
    return [value.decode() for value in values] if is_text else values


def _filled(values: Sequence[Any], data_type: pa.DataType, validity: pa.Buffer | None) -> pa.Array:
    """A column without ``None``, under a bitmap that may declare some of it null."""
    count = len(values)
    if not count:
        return pa.nulls(0, data_type)
    if pa.types.is_string(data_type) or pa.types.is_binary(data_type):
        octets = _octets(values) if pa.types.is_string(data_type) else values
        return pa.Array.from_buffers(data_type, count, [validity, _offsets(octets), pa.py_buffer(b"".join(octets))])
    if pa.types.is_boolean(data_type):
        return pa.Array.from_buffers(data_type, count, [validity, _bitmap(values)])
    if pa.types.is_list(data_type):
        inner = _filled(list(chain.from_iterable(values)), data_type.value_type, None)
        return pa.Array.from_buffers(data_type, count, [validity, _offsets(values)], children=[inner])
    if pa.types.is_struct(data_type):
        rows = [value if isinstance(value, tuple) else msgspec.structs.astuple(value) for value in values]
        parts = list(zip(*rows, strict=True))
        children = [
            make_column(part, field.type, nullable=field.nullable) for part, field in zip(parts, data_type, strict=True)
        ]
        return pa.Array.from_buffers(data_type, count, [validity], children=children)
    return pa.Array.from_buffers(data_type, count, [validity, pa.py_buffer(array(_CODES[data_type], values))])


def _none(count: int, data_type: pa.DataType) -> pa.Array:
    """A column in which every value is null; the columns of a record hold their stand-ins, as in ``make_column``."""
    if not pa.types.is_struct(data_type):
        return pa.nulls(count, data_type)
    children = [_filled([_stand_in(field.type)] * count, field.type, None) for field in data_type]
    return pa.Array.from_buffers(data_type, count, [pa.py_buffer(bytes(-(-count // _BITS)))], children=children)


def _octets(texts: Sequence[str]) -> list[bytes]:
    """Texts as UTF-8; many columns hold one text all along."""
    first = texts[0]
    return [first.encode()] * len(texts) if texts.count(first) == len(texts) else [text.encode() for text in texts]


def _stand_in(data_type: pa.DataType) -> Any:
    """Any value of a type."""
    if pa.types.is_struct(data_type):
        return tuple(_stand_in(field.type) for field in data_type)
    if pa.types.is_list(data_type):
        return ()
    return "" if pa.types.is_string(data_type) else b"" if pa.types.is_binary(data_type) else 0


def _offsets(values: Iterable[Sequence[object]]) -> pa.Buffer:
    return pa.py_buffer(array("i", accumulate(map(len, values), initial=0)))


def _bitmap(bits: Sequence[object]) -> pa.Buffer:
    """One bit a value, the lowest first."""
    text = "".join("1" if bit else "0" for bit in reversed(bits))
    return pa.py_buffer(int(text or "0", 2).to_bytes(-(-len(bits) // _BITS), "little"))
