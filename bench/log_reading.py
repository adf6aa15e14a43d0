"""Reading a long access log for attacks, beside ``grep -c`` of the same words and GoAccess; prints one JSON document.

Two logs are read. ``heavy`` is a public one of a honeypot, written many times over with its days moved on, so that no
part is a copy of another: 29 % of its lines are attacks, some of 8 KiB. ``usual`` has the same attacks among requests
as a shop has them, so that 3 % of its lines are attacks.
"""

import argparse
import gzip
import itertools
import json
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from measuring import Cost, machine, measure

from ebbtide.pressure.counting import count_load
from ebbtide.pressure.reading import read_logs
from ebbtide.pressure.signatures.matching import SignatureSet
from ebbtide.pressure.signatures.reading import own_signatures, words_of
from ebbtide.pressure.sources import Neighbourhood, SourcePolicy

LOGS = Path(__file__).resolve().parents[2] / "shared" / "data" / "logs" / "honeynet-2004"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STAMP = re.compile(rb"\[(\d\d)/(\w{3})/(\d{4}):")
SOURCE = re.compile(rb"(?m)^[0-9.]+ ")
MIXES = ("heavy", "usual")
EVER_NEW = "ever_new_sources"
_SAMPLE_S = 0.02
USUAL_ONE_IN = 10
"""Lines of the shop for each line of the honeypot: 29 % of attacks become 3 %."""

PAGES = ("/", "/shop/", "/shop/item?id=%d", "/img/%d.jpg", "/search?q=red%%20shoes%d", "/style.css", "/api/cart/%d")
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
)


def turns(mix: str, *, has_new_sources: bool) -> Iterator[bytes]:
    """The log, moved on a day each time."""
    known = b"".join(gzip.decompress(file.read_bytes()) for file in sorted(LOGS.glob("*.gz")))
    chance = random.Random(20040801)  # noqa: S311  a log made up, the same each time
    for turn in itertools.count():
        text = STAMP.sub(partial(moved, turn), known)
        if has_new_sources:
            text = SOURCE.sub(lambda _: b"%d.%d.%d.%d " % tuple(chance.randrange(1, 255) for _ in range(4)), text)
        yield text if mix == "heavy" else among_others(text, chance)


def among_others(text: bytes, chance: random.Random) -> bytes:
    """Lines among those of visitors of a shop, a second before each."""
    out: list[bytes] = []
    for line in text.splitlines(keepends=True):
        stamp = line[line.find(b"[") : line.find(b"]") + 1]
        out.extend(visitor(stamp, chance) for _ in range(USUAL_ONE_IN))
        out.append(line)
    return b"".join(out)


def visitor(stamp: bytes, chance: random.Random) -> bytes:
    number = chance.randrange(100_000)
    page = PAGES[number % len(PAGES)]
    target = page % number if "%d" in page else page
    return b'10.%d.%d.7 - - %b "GET %b HTTP/1.1" 200 %d "https://www.shop.example/" "%b"\n' % (
        number % 250, number // 400, stamp, target.encode(), number, AGENTS[number % 2].encode(),
    )  # fmt: skip


def moved(turn: int, found: re.Match[bytes]) -> bytes:
    day, month, year = found.groups()
    then = date(int(year), MONTHS.index(month.decode()) + 1, int(day)) + timedelta(days=turn % 3000)
    return f"[{then.day:02}/{MONTHS[then.month - 1]}/{then.year}:".encode()


def write_log(path: Path, lines: int, mix: str = "heavy", *, has_new_sources: bool = False) -> int:
    """Write so many lines or some more; returns how many."""
    written = 0
    with path.open("wb") as stream:
        for text in turns(mix, has_new_sources=has_new_sources):
            stream.write(text)
            written += text.count(b"\n")
            if written >= lines:
                break
    return written


def read_here(path: Path, processes: int) -> None:
    """Read in this process, and say what came of it."""
    neighbourhood = Neighbourhood("")
    reading = read_logs([str(path)], SignatureSet(own_signatures()), SourcePolicy(), neighbourhood, processes=processes)
    load = count_load(reading.events, reading.ledger)
    all_of_it = load.whole[0]
    found = {"lines": reading.lines, "events": len(reading.events), "visits": all_of_it.visits}
    print(json.dumps({**found, "sources": all_of_it.sources}))


def read(path: Path, processes: int) -> dict[str, object]:
    """Read in a process of its own: its processor time, also on two cores, its time and its memory."""
    cost, rss_mb = watched([sys.executable, __file__, "--read", str(path), "--processes", str(processes)])
    lines = int(str(cost.said["lines"]))
    return {
        **cost.said,
        "cpu_s": cost.cpu_s,
        "wall_s": cost.wall_s,
        "rss_mb": rss_mb,
        "lines_a_cpu_s": round(lines / cost.cpu_s),
        "lines_a_s_on_two_cores": round(2 * lines / cost.cpu_s),
        "lines_a_wall_s": round(lines / cost.wall_s),
    }


def watched(command: Sequence[str]) -> tuple[Cost, float]:
    """Run a program; what it cost, and the peaks of memory of it and of all its processes added up, in mebioctets.

    Peaks are those of ``/proc``: what ``getrusage`` tells of a process begins with the memory of whoever started it.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    peaks: dict[int, int] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            note_peaks(process.pid, peaks)
            time.sleep(_SAMPLE_S)
        said = json.loads(process.stdout.read() if process.stdout else "{}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall_s = time.perf_counter() - began
    cost = Cost(round(cpu_s, 3), round(wall_s, 3), process.returncode, said)
    return cost, round(sum(peaks.values()) / 1024, 1)


def note_peaks(pid: int, peaks: dict[int, int]) -> None:
    """Take note of the peak of a process and of those that it started."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    if found is not None:
        peaks[pid] = int(found.group(1))
    for child in children:
        note_peaks(int(child), peaks)


def grep(path: Path, words: Path) -> dict[str, float]:
    """``grep -c`` for any of the words, in any case of letters, as octets."""
    found = {}
    for name, options in (("any_case", ["-i"]), ("as_written", [])):
        cost = measure(["env", "LC_ALL=C", "grep", "-a", "-c", *options, "-F", "-f", str(words), str(path)])
        found[f"{name}_cpu_s"] = cost.cpu_s
    return found


def goaccess(path: Path) -> dict[str, object]:
    """GoAccess at the same log, all its panels, to a JSON report."""
    program = shutil.which("goaccess")
    if program is None:
        return {"missing": "goaccess is not installed"}
    out = path.with_suffix(".goaccess.json")
    cost, rss_mb = watched(
        ["sh", "-c", f"{program} {path} --log-format=COMBINED --no-global-config -o {out} >&2 2>/dev/null; echo {{}}"]
    )
    told = json.loads(out.read_text(errors="replace"), strict=False)["general"] if out.exists() else {}
    return {
        "cpu_s": cost.cpu_s,
        "wall_s": cost.wall_s,
        "rss_mb": rss_mb,
        "valid_requests": told.get("valid_requests"),
        "failed_requests": told.get("failed_requests"),
    }


def others(path: Path, words: Path) -> dict[str, object]:
    """Other programs at the same log in the same run, beside one process of ours, and how often ours theirs is."""
    alone, grepped, told = read(path, 1), grep(path, words), goaccess(path)
    ours_s = float(str(alone["cpu_s"]))
    times = {"grep_c": round(grepped["any_case_cpu_s"] / ours_s, 3)}
    if "cpu_s" in told:
        times["goaccess"] = round(float(str(told["cpu_s"])) / ours_s, 2)
    return {"ours_one_process": alone, "grep_c": grepped, "goaccess": told, "times_ours": times}


def compare(folder: Path, mix: str, lines: int, *, with_others: bool) -> dict[str, object]:
    """One mix at one and five times so many lines."""
    words = folder / "words"
    needed = {word for each in own_signatures() for clue in each.clue for word in words_of(clue)}
    words.write_bytes(b"".join(word + b"\n" for word in sorted(needed)))
    found: dict[str, object] = {}
    memory = {}
    for times in (1, 5):
        path = folder / "log"
        written = write_log(path, lines * times, mix)
        ours = read(path, 0)
        memory[times] = float(str(ours["rss_mb"]))
        found[f"x{times}"] = {"lines": written, "mb": round(path.stat().st_size / 1e6), "ours": ours}
        if times == 1:
            attacks = int(str(ours["events"])) / written
            found["attacks"] = round(attacks, 3)
            if with_others:
                found["others"] = {
                    "ours_one_process": read(path, 1), "grep_c": grep(path, words), "goaccess": goaccess(path)
                }  # fmt: skip
        path.unlink()
    return {**found, "rss_growth_x1_to_x5": round(memory[5] / memory[1], 3)}


def ever_new_sources(folder: Path, lines: int) -> dict[str, object]:
    """Each attack from a source of its own: what then grows."""
    found = {}
    for times in (1, 5):
        path = folder / "log"
        write_log(path, lines * times, has_new_sources=True)
        found[f"x{times}"] = read(path, 0)
        path.unlink()
    growth = float(str(found["x5"]["rss_mb"])) / float(str(found["x1"]["rss_mb"]))
    return {**found, "rss_growth_x1_to_x5": round(growth, 3)}


def section(lines: int, parts: Sequence[str] = (), *, with_others: bool = True) -> dict[str, object]:
    """All parts, or those that are named."""
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as name:
        for part in parts or (*MIXES, EVER_NEW):
            if part == EVER_NEW:
                found[part] = ever_new_sources(Path(name), lines)
            else:
                found[part] = compare(Path(name), part, lines, with_others=with_others)
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lines", type=int, default=1_000_000, help="lines at 1x; 4000000 for the bound as written")
    arguments.add_argument("parts", nargs="*", help=f"{', '.join(MIXES)}, {EVER_NEW}; all without")
    arguments.add_argument("--alone", action="store_true", help="without grep and GoAccess")
    arguments.add_argument("--read", type=Path, default=None)
    arguments.add_argument("--processes", type=int, default=0)
    given = arguments.parse_args()
    if given.read is not None:
        read_here(given.read, given.processes)
        return
    began = time.perf_counter()
    found = section(given.lines, given.parts, with_others=not given.alone)
    took = round(time.perf_counter() - began)
    print(json.dumps({"what": "log_reading", "machine": machine(), "took_s": took, **found}))


if __name__ == "__main__":
    main()
