"""Who may ask in SQL may read the survey, and nothing else, and may write nothing."""

from pathlib import Path

import pytest

from ebbtide.frame.ids import site_id, target_id
from ebbtide.model.errors import SurveyFolderError
from ebbtide.model.rows import OutcomeRow, TargetRow
from ebbtide.rounds.building import write_round
from ebbtide.rounds.database import ask, open_database
from ebbtide.rounds.folder import SurveyFolder

HOST = "it's.example"


@pytest.fixture
def folder(tmp_path: Path) -> SurveyFolder:
    folder = SurveyFolder.create(tmp_path / "it's a survey")
    identity, site = target_id(HOST, "", 80, "http"), site_id(HOST)
    target = TargetRow(identity, site, HOST, "", 80, "http", "", 1.0)
    outcome = OutcomeRow(identity, site, 0, 1, "failed", "resolve", "dns_failed", *("",) * 3, None, 0, 0, 0, 0.0, "")
    write_round(folder, "2001-07", "2001-07-15", [target], [outcome])
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO '{folder}/x.csv'",
        "COPY (SELECT 1) TO '{file}' (USE_TMP_FILE false)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{file}' (USE_TMP_FILE false)",
        "WITH gone AS (COPY (SELECT 1) TO '{file}' (USE_TMP_FILE false)) SELECT 1",
        "EXPORT DATABASE '{folder}/x'",
        "ATTACH '{folder}/x.db'",
        "CREATE TABLE x AS SELECT 1",
        "DELETE FROM rounds",
        "DROP VIEW targets",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "PRAGMA database_list",
        "SELECT 1; SELECT 2",
        "",
    ],
)
def test_what_is_no_single_query_is_refused_and_leaves_nothing_behind(folder: SurveyFolder, query: str) -> None:
    (file,) = folder.round("2001-07").files("targets")
    before = contents(folder.path)
    text = query.format(
        folder=str(folder.path).replace("'", "''"), file=str(folder.path / file.path).replace("'", "''")
    )
    with pytest.raises(SurveyFolderError) as caught:
        ask(folder, text)
    assert "\n" not in str(caught.value)
    assert contents(folder.path) == before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_blob('/etc/hostname')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_text('{folder}/survey.json')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM query('SELECT * FROM read_text(''/etc/hostname'')')",
        "SELECT * FROM read_parquet('http://127.0.0.1:9/x.parquet')",
        "SELECT getenv('HOME')",
        "SELECT * FROM contents",
    ],
)
def test_a_query_reaches_no_file_but_those_that_the_logs_list(folder: SurveyFolder, query: str) -> None:
    contents = [("leaked",)]
    with pytest.raises(SurveyFolderError):
        ask(folder, query.format(folder=str(folder.path).replace("'", "''")))
    assert contents


@pytest.mark.parametrize(
    "query",
    ["SELECT host FROM targets", "FROM targets SELECT host", "WITH t AS (FROM targets) SELECT host FROM t;"],
)
def test_queries_are_answered_also_where_the_path_has_quotes(folder: SurveyFolder, query: str) -> None:
    assert ask(folder, query) == (["host"], [(HOST,)])
    assert ask(folder, "DESCRIBE rounds")[1][0][0] == "round"


def test_a_wrong_query_gets_one_sentence_without_a_picture(folder: SurveyFolder) -> None:
    with pytest.raises(SurveyFolderError, match=r"^sql: Binder Error: Referenced column \"hosst\"") as caught:
        ask(folder, "SELECT hosst FROM targets")
    assert "^" not in str(caught.value)


def test_a_question_may_keep_tables_in_memory_and_spill_but_not_change_its_bounds(folder: SurveyFolder) -> None:
    with open_database(folder) as db:
        db.execute("CREATE TEMP TABLE kept AS SELECT range AS n, repeat('x', 200) AS text FROM range(1000)")
        assert db.execute("SELECT count(*) FROM (SELECT * FROM kept ORDER BY text, n)").fetchall() == [(1000,)]
        with pytest.raises(Exception, match="locked"):
            db.execute("SET memory_limit = '100GB'")
