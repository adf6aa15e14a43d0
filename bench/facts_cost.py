"""All facts of rounds made up through the store's own functions: seconds and memory at 1, 2 and 4 times the targets.

Called as: facts_cost.py [--targets 100000] [--rounds 1] [--checks 20]. Prints one JSON line.
"""

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from ebbtide.estimate.compute import compute_facts
from ebbtide.estimate.lens_facts import compute_lens_facts
from ebbtide.estimate.lenses import AddressTables
from ebbtide.frame.ids import endpoint_id, site_id, target_id
from ebbtide.model.rows import OutcomeRow, SoftwareRow, TargetRow, VerdictRow
from ebbtide.model.targets import Level
from ebbtide.model.verdicts import CheckInfo, JudgementManifest
from ebbtide.rounds.building import write_round
from ebbtide.rounds.folder import SurveyFolder

FAMILIES = ("apache", "nginx", "microsoft-iis", "lighttpd", "caddy")
TLDS = 300
NAMES_AN_ADDRESS = 3


def make(path: Path, number: int, targets: int, checks: int) -> None:
    """One judged round: families, operators and holes by the hash of a name, a tenth without an answer."""
    infos = tuple(
        CheckInfo(f"check-{place}", "a" * 16, "A check", Level.PASSIVE, "low", (), "mend it", ("a source",))
        for place in range(checks)
    )
    rows: tuple[list[TargetRow], list[OutcomeRow], list[SoftwareRow], list[VerdictRow]] = ([], [], [], [])
    for place in range(targets):
        draw = int.from_bytes(hashlib.blake2b(f"{place} {number}".encode(), digest_size=8).digest(), "big")
        host = f"h{place}.t{place % TLDS}"
        block = place // NAMES_AN_ADDRESS
        address = f"127.{block >> 16 & 127}.{block >> 8 & 255}.{block & 255}"
        ids = target_id(host, "*", 80, "http"), site_id(host)
        is_answered = draw % 10 > 0
        rows[0].append(TargetRow(*ids, host, "", 80, "http", "", 1.0))
        ended = ("answered", "", "") if is_answered else ("failed", "connect", "refused")
        rows[1].append(
            OutcomeRow(*ids, endpoint_id(address, 80), 1, *ended, "", "", address, 200, 1, 0, 1, 0.1, "")
        )  # fmt: skip
        if is_answered:
            family = FAMILIES[(draw >> 8) % len(FAMILIES)]
            rows[2].append(SoftwareRow(*ids, family, "server", "", family, "1.0", "", "", "server", is_family=True))
            rows[3].extend(
                VerdictRow(*ids, info.id, "shown", "", 0, "body", "", "")
                for shift, info in enumerate(infos)
                if (draw >> shift) % 16 == 0
            )
    manifest = JudgementManifest("00ff00ff00ff00ff", "1", ("bench",), infos)
    label = f"2026-{number:02d}"
    write_round(
        SurveyFolder.open(path),
        label,
        f"{label}-15",
        rows[0],
        rows[1],
        manifest=manifest,
        software=rows[2],
        verdicts=rows[3],
    )


def measure(targets: int, rounds: int, checks: int) -> dict[str, object]:
    """In this process: what all facts take, the making of the rounds left out."""
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as name:
        folder = SurveyFolder.create(Path(name) / "survey")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere:
            for number in range(1, rounds + 1):
                elsewhere.submit(make, folder.path, number, targets, checks).result()
        begun, wall = time.process_time(), time.perf_counter()
        facts = compute_facts(folder)
        whole_s = time.perf_counter() - wall
        tables = AddressTables(operator=lambda address: address.rpartition(".")[0])
        facts += compute_lens_facts(folder, tables=tables)
        return {
            "targets": targets,
            "rounds": rounds,
            "checks": checks,
            "facts": len(facts),
            "cpu_s": round(time.process_time() - begun, 2),
            "wall_s": round(time.perf_counter() - wall, 2),
            "without_lenses_wall_s": round(whole_s, 2),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }


def section(targets: int, rounds: int = 1, checks: int = 20) -> dict[str, object]:
    """At a quarter, half and all of the targets, each in a process of its own."""
    found: dict[str, object] = {}
    for step in (1, 2, 4):
        command = [sys.executable, __file__, "--alone", "--targets", str(targets * step // 4)]
        command += ["--rounds", str(rounds), "--checks", str(checks)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[f"x{step}"] = json.loads(done.stdout)
    first, last = (float(str(found[name]["cpu_s"])) for name in ("x1", "x4"))  # type: ignore[index]  # as printed above
    return {**found, "growth_1x_to_4x": round(last / 4 / first, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--checks", type=int, default=20)
    parser.add_argument("--alone", action="store_true", help="only at all of the targets, in this process")
    given = parser.parse_args()
    measured = measure if given.alone else section
    print(json.dumps(measured(given.targets, given.rounds, given.checks)))


if __name__ == "__main__":
    main()
