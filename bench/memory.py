"""How much memory a program and its children have at most, together."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

_EVERY_S = 0.2


def peak_of(command: Sequence[str]) -> tuple[int, str]:
    """Run a program to its end, and look several times a second.

    Returns:
        The greatest proportional set size of all its processes together, in MB: what they share counts once; and what
        the program said.
    """
    peak_kb = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        while running.poll() is None:
            peak_kb = max(peak_kb, sum(map(_proportional_kb, _family(running.pid))))
            time.sleep(_EVERY_S)
        said = running.stdout.read() if running.stdout else ""
    if running.returncode:
        sys.exit(f"{' '.join(command)} ended with {running.returncode}")
    return peak_kb // 1024, said


def _family(process: int) -> Iterator[int]:
    yield process
    try:
        threads = list(Path(f"/proc/{process}/task").iterdir())
        children = [child for each in threads for child in (each / "children").read_text(encoding="ascii").split()]
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _proportional_kb(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
