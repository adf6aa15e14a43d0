"""Ctrl-C while a round is asked: who is being asked is asked to the end; a second one ends it at once."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.starting import init_survey
from ebbtide.survey.status import round_status

pytestmark = pytest.mark.live

TESTS = Path(__file__).parents[1]
LABEL = "2001-07"
HOSTS = 60
SLOW_S = 60.0
CONFIGURATION = """
[[frame.source]]
path = "hosts.csv"
format = "csv"
[scope]
open = ["127.0.0.0/8"]
[limits]
processes = 2
in_flight = 4
requests_per_prefix_s = 0
batch_targets = 5
[checks]
packs = []
"""


class Asked:
    """A server and whom it was asked for."""

    def __init__(self, log: Path, port: int) -> None:
        self._log = log
        self.port = port

    def front_pages(self) -> Counter[str]:
        lines = self._log.read_text(encoding="latin-1").splitlines() if self._log.exists() else []
        return Counter(line.split(":")[0] for line in lines if line.endswith(" /"))


@contextmanager
def counting_server(log: Path, delay_s: float) -> Iterator[Asked]:
    command = [sys.executable, str(TESTS / "counting_server.py"), str(log), str(delay_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Asked(log, int(process.stdout.readline()))
        finally:
            process.kill()


def make_survey(path: Path, port: int) -> Path:
    init_survey(path, "interrupted")
    (path / "survey.toml").write_text(CONFIGURATION, encoding="utf-8")
    lines = [f"h{number}.test,127.0.{number % 7}.{number + 1},{port}" for number in range(HOSTS)]
    (path / "hosts.csv").write_text("host,address,port\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@contextmanager
def run_in_terminal(survey: Path, before: str = "") -> Iterator[subprocess.Popen[str]]:
    """``survey run`` in a process group of its own, as a terminal has it, after a command of the shell."""
    run = [sys.executable, "-m", "ebbtide", "survey", "run", LABEL, "--survey", str(survey)]
    command = ["sh", "-c", f'{before or ":"}; exec "$@"', "sh", *run]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def press_ctrl_c(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGINT)


def wait_for_requests(server: Asked, process: subprocess.Popen[str], least: int) -> None:
    while server.front_pages().total() < least:
        assert process.poll() is None
        time.sleep(0.02)


def told(process: subprocess.Popen[str], beginning: str) -> None:
    """Wait until standard error has a line that begins so."""
    assert process.stderr
    assert any(line.startswith(beginning) for line in process.stderr)


def test_ctrl_c_ends_a_run_in_order_and_the_next_run_goes_on(tmp_path: Path) -> None:
    with counting_server(tmp_path / "access.log", 0.2) as server:
        survey = make_survey(tmp_path / "survey", server.port)
        with run_in_terminal(survey) as process:
            wait_for_requests(server, process, 6)
            press_ctrl_c(process)
            told(process, "note: interrupted: nobody new is asked")
            told(process, f"note: interrupted; every answer is kept. Go on with: ebbtide survey run {LABEL}")
            assert process.wait(60) == 130
        status = round_status(SurveyFolder.open(survey), LABEL)
        asked = server.front_pages()
        assert 0 < status.answered < HOSTS
        assert (status.answered, status.interrupted) == (len(asked), 0)
        assert status.stopped == "the operator interrupted it"
        assert not list(survey.rglob("*.journal"))
        with run_in_terminal(survey) as process:
            assert process.wait(120) == 0
        status = round_status(SurveyFolder.open(survey), LABEL)
        assert (status.answered, status.not_asked, status.stopped) == (HOSTS, 0, "")
        assert set(server.front_pages().values()) == {1}


@pytest.mark.parametrize("before", ["", "trap '' INT"], ids=["foreground", "ignored"])
def test_a_second_ctrl_c_ends_it_at_once(tmp_path: Path, before: str) -> None:
    with counting_server(tmp_path / "access.log", SLOW_S) as server:
        survey = make_survey(tmp_path / "survey", server.port)
        with run_in_terminal(survey, before) as process:
            wait_for_requests(server, process, 2)
            press_ctrl_c(process)
            told(process, "note: interrupted: nobody new is asked")
            press_ctrl_c(process)
            told(process, "note: interrupted; every answer is kept.")
            assert process.wait(30) == 130
        assert list(survey.rglob("*.journal"))
        assert round_status(SurveyFolder.open(survey), LABEL).answered == 0
