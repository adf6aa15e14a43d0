"""What a cohort costs: every check of two rounds of N sites in our own format, beside the bare query of the baselines.

The bare query joins two rounds of four narrow columns by site, and knows one check. Ours reads what a survey keeps:
names and outcomes, attempts, software, and the sparse verdicts of all checks; ``ratio`` is processor time over
processor time, ``ratio_per_column`` that over how many times as many columns are read. Both run in turn, each in a
process of its own, start included. ``joins`` are plain joins of the same two rounds by site, by address and by
certificate; a certificate's is made up beside each site. ``growth`` is what a pair of neighbouring rounds costs in a
year of twelve over what it costs in three. Prints one JSON line.
"""

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import duckdb
from cohort_rounds import make_rounds
from measuring import in_short, measure

from ebbtide.estimate.site_cohorts import site_cohorts
from ebbtide.rounds.folder import SurveyFolder

BARE = Path(__file__).resolve().parents[2] / "shared" / "bench" / "bare_cohort.py"
BARE_COLUMNS = 8
OUR_COLUMNS = 32
"""Of two rounds: final_outcomes 5, outcomes 2, software 4, verdicts 5 each."""
JOIN = """
SELECT count(*) FROM (SELECT {key} FROM read_parquet('{then}') WHERE {wanted}) a
JOIN (SELECT {key} FROM read_parquet('{now}') WHERE {wanted}) b USING ({key})
"""
KEYS = {"site": "site_id", "address": "endpoint_id", "certificate": "sha256"}
MEMORY_LIMIT = "400MiB"


def ask_ours(survey: Path) -> dict[str, object]:
    """Cohorts and fates of every pair of neighbouring rounds."""
    folder = SurveyFolder.open(survey)
    sites = fates = pairs = 0
    for labels in pairwise(folder.labels()):
        found = site_cohorts(folder, labels, 2)
        check = next(iter(found)).check
        sites += sum(n for seen, n in found.items() if seen.check == check)
        fates += len({(seen.check, seen.fate) for seen in found if seen.verdict_then == "shown"})
        pairs += 1
    return {"sites": sites, "fates": fates, "pairs": pairs}


def ask_join(survey: Path, key: str) -> dict[str, object]:
    """A join of two rounds by one key, a part of its values at a time."""
    pairs, parts = 0, 16
    with duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(survey / "spill")}) as db:
        for shard in range(parts):
            one = f"shard={shard:02d}/*.parquet" if key == "site" else "*/*.parquet"
            kept = "keys" if key == "certificate" else "final_outcomes"
            wanted = "true" if key == "site" else f"hash({KEYS[key]}) % {parts} = {shard}"
            then, now = (survey / "rounds" / label / kept / one for label in ("r01", "r02"))
            ((n,),) = db.execute(JOIN.format(key=KEYS[key], then=then, now=now, wanted=wanted)).fetchall()
            pairs += n
    return {"pairs": pairs}


def make_keys(survey: Path) -> None:
    """A certificate's SHA-256 for each site of both rounds, of which a tenth is renewed."""
    with duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(survey / "spill")}) as db:
        for label, share in (("r01", 0), ("r02", 10)):
            for file in sorted((survey / "rounds" / label / "final_outcomes").glob("*/*.parquet")):
                home = survey / "rounds" / label / "keys" / file.parent.name
                home.mkdir(parents=True)
                salt = f"CASE WHEN site_id % 100 < {share} THEN 'new' ELSE '' END"
                made = f"SELECT unhex(sha256(site_id || {salt})) AS sha256 FROM read_parquet('{file}')"  # noqa: S608  # our own paths
                db.execute(f"COPY ({made}) TO '{home / 'keys.parquet'}' (FORMAT parquet, COMPRESSION zstd)")


def take(what: str, survey: str) -> None:
    """One reading, with its peak."""
    begun = time.perf_counter()
    said = ask_ours(Path(survey)) if what == "ours" else ask_join(Path(survey), what)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({**said, "peak_mb": peak, "wall_s": round(time.perf_counter() - begun, 2)}))


def _run(what: str, survey: Path) -> tuple[float, dict[str, object]]:
    cost = measure([sys.executable, __file__, "take", what, str(survey)])
    if cost.returncode:
        raise RuntimeError(f"{what} failed: {cost.said}")
    return cost.cpu_s, cost.said


def _bare(what: str, folder: Path, sites: int) -> tuple[float, dict[str, object]]:
    cost = measure([sys.executable, str(BARE), what, str(folder), "--sites", str(sites)])
    if cost.returncode:
        raise RuntimeError(f"the bare query failed: {cost.said}")
    return cost.cpu_s, cost.said


def section(sites: int, turns: int, scratch: Path, *, joins: bool = True) -> dict[str, object]:
    """Ours beside the bare query in turn, and the joins."""
    survey, bare = scratch / f"ours-{sites}", scratch / f"bare-{sites}"
    make_rounds(survey, sites)
    _bare("make", bare, sites)
    ours: list[float] = []
    bares: list[float] = []
    peaks: list[int] = []
    for _ in range(turns):
        bares.append(_bare("ask", bare, sites)[0])
        cpu_s, said = _run("ours", survey)
        ours.append(cpu_s)
        peaks.append(int(str(said["peak_mb"])))
    ratio = in_short([one / other for one, other in zip(ours, bares, strict=True)])
    more = OUR_COLUMNS / BARE_COLUMNS
    found: dict[str, object] = {
        "sites": sites,
        "ours_cpu_s": in_short(ours).median,
        "bare_cpu_s": in_short(bares).median,
        "ratio": ratio.median,
        "ratio_range": [ratio.low, ratio.high],
        "ratio_per_column": round(ratio.median / more, 3),
        "peak_mb": max(peaks),
        "fates": said["fates"],
    }
    if joins:
        make_keys(survey)
        found["joins"] = _joins(survey, turns)
    shutil.rmtree(survey)
    shutil.rmtree(bare)
    return found


def _joins(survey: Path, turns: int) -> dict[str, object]:
    cost: dict[str, list[float]] = {key: [] for key in KEYS}
    peaks: list[int] = []
    for _ in range(turns):
        for key in KEYS:
            cpu_s, said = _run(key, survey)
            cost[key].append(cpu_s)
            peaks.append(int(str(said["peak_mb"])))
    by_site = cost["site"]
    return {
        "site_cpu_s": in_short(by_site).median,
        **{
            f"{key}_of_site": in_short([a / b for a, b in zip(cost[key], by_site, strict=True)]).median
            for key in ("address", "certificate")
        },
        "peak_mb": max(peaks),
    }


def growth(sites: int, scratch: Path, rounds: Sequence[int] = (3, 12)) -> dict[str, object]:
    """What a pair of neighbouring rounds costs in short and in long series."""
    each = []
    for number in rounds:
        survey = scratch / f"series-{number}"
        make_rounds(survey, sites, number)
        cpu_s, said = _run("ours", survey)
        each.append(cpu_s / int(str(said["pairs"])))
        shutil.rmtree(survey)
    return {"sites": sites, "rounds": list(rounds), "cpu_s_a_pair": in_short(each).readings,
            "growth_3_to_12": round(each[1] / each[0], 3)}  # fmt: skip


def whole(
    sites: Sequence[int], turns: int = 3, growth_sites: int = 100_000, *, joins: bool = True
) -> dict[str, object]:
    """All parts; that of the last number of sites is called ``largest``."""
    with tempfile.TemporaryDirectory(prefix="ebbtide-cohort-") as scratch:
        found: dict[str, object] = {
            f"sites_{number}": section(number, turns, Path(scratch), joins=joins) for number in sites
        }
        found["largest"] = found[f"sites_{sites[-1]}"]
        if growth_sites:
            found["growth"] = growth(growth_sites, Path(scratch))
    return found


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--sites", type=int, nargs="+", default=[1_000_000])
    args.add_argument("--turns", type=int, default=3)
    args.add_argument("--growth-sites", type=int, default=100_000, help="0 leaves this part out")
    args.add_argument("--no-joins", action="store_true")
    given = args.parse_args()
    found = whole(given.sites, given.turns, given.growth_sites, joins=not given.no_joins)
    print(json.dumps({"what": "cohort_cost", "cohort_cost": found}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["take"]:
        take(*sys.argv[2:])
    else:
        main()
