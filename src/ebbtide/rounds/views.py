"""The SQL of the views: which files they read, and which columns they have even when there is no file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec
import pyarrow as pa

from ebbtide.rounds.duck import file_list, quoted
from ebbtide.rounds.entries import FileRef
from ebbtide.rounds.log import LogState
from ebbtide.rounds.schemas import RECORDS, arrow_schema

VIEWS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "targets": (("round", "VARCHAR"),),
        "outcomes": (("round", "VARCHAR"),),
        "final_outcomes": (("round", "VARCHAR"),),
        "exchanges": (("round", "VARCHAR"),),
        "bodies": (("round", "VARCHAR"),),
        "certificates": (("round", "VARCHAR"),),
        "certificate_summaries": (("round", "VARCHAR"),),
        "address_units": (("round", "VARCHAR"),),
        "software": (("round", "VARCHAR"), ("judgement", "VARCHAR")),
        "verdicts": (("round", "VARCHAR"), ("judgement", "VARCHAR")),
    }
)
"""Every view over files, with the columns that stand before the table's own."""

COUNTING_ORDER = (
    "(kind = 'answered') DESC, CASE WHEN kind = 'answered' THEN failed_exchange_count ELSE 0 END, attempt DESC"
)
"""The first in this order is the attempt that counts: answered with the fewest failed exchanges, the latest of equals;
without an answered one, the last."""

_SQL_TYPES: Mapping[pa.DataType, str] = MappingProxyType(
    {
        pa.string(): "VARCHAR",
        pa.binary(): "BLOB",
        pa.float64(): "DOUBLE",
        pa.bool_(): "BOOLEAN",
        pa.int64(): "BIGINT",
        pa.uint64(): "UBIGINT",
    }
)


class RoundFiles(msgspec.Struct, frozen=True):
    """A round as the views see it.

    Attributes:
        root: The round's folder.
    """

    label: str
    root: Path
    state: LogState


def view_sql(name: str, rounds: Sequence[RoundFiles]) -> str:
    """``CREATE VIEW`` for one of ``VIEWS`` over all rounds."""
    parts = [_empty(name)] + [part for each in rounds if (part := _round_part(name, each))]
    return f'CREATE VIEW "{name}" AS ' + " UNION ALL BY NAME ".join(parts)


def rows_sql(table: str, root: Path, state: LogState) -> str:
    """All rows of a table of one round, a ``SELECT`` with all of today's columns; the table has a file."""
    files = state.files_of(table)
    return f"{_typed_empty(_own_columns(table))} UNION ALL BY NAME {_select('*', root, files)}"


def final_outcomes_sql(root: Path, state: LogState) -> str:
    """The attempts that count of one round, a ``SELECT`` without the column ``round``; empty if it has no file."""
    sealed = state.files_of("final_outcomes")
    if sealed:
        return _select("*", root, sealed)
    outcomes, targets = state.files_of("outcomes"), state.files_of("targets")
    if not targets:
        return ""
    planned = _select("target_id, site_id", root, targets)
    if not outcomes:
        return planned
    first = f"QUALIFY row_number() OVER (PARTITION BY target_id ORDER BY {COUNTING_ORDER}) = 1"
    best = f"{_select('* EXCLUDE (site_id)', root, outcomes)} {first}"
    return f"SELECT * FROM ({planned}) planned LEFT JOIN ({best}) best USING (target_id)"  # noqa: S608  # made of our own names and quoted paths


def _select(columns: str, root: Path, files: Sequence[FileRef]) -> str:
    return f"SELECT {columns} FROM {file_list(root, [file.path for file in files])}"  # noqa: S608  # made of our own names and quoted paths


def _round_part(name: str, each: RoundFiles) -> str:
    constants = {"round": each.label, "judgement": each.state.current}
    first = ", ".join(f'{quoted(constants[column])} AS "{column}"' for column, _ in VIEWS[name])
    if name == "final_outcomes":
        rows = final_outcomes_sql(each.root, each.state)
        return f"SELECT {first}, * FROM ({rows})" if rows else ""  # noqa: S608  # made of our own names and quoted paths
    files = each.state.files_of(name)
    return _select(f"{first}, *", each.root, files) if files else ""


def _empty(name: str) -> str:
    """No row, with all columns and types: what an older version did not write becomes NULL."""
    return _typed_empty((*VIEWS[name], *_own_columns(name)))


def _own_columns(table: str) -> list[tuple[str, str]]:
    return [(field.name, _sql_type(field.type)) for field in arrow_schema(RECORDS[table])]


def _typed_empty(columns: Sequence[tuple[str, str]]) -> str:
    cast = ", ".join(f'CAST(NULL AS {sql_type}) AS "{column}"' for column, sql_type in columns)
    return f"SELECT {cast} WHERE false"


def _sql_type(data_type: pa.DataType) -> str:
    if pa.types.is_list(data_type):
        return f"{_sql_type(data_type.value_type)}[]"
    if pa.types.is_struct(data_type):
        inner = ", ".join(f'"{field.name}" {_sql_type(field.type)}' for field in data_type)
        return f"STRUCT({inner})"
    return _SQL_TYPES[data_type]
