"""Word to the processes that ask: take nobody new. Who is in flight is asked to the end, and nothing is lost."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ebbtide.probe.settings import Assignment

_FLAG = "stop"
_LOOK_EVERY_S = 0.5


def stop(round_folder: Path) -> None:
    """Have all processes that ask for a round take nobody new."""
    (round_folder / _FLAG).touch()


def clear(round_folder: Path) -> None:
    """Forget the word of an earlier run; the caller holds the round's lock."""
    (round_folder / _FLAG).unlink(missing_ok=True)


def until_stopped(assignments: Iterable[Assignment], round_folder: Path) -> Iterator[Assignment]:
    """The assignments, up to the word to stop; it is looked for now and then, since a look costs a system call."""
    flag = round_folder / _FLAG
    next_look_s = 0.0
    for each in assignments:
        now_s = time.monotonic()
        if now_s >= next_look_s:
            if flag.exists():
                return
            next_look_s = now_s + _LOOK_EVERY_S
        yield each
