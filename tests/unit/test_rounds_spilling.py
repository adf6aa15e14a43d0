"""A question that outgrows its memory spills into the survey's folder, and leaves nothing there."""

from pathlib import Path

from ebbtide.rounds.duck import connect

ROWS = 12_000_000


def test_a_question_that_outgrows_its_memory_is_answered_and_leaves_nothing(tmp_path: Path) -> None:
    with connect(tmp_path) as connection:
        connection.execute("SET memory_limit = '64MiB'")
        connection.execute("SET threads = 1")
        connection.execute(
            "CREATE TEMP TABLE long AS SELECT hash(i) AS a, hash(i + 1) AS b FROM range($n) t(i)", {"n": ROWS}
        )
        assert list(tmp_path.iterdir()), "nothing was spilled, so that nothing is tested"
        assert connection.execute("SELECT count(*) FROM long").fetchall() == [(ROWS,)]
    assert not list(tmp_path.iterdir())
