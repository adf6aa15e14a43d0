"""From the views of all rounds to the tables in memory that every question builds on."""

from collections.abc import Iterable, Sequence
from datetime import date

import duckdb
import msgspec

from ebbtide.estimate.fates import check_fate_rows, family_fate_rows
from ebbtide.estimate.questions import ask_question, keep_answer, keep_rows, question_text
from ebbtide.estimate.versions import version_move
from ebbtide.model.errors import EstimateError

TEXT = "VARCHAR"


class ChosenRound(msgspec.Struct, frozen=True):
    """A round that is looked at.

    Attributes:
        place: From 1, rising by reference date.
        judgement: Id of the judgement; empty before the first.
        attempts: A target is silent only after so many finished attempts.
    """

    place: int
    label: str
    reference_date: date
    judgement: str
    attempts: int


class JudgedCheck(msgspec.Struct, frozen=True):
    """A check of a round's judgement; ``families`` is empty where its base is every server."""

    place: int
    check: str
    version: str
    families: tuple[str, ...]


def unjudged(label: str, check: str, known: Iterable[str], more: str = "") -> EstimateError:
    """The mistake of asking for a check that did not judge a round.

    Args:
        label: Of the round.
        check: As asked for.
        known: Those that did.
        more: What else can be asked for, behind them.
    """
    listed = ", ".join(sorted(set(known))[:12]) or "none"
    return EstimateError(
        f"round {label} was not judged by a check {check[:60]!r}.", remedy=f"Its checks are: {listed}{more}."
    )


def prepare(
    connection: duckdb.DuckDBPyConnection, rounds: Sequence[ChosenRound], pairs: Sequence[tuple[int, int]]
) -> tuple[JudgedCheck, ...]:
    """Make the tables that the questions ask.

    Args:
        connection: With the views of ``rounds.database``.
        rounds: At least one.
        pairs: Places (earlier, later) of the rounds to compare.

    Returns:
        The checks of every chosen round.
    """
    chosen = [(each.place, each.label, each.attempts) for each in rounds]
    keep_rows(connection, "chosen", (("ordinal", "INTEGER"), ("round", TEXT), ("attempts", "BIGINT")), chosen)
    keep_rows(connection, "pairs", (("earlier", "INTEGER"), ("later", "INTEGER")), pairs)
    keep_rows(
        connection, "family_fates", [(name, TEXT) for name in ("presence", "software", "fate")], family_fate_rows()
    )
    axes = ("presence", "software", "verdict", "fate")
    keep_rows(connection, "check_fates", [(name, TEXT) for name in axes], check_fate_rows())
    keep_answer(connection, "judged_checks")
    keep_answer(connection, "stored_verdicts")
    keep_answer(connection, "finished_attempts")
    keep_answer(connection, "names")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW unit_names AS {question_text('unit_names')}")
    for name in ("design", "unit_presence", "unit_family", "units", "name_verdicts", "unit_verdicts"):
        keep_answer(connection, name)
    for name in ("overlap_counts", "cohort", "successions"):
        keep_answer(connection, name)
    moves = [(then, now, version_move(then, now)) for then, now in sorted(ask_question(connection, "version_pairs"))]
    keep_rows(connection, "version_moves", [(name, TEXT) for name in ("version_then", "version_now", "move")], moves)
    rows = connection.execute("SELECT ordinal, check_id, version, families FROM judged_checks").fetchall()
    return tuple(
        JudgedCheck(place, check, version, tuple(families)) for place, check, version, families in sorted(rows)
    )
