"""What dividing and scheduling cost a target, without sockets and without conversations; prints one JSON line.

Assignments go into a divider, come back sorted, and are given out by the scheduler over a clock that jumps; each is
over 20 ms after its start, and half of them send one further request. Run it with several numbers of targets and
prefixes: the reading that counts is the ratio of ``cpu_us_per_target``.
"""

import argparse
import heapq
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from ebbtide.frame.ids import site_id, target_id
from ebbtide.model.configuration import LimitsSection
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.probe.scheduling import Scheduler
from ebbtide.probe.settings import Assignment
from ebbtide.survey.dividing import Divider
from ebbtide.survey.shares import SortedShare

LASTS_S = 0.02
IN_FLIGHT = 500


def make_assignments(targets: int, prefixes: int, *, is_skewed: bool) -> Iterator[Assignment]:
    """Targets spread over prefixes; with skew, half of them in the first one."""
    for number in range(targets):
        prefix = 0 if is_skewed and number % 2 else number % prefixes
        address = f"{11 + (prefix >> 16)}.{prefix >> 8 & 255}.{prefix & 255}.{number // prefixes % 250 + 1}"
        host = f"h{number}.example"
        target = Target(target_id(host, "", 80, "http"), site_id(host), host, "", 80, Scheme.HTTP)
        yield Assignment(target, (address,), 1, Level.PASSIVE)


class Clock:
    """Jobs that are over after a while, on a clock that jumps from event to event."""

    def __init__(self, share: SortedShare, limits: LimitsSection) -> None:
        self._scheduler: Scheduler[Assignment] = Scheduler(limits)
        self._feed = share.neighbours()
        self._has_more = True
        self._now_s = 0.0
        self._events: list[tuple[float, int, Assignment, bool]] = []
        self._ties = count()
        self.done = 0
        self.most_open = 0

    def run(self) -> None:
        """Give out everything."""
        scheduler = self._scheduler
        while True:
            self._give_out()
            self.most_open = max(self.most_open, scheduler.open_prefixes)
            ready_s = scheduler.ready_at_s(self._now_s, has_more=self._has_more)
            if not self._events and ready_s is None:
                return
            if self._events and (ready_s is None or self._events[0][0] <= ready_s):
                self._now_s, _, job, is_further = heapq.heappop(self._events)
                if is_further and not scheduler.admit(job, job.addresses[0], self._now_s):
                    continue
                self._end(job, is_asking=is_further)
            elif ready_s is not None:
                self._now_s = max(self._now_s, ready_s)

    def _give_out(self) -> None:
        scheduler = self._scheduler
        while True:
            further = scheduler.take_further(self._now_s)
            if further is not None:
                self._later(further, is_further=False)
                continue
            job = scheduler.take_start(self._now_s)
            if job is not None:
                self._later(job, is_further=job.target.target_id[0] < 128)  # noqa: PLR2004  half of all
            elif self._has_more and scheduler.has_room(self._now_s):
                prefix = next(self._feed, None)
                if prefix is None:
                    self._has_more = False
                else:
                    scheduler.open(prefix.prefix, prefix.addresses(), self._now_s)
            else:
                return

    def _end(self, job: Assignment, *, is_asking: bool) -> None:
        if is_asking:
            self._later(job, is_further=False)
        else:
            self.done += 1
            self._scheduler.release(job.addresses[0], self._now_s)

    def _later(self, job: Assignment, *, is_further: bool) -> None:
        heapq.heappush(self._events, (self._now_s + LASTS_S, next(self._ties), job, is_further))


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--targets", type=int, default=10_000)
    args.add_argument("--prefixes", type=int, default=1_000)
    args.add_argument("--prefix-rate", type=float, default=20)
    args.add_argument("--skewed", action="store_true")
    given = args.parse_args()
    limits = LimitsSection(in_flight=IN_FLIGHT, requests_per_prefix_s=given.prefix_rate)
    with tempfile.TemporaryDirectory(prefix="ebbtide-scheduling-") as scratch:
        begun_s = time.process_time()
        for _ in make_assignments(given.targets, given.prefixes, is_skewed=given.skewed):
            pass
        making_s = time.process_time() - begun_s
        divider = Divider(Path(scratch) / "pass", b"bench")
        for each in make_assignments(given.targets, given.prefixes, is_skewed=given.skewed):
            divider.add(each)
        (share,) = divider.shares(1)
        divided_s = time.process_time()
        opened = share.sort()
        sorted_s = time.process_time()
        clock = Clock(opened, limits)
        clock.run()
        given_out_s = time.process_time()
        opened.close()
    if clock.done != given.targets:
        raise SystemExit(f"only {clock.done} of {given.targets} were given out")
    steps = {
        "divide": divided_s - begun_s - 2 * making_s,
        "sort": sorted_s - divided_s,
        "give_out": given_out_s - sorted_s,
    }
    figures = {
        "what": "scheduling_cost",
        "targets": given.targets,
        "prefixes": given.prefixes,
        "is_skewed": given.skewed,
        "most_open_prefixes": clock.most_open,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "cpu_us_per_target": round(1e6 * sum(steps.values()) / given.targets, 2),
        "give_out_us": round(1e6 * steps["give_out"] / given.targets, 2),
        "steps_us": {name: round(1e6 * step / given.targets, 2) for name, step in steps.items()},
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
