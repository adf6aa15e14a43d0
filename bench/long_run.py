"""A long run over servers that are not there: does memory stand still, and does the rate hold? Prints one JSON line.

The whole of ``survey run`` but for sockets: planned, divided, scheduled with a rate for each prefix, asked (front page
and absent names), kept in a journal, turned into tables and committed. Read at each fifth of the targets: resident
memory of the process that asks, of the one that writes tables and of the one that conducts; processor time of all.
"""

import argparse
import json
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from made_up_network import MadeUpNetwork

from ebbtide.model.configuration import (
    AttemptsSection,
    ChecksSection,
    ClocksSection,
    FrameSection,
    FrameSource,
    LimitsSection,
    ScopeSection,
    SurveyConfig,
)
from ebbtide.probe.run import probe_assignments
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey import batch
from ebbtide.survey.progress import Progress
from ebbtide.survey.running import run_round

LABEL = "long"
PARTS = 5
LEAST_TARGETS = 50_000
ADDRESSES_A_PREFIX = 50
_TICKS_S = os.sysconf("SC_CLK_TCK")
_CPU_FIELDS = slice(11, 13)


def bench_config() -> SurveyConfig:
    """One process that asks, one that writes; the rate of a prefix is in force."""
    return SurveyConfig(
        frame=FrameSection((FrameSource("hosts.csv", format="csv"),)),
        scope=ScopeSection(open=("127.0.0.0/8",)),
        limits=LimitsSection(processes=1, in_flight=500, requests_per_prefix_s=20),
        clocks=ClocksSection(connect_s=0.5),
        attempts=AttemptsSection(most=1),
        checks=ChecksSection(packs=()),
    )


def write_hosts(path: Path, targets: int) -> None:
    """A name for each target, 50 addresses in each prefix."""
    with path.open("w", encoding="utf-8") as file:
        file.write("host,address,port\n")
        for number in range(targets):
            prefix, last = divmod(number, ADDRESSES_A_PREFIX)
            file.write(f"h{number}.example,127.{prefix >> 8 & 255}.{prefix & 255}.{last + 1},80\n")


def become_worker(folder: str) -> None:
    """Note who asks, and have this process ask servers that are not there."""

    def ask(*given: object, **named: object) -> None:
        (Path(folder) / "asking").write_text(str(os.getpid()), encoding="ascii")
        probe_assignments(*given, **named, network=MadeUpNetwork())  # type: ignore[arg-type]

    vars(batch)["probe_assignments"] = ask


def rss_kb(process: int) -> int:
    """Resident memory."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0])


def cpu_s(process: int) -> float:
    """Processor time so far."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[_CPU_FIELDS])) / _TICKS_S


class Watch:
    """Reads the processes whenever another fifth of the targets is done."""

    def __init__(self, folder: Path, workers: ProcessPoolExecutor, targets: int) -> None:
        self._folder = folder
        self._workers = workers
        self._targets = targets
        self._before_s = self._asking_s = 0.0
        self._before_done = 0
        self._before_at_s = 0.0
        self.parts: list[dict[str, float]] = []

    def look(self, report: Progress) -> None:
        """Called several times a second while the round is asked."""
        if "asking" not in report.what or not (self._folder / "asking").exists():
            return
        if not self._before_at_s:
            self._before_s, self._before_done, self._before_at_s = self._cpu_s(), report.done, time.perf_counter()
            self._asking_s = cpu_s(self._asking)
        elif report.done * PARTS >= self._targets * (len(self.parts) + 1):
            self.parts.append(self._read(report.done))

    def _read(self, done: int) -> dict[str, float]:
        asking = self._asking
        writing = [each for each in self._processes() if each != asking]
        spent_s, at_s = self._cpu_s(), time.perf_counter()
        more = done - self._before_done
        asking_s = cpu_s(asking)
        part = {
            "done": done,
            "asking_kb": rss_kb(asking),
            "writing_kb": max(map(rss_kb, writing), default=0),
            "conducting_kb": rss_kb(os.getpid()),
            "cpu_us_per_target": round(1e6 * (spent_s - self._before_s) / more, 1),
            "asking_cpu_us": round(1e6 * (asking_s - self._asking_s) / more, 1),
            "targets_per_s": round(more / (at_s - self._before_at_s), 1),
        }
        self._before_s, self._before_done, self._before_at_s = spent_s, done, at_s
        self._asking_s = asking_s
        return part

    @property
    def _asking(self) -> int:
        return int((self._folder / "asking").read_text(encoding="ascii"))

    def _cpu_s(self) -> float:
        return sum(map(cpu_s, (os.getpid(), *self._processes())))

    def _processes(self) -> list[int]:
        return list(self._workers._processes)  # noqa: SLF001  there is no other way to their numbers


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--targets", type=int, default=1_000_000)
    given = args.parse_args()
    if given.targets < LEAST_TARGETS:
        args.error(f"fewer than {LEAST_TARGETS} targets are done before every process has begun to work")
    with tempfile.TemporaryDirectory(prefix="ebbtide-long-run-") as scratch:
        folder = SurveyFolder.create(Path(scratch) / "survey")
        write_hosts(folder.path / "hosts.csv", given.targets)
        begun_s = time.perf_counter()
        start = partial(become_worker, scratch)
        with ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=start) as workers:
            watch = Watch(Path(scratch), workers, given.targets)
            summary = run_round(folder, LABEL, bench_config(), progress=watch.look, executor=workers)
            conducting_end_kb = rss_kb(os.getpid())
        wall_s = time.perf_counter() - begun_s
        log_bytes = sum(file.stat().st_size for file in folder.round(LABEL).path.joinpath("log").iterdir())
        files = len(folder.round(LABEL).log_state.files)
    if summary.targets != given.targets or len(watch.parts) != PARTS:
        raise SystemExit(f"{summary.targets} of {given.targets} were planned, {len(watch.parts)} fifths were seen")
    first, last = watch.parts[0], watch.parts[-1]
    growth = {name: round(last[f"{name}_kb"] / first[f"{name}_kb"], 3) for name in ("asking", "writing", "conducting")}
    growth["conducting_after_the_last_pass"] = round(conducting_end_kb / first["conducting_kb"], 3)
    figures = {
        "what": "long_run",
        "targets": given.targets,
        "outcomes": summary.outcomes,
        "parts": watch.parts,
        "rss_growth": growth,
        "cpu_growth": round(last["cpu_us_per_target"] / first["cpu_us_per_target"], 3),
        "files": files,
        "log_bytes": log_bytes,
        "wall_s": round(wall_s, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
