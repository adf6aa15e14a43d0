"""All benchmarks of one run on one machine: ratios against frozen baselines and other tools, as JSON in bench/results.

Every packet stays within 127.0.0.0/8, and the number of hosts is bounded; see bench/README.md.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import cohort_cost
import log_reading
import msgspec
import planning
from farm import FIRST_OCTETS, BenchError, Farm, baseline, find_program, running_farm
from growing import long_run, scheduling
from https_get import https
from measuring import Cost, in_short, is_compiled, machine, measure

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PAGE_BYTES = (1_000, 15_000, 60_000)
MAIN_PAGE_BYTES = 15_000
STEPS = (1, 2, 4)
OTHER_TOOLS_HOSTS = 500
STARTS = 3
START_HOSTS = 16
IN_FLIGHT = 200
FURTHER = 5
FURTHER_PART = 4
HTTPS_PART = 4
"""A handshake costs several times a GET: so many times fewer hosts give as long a reading."""
AFTER_PAGES = 5_000
YARDSTICK_HOSTS = 5_000
YARDSTICK_US = 67.0  # of bare_get.py a host at 15 KB, on the machine on which the allowance after the network was set

Section = dict[str, object]


def one_get(farm: Farm, hosts: int, pairs: int) -> Section:
    """One GET a host: ours against the bare loop, in alternating pairs."""
    ours = HERE / "probe_get.py"
    programs = {"bare": baseline("bare_get.py"), "ours": ours, **({"ours_not_compiled": ours} if is_compiled() else {})}
    costs: dict[str, list[Cost]] = {name: [] for name in programs}
    for pair in range(pairs):
        order = list(programs) if pair % 2 == 0 else list(reversed(programs))
        for name in order:
            costs[name].append(_ask(programs[name], farm, hosts, is_pure=name == "ours_not_compiled"))
    ratios = {
        name: in_short([ours.cpu_s / bare.cpu_s for ours, bare in zip(costs[name], costs["bare"], strict=True)])
        for name in programs
    }
    per_host = {name: in_short([1e6 * each.cpu_s / hosts for each in readings]) for name, readings in costs.items()}
    start_s = {
        name: in_short([_ask(program, farm, 1, is_pure=name == "ours_not_compiled").cpu_s for _ in range(STARTS)])
        for name, program in programs.items()
    }
    work_s = {name: in_short([each.cpu_s for each in costs[name]]).median - start_s[name].median for name in programs}
    return {
        "hosts": hosts,
        "page_bytes": farm.page_bytes,
        "cpu_us_per_host": per_host,
        "ratio": ratios["ours"],
        "ratio_not_compiled": ratios.get("ours_not_compiled", ratios["ours"]),
        "start_cpu_s": start_s,
        "ratio_without_start": round(work_s["ours"] / work_s["bare"], 3),
    }


def _ask(program: Path, farm: Farm, hosts: int, requests: int = 1, *, is_pure: bool = False) -> Cost:
    cost = measure(
        [
            *(sys.executable, str(program), "--hosts", str(hosts), "--addresses", str(farm.count)),
            *("--in-flight", str(IN_FLIGHT), "--port", str(farm.port), "--first-octets", FIRST_OCTETS),
            *(("--requests", str(requests)) if requests > 1 else ()),
        ],
        is_pure=is_pure,
    )
    if cost.returncode or cost.said.get("ok") != hosts:
        raise BenchError(f"{program.name} did not get {hosts} pages: {cost.said}")
    return cost


def further_request(farm: Farm, hosts: int, pairs: int) -> Section:
    """What one more request on an open connection costs, as a share of the first one, its dialing included.

    Beside it the same of a bare loop that reads lengths alone: the part that the kernel takes, and the floor.
    """
    programs = {"ours": HERE / "probe_get.py", "bare": HERE / "bare_further.py"}
    start_s = {
        name: in_short([_ask(program, farm, 1).cpu_s for _ in range(STARTS)]).median
        for name, program in programs.items()
    }
    some = hosts // FURTHER_PART
    readings: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for _ in range(pairs):
        for name, program in programs.items():
            one_s, many_s = (_ask(program, farm, some, requests).cpu_s for requests in (1, FURTHER))
            readings[name].append((one_s - start_s[name], (many_s - one_s) / (FURTHER - 1)))
    of_first = {name: in_short([further / first for first, further in pairs]) for name, pairs in readings.items()}
    cost_us = {
        name: {
            "first": in_short([1e6 * first / some for first, _ in pairs]),
            "further": in_short([1e6 * further / some for _, further in pairs]),
        }
        for name, pairs in readings.items()
    }
    return {
        "hosts": some,
        "requests": FURTHER,
        "of_first": of_first["ours"],
        "bare_of_first": of_first["bare"],
        "cost_us": cost_us,
    }


def silent_memory() -> Section:
    """Memory of thousands of targets in flight at once, none of which answers."""
    cost = measure([sys.executable, str(HERE / "silent_memory.py")])
    if cost.returncode:
        raise BenchError(f"silent_memory.py ended with {cost.returncode}: {cost.said}")
    return cost.said


def sensor_load() -> Section:
    """What the sensor accepts and records beside clients that ask as fast as they can."""
    cost = measure([sys.executable, str(HERE / "sensor_load.py")])
    if cost.returncode or not cost.said.get("accepted"):
        raise BenchError(f"sensor_load.py ended with {cost.returncode}: {cost.said}")
    return cost.said


def core_plan(farm: Farm, scratch: Path, targets: int) -> Section:
    """Three requests a target, judged and written, at one, two and four times as many targets."""
    found: Section = {"page_bytes": farm.page_bytes, "start": _round(farm, scratch, START_HOSTS)}
    for step in STEPS:
        found[f"x{step}"] = _round(farm, scratch, targets * step)
    start = _reading(found, "start", "all_cpu_s")
    marginal = {
        step: (_reading(found, f"x{step}", "all_cpu_s") - start) / (targets * step - START_HOSTS) for step in STEPS
    }
    found["cpu_us_per_target"] = {f"x{step}": round(1e6 * cost, 1) for step, cost in marginal.items()}
    return {**found, "growth_1x_to_4x": round(marginal[STEPS[-1]] / marginal[STEPS[0]], 3)}


def _round(farm: Farm, scratch: Path, hosts: int) -> Section:
    file = _host_file(farm, scratch, hosts)
    cost = measure([sys.executable, str(HERE / "round_cost.py"), str(file)])
    if cost.returncode or cost.said.get("answered") != hosts:
        raise BenchError(f"the round did not get {hosts} pages: {cost.said}")
    return {**cost.said, "all_cpu_s": cost.cpu_s}


def _reading(section: Section, part: str, name: str) -> float:
    return float(msgspec.convert(section[part], dict[str, float | str])[name])


def after_network(folder: Path, yardsticks: Farm) -> Section:
    """What comes after the network, cold, at a quarter, half and all of 5,000 distinct pages.

    Every reading has its own of ``bare_get.py`` right before it: what else the machine does slows both down.
    """
    readings: dict[int, list[_Reading]] = {step: [] for step in STEPS}
    for _ in range(STARTS):
        for step in STEPS:
            readings[step].append(_beside_yardstick(folder, AFTER_PAGES * step // STEPS[-1], yardsticks))
    usual = in_short([each.slowness for costs in readings.values() for each in costs]).median
    start_s = in_short([_number(_after(folder, START_HOSTS), "cpu_s") for _ in range(STARTS)]).median / usual
    marginal_us = {}
    for step, costs in readings.items():
        work_s = in_short([_number(each.said, "cpu_s") / each.slowness for each in costs]).median - start_s
        marginal_us[step] = 1e6 * work_s / (AFTER_PAGES * step // STEPS[-1] - START_HOSTS)
    whole = readings[STEPS[-1]]
    return {
        **whole[-1].said,
        "yardstick": in_short([each.slowness for each in whole]),
        "of_allowed": in_short([_number(each.said, "of_allowed") for each in whole]),
        "of_allowed_by_yardstick": in_short([_number(each.said, "of_allowed") / each.slowness for each in whole]),
        "with_seal_by_yardstick": in_short(
            [_number(each.said, "of_allowed_with_seal") / each.slowness for each in whole]
        ),
        "start_cpu_s_by_yardstick": round(start_s, 4),
        "marginal_us_a_page_by_yardstick": {f"x{step}": round(spent, 1) for step, spent in marginal_us.items()},
        "growth_1x_to_4x": round(marginal_us[STEPS[-1]] / marginal_us[STEPS[0]], 3),
    }


class _Reading(msgspec.Struct, frozen=True):
    """What one run said, and how much slower than at the setting of the allowance the machine was right then."""

    said: dict[str, object]
    slowness: float


def _beside_yardstick(folder: Path, pages: int, farm: Farm) -> _Reading:
    before = _bare_us(farm)
    said = _after(folder, pages)
    return _Reading(said, (before + _bare_us(farm)) / 2 / YARDSTICK_US)


def _bare_us(farm: Farm) -> float:
    return 1e6 * _ask(baseline("bare_get.py"), farm, YARDSTICK_HOSTS).cpu_s / YARDSTICK_HOSTS


def _after(folder: Path, pages: int) -> dict[str, object]:
    cost = measure([sys.executable, str(HERE / "after_network.py"), str(folder), "--pages", str(pages)])
    if cost.returncode or cost.said.get("judged") != pages:
        raise BenchError(f"after_network.py did not judge {pages} pages: {cost.said}")
    return cost.said


def _number(said: dict[str, object], name: str) -> float:
    return msgspec.convert(said[name], float)


def other_tools(farm: Farm, scratch: Path) -> Section:
    """Nmap and WhatWeb, and our core plan, at the same hosts in the same run."""
    file = _host_file(farm, scratch, OTHER_TOOLS_HOSTS)
    addresses = scratch / "addresses.txt"
    addresses.write_text("\n".join(farm.addresses(OTHER_TOOLS_HOSTS)) + "\n", encoding="utf-8")
    urls = scratch / "urls.txt"
    urls.write_text("".join(f"http://{line}/\n" for line in file.read_text().split()), encoding="utf-8")
    nmap_log, whatweb_log = scratch / "nmap.txt", scratch / "whatweb.json"
    tools: dict[str, Callable[[], list[str]]] = {
        "ebbtide": lambda: [sys.executable, str(HERE / "round_cost.py"), str(file)],
        "nmap": lambda: [
            *(find_program("nmap"), "-sT", "-Pn", "-n", "-p", str(farm.port), "-iL", str(addresses)),
            *("--script", "+http-title,+http-server-header", "-oN", str(nmap_log)),
        ],
        "whatweb": lambda: [
            *(find_program("whatweb"), "--no-errors", "-q", "-i", str(urls), f"--log-json={whatweb_log}"),
        ],
    }
    found = {name: _tool(name, command) for name, command in tools.items()}
    logs = {"nmap": (nmap_log, "http-title: "), "whatweb": (whatweb_log, '"target"')}
    for name, (log, mark) in logs.items():
        if log.exists():
            found[name]["hosts_told"] = log.read_text(encoding="utf-8", errors="replace").count(mark)
    ours = found["ebbtide"].get("cpu_ms_per_host")
    for name in logs:
        theirs = found[name].get("cpu_ms_per_host")
        if isinstance(ours, float) and isinstance(theirs, float):
            found[name]["times_ours"] = round(theirs / ours, 2)
    return {"hosts": OTHER_TOOLS_HOSTS, "page_bytes": farm.page_bytes, **found}


def _tool(name: str, command: Callable[[], list[str]]) -> Section:
    try:
        words = command()
    except BenchError as error:
        return {"missing": str(error)}
    cost = measure(words)
    if cost.returncode:
        return {"failed": f"{name} ended with {cost.returncode}: {cost.said}"}
    per_host = round(1e3 * cost.cpu_s / OTHER_TOOLS_HOSTS, 3)
    return {"cpu_s": cost.cpu_s, "wall_s": cost.wall_s, "cpu_ms_per_host": per_host}


def _host_file(farm: Farm, scratch: Path, hosts: int) -> Path:
    file = scratch / f"hosts-{hosts}.txt"
    file.write_text("".join(f"{address}:{farm.port}\n" for address in farm.addresses(hosts)), encoding="utf-8")
    return file


def guarded(section: Callable[[], Section]) -> Section:
    """A part that cannot run says so in the result; the others still run."""
    try:
        return section()
    except BenchError as error:
        print(f"not measured: {error}", file=sys.stderr)
        return {"missing": str(error)}


def run_all(scratch: Path, given: argparse.Namespace) -> dict[str, Section]:
    """All sections that were asked for by the beginning of their name."""
    wanted = tuple(given.sections or [""])
    found: dict[str, Section] = {}

    def measured(name: str, section: Callable[[], Section]) -> None:
        if name.startswith(wanted):
            found[name] = guarded(section)

    count = max(AFTER_PAGES, given.targets * STEPS[-1], OTHER_TOOLS_HOSTS)
    with running_farm(scratch / "main", count, MAIN_PAGE_BYTES) as main_farm:
        measured("one_get", partial(one_get, main_farm, given.hosts, given.pairs))
        measured("further_request", partial(further_request, main_farm, given.hosts, given.pairs))
        measured("https", partial(https, main_farm, scratch / "main", given.hosts // HTTPS_PART, given.pairs))
        measured("other_tools", partial(other_tools, main_farm, scratch))
        for page_bytes in PAGE_BYTES:
            with running_farm(scratch / str(page_bytes), count, page_bytes) as farm:
                size = f"{page_bytes // 1000}kb"
                measured(f"core_plan_{size}", partial(core_plan, farm, scratch, given.targets))
                measured(f"after_network_{size}", partial(after_network, scratch / str(page_bytes), main_farm))
    measured("planning", partial(planning.section, given.planning_lines))
    measured("cohort_cost", partial(cohort_cost.whole, [given.cohort_sites]))
    measured("silent_memory", silent_memory)
    measured("sensor_load", sensor_load)
    measured("log_reading", partial(log_reading.section, given.log_lines))
    measured("scheduling", scheduling)
    measured("long_run", partial(long_run, given.long_run_targets))
    return found


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--name", default=datetime.now(UTC).strftime("%Y-%m-%d"))
    arguments.add_argument("--hosts", type=int, default=20_000, help="GETs in each reading of one_get")
    arguments.add_argument("--pairs", type=int, default=5)
    arguments.add_argument("--targets", type=int, default=1_000, help="targets at 1x of the core plan")
    arguments.add_argument("--planning-lines", type=int, default=1_000_000, help="lines at 4x of planning")
    arguments.add_argument("--cohort-sites", type=int, default=1_000_000, help="20000000 for the bound as written")
    arguments.add_argument(
        "--log-lines", type=int, default=1_000_000, help="lines at 1x; 4000000 for the bound as written"
    )
    arguments.add_argument("sections", nargs="*", help="how the names of the wanted sections begin; all without")
    arguments.add_argument("--long-run-targets", type=int, default=200_000, help="1000000 for the bound as written")
    given = arguments.parse_args()
    noted: Section = {"taken_at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
    try:
        with tempfile.TemporaryDirectory(prefix="ebbtide-farm-") as scratch:
            found = run_all(Path(scratch), given)
    except BenchError as error:
        print(f"not measured: {error}", file=sys.stderr)
        return 2
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{given.name}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode({**noted, **found}), indent=1) + b"\n")
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
