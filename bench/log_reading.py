"""Reading a long access log for attacks, beside ``grep -c`` of the same words; prints one JSON line.

The log is a public one, written many times over with its days moved on, so that no part is a copy of another.
"""

import argparse
import gzip
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from ebbtide.pressure.counting import count_load
from ebbtide.pressure.reading import read_logs
from ebbtide.pressure.signatures.matching import SignatureSet
from ebbtide.pressure.signatures.reading import own_signatures, words_of
from ebbtide.pressure.sources import Neighbourhood, SourcePolicy

LOGS = Path(__file__).resolve().parents[2] / "shared" / "data" / "logs" / "honeynet-2004"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STAMP = re.compile(rb"\[(\d\d)/(\w{3})/(\d{4}):")


def write_log(path: Path, lines: int) -> int:
    """Write so many lines or some more; returns how many."""
    known = b"".join(gzip.decompress(file.read_bytes()) for file in sorted(LOGS.glob("*.gz")))
    written = 0
    with path.open("wb") as stream:
        for turn in range(10_000):
            stream.write(STAMP.sub(partial(moved, turn), known))
            written += known.count(b"\n")
            if written >= lines:
                return written
    return written


def moved(turn: int, found: re.Match[bytes]) -> bytes:
    day, month, year = found.groups()
    then = date(int(year), MONTHS.index(month.decode()) + 1, int(day)) + timedelta(days=turn % 3000)
    return f"[{then.day:02}/{MONTHS[then.month - 1]}/{then.year}:".encode()


def read(path: Path) -> dict[str, float]:
    """Read in a process of its own; its time and memory."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, __file__, "--read", str(path)], capture_output=True, text=True, check=True)
    return {**json.loads(done.stdout), "wall_s": round(time.perf_counter() - began, 2)}


def read_here(path: Path) -> None:
    reading = read_logs([str(path)], SignatureSet(own_signatures()), SourcePolicy(), Neighbourhood(""))
    count_load(reading.events, reading.ledger)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"lines": reading.lines, "events": len(reading.events), "peak_mb": round(peak_mb, 1)}))


def grep_s(path: Path, words: Path) -> float:
    """Seconds of ``grep -c`` for any of the words."""
    began = time.perf_counter()
    subprocess.run(["grep", "-a", "-c", "-i", "-F", "-f", str(words), str(path)], capture_output=True, check=False)
    return time.perf_counter() - began


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lines", type=int, default=1_000_000)
    arguments.add_argument("--read", type=Path, default=None)
    given = arguments.parse_args()
    if given.read is not None:
        read_here(given.read)
        return
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as name:
        words = Path(name) / "words"
        needed = {word for each in own_signatures() for clue in each.clue for word in words_of(clue)}
        words.write_bytes(b"".join(word + b"\n" for word in sorted(needed)))
        figures = {}
        for times in (1, 4):
            path = Path(name) / f"log-{times}"
            lines = write_log(path, given.lines * times)
            found = read(path)
            figures[f"x{times}"] = {
                **found,
                "lines_a_s": round(lines / found["wall_s"]),
                "grep_s": round(grep_s(path, words), 2),
            }
        print(json.dumps({"what": "log_reading", **figures}))


if __name__ == "__main__":
    main()
