"""One round over a farm: planned, asked (core plan, three requests), written, sealed, judged; prints one JSON line."""

import argparse
import json
import resource
import shutil
import tempfile
import time
from pathlib import Path

from ebbtide.model.configuration import (
    AttemptsSection,
    ChecksSection,
    FrameSection,
    FrameSource,
    LimitsSection,
    ScopeSection,
    SurveyConfig,
)
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.judging import judge_round
from ebbtide.survey.running import run_round
from ebbtide.survey.sealing import seal_round

LABEL = "bench"


def bench_config(processes: int) -> SurveyConfig:
    """No limit by prefix, since the whole farm is one; all else as a survey has it."""
    return SurveyConfig(
        frame=FrameSection((FrameSource("hosts.txt"),)),
        scope=ScopeSection(open=("127.0.0.0/8",)),
        limits=LimitsSection(processes=processes, in_flight=200, in_flight_per_prefix=200, requests_per_prefix_s=0),
        attempts=AttemptsSection(most=1),
        checks=ChecksSection(packs=("iis-2001", "exposures")),
    )


def cpu_s() -> float:
    """Processor time of this process and of all workers that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def run(hosts: Path, processes: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as name:
        path = Path(name) / "survey"
        folder = SurveyFolder.create(path)
        shutil.copy(hosts, path / "hosts.txt")
        config = bench_config(processes)
        begun, start = cpu_s(), time.perf_counter()
        run_round(folder, LABEL, config, as_of=None, progress=lambda _progress: None)
        seal_round(folder, LABEL)
        asked, asked_at = cpu_s(), time.perf_counter()
        judge_round(folder, LABEL, config, progress=lambda _progress: None)
        judged, judged_at = cpu_s(), time.perf_counter()
        stored = folder.round(LABEL)
        transcripts = [each for shard in range(folder.shards) for each in stored.transcripts(shard)]
        return {
            "what": "round_cost",
            "hosts": len(transcripts),
            "answered": sum(bool(each.exchanges) and each.exchanges[0].status == 200 for each in transcripts),  # noqa: PLR2004  every page of the farm is there
            "exchanges": sum(len(each.exchanges) for each in transcripts),
            "ask_cpu_s": round(asked - begun, 3),
            "judge_cpu_s": round(judged - asked, 3),
            "ask_wall_s": round(asked_at - start, 3),
            "judge_wall_s": round(judged_at - asked_at, 3),
            "cpu_s": round(judged - begun, 3),
            "stored_bytes": sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
            "peak_mb": max(
                resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
            )
            // 1024,
        }


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("hosts", type=Path, help="file with host:port a line")
    arguments.add_argument("--processes", type=int, default=1)
    given = arguments.parse_args()
    print(json.dumps(run(given.hosts, given.processes)))
