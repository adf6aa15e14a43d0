"""Arrow schemas, derived from the records of ``model.rows`` by one function."""

import types
import typing
from collections.abc import Mapping
from functools import cache

import msgspec
import pyarrow as pa

from ebbtide.model.rows import (
    AddressUnitRow,
    BodyRow,
    CertificateRow,
    CertificateSummaryRow,
    ExchangeRow,
    OutcomeRow,
    SoftwareRow,
    TargetRow,
    VerdictRow,
)

RECORDS: Mapping[str, type[msgspec.Struct]] = types.MappingProxyType(
    {
        "targets": TargetRow,
        "outcomes": OutcomeRow,
        "final_outcomes": OutcomeRow,
        "exchanges": ExchangeRow,
        "bodies": BodyRow,
        "certificates": CertificateRow,
        "certificate_summaries": CertificateSummaryRow,
        "address_units": AddressUnitRow,
        "software": SoftwareRow,
        "verdicts": VerdictRow,
    }
)
"""Every table of a round and the record of its rows."""

_SCALARS: Mapping[type, pa.DataType] = types.MappingProxyType(
    {str: pa.string(), bytes: pa.binary(), float: pa.float64(), bool: pa.bool_(), int: pa.int64()}
)


@cache
def arrow_schema(record: type[msgspec.Struct]) -> pa.Schema:
    """The schema of a table.

    Args:
        record: A record of ``model.rows``. ``X | None`` becomes a nullable column, a list of pairs a list of
            ``{name, value}``, a record inside it a struct, an ``int`` whose name ends in ``_id`` an unsigned one.
    """
    hints = typing.get_type_hints(record)
    return pa.schema([_field(field.encode_name, hints[field.name]) for field in msgspec.structs.fields(record)])


def schema_lines(table: str) -> list[str]:
    """One line a column, for the test that watches for drift."""
    return [
        f"{table}.{field.name}: {field.type}{'' if field.nullable else ' not null'}"
        for field in arrow_schema(RECORDS[table])
    ]


def _field(name: str, hint: typing.Any) -> pa.Field:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (inner,) = (each for each in typing.get_args(hint) if each is not type(None))
        return pa.field(name, _data_type(name, inner), nullable=True)
    return pa.field(name, _data_type(name, hint), nullable=False)


def _data_type(name: str, hint: typing.Any) -> pa.DataType:
    if hint is int and name.endswith("_id"):
        return pa.uint64()
    if hint in _SCALARS:
        return _SCALARS[hint]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return pa.struct(list(arrow_schema(hint)))
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is list or (origin is tuple and arguments[-1] is ...):
        return pa.list_(pa.field("element", _data_type("", arguments[0]), nullable=False))
    if origin is tuple and len(arguments) == 2:  # noqa: PLR2004  # a pair
        return pa.struct([_field("name", arguments[0]), _field("value", arguments[1])])
    raise TypeError(f"{name}: {hint} has no Arrow type")
