"""DuckDB over all rounds of a survey: views that name their files from the logs; nothing can be written."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from ebbtide.model.errors import SurveyFolderError
from ebbtide.rounds.duck import connect, quoted
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.round import Round
from ebbtide.rounds.views import VIEWS, RoundFiles, view_sql

_CHECKS = (
    'CREATE TABLE checks (round VARCHAR, judgement VARCHAR, "check" VARCHAR, version VARCHAR, name VARCHAR, '
    "level VARCHAR, severity VARCHAR, families VARCHAR[])"
)
_ROUNDS = "CREATE TABLE rounds (round VARCHAR, reference_date DATE, state VARCHAR, ordinal INTEGER, judgement VARCHAR)"


def open_database(folder: SurveyFolder) -> duckdb.DuckDBPyConnection:
    """Open all rounds for questions.

    The connection can read the files that the logs list, and no other; its settings are locked. Tables that are made
    in it live in memory and go with it.

    Args:
        folder: The survey.

    Returns:
        A connection with the views ``targets``, ``outcomes``, ``final_outcomes``, ``exchanges``, ``bodies``,
        ``certificates``, ``address_units``, ``software`` and ``verdicts`` (of each round's current judgement), and the
        tables ``checks`` and ``rounds``.

    Raises:
        SurveyFolderError: A log is damaged, or a newer version wrote it.
    """
    rounds = sorted(
        (folder.round(label) for label in folder.labels()), key=lambda each: (each.reference_date, each.label)
    )
    connection = connect(folder.path)
    try:
        _fill(connection, rounds)
        _confine(connection, rounds)
    except Exception:
        connection.close()
        raise
    return connection


def ask(folder: SurveyFolder, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Answer one question in SQL.

    Args:
        folder: The survey.
        sql: One ``SELECT`` (or ``FROM``, ``DESCRIBE``, ``SUMMARIZE``) over the views of ``open_database``.

    Returns:
        Names of the columns, and the rows.

    Raises:
        SurveyFolderError: It is no single query, asks for what is not there, or for a file.
    """
    with open_database(folder) as connection:
        try:
            statements = connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise SurveyFolderError("only one query can be asked, and it must be a SELECT.", where="sql")
            cursor = connection.execute(statements[0])
            return [column[0] for column in cursor.description or ()], cursor.fetchall()
        except duckdb.Error as error:
            raise SurveyFolderError(_first_sentence(str(error)), where="sql") from error


def _fill(connection: duckdb.DuckDBPyConnection, rounds: list[Round]) -> None:
    files = [RoundFiles(each.label, each.path, each.log_state) for each in rounds]
    for name in VIEWS:
        connection.execute(view_sql(name, files))
    connection.execute(_CHECKS)
    connection.execute(_ROUNDS)
    for ordinal, each in enumerate(rounds, 1):
        day = date.fromisoformat(each.reference_date)
        row = [each.label, day, str(each.state), ordinal, each.judgement]
        connection.execute("INSERT INTO rounds VALUES (?, ?, ?, ?, ?)", row)
        if each.judgement is None:
            continue
        for check in each.manifest().checks:
            connection.execute(
                "INSERT INTO checks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(each.label, each.judgement, check.id, check.version, check.name),
                    *(str(check.level), check.severity, list(check.families)),
                ],
            )


def _confine(connection: duckdb.DuckDBPyConnection, rounds: list[Round]) -> None:
    """Close everything but the files that are read; the order matters, the lock comes last."""
    paths = [path for each in rounds for path in _readable(each)]
    connection.execute(f"SET allowed_paths = [{', '.join(quoted(str(path)) for path in paths)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _readable(each: Round) -> list[Path]:
    return [each.path / file.path for name in VIEWS for file in each.files(name)]


def _first_sentence(message: str) -> str:
    """What DuckDB says, without the picture of the query below it."""
    return " ".join(message.split("\n\nLINE ", maxsplit=1)[0].split())
