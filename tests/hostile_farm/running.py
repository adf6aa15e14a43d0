"""The farm in a process of its own, as tests see it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TESTS = Path(__file__).parents[1]
_END_S = 30


class RunningFarm:
    """A farm that serves.

    Attributes:
        ports: By name of the server.
        calls: Connections by name of the server, and under ``canary`` those that nobody may ever make; once it is over.
    """

    def __init__(self, ports: dict[str, int]) -> None:
        self.ports = ports
        self.calls: dict[str, int] = {}


@contextmanager
def running_farm(*random: int) -> Iterator[RunningFarm]:
    """Serve the whole table, or random servers from a seed and a number.

    A process of its own, so that what the probe holds open and in memory can be told from what its servers do.
    """
    command = [sys.executable, "-m", "hostile_farm", *map(str, random)]
    environment = {**os.environ, "PYTHONPATH": str(_TESTS)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            farm = RunningFarm(json.loads(process.stdout.readline()))
            yield farm
            process.stdin.close()
            farm.calls = json.loads(process.stdout.readline())
            process.wait(_END_S)
        finally:
            process.kill()
