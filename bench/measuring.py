"""Running a program and what it cost: processor time of it and of all its children, and wall time."""

import json
import os
import platform
import resource
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

_TIMEOUT_S = 1800
_ROOT = Path(__file__).resolve().parents[1]
COMPILED = _ROOT / "build" / "compiled"


class Cost(msgspec.Struct, frozen=True):
    """What one run cost.

    Attributes:
        said: The last line that it printed, if that is JSON; empty otherwise.
    """

    cpu_s: float
    wall_s: float
    returncode: int
    said: dict[str, object]


class Range(msgspec.Struct, frozen=True):
    """Several readings in short."""

    median: float
    low: float
    high: float
    readings: list[float]


def measure(command: Sequence[str], cwd: Path | None = None, *, is_pure: bool = False) -> Cost:
    """Run a program to its end.

    Args:
        command: Program and arguments.
        cwd: Where it runs.
        is_pure: Nothing compiled ahead of time, though ``make compiled`` has made it.

    Returns:
        User and system time of it and of every descendant that was waited for, start-up included.
    """
    env = os.environ if is_pure or not is_compiled() else {**os.environ, "PYTHONPATH": str(COMPILED)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=_TIMEOUT_S, env=env)
    wall_s = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = _last_json(done.stdout)
    if done.returncode:
        said = {"stderr": done.stderr.strip()[-500:]}
    return Cost(round(cpu_s, 3), round(wall_s, 3), done.returncode, said)


def is_compiled() -> bool:
    """Whether what is measured was compiled ahead of time (``make compiled``), from the sources as they are now."""
    done = COMPILED / ".done"
    if not done.exists():
        return False
    newest_s = max(file.stat().st_mtime for file in (_ROOT / "src").rglob("*.py"))
    if newest_s > done.stat().st_mtime:
        raise RuntimeError(f"{COMPILED} is older than the sources; make compiled renews it")
    return True


def in_short(readings: Sequence[float]) -> Range:
    """Median and range."""
    rounded = [round(reading, 3) for reading in readings]
    return Range(round(statistics.median(rounded), 3), min(rounded), max(rounded), rounded)


def machine() -> dict[str, object]:
    """Where it was measured, so that nobody compares figures of two machines."""
    return {
        "cpu": _first_value(Path("/proc/cpuinfo"), "model name"),
        "cores": os.cpu_count(),
        "memory": _first_value(Path("/proc/meminfo"), "MemTotal"),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "commit": _commit(),
        "compiled": is_compiled(),
    }


def _last_json(text: str) -> dict[str, object]:
    lines = text.strip().splitlines()
    try:
        said = json.loads(lines[-1]) if lines else {}
    except json.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _first_value(path: Path, key: str) -> str:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
    return "unknown"


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False, cwd=_ROOT
    )
    return done.stdout.strip() or "unknown"
