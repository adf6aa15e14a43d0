"""How much memory a target takes while it is in flight: thousands of addresses that answer nothing, all at once.

One socket on loopback whose queue is full drops every further call, whatever the address within 127.0.0.0/8.
"""

import argparse
import json
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from probe_get import FrontPages

from ebbtide.conduct.scope import build_scope
from ebbtide.frame.ids import site_id, target_id
from ebbtide.model.configuration import CapsSection, ClocksSection, Identity, LimitsSection, ScopeSection
from ebbtide.model.outcomes import Failed, Fault
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.probe.raw import RawTranscript
from ebbtide.probe.run import probe_assignments
from ebbtide.probe.settings import Assignment, ProbeSettings

CONNECT_S = 12.0
_FULL = 8


def resident_bytes() -> int:
    """Memory of this process that is in use now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


@contextmanager
def silent_port() -> Iterator[int]:
    """A port at which nobody takes a call: its queue is full."""
    with socket.socket() as listening:
        listening.bind(("0.0.0.0", 0))  # noqa: S104  (all of loopback; the queue is full before anybody else calls)
        listening.listen(0)
        port = int(listening.getsockname()[1])
        parked = [socket.socket() for _ in range(_FULL)]
        for one in parked:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        yield port
        for one in parked:
            one.close()


def assignments(count: int, port: int) -> Iterator[Assignment]:
    """One target an address, no two in flight sharing one."""
    for number in range(count):
        name = f"127.{32 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
        target = Target(target_id(name, name, port, Scheme.HTTP), site_id(name), name, name, port, Scheme.HTTP)
        yield Assignment(target, (name,), 1, Level.PASSIVE)


def main() -> None:
    """Probe and print one JSON line."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--targets", type=int, default=18_000)
    given = args.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    started = 0
    seen = {"in_flight": 0}
    silent = 0

    def on_start(_assignment: Assignment) -> None:
        nonlocal started
        started += 1

    def on_done(transcript: RawTranscript) -> None:
        nonlocal silent
        if not silent:
            seen["in_flight"] = resident_bytes()
        outcome = transcript.outcome
        silent += isinstance(outcome, Failed) and outcome.fault is Fault.TIMED_OUT

    with silent_port() as port:
        settings = ProbeSettings(
            user_agent="ebbtide-bench",
            clocks=ClocksSection(connect_s=CONNECT_S),
            caps=CapsSection(),
            limits=LimitsSection(in_flight=given.targets, in_flight_per_prefix=given.targets, requests_per_prefix_s=0),
            scope=build_scope(ScopeSection(open=("127.0.0.0/8",)), Identity(), (), "bench"),
        )
        probe_assignments(
            assignments(16, port), FrontPages(), settings_for_warming(settings), on_start=ignore, on_done=ignore
        )
        idle = resident_bytes()
        probe_assignments(assignments(given.targets, port), FrontPages(), settings, on_start=on_start, on_done=on_done)
    figures = {
        "what": "silent_memory",
        "targets": given.targets,
        "silent": silent,
        "idle_mib": round(idle / 2**20, 1),
        "in_flight_mib": round(seen["in_flight"] / 2**20, 1),
        "kib_per_target": round((seen["in_flight"] - idle) / 2**10 / given.targets, 2),
    }
    print(json.dumps(figures))


def settings_for_warming(settings: ProbeSettings) -> ProbeSettings:
    """The same with short clocks: what is loaded once is no part of a target."""
    return ProbeSettings(
        settings.user_agent, ClocksSection(connect_s=0.2), settings.caps, settings.limits, settings.scope
    )


def ignore(_one: object) -> None:
    """Nothing is kept of the warming."""


if __name__ == "__main__":
    main()
