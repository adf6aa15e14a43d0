"""One GET per host through the probe: the same farm and the same figures as the frozen ``bare_get.py``."""

import argparse
import json
import resource
import time
from collections.abc import Iterator, Sequence

from ebbtide.conduct.scope import build_scope
from ebbtide.frame.ids import site_id, target_id
from ebbtide.model.configuration import CapsSection, ClocksSection, Identity, LimitsSection, ScopeSection
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request
from ebbtide.probe.raw import RawTranscript
from ebbtide.probe.run import probe_assignments
from ebbtide.probe.settings import Assignment, ProbeSettings


class FrontPages:
    """A plan of GETs of the front page, over one connection.

    Args:
        count: How many, told apart by their query.
    """

    def __init__(self, count: int = 1) -> None:
        paths = ["/", *(f"/?{number}" for number in range(1, count))]
        self._requests = tuple(
            Request(path, Purpose.ROOT if path == "/" else Purpose.CHECK, is_last=path == paths[-1]) for path in paths
        )

    def next_requests(self, _target: Target, seen: Sequence[Exchange], _level: Level) -> Sequence[Request]:
        """All at once."""
        return () if seen else self._requests


def make_targets(hosts: int, addresses: int, first_octets: str, port: int, scheme: Scheme) -> list[Assignment]:
    """As many assignments as hosts, over as many addresses of the farm."""
    names = [f"{first_octets}.{number >> 8 & 255}.{number & 255}" for number in range(min(hosts, addresses))]
    targets = [Target(target_id(name, name, port, scheme), site_id(name), name, name, port, scheme) for name in names]
    return [Assignment(target, (target.address,), 1, Level.PASSIVE) for target in targets]


def cpu_s() -> float:
    """User and system time of this process, its start included as in ``bare_get.py``, and of its children."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def main() -> None:
    """Probe and print one JSON line."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--hosts", type=int, default=20000)
    args.add_argument("--addresses", type=int, default=5000)
    args.add_argument("--in-flight", type=int, default=200)
    args.add_argument("--port", type=int, default=18080)
    args.add_argument("--scheme", type=Scheme, choices=list(Scheme), default=Scheme.HTTP)
    args.add_argument("--first-octets", default="127.10")
    args.add_argument("--requests", type=int, default=1, help="to each host, over one connection")
    given = args.parse_args()
    settings = ProbeSettings(
        user_agent="ebbtide-bench",
        clocks=ClocksSection(),
        caps=CapsSection(),
        limits=LimitsSection(in_flight=given.in_flight, in_flight_per_prefix=given.in_flight, requests_per_prefix_s=0),
        scope=build_scope(ScopeSection(open=("127.0.0.0/8",)), Identity(), (), "bench"),
    )
    farm = make_targets(given.hosts, given.addresses, given.first_octets, given.port, given.scheme)
    outcomes = {True: 0, False: 0}
    octets = 0

    def assignments() -> Iterator[Assignment]:
        return (farm[number % len(farm)] for number in range(given.hosts))

    def on_done(transcript: RawTranscript) -> None:
        nonlocal octets
        outcomes[isinstance(transcript.outcome, Answered)] += 1
        octets += sum(exchange.received_bytes for exchange in transcript.exchanges)

    before_s, start_s = cpu_s(), time.perf_counter()
    probe_assignments(
        assignments(), FrontPages(given.requests), settings, on_start=lambda _assignment: None, on_done=on_done
    )
    wall_s, spent_s = time.perf_counter() - start_s, cpu_s()
    figures = {
        "what": f"probe_get {given.scheme}",
        "hosts": given.hosts,
        "ok": outcomes[True],
        "errors": outcomes[False],
        "bytes": octets,
        "wall_s": round(wall_s, 3),
        "cpu_s": round(spent_s, 3),
        "cpu_us_per_host": round(spent_s / given.hosts * 1e6, 1),
        "run_cpu_us_per_host": round((spent_s - before_s) / given.hosts * 1e6, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
