"""The real program, killed when its round's folder or the lab's access log shows that a moment has come."""

import json
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import NamedTuple

from ebbtide.rounds.entries import Interruption
from ebbtide.rounds.journal import JournalReader

POLL_S = 0.001
GONE_S = 30
FROZEN = 3


class Watch:
    """What one run adds to a round's folder and to an access log, seen from outside while it runs.

    Args:
        survey: The survey's folder.
        label: Of the round; it need not be there yet.
        access_log: Of the lab.
    """

    def __init__(self, survey: Path, label: str, access_log: Path) -> None:
        self._survey = survey
        self._round = survey / "rounds" / label
        self._log = access_log
        self._position = access_log.stat().st_size
        self._requests = 0
        self._known_tables = self._tables()
        self._known_journals = set(self._journals())
        self._known_entries = set(self._round.glob("log/*.json"))
        self._seen_journals: set[Path] = set()
        self._entries: list[str] = []

    def requests(self) -> int:
        """Requests that the lab has logged since the run began."""
        with self._log.open("rb") as file:
            file.seek(self._position)
            added = file.read()
        self._position += len(added)
        self._requests += added.count(b"\n")
        return self._requests

    def entries(self, kind: str) -> int:
        """Entries of a kind that this run has committed; what was recovered from a dead run is left aside."""
        for path in sorted(set(self._round.glob("log/*.json")) - self._known_entries):
            found = json.loads(path.read_text(encoding="utf-8"))["type"]
            self._known_entries.add(path)
            self._entries.append(found)
            if found == "run_started":
                self._known_tables = self._tables()
        since = self._entries.index("run_started") if "run_started" in self._entries else len(self._entries)
        return self._entries.count(kind) if kind != "batch" else self._entries[since:].count(kind)

    def has_new_table(self) -> bool:
        """Whether a Parquet file is there, or being written, that was not there before."""
        return bool(self._tables() - self._known_tables)

    def journal_bytes(self) -> int:
        """Size of the largest journal that this run has begun."""
        return max((size for path, size in self._journals().items() if path not in self._known_journals), default=0)

    def waiting(self) -> int:
        """Attempts that have begun and are not done, by the journals of this run."""
        return sum(len(_unfinished(path)) for path in set(self._journals()) - self._known_journals)

    def has_lost_journal(self) -> bool:
        """Whether a journal that this run had begun is gone again."""
        now = set(self._journals()) - self._known_journals
        self._seen_journals |= now
        return bool(self._seen_journals - now)

    def has_pass(self, number: int) -> bool:
        """Whether those who failed are being asked again, for the ``number``-th time in all."""
        return any(self._survey.glob(f"scratch/*/pass-{number}"))

    def _tables(self) -> set[str]:
        return {path.name.removesuffix(".unfinished") for path in self._round.glob("*/shard=*/*.parquet*")}

    def _journals(self) -> dict[Path, int]:
        sizes: dict[Path, int] = {}
        for path in self._round.glob("journals/*.journal"):
            try:
                sizes[path] = path.stat().st_size
            except FileNotFoundError:
                continue
        return sizes


def _unfinished(path: Path) -> tuple[Interruption, ...]:
    reader = JournalReader(path)
    try:
        deque(reader, maxlen=0)
    except FileNotFoundError:
        return ()
    return reader.interrupted


class Moment(NamedTuple):
    """When to kill.

    Attributes:
        has_come: Asked again and again while the program runs.
        freezes: The lab stands still from the moment on until several requests wait for their answer, so that the kill
            surely cuts attempts short.
    """

    has_come: Callable[[Watch], bool]
    freezes: bool = False


MOMENTS: dict[str, Moment] = {
    "the targets are being written": Moment(lambda watch: watch.has_new_table()),
    "the plan is committed": Moment(lambda watch: watch.entries("planned") > 0),
    "the first request": Moment(lambda watch: watch.requests() > 0),
    "a journal has begun": Moment(lambda watch: watch.journal_bytes() > 0, freezes=True),
    "a dead run's journal is being recovered": Moment(
        lambda watch: watch.has_new_table() or watch.entries("run_started") > 0
    ),
    "a journal grows": Moment(lambda watch: watch.journal_bytes() > 10_000, freezes=True),
    "a batch's tables are being written": Moment(
        lambda watch: watch.entries("run_started") > 0 and watch.has_new_table()
    ),
    "in the middle of a batch": Moment(lambda watch: watch.requests() > 60, freezes=True),
    "the first commit": Moment(lambda watch: watch.entries("batch") > 0, freezes=True),
    "a committed journal is gone": Moment(lambda watch: watch.has_lost_journal()),
    "the third commit": Moment(lambda watch: watch.entries("batch") > 2, freezes=True),
    "those who failed are asked again": Moment(lambda watch: watch.has_pass(2)),
}
"""In this order each leaves work for the next; none hangs on the clock, and none is missed by one who looks late."""


@contextmanager
def standing_lab(scenario: str, seed: int, scale: float, month: str, port: int, log: Path) -> Iterator[Popen[str]]:
    """As ``running_lab``, but whoever holds the process can make it stand still."""
    words = ("--scenario", scenario, "--seed", str(seed), "--scale", str(scale), "--month", month)
    command = ebbtide("lab", "serve", *words, "--port", str(port), "--access-log", str(log), "--json")
    with Popen(command, stdout=PIPE, text=True) as lab:
        try:
            assert lab.stdout
            assert lab.stdout.readline(), "the lab did not start"
            yield lab
        finally:
            lab.send_signal(signal.SIGCONT)
            lab.terminate()
            lab.wait(timeout=GONE_S)


def ebbtide(*words: str) -> list[str]:
    """The command line of the program."""
    return [sys.executable, "-m", "ebbtide", *words]


def kill_at(command: Sequence[str], watch: Watch, moment: Moment, lab: Popen[str]) -> tuple[int, str]:
    """Run a command and kill its process, and no other, when the moment has come.

    Returns:
        Its return code, and what it had to complain about. Everybody who could still write a complaint is gone then,
        its workers too.

    Raises:
        TimeoutExpired: A worker outlived it.
    """
    with Popen(command, stdout=DEVNULL, stderr=PIPE, text=True) as process:
        _wait(process, lambda: moment.has_come(watch))
        if moment.freezes:
            lab.send_signal(signal.SIGSTOP)
            _wait(process, lambda: watch.waiting() >= FROZEN)
        process.kill()
        _, complaint = process.communicate(timeout=GONE_S)
    lab.send_signal(signal.SIGCONT)
    return process.returncode, complaint


def _wait(process: Popen[str], has_come: Callable[[], bool]) -> None:
    while process.poll() is None and not has_come():
        time.sleep(POLL_S)
