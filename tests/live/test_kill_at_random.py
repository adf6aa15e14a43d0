"""One round, killed again and again at random moments: nothing is lost, and only who was in flight is asked again.

``EBBTIDE_KILLS`` says how often (20; 100 for a long look).
"""

import os
import random
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
from ebbtide.survey.running import run_round
from ebbtide.survey.sealing import seal_round
from ebbtide.survey.settings import load_config
from ebbtide.survey.starting import init_survey
from ebbtide.workers.executors import SerialExecutor

pytestmark = pytest.mark.live

TESTS = Path(__file__).parents[1]
LABEL = "2001-07"
KILLS = int(os.environ.get("EBBTIDE_KILLS", "20"))
HOSTS_A_KILL = 12
IN_FLIGHT = 4
PROCESSES = 2
REQUESTS_EACH = 3
MOST_ATTEMPTS = 5
CONFIGURATION = f"""
[[frame.source]]
path = "hosts.csv"
format = "csv"
[scope]
open = ["127.0.0.0/8"]
[limits]
processes = {PROCESSES}
in_flight = {IN_FLIGHT}
requests_per_prefix_s = 0
batch_targets = 3
[attempts]
most = {MOST_ATTEMPTS}
spacing_s = 0
[checks]
packs = []
"""


@contextmanager
def counting_server(log: Path) -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, str(TESTS / "counting_server.py"), str(log), "0.02"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            yield int(process.stdout.readline())
        finally:
            process.kill()


def make_survey(path: Path, port: int) -> SurveyFolder:
    init_survey(path, "killed at random")
    (path / "survey.toml").write_text(CONFIGURATION, encoding="utf-8")
    lines = [f"h{number}.test,127.1.{number % 40}.{number // 40 + 1},{port}" for number in range(KILLS * HOSTS_A_KILL)]
    (path / "hosts.csv").write_text("host,address,port\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return SurveyFolder.open(path)


def kill_after(folder: SurveyFolder, log: Path, requests: int, then_s: float) -> int:
    """Run, and kill when the server has seen so many requests of this run and some time has passed."""
    seen = log.read_bytes().count(b"\n")
    command = [sys.executable, str(TESTS / "kill_driver.py"), str(folder.path), LABEL, "never", "0", "processes"]
    with subprocess.Popen(command) as process:
        while process.poll() is None and log.read_bytes().count(b"\n") < seen + requests:
            time.sleep(0.002)
        time.sleep(then_s)
        process.kill()
    return process.returncode


@pytest.mark.timeout(60 + 12 * KILLS)
def test_a_round_killed_at_random_moments_loses_nothing_and_asks_again_only_who_was_in_flight(tmp_path: Path) -> None:
    chance = random.Random(2003)  # noqa: S311  nothing here is secret
    log = tmp_path / "access.log"
    with counting_server(log) as port:
        folder = make_survey(tmp_path / "survey", port)
        killed = 0
        for _ in range(KILLS):
            killed += kill_after(folder, log, chance.randrange(1, 24), chance.random() * 0.05) == -9
        assert killed >= KILLS * 0.9
        summary = run_round(folder, LABEL, load_config(folder.path), executor=SerialExecutor())
    names = {
        target.target_id: target.host for shard in range(folder.shards) for target in folder.round(LABEL).targets(shard)
    }
    interrupted = folder.round(LABEL).log_state.interrupted
    again = Counter(names[each.target_id] for each in interrupted)
    assert len({(each.target_id, each.attempt) for each in interrupted}) == len(interrupted)
    assert 1 <= len(interrupted) <= killed * PROCESSES * IN_FLIGHT
    # By the rule of attempts: who was cut short at each of them is given up and said so; nobody else is lost.
    given_up = sum(count == MOST_ATTEMPTS for count in again.values())
    assert summary.targets == KILLS * HOSTS_A_KILL
    assert summary.outcomes.get("connect/internal_error", 0) == given_up
    assert summary.answered == summary.targets - given_up
    asked = Counter(
        line.partition(":")[0] for line in log.read_text(encoding="latin-1").splitlines() if line.endswith(" /")
    )
    assert set(asked) == set(names.values())
    assert all(count <= 1 + again[host] for host, count in asked.items())
    assert seal_round(folder, LABEL).asked_again == len(interrupted)
    rows = ask(folder, "SELECT count(*), count(DISTINCT target_id) FROM final_outcomes")[1]
    assert rows == [(summary.targets, summary.targets)]
    fewest = ask(folder, "SELECT min(exchange_count) FROM final_outcomes WHERE kind = 'answered'")[1]
    assert fewest == [(REQUESTS_EACH,)]
    left = [*folder.path.rglob("*.journal"), *folder.path.rglob("*.unfinished")]
    assert not left
