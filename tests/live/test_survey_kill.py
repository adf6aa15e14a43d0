"""A round that is killed at any moment goes on as if nothing had happened, and asks nobody twice who had answered."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ebbtide.rounds.database import ask
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.running import RunSummary, run_round
from ebbtide.survey.sealing import seal_round
from ebbtide.survey.settings import load_config
from ebbtide.survey.starting import init_survey
from ebbtide.survey.status import round_status
from ebbtide.workers.executors import SerialExecutor
from kill_driver import MOMENTS

pytestmark = pytest.mark.live

TESTS = Path(__file__).parents[1]
LABEL = "2001-07"
CONFIGURATION = """
[[frame.source]]
path = "hosts.csv"
format = "csv"
[scope]
open = ["127.0.0.0/8"]
exclude = ["closed.test"]
[limits]
processes = 2
in_flight = 4
requests_per_prefix_s = 0
batch_targets = 7
[clocks]
connect_s = 5
[attempts]
most = {most}
spacing_s = 0
[checks]
packs = []
"""
HOSTS = tuple(f"h{number}.test" for number in range(20))
OUTCOMES = """
SELECT host, kind, stage, fault, reason, o.address, status, exchange_count, failed_exchange_count
FROM final_outcomes o JOIN targets t USING (target_id) ORDER BY ALL
"""
EXCHANGES = """
SELECT host, ordinal, parent, purpose, method, path, request_fields, e.kind, e.stage, e.fault, e.status, http_version,
    e.reason, fields, body, body_bytes, received_bytes, is_truncated, deviations, e.address, sni
FROM exchanges e JOIN targets t USING (target_id) JOIN final_outcomes o USING (target_id, attempt)
LEFT JOIN bodies b ON b.sha256 = e.body_sha256 ORDER BY host, ordinal
"""


class Server:
    def __init__(self, log: Path, port: int) -> None:
        self.log = log
        self.port = port

    def front_pages(self) -> Counter[str]:
        lines = self.log.read_text(encoding="latin-1").splitlines() if self.log.exists() else []
        return Counter(line.split(":")[0] for line in lines if line.endswith(" /"))


@contextmanager
def counting_server(log: Path, delay_s: float = 0.0) -> Iterator[Server]:
    command = [sys.executable, str(TESTS / "counting_server.py"), str(log), str(delay_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Server(log, int(process.stdout.readline()))
        finally:
            process.kill()


@pytest.fixture(scope="module")
def salt(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One ``survey.json`` for all surveys here, so that all ask for the same absent names."""
    return (init_survey(tmp_path_factory.mktemp("salt"), "x").path / "survey.json").read_bytes()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with counting_server(tmp_path_factory.mktemp("server") / "access.log") as server:
        yield server


def make_survey(path: Path, salt: bytes, port: int, most: int = 3) -> SurveyFolder:
    folder = init_survey(path, "killed")
    (path / "survey.json").write_bytes(salt)
    (path / "survey.toml").write_text(CONFIGURATION.format(most=most), encoding="utf-8")
    lines = [f"{host},127.0.{number % 5}.{number + 1},{port}" for number, host in enumerate(HOSTS)]
    lines += [f"closed.test,127.0.0.99,{port}", "refused.test,127.0.0.98,1", f"localhost,,{port}"]
    (path / "hosts.csv").write_text("host,address,port\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return SurveyFolder.open(folder.path)


def drive(folder: SurveyFolder, moment: str, nth: int, executor: str = "serial") -> int:
    command = [sys.executable, str(TESTS / "kill_driver.py"), str(folder.path), LABEL, moment, str(nth), executor]
    return subprocess.run(command, check=False, timeout=120, capture_output=True).returncode


def resume(folder: SurveyFolder) -> RunSummary:
    return run_round(folder, LABEL, load_config(folder.path), executor=SerialExecutor())


def rows(folder: SurveyFolder) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    return ask(folder, OUTCOMES)[1], ask(folder, EXCHANGES)[1]


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, salt: bytes, shared_server: Server
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    folder = make_survey(tmp_path_factory.mktemp("undisturbed"), salt, shared_server.port)
    summary = resume(folder)
    assert (summary.answered, summary.failed, summary.skipped) == (21, 1, 1)
    seal_round(folder, LABEL)
    outcomes, exchanges = rows(folder)
    assert (len(outcomes), len(exchanges)) == (23, 64)
    return outcomes, exchanges


def interrupted_hosts(folder: SurveyFolder) -> Counter[str]:
    names = {
        target.target_id: target.host for shard in range(folder.shards) for target in folder.round(LABEL).targets(shard)
    }
    return Counter(names[each.target_id] for each in folder.round(LABEL).log_state.interrupted)


@pytest.mark.parametrize(
    ("moment", "nth"), [(each, number % 3 + 1) for number, each in enumerate(MOMENTS) if each != "never"]
)
def test_a_killed_round_goes_on_and_ends_like_an_undisturbed_one(
    moment: str,
    nth: int,
    tmp_path: Path,
    salt: bytes,
    shared_server: Server,
    undisturbed: tuple[list[tuple[object, ...]], list[tuple[object, ...]]],
) -> None:
    folder = make_survey(tmp_path / "survey", salt, shared_server.port)
    before = shared_server.front_pages()
    assert drive(folder, moment, nth) == -9
    resume(folder)
    asked = shared_server.front_pages() - before
    again = interrupted_hosts(folder)
    assert sum(again.values()) <= 4
    assert set(asked) == {*HOSTS, "localhost"}
    assert {host for host, count in asked.items() if count > 1} <= set(again)
    assert all(count <= 1 + again[host] for host, count in asked.items())
    assert seal_round(folder, LABEL).asked_again == sum(again.values())
    assert rows(folder) == undisturbed
    assert not list(folder.path.rglob("*.journal"))
    assert not list(folder.path.rglob("*.unfinished"))


def test_somebody_whose_every_attempt_is_cut_short_is_given_up_and_said_so(
    tmp_path: Path, salt: bytes, shared_server: Server
) -> None:
    folder = make_survey(tmp_path / "survey", salt, shared_server.port, most=2)
    for _ in range(2):
        assert drive(folder, "before the first packet", 1) == -9
    summary = resume(folder)
    ((host, count),) = interrupted_hosts(folder).items()
    assert (count, summary.outcomes["connect/internal_error"]) == (2, 1)
    seal_round(folder, LABEL)
    query = (
        "SELECT host, attempt, detail FROM final_outcomes JOIN targets USING (target_id) WHERE fault = 'internal_error'"
    )
    ((given_up, attempt, detail),) = ask(folder, query)[1]
    assert (given_up, attempt) == (host, 2)
    assert "each of its 2 attempts was interrupted" in detail


def test_a_run_that_is_killed_takes_its_worker_processes_with_it(tmp_path: Path, salt: bytes) -> None:
    with counting_server(tmp_path / "access.log", delay_s=0.3) as server:
        folder = make_survey(tmp_path / "survey", salt, server.port)
        command = [sys.executable, str(TESTS / "kill_driver.py"), str(folder.path), LABEL, "never", "0", "processes"]
        with subprocess.Popen(command) as process:
            while sum(server.front_pages().values()) < 3:
                assert process.poll() is None
                time.sleep(0.02)
            process.kill()
        left = len(list(folder.path.rglob("*.journal")))
        assert left > 0
        resume(folder)
        again = interrupted_hosts(folder)
        asked = server.front_pages()
        assert 1 <= sum(again.values()) <= 8
        assert all(asked[host] <= 1 + again[host] for host in HOSTS)
        status = round_status(folder, LABEL)
        assert (status.answered, status.failed, status.skipped, status.not_asked) == (21, 1, 1, 0)
