"""Where batches run: in this process, or in spawned ones. The shape is that of ``concurrent.futures``."""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class SerialExecutor(Executor):
    """Runs each task at once in this process, for tests and for looking closely."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a task to its end; its exception is kept in the future, as with any executor."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # kept for who asks the future, nothing is swallowed
            future.set_exception(error)
        return future


class ProcessExecutor(ProcessPoolExecutor):
    """Spawned processes that die with this one, and at once when ``stop`` is called.

    Args:
        processes: How many.
    """

    def __init__(self, processes: int) -> None:
        context = get_context("spawn")
        end, self._lifeline = context.Pipe(duplex=False)
        super().__init__(processes, mp_context=context, initializer=follow, initargs=(end,))

    def stop(self) -> None:
        """Kill all processes now; what they have not committed stays in their journals."""
        self._lifeline.close()
        self.shutdown(wait=True, cancel_futures=True)


def follow(lifeline: Connection) -> None:
    """Make this process die when the other end of a pipe is closed, as it is when its holder dies.

    An interrupt from the keyboard reaches all processes of a terminal; here it is left to the one that conducts.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_at_end, args=(lifeline,), daemon=True).start()


def process_count(setting: int) -> int:
    """How many processes a setting means; 0 is one for each core that we may use."""
    return setting or len(os.sched_getaffinity(0))


def _die_at_end(lifeline: Connection) -> None:
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGKILL)
