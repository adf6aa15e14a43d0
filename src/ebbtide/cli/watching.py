"""How a long run is watched where there is no terminal: a plain line now and then."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ebbtide.cli.output import ProgressReport

LINE_EVERY_S = 30.0
_RECENT_S = 30.0
_MINUTE_S = 60

Watcher = Callable[[ProgressReport], None]


class Speed:
    """Units a second, lately and since the beginning of what is being done.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._what = ""
        self._seen: deque[tuple[float, int]] = deque()
        self._first = (0.0, 0)

    def look(self, what: str, done: int) -> None:
        """Note how far it has come."""
        now = (self._clock(), done)
        if what != self._what:
            self._what, self._first = what, now
            self._seen.clear()
        self._seen.append(now)
        while len(self._seen) > 2 and now[0] - self._seen[1][0] >= _RECENT_S:  # noqa: PLR2004  the two ends of a stretch
            self._seen.popleft()

    @property
    def now_per_s(self) -> float:
        """Over the last half minute."""
        return _slope(self._seen[0], self._seen[-1]) if self._seen else 0.0

    @property
    def overall_per_s(self) -> float:
        """Since what is being done began."""
        return _slope(self._first, self._seen[-1]) if self._seen else 0.0

    def left_s(self, total: int) -> float | None:
        """Seconds until the total, if it goes on as it did; ``None`` if that cannot be told."""
        done, rate = self._seen[-1][1] if self._seen else 0, self.now_per_s or self.overall_per_s
        return max(0, total - done) / rate if rate and total else None


@contextmanager
def plain_lines(*, quiet: bool = False) -> Iterator[Watcher]:
    """A line on standard error now and then, where standard error is no terminal."""
    speed = Speed()
    last_s = time.monotonic()

    def watch(report: ProgressReport) -> None:
        nonlocal last_s
        speed.look(report.what, report.done)
        if time.monotonic() - last_s >= LINE_EVERY_S:
            last_s = time.monotonic()
            print(progress_line(report, speed), file=sys.stderr, flush=True)

    yield (lambda _report: None) if quiet or sys.stderr.isatty() else watch


def progress_line(report: ProgressReport, speed: Speed) -> str:
    """How far it has come, in one line."""
    counts = ", ".join(f"{name} {count:,}" for name, count in sorted(report.outcomes.items()))
    left_s = speed.left_s(report.total)
    left = "" if left_s is None else f", {left_s / _MINUTE_S:,.0f} min left"
    rate = f"{speed.now_per_s:,.1f}/s now, {speed.overall_per_s:,.1f}/s overall"
    return (
        f"{report.what}: {report.done:,} of {report.total:,} ({counts}), {rate}, {report.in_flight:,} in flight{left}"
    )


def _slope(earlier: tuple[float, int], later: tuple[float, int]) -> float:
    return (later[1] - earlier[1]) / (later[0] - earlier[0]) if later[0] > earlier[0] else 0.0
