"""Word to the processes that ask: take nobody new. Who is in flight is asked to the end, and nothing is lost."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_FLAG = "stop"
_LOOK_EVERY_S = 0.5


def stop(round_folder: Path) -> None:
    """Have all processes that ask for a round take nobody new."""
    (round_folder / _FLAG).touch()


def clear(round_folder: Path) -> None:
    """Forget the word of an earlier run; the caller holds the round's lock."""
    (round_folder / _FLAG).unlink(missing_ok=True)


class StopWord:
    """The word as a worker hears it; it is looked for now and then, since a look costs a system call.

    Args:
        round_folder: Of the round that is asked.
    """

    def __init__(self, round_folder: Path) -> None:
        self._flag = round_folder / _FLAG
        self._next_look_s = 0.0
        self._was_given = False

    def is_given(self) -> bool:
        """Whether nobody new is to be asked."""
        now_s = time.monotonic()
        if not self._was_given and now_s >= self._next_look_s:
            self._was_given = self._flag.exists()
            self._next_look_s = now_s + _LOOK_EVERY_S
        return self._was_given


@contextmanager
def heard_interrupt(notice: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """Have the first interrupt from the keyboard end a run in order; the second ends it at once.

    Both do so even where a shell had the program ignore interrupts, as it has what it starts in the background: a run
    that sends traffic can always be stopped.

    Args:
        notice: Told, at the first, what happens now.

    Yields:
        Whether there was one.

    Raises:
        KeyboardInterrupt: At the second.
        ValueError: This is not the main thread, which alone hears signals.
    """
    was_heard = False

    def hear(_number: int, _frame: FrameType | None) -> None:
        nonlocal was_heard
        was_heard = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        notice("interrupted: nobody new is asked, and who is being asked is asked to the end. Again ends it at once.")

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield lambda: was_heard
    finally:
        signal.signal(signal.SIGINT, before)
