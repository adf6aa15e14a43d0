"""The SQL questions: each lies in a file of its own under ``sql``, and is asked by its name."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import duckdb
import msgspec

Sums = tuple[tuple[Any, ...], ...]


class Group(msgspec.Struct, frozen=True, order=True):
    """What a base is: everything that names a group of facts but its category.

    Attributes:
        earlier: Place of the earlier round in the order of the chosen ones, from 1; 0 where one round is looked at.
        later: Place of the round that is spoken of.
    """

    unit: str
    earlier: int
    later: int
    lens: str
    family: str
    check: str
    reading: str


class SumRow(msgspec.Struct, frozen=True):
    """Additive sums of one category of one group in one stratum; see ``sql/sums.sql``."""

    group: Group
    category: str
    stratum: str
    n: int
    met: int
    y: float
    yy: float
    yw: float


WEIGHT_UNIT = 1e9
SQUARE_UNIT = 1e8


def question_text(name: str) -> str:
    """The text of ``sql/<name>.sql``."""
    return (files("ebbtide.estimate") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def ask_question(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[Any, ...]]:
    """All rows of an answer."""
    return connection.execute(question_text(name)).fetchall()


def keep_answer(connection: duckdb.DuckDBPyConnection, name: str, table: str = "") -> None:
    """Keep an answer as a table in memory, for the questions that build on it."""
    connection.execute(f'CREATE OR REPLACE TEMP TABLE "{table or name}" AS {question_text(name)}')


def keep_rows(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]
) -> None:
    """Keep rows of ours as a table in memory.

    Args:
        connection: Where.
        table: Its name.
        columns: Names and SQL types.
        rows: As many values as there are columns in each.
    """
    named = ", ".join(f'unnest(CAST($c{place} AS {kind}[])) AS "{name}"' for place, (name, kind) in enumerate(columns))
    values = {f"c{place}": [row[place] for row in rows] for place in range(len(columns))}
    connection.execute(f'CREATE OR REPLACE TEMP TABLE "{table}" AS SELECT {named}', values)


def ask_sums(connection: duckdb.DuckDBPyConnection, cells: str) -> list[SumRow]:
    """The additive sums of a question whose answer has the columns of a cell.

    Args:
        connection: With the tables that the question builds on.
        cells: Name of the question.
    """
    keep_answer(connection, cells, "cells")
    return [
        SumRow(Group(*row[:7]), row[7], row[8], row[9], row[10], row[11] / WEIGHT_UNIT, row[12] / SQUARE_UNIT,
               row[13] / SQUARE_UNIT)
        for row in ask_question(connection, "sums")
    ]  # fmt: skip
