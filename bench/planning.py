"""What planning costs: the frame read, merged, decided on and counted, or settled into ``targets``; no packet is sent.

Frames of three kinds are made in a scratch folder: ``names`` (a ranked list), ``pinned`` (CSV with host and address)
and ``cidr`` (prefixes); of the first two, one line in a hundred is there twice. Each reading is a process of its own,
its peak is that of all its processes together, and ``yardstick`` reads and hashes as many lines in bare Python.
Prints one JSON line.
"""

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from memory import peak_of

from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.conduct import survey_scope
from ebbtide.survey.plan_summary import plan_summary
from ebbtide.survey.planning import read_frame, scratch_folder, write_targets
from ebbtide.survey.settings import load_config

HERE = Path(__file__).resolve().parent
KINDS = {"names": "ranked", "pinned": "csv", "cidr": "cidr"}
CONFIGURATION = """
[identity]
organisation = "Bench"
page = "https://bench.example/"
contact = "bench@bench.example"
[scope]
exclude = [".closed.example", "11.0.3.0/24"]
[[frame.source]]
path = "frame"
format = "{format}"
"""
SAMPLE = """
[sample]
fraction = {fraction}
leaving = 0.25
"""
STEPS = (1, 2, 4)
SPREAD = 2654435761  # odd: multiplying by it modulo 2**32 puts numbers out of order, each once
ADDRESSES_A_PREFIX = 1 << 16


def names_frame(lines: int) -> Iterator[str]:
    for number in range(lines):
        drawn = _once(number)
        yield f"{number + 1},www.{drawn:x}.example{drawn % 97}.org\n"


def pinned_frame(lines: int) -> Iterator[str]:
    yield "host,address\n"
    for number in range(lines):
        drawn = _once(number)
        address = f"{11 + drawn % 80}.{drawn >> 24}.{drawn >> 16 & 255}.{drawn >> 8 & 255}"
        yield f"www.{drawn:x}.example{drawn % 97}.org,{address}\n"


def cidr_frame(lines: int) -> Iterator[str]:
    for first in range(11 << 24, (11 << 24) + lines, ADDRESSES_A_PREFIX):
        yield f"{first >> 24}.{first >> 16 & 255}.0.0/16\n"


def _once(number: int) -> int:
    """A number of 32 bits; of a hundred neighbours the last has that of the one before."""
    return (number - number % 100 // 99) * SPREAD % (1 << 32)


FRAMES: dict[str, Callable[[int], Iterator[str]]] = {"names": names_frame, "pinned": pinned_frame, "cidr": cidr_frame}


def make_survey(folder: Path, kind: str, lines: int, sample: float = 0) -> None:
    """A survey whose frame has so many lines; prefixes are whole, so that a few more addresses may stand there."""
    SurveyFolder.create(folder)
    drawn = SAMPLE.format(fraction=sample) if sample else ""
    (folder / "survey.toml").write_text(CONFIGURATION.format(format=KINDS[kind]) + drawn, encoding="utf-8")
    with (folder / "frame").open("w", encoding="utf-8") as stream:
        stream.writelines(FRAMES[kind](lines))
    with (folder / "yardstick").open("w", encoding="utf-8") as stream:
        stream.writelines(names_frame(lines))


def plan(survey: Path) -> int:
    """All of ``ebbtide survey plan`` but the printing."""
    return plan_summary(SurveyFolder.open(survey), load_config(survey)).lines


def settle(survey: Path) -> int:
    """What ``ebbtide survey run`` does before it asks: the frame is read, and ``targets`` written."""
    folder, config = SurveyFolder.open(survey), load_config(survey)
    with scratch_folder(survey, "bench") as scratch:
        merged, design = read_frame(folder, config, survey_scope(config, survey), scratch)
        opening = folder.create_round(f"r{time.time_ns()}", "2001-07-15", "bench")
        write_targets(opening, merged, "", "", design=design)
        return merged.read


def yardstick(survey: Path) -> int:
    """As many lines as there are targets, read and hashed one by one, and nothing else."""
    lines = 0
    with (survey / "yardstick").open("rb") as stream:
        for line in stream:
            blake2b(line, digest_size=8).digest()
            lines += 1
    return lines


WORK = ("plan", "settle")
TASKS = {"plan": plan, "settle": settle, "yardstick": yardstick}


def take(task: str, survey: str) -> None:
    """One reading, in this process and those that it starts; the start of the program is left out of the times."""
    before_s, begun = cpu_s(), time.perf_counter()
    lines = TASKS[task](Path(survey))
    wall_s = time.perf_counter() - begun
    print(json.dumps({"lines": lines, "wall_s": round(wall_s, 2), "cpu_s": round(cpu_s() - before_s, 3)}))


def cpu_s() -> float:
    """Processor time of this process and of those of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def readings(
    kind: str, lines: int, tasks: Sequence[str], scratch: Path, sample: float = 0
) -> dict[str, dict[str, float]]:
    """Each task once, at one frame; with a sample of that fraction, or as a census."""
    survey = scratch / f"{kind}-{lines}-{sample}"
    make_survey(survey, kind, lines, sample)
    found = {task: _reading(task, survey) for task in tasks}
    shutil.rmtree(survey)
    return found


def _reading(task: str, survey: Path) -> dict[str, float]:
    # Without a file as its main module, so that the processes that it starts load only what they need.
    program = f"import sys; sys.path.insert(0, {str(HERE)!r}); from planning import take; take(*sys.argv[1:])"
    peak_mb, said = peak_of([sys.executable, "-c", program, task, str(survey)])
    return {**json.loads(said), "peak_mb": peak_mb}


def section(lines: int) -> dict[str, object]:
    """All kinds at one, two and four quarters of so many lines: what ``run.py`` keeps."""
    with tempfile.TemporaryDirectory(prefix="ebbtide-planning-") as scratch:
        steps = {step: lines * step // STEPS[-1] for step in STEPS}
        found = {
            kind: {f"x{step}": readings(kind, count, tuple(TASKS), Path(scratch)) for step, count in steps.items()}
            for kind in KINDS
        }
    return {"lines": lines, **{kind: {**each, **_in_ratios(each)} for kind, each in found.items()}}


def _in_ratios(steps: dict[str, dict[str, dict[str, float]]]) -> dict[str, float]:
    least, most = steps[f"x{STEPS[0]}"], steps[f"x{STEPS[-1]}"]
    ratios = {"peak_mb": max(most[task]["peak_mb"] for task in WORK)}
    for task in WORK:
        per_line = [each[task]["cpu_s"] / each[task]["lines"] for each in (least, most)]
        ratios[f"{task}_growth_1x_to_4x"] = round(per_line[1] / per_line[0], 3)
        yardstick_s = most["yardstick"]["cpu_s"] / most["yardstick"]["lines"]
        ratios[f"{task}_times_yardstick"] = round(per_line[1] / yardstick_s, 2)
    return ratios


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--lines", type=int, default=1_000_000)
    args.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    args.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    args.add_argument("--samples", nargs="+", type=float, default=[0], help="fractions; 0 is a census")
    given = args.parse_args()
    with tempfile.TemporaryDirectory(prefix="ebbtide-planning-") as scratch:
        found = {
            f"{kind} sample {sample:g}" if sample else kind: readings(
                kind, given.lines, given.tasks, Path(scratch), sample
            )
            for kind in given.kinds
            for sample in given.samples
        }
    print(json.dumps({"what": "planning", "lines": given.lines, **found}))


if __name__ == "__main__":
    main()
