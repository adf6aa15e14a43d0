"""Runs a round and kills its own process, with the signal that nobody can catch, at a chosen moment.

Called as: kill_driver.py SURVEY LABEL MOMENT NTH EXECUTOR
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ebbtide.judge.plan import SurveyPlan
from ebbtide.rounds import batches
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.journal import Journal
from ebbtide.rounds.log import CommitLog
from ebbtide.survey import batch
from ebbtide.survey.running import run_round
from ebbtide.survey.settings import load_config
from ebbtide.workers.executors import SerialExecutor


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at(owner: Any, name: str, nth: int, when: str = "before", only: Callable[..., bool] = lambda *_: True) -> None:
    """Die before or after the nth call of a function, or half-way through it where it is a write."""
    real = getattr(owner, name)
    calls = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        if not only(*args):
            return real(*args, **kwargs)
        calls += 1
        if calls == nth and when == "before":
            die()
        if calls == nth and when == "half":
            real(args[0], args[1][: len(args[1]) // 2])
            die()
        value = real(*args, **kwargs)
        if calls == nth and when == "after":
            die()
        return value

    setattr(owner, name, wrapped)


def is_batch(_log: object, _state: object, entry: object) -> bool:
    return type(entry).__name__ == "BatchCommitted"


def is_parquet(path: Path, _target: object) -> bool:
    return path.name.endswith(".parquet.unfinished") and "targets" not in path.parts


MOMENTS: dict[str, Callable[[int], None]] = {
    "before the journal knows of the start": lambda n: kill_at(Journal, "write_started", n),
    "before the first packet": lambda n: kill_at(Journal, "write_started", n, "after"),
    "between two requests": lambda n: kill_at(SurveyPlan, "next_requests", n),
    "after the answer, before the journal": lambda n: kill_at(Journal, "write_done", n),
    "half-way through a write to the journal": lambda n: kill_at(Journal, "_write", n, "half"),
    "after the write to the journal": lambda n: kill_at(Journal, "write_done", n, "after"),
    "before the journal is flushed": lambda n: kill_at(Journal, "flush", n),
    "before the tables are written": lambda n: kill_at(batch, "write_batch", n),
    "between two tables": lambda n: kill_at(batches, "write_shard", n, "after"),
    "before a table is renamed": lambda n: kill_at(Path, "replace", n, only=is_parquet),
    "before the commit": lambda n: kill_at(CommitLog, "append", n, only=is_batch),
    "after the commit, before the journal goes": lambda n: kill_at(CommitLog, "append", n, "after", only=is_batch),
    "before the tables of the targets are committed": lambda n: kill_at(CommitLog, "append", 1 + n),
    "never": lambda _n: None,
}


def main() -> None:
    survey, label, moment, nth, executor = sys.argv[1:]
    MOMENTS[moment](int(nth))
    folder = SurveyFolder.open(Path(survey))
    run_round(folder, label, load_config(folder.path), executor=SerialExecutor() if executor == "serial" else None)


if __name__ == "__main__":
    main()
