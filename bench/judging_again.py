"""A round asked over a farm, its stored answers judged again, and one check asked of them; prints one JSON line."""

import argparse
import json
import tempfile
import time
from pathlib import Path

import msgspec
from round_cost import LABEL, bench_config, cpu_s

from ebbtide.model.configuration import ChecksSection, FrameSection, FrameSource
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.answering import answer_from
from ebbtide.survey.further_checks import with_check_alone
from ebbtide.survey.judging import judge_round
from ebbtide.survey.running import run_round
from ebbtide.survey.sealing import seal_round

QUESTION = "php-version"
SITES = 1_000_000


def run(addresses: Path, targets: int, processes: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as name:
        path = Path(name) / "survey"
        folder = SurveyFolder.create(path)
        _write_frame(addresses, targets, path / "targets.csv")
        config = bench_config(processes)
        frame = FrameSection((FrameSource("targets.csv", "csv"),))
        config = msgspec.structs.replace(config, frame=frame, checks=ChecksSection(packs=("iis-2001",)))
        figures: dict[str, object] = {"what": "judging_again", "targets": targets, "processes": processes}

        def timed(what: str, begun: tuple[float, float]) -> float:
            wall_s = time.perf_counter() - begun[1]
            figures[f"{what}_cpu_s"] = round(cpu_s() - begun[0], 2)
            figures[f"{what}_wall_s"] = round(wall_s, 2)
            return wall_s

        begun = cpu_s(), time.perf_counter()
        run_round(folder, LABEL, config)
        seal_round(folder, LABEL)
        probed_s = timed("probed", begun)
        more = msgspec.structs.replace(config, checks=ChecksSection(packs=("iis-2001", "exposures")))
        begun = cpu_s(), time.perf_counter()
        judged = judge_round(folder, LABEL, more)
        again_s = timed("again", begun)
        alone, check = with_check_alone(config, folder.path, QUESTION)
        begun = cpu_s(), time.perf_counter()
        answer = answer_from(folder, LABEL, alone, check)
        answered_s = timed("question", begun)
        return {
            **figures,
            "answered": judged.answered,
            "looked_at": answer.targets,
            "times_as_fast_as_probing": round(probed_s / again_s, 2),
            "question_minutes_a_million": round(answered_s / targets * SITES / 60, 2),
        }


def _write_frame(addresses: Path, targets: int, path: Path) -> None:
    known = addresses.read_text(encoding="utf-8").split()
    lines = (
        f"h{number}.example,{known[number % len(known)].rpartition(':')[0]},{known[0].rpartition(':')[2]}"
        for number in range(targets)
    )
    path.write_text("host,address,port\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("addresses", type=Path, help="file with address:port a line; each gets several names")
    arguments.add_argument("--targets", type=int, default=20_000)
    arguments.add_argument("--processes", type=int, default=2)
    given = arguments.parse_args()
    print(json.dumps(run(given.addresses, given.targets, given.processes)))
