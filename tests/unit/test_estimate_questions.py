"""Each SQL question against answers worked out by hand over eight names in two rounds.

name  address  July                      August
a     .1       IIS 4.0, shown            IIS 5.0, not shown         upgraded, mended
b     .1       IIS 4.0, not shown        IIS 5.0, shown             upgraded
c     .2       IIS 5.0, shown            refused
d     .3       IIS 5.0, shown            Apache                     competitor
e     .4       IIS 5.0, cannot tell      silent (2 attempts)
f     .5       Apache                    timed out (1 attempt)      unknown
g     .6       masked, cannot tell       broken off                 blocked
h     none     name not found            not planned

By address .1 is shown both times, since one of its names is.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ebbtide.estimate.preparing import ChosenRound, prepare
from ebbtide.estimate.questions import ask_question, keep_rows, question_text
from ebbtide.rounds.database import open_database
from estimate_rounds import AUGUST, DATES, IDA, IIS, JULY, Seen, build_round, survey_at

NANO = 1_000_000_000
SQL = sorted(path.stem for path in (Path(__file__).parents[2] / "src/ebbtide/estimate/sql").glob("*.sql"))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = survey_at(tmp_path_factory.mktemp("questions"))
    masked = {IDA: "cannot_tell/masked"}
    at = {name: f"127.0.0.{place}" for name, place in zip("abcdefgh", (1, 1, 2, 3, 4, 5, 6, 0), strict=True)}
    at["h"] = ""
    july = [
        Seen("a", at["a"], f"{IIS}/4.0", {IDA: "shown"}),
        Seen("b", at["b"], f"{IIS}/4.0"),
        Seen("c", at["c"], f"{IIS}/5.0", {IDA: "shown"}),
        Seen("d", at["d"], f"{IIS}/5.0", {IDA: "shown"}),
        Seen("e", at["e"], f"{IIS}/5.0", {IDA: "cannot_tell/answers_everything"}),
        Seen("f", at["f"], "apache/1.3.20"),
        Seen("g", at["g"], "unknown", masked),
        Seen("h", at["h"], "no_name"),
    ]
    august = [
        Seen("a", at["a"], f"{IIS}/5.0"),
        Seen("b", at["b"], f"{IIS}/5.0", {IDA: "shown"}),
        Seen("c", at["c"], "refused"),
        Seen("d", at["d"], "apache/1.3.20"),
        Seen("e", at["e"], "silent"),
        Seen("f", at["f"], "silent", attempt=1),
        Seen("g", at["g"], "reset"),
    ]
    for label, seen in ((JULY, july), (AUGUST, august)):
        build_round(folder, label, [_named(each) for each in seen])
    connection = open_database(folder)
    rows = connection.execute("SELECT round, reference_date, judgement FROM rounds ORDER BY ordinal").fetchall()
    rounds = [ChosenRound(place, label, day, judgement, 2) for place, (label, day, judgement) in enumerate(rows, 1)]
    prepare(connection, rounds, [(1, 2)])
    keep_rows(connection, "common_families", (("unit", "VARCHAR"), ("family", "VARCHAR")), [("site", IIS)])
    yield connection
    connection.close()


def _named(seen: Seen) -> Seen:
    return Seen(f"{seen.host}.example", seen.address, seen.says, seen.verdicts, attempt=seen.attempt)


def answer(database: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return database.execute(sql).fetchall()


@pytest.mark.parametrize("name", SQL)
def test_every_question_says_what_it_asks_of_whom(name: str) -> None:
    lines = question_text(name).splitlines()
    heads = [line.split(":")[0] for line in lines if line.startswith("-- ") and ":" in line and line[3] != " "]
    assert heads == ["-- Question", "-- Unit", "-- Base", "-- Weights"]
    assert not any(";" in line for line in lines if not line.startswith("--")), "one statement"


def test_presence_by_unit(database: duckdb.DuckDBPyConnection) -> None:
    counts = set(ask_question(database, "outcome_counts"))
    assert counts == {
        ("site", 1, "answered", "", 7),
        ("site", 1, "unknown", "resolve/name_not_found", 1),
        ("site", 2, "answered", "", 3),
        ("site", 2, "refused", "connect/refused", 1),
        ("site", 2, "silent", "connect/timed_out", 1),
        ("site", 2, "unknown", "connect/timed_out", 1),
        ("site", 2, "blocked", "response/reset", 1),
        ("address", 1, "answered", "", 6),
        ("address", 2, "answered", "", 2),
        ("address", 2, "refused", "connect/refused", 1),
        ("address", 2, "silent", "connect/timed_out", 1),
        ("address", 2, "unknown", "connect/timed_out", 1),
        ("address", 2, "blocked", "response/reset", 1),
    }


def test_family_by_unit(database: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT unit, family, version, count(*) FROM unit_family WHERE ordinal = 1 GROUP BY ALL"
    assert set(answer(database, sql)) == {
        ("site", IIS, "4.0", 2),
        ("site", IIS, "5.0", 3),
        ("site", "apache", "1.3.20", 1),
        ("site", "unknown", "", 1),
        ("address", IIS, "4.0", 1),
        ("address", IIS, "5.0", 3),
        ("address", "apache", "1.3.20", 1),
        ("address", "unknown", "", 1),
    }


def test_verdict_by_unit_and_check_with_what_is_implied(database: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT unit, ordinal, verdict, reason, count(*) FROM unit_verdicts GROUP BY ALL"
    assert set(answer(database, sql)) == {
        ("site", 1, "shown", "", 3),
        ("site", 1, "not_shown", "", 1),
        ("site", 1, "cannot_tell", "answers_everything", 1),
        ("site", 1, "cannot_tell", "masked", 1),
        ("site", 2, "shown", "", 1),
        ("site", 2, "not_shown", "", 1),
        ("address", 1, "shown", "", 3),
        ("address", 1, "cannot_tell", "answers_everything", 1),
        ("address", 1, "cannot_tell", "masked", 1),
        ("address", 2, "shown", "", 1),
    }


def test_the_last_family_that_was_told_before(database: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT presence, last_family, count(*) FROM units WHERE unit = 'site' AND ordinal = 2 GROUP BY ALL"
    assert set(answer(database, sql)) == {
        ("answered", IIS, 3),
        ("refused", IIS, 1),
        ("silent", IIS, 1),
        ("unknown", "apache", 1),
        ("blocked", "", 1),
    }


def test_the_cohort_between_two_rounds(database: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT unit, verdict_then, state_now, count(*) FROM cohort GROUP BY ALL"
    assert set(answer(database, sql)) == {
        ("site", "shown", "not_shown", 1),
        ("site", "not_shown", "shown", 1),
        ("site", "shown", "refused", 1),
        ("site", "shown", "not_asked", 1),
        ("address", "shown", "shown", 1),
        ("address", "shown", "refused", 1),
        ("address", "shown", "not_asked", 1),
    }
    beside = set(ask_question(database, "cohort_beside"))
    assert ("site", 1, 2, IDA, "shown", "refused", 1, NANO) in beside
    assert len(beside) == 7


def test_what_stands_beside_a_prevalence(database: duckdb.DuckDBPyConnection) -> None:
    site = {row[3:] for row in ask_question(database, "prevalence_beside") if row[:2] == ("site", 2)}
    # f told Apache and g told nothing in July: neither can have left the base of IIS.
    assert site == {
        ("shown", False, 1, NANO),
        ("not_shown", False, 1, NANO),
        ("refused", False, 1, NANO),
        ("silent", False, 1, NANO),
    }
    told = {row[3:] for row in ask_question(database, "prevalence_beside") if row[:2] == ("address", 1)}
    assert ("cannot_tell", True, 1, NANO) in told
    assert ("cannot_tell", False, 1, NANO) in told


def fates(database: duckdb.DuckDBPyConnection, name: str, unit: str, *lens: str) -> dict[object, object]:
    rows = [row for row in ask_question(database, name) if row[0] == unit and row[3:5] == lens]
    return {row[7]: row[10] for row in rows}


def test_the_fate_axes(database: duckdb.DuckDBPyConnection) -> None:
    everyone = {"upgraded": 2, "refused": 1, "silent": 1, "competitor": 1}
    assert fates(database, "fate_cells", "site", "all", IIS) == everyone
    assert fates(database, "fate_cells", "site", "leavers", IIS) == {"refused": 1, "silent": 1, "competitor": 1}
    assert fates(database, "fate_cells", "address", "all", IIS) == {**everyone, "upgraded": 1}
    assert fates(database, "fate_cells", "site", "all", "apache") == {"unknown": 1}
    assert fates(database, "fate_cells", "site", "all", "unknown") == {}, "a masked server has no family to leave"


def test_the_fates_of_those_that_showed_it(database: duckdb.DuckDBPyConnection) -> None:
    site = fates(database, "check_fate_cells", "site", "all", "")
    assert site == {"fixed_upgraded": 1, "refused": 1, "left_competitor": 1}
    address = fates(database, "check_fate_cells", "address", "all", "")
    assert address == {"still_shown": 1, "refused": 1, "left_competitor": 1}


def test_shares_fold_the_families_beyond_the_commonest_into_a_rest(database: duckdb.DuckDBPyConnection) -> None:
    rows = [row for row in ask_question(database, "share_cells") if row[0] == "site" and row[2] == 1]
    assert {row[7]: row[10] for row in rows} == {IIS: 5, "(rest)": 1, "unknown": 1}


def test_the_dates_of_the_rounds_are_the_ones_that_were_given(database: duckdb.DuckDBPyConnection) -> None:
    assert [str(row[1]) for row in ask_question(database, "rounds")] == [DATES[JULY], DATES[AUGUST]]
    assert [row[4] for row in ask_question(database, "rounds")] == [2, 2]
