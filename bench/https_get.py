"""One handshake and GET a host: ours with its certificate summary against the frozen ``bare_tls.py``."""

import sys
from pathlib import Path

from farm import FIRST_OCTETS, BenchError, Farm, baseline
from measuring import Cost, in_short, measure
from session_alone import session_alone

HERE = Path(__file__).resolve().parent
IN_FLIGHT = 200
STARTS = 3

Section = dict[str, object]


def https(farm: Farm, folder: Path, hosts: int, pairs: int) -> Section:
    """Alternating pairs over the network, then the session alone against a server in memory.

    Args:
        farm: Answers over TLS.
        folder: The farm's, with the certificate and key that the server in memory uses too.
        hosts: GETs in each reading.
        pairs: So many readings of each.
    """
    programs: dict[str, list[str]] = {
        "bare": [str(baseline("bare_tls.py")), "--kind", "pyopenssl"],
        "ours": [str(HERE / "probe_get.py"), "--scheme", "https"],
    }
    costs: dict[str, list[Cost]] = {name: [] for name in programs}
    for pair in range(pairs):
        for name in list(programs) if pair % 2 == 0 else list(reversed(programs)):
            costs[name].append(_ask(programs[name], farm, hosts))
    ratios = [ours.cpu_s / bare.cpu_s for ours, bare in zip(costs["ours"], costs["bare"], strict=True)]
    start_s = {
        name: in_short([_ask(words, farm, 1).cpu_s for _ in range(STARTS)]).median for name, words in programs.items()
    }
    work_s = {name: in_short([each.cpu_s for each in costs[name]]).median - start_s[name] for name in programs}
    return {
        "hosts": hosts,
        "cpu_us_per_host": {
            name: in_short([1e6 * each.cpu_s / hosts for each in readings]) for name, readings in costs.items()
        },
        "ratio": in_short(ratios),
        "start_cpu_s": start_s,
        "ratio_without_start": round(work_s["ours"] / work_s["bare"], 3),
        "session_alone": session_alone(folder / "cert.pem", folder / "key.pem"),
    }


def _ask(words: list[str], farm: Farm, hosts: int) -> Cost:
    cost = measure(
        [
            *(sys.executable, *words, "--hosts", str(hosts), "--addresses", str(farm.count)),
            *("--in-flight", str(IN_FLIGHT), "--port", str(farm.tls_port), "--first-octets", FIRST_OCTETS),
        ]
    )
    if cost.returncode or cost.said.get("ok") != hosts:
        raise BenchError(f"{words[0]} did not get {hosts} pages over TLS: {cost.said}")
    return cost
