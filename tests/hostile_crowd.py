"""Asks every server of the farm many times at once and prints what that cost; a process of its own can tell.

Called as: hostile_crowd.py PORTS EACH IN_FLIGHT SEED, with the ports as JSON by name of the server.
"""

import json
import sys
import threading
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))

from asking_examples import make_settings
from ebbtide.model.configuration import ClocksSection, LimitsSection
from ebbtide.probe.raw import RawTranscript
from ebbtide.probe.run import probe_assignments
from ebbtide.probe.settings import Assignment
from ebbtide.probe.sockets import SocketNetwork
from hostile_farm.asking import FarmPlan, assign, told
from hostile_farm.endings import HUGE
from hostile_farm.records import CAPS, Place
from hostile_farm.servers import SERVERS

CROWDED = tuple(
    server for server in SERVERS if not server.is_v6 and HUGE not in server.asks and server.place is not Place.ONCE
)
"""All but those that take sixteen megabytes of us each, that are there once, or that have one address only."""

CLOCKS = ClocksSection(connect_s=4, handshake_s=4, target_s=8)
"""Longer than the farm's own, since thousands at once keep this machine busy."""


def memory_bytes(name: str) -> int:
    """``VmRSS``, what is resident now, or ``VmHWM``, the most that ever was."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def open_files() -> int:
    """Descriptors of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


def make_assignments(ports: dict[str, int], each: int, seed: int) -> list[Assignment]:
    """Every server so many times, each time at another address, in an order that the seed decides."""
    servers = [server for server in CROWDED for _ in range(each)]
    Random(seed).shuffle(servers)  # noqa: S311
    return [assign(server, ports[server.name], number) for number, server in enumerate(servers)]


class Crowd:
    """Counts how many are in flight, and what became of them."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.most_in_flight = 0
        self.outcomes: Counter[str] = Counter()

    def start(self, _assignment: Assignment) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def finish(self, transcript: RawTranscript) -> None:
        self.in_flight -= 1
        self.outcomes[f"{transcript.assignment.target.host} {told(transcript.outcome)}"] += 1


def main() -> None:
    ports, each, in_flight, seed = json.loads(sys.argv[1]), *map(int, sys.argv[2:5])
    assignments = make_assignments(ports, each, seed)
    limits = LimitsSection(in_flight=in_flight, in_flight_per_prefix=in_flight, requests_per_prefix_s=0)
    settings = make_settings(clocks=CLOCKS, caps=CAPS, limits=limits)

    def probe(some: list[Assignment]) -> Crowd:
        crowd = Crowd()
        probe_assignments(some, FarmPlan(), settings, on_start=crowd.start, on_done=crowd.finish)
        return crowd

    probe([])  # opens what a process opens once
    SocketNetwork().tls_session("")  # and loads what it loads once
    files, threads, before_bytes = open_files(), threading.active_count(), memory_bytes("VmRSS")
    first = probe(assignments)
    first_bytes = memory_bytes("VmHWM")
    second = probe(assignments)
    report = {
        "targets": len(assignments),
        "most_in_flight": first.most_in_flight,
        "outcomes": [first.outcomes, second.outcomes],
        "grown_bytes": first_bytes - before_bytes,
        "grown_again_bytes": memory_bytes("VmHWM") - first_bytes,
        "files_left": open_files() - files,
        "threads_left": threading.active_count() - threads,
    }
    print(json.dumps(report))  # noqa: T201


if __name__ == "__main__":
    main()
