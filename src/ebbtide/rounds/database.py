"""DuckDB over all rounds of a survey: views that name their files from the logs; nothing can be written."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import msgspec

from ebbtide.model.errors import SurveyFolderError
from ebbtide.rounds.duck import connect, quoted
from ebbtide.rounds.entries import CENSUS
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.log import LogState
from ebbtide.rounds.round import Round
from ebbtide.rounds.views import VIEWS, RoundFiles, view_sql

_CHECKS = (
    'CREATE TABLE checks (round VARCHAR, judgement VARCHAR, "check" VARCHAR, version VARCHAR, name VARCHAR, '
    "level VARCHAR, severity VARCHAR, families VARCHAR[])"
)
_DESIGNS = (
    "CREATE TABLE designs (round VARCHAR, kind VARCHAR, turn BIGINT, leaving DOUBLE, stratum VARCHAR, sites BIGINT, "
    "fraction DOUBLE, drawn BIGINT, kept BIGINT)"
)
_ROUNDS = "CREATE TABLE rounds (round VARCHAR, reference_date DATE, state VARCHAR, ordinal INTEGER, judgement VARCHAR)"


def open_database(
    folder: SurveyFolder,
    judgements: Mapping[str, str] = MappingProxyType({}),
    shard: int | None = None,
    most_memory: int | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open all rounds for questions.

    The connection can read the files that the logs list, and no other; its settings are locked. Tables that are made
    in it live in memory and go with it.

    Args:
        folder: The survey.
        judgements: Label of a round to the id of the judgement that is read; each round's current one if not named.
        shard: Only this shard's files; ``None`` for all.
        most_memory: Octets that questions may take before they spill; by default a share of the machine's.

    Returns:
        A connection with the views ``targets``, ``outcomes``, ``final_outcomes``, ``exchanges``, ``bodies``,
        ``certificates``, ``address_units``, ``software`` and ``verdicts`` (of each round's current judgement), and the
        tables ``checks``, ``rounds`` and ``designs`` (a row a drawn stratum; none of a census).

    Raises:
        SurveyFolderError: A log is damaged, or a newer version wrote it.
    """
    rounds = sorted(
        (folder.round(label) for label in folder.labels()), key=lambda each: (each.reference_date, each.label)
    )
    connection = connect(folder.path) if most_memory is None else connect(folder.path, most_memory)
    try:
        states = {each.label: _read_state(each, judgements.get(each.label, ""), shard) for each in rounds}
        _fill(connection, rounds, states)
        _confine(connection, rounds, states)
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


def _read_state(each: Round, judgement: str, shard: int | None) -> LogState:
    """What the log says, with the judgement that is wanted as the current one, and the files of one shard if asked."""
    state = msgspec.structs.replace(each.log_state, current=judgement or each.log_state.current)
    if shard is None:
        return state
    judged = {
        name: msgspec.structs.replace(entry, files=tuple(file for file in entry.files if file.shard == shard))
        for name, entry in state.judgements.items()
    }
    files = [file for file in state.files if file.shard == shard]
    return msgspec.structs.replace(state, files=files, judgements=judged)


def _fill(connection: duckdb.DuckDBPyConnection, rounds: list[Round], states: Mapping[str, LogState]) -> None:
    files = [RoundFiles(each.label, each.path, states[each.label]) for each in rounds]
    for name in VIEWS:
        connection.execute(view_sql(name, files))
    connection.execute(_CHECKS)
    connection.execute(_ROUNDS)
    connection.execute(_DESIGNS)
    for ordinal, each in enumerate(rounds, 1):
        day = date.fromisoformat(each.reference_date)
        judgement = states[each.label].current or None
        row = [each.label, day, str(each.state), ordinal, judgement]
        connection.execute("INSERT INTO rounds VALUES (?, ?, ?, ?, ?)", row)
        _fill_design(connection, each.label, states[each.label])
        if judgement is None:
            continue
        for check in each.manifest(judgement).checks:
            connection.execute(
                "INSERT INTO checks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(each.label, judgement, check.id, check.version, check.name),
                    *(str(check.level), check.severity, list(check.families)),
                ],
            )


def _fill_design(connection: duckdb.DuckDBPyConnection, label: str, state: LogState) -> None:
    design = state.plan.design if state.plan is not None else None
    if design is None or design.kind == CENSUS:
        return
    for each in design.strata:
        row = [label, design.kind, design.turn, design.leaving]
        row += [each.stratum, each.sites, each.fraction, each.drawn, each.kept]
        connection.execute("INSERT INTO designs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _confine(connection: duckdb.DuckDBPyConnection, rounds: list[Round], states: Mapping[str, LogState]) -> None:
    """Close everything but the files that are read; the order matters, the lock comes last."""
    paths = [path for each in rounds for path in _readable(each, states[each.label])]
    connection.execute(f"SET allowed_paths = [{', '.join(quoted(str(path)) for path in paths)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _readable(each: Round, state: LogState) -> list[Path]:
    return [each.path / file.path for name in VIEWS for file in state.files_of(name)]


def _first_sentence(message: str) -> str:
    """What DuckDB says, without the picture of the query below it."""
    return " ".join(message.split("\n\nLINE ", maxsplit=1)[0].split())
