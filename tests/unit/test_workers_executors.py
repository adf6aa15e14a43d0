import os
import time
from concurrent.futures import BrokenExecutor, Executor
from concurrent.futures.process import BrokenProcessPool

import pytest

from ebbtide.workers.executors import ProcessExecutor, SerialExecutor, process_count


def square(number: int) -> int:
    return number * number


def fail(sentence: str) -> None:
    raise ValueError(sentence)


def test_both_executors_give_the_same_results_and_errors() -> None:
    with ProcessExecutor(2) as pool:
        for executor in (SerialExecutor(), pool):
            assert isinstance(executor, Executor)
            assert [executor.submit(square, number).result() for number in range(4)] == [0, 1, 4, 9]
            with pytest.raises(ValueError, match="a sentence"):
                executor.submit(fail, "a sentence").result()


def test_a_serial_executor_stays_in_this_process_and_a_pool_does_not() -> None:
    assert SerialExecutor().submit(os.getpid).result() == os.getpid()
    with ProcessExecutor(1) as pool:
        assert pool.submit(os.getpid).result() != os.getpid()


def test_stopping_kills_what_runs() -> None:
    pool = ProcessExecutor(1)
    worker = pool.submit(os.getpid).result()
    running = pool.submit(time.sleep, 600)
    while not running.running():
        time.sleep(0.01)
    pool.stop()
    with pytest.raises((BrokenProcessPool, BrokenExecutor)):
        running.result()
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_no_setting_means_a_process_for_each_core() -> None:
    assert process_count(0) == len(os.sched_getaffinity(0))
    assert process_count(3) == 3
