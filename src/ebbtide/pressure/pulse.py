"""How a live log goes: visits by the minute, and rates over the last hour."""

import msgspec

MINUTES = 60
_MINUTE_S = 60


class Pulse(msgspec.Struct, frozen=True):
    """The last hour, or less if it began later.

    Attributes:
        lines, requests: Lines and attacks in all.
        visits_by_minute: Visits that began in each minute, the oldest first, this one last.
        lines_a_minute, requests_a_minute, visits_an_hour: Means.
    """

    lines: int
    requests: int
    visits_by_minute: tuple[int, ...]
    lines_a_minute: float
    requests_a_minute: float
    visits_an_hour: float


class PulseTaker:
    """Counts by the minute.

    Args:
        now_s: When it begins, on a clock that never goes back.
        lines: How many came before.
        requests: Attacks that came before.
    """

    def __init__(self, now_s: float, lines: int = 0, requests: int = 0) -> None:
        self._begun_s = now_s
        self._lines = lines
        self._requests = requests
        self._minutes: dict[int, tuple[int, int, int]] = {}

    def take(self, now_s: float, lines: int, requests: int, visits: int) -> Pulse:
        """Take note.

        Args:
            now_s: Now.
            lines: How many in all.
            requests: Attacks in all.
            visits: How many have begun since the last time.
        """
        minute = int((now_s - self._begun_s) // _MINUTE_S)
        before = self._minutes.get(minute, (0, 0, 0))
        self._minutes[minute] = (
            before[0] + lines - self._lines, before[1] + requests - self._requests, before[2] + visits
        )  # fmt: skip
        self._lines, self._requests = lines, requests
        first = max(0, minute - MINUTES + 1)
        self._minutes = {number: each for number, each in self._minutes.items() if number >= first}
        each_minute = [self._minutes.get(number, (0, 0, 0)) for number in range(first, minute + 1)]
        span_min = max(min((now_s - self._begun_s) / _MINUTE_S, MINUTES), 1.0)
        sums = [sum(column) for column in zip(*each_minute, strict=True)]
        return Pulse(
            lines, requests, tuple(each[2] for each in each_minute), round(sums[0] / span_min, 1),
            round(sums[1] / span_min, 1), round(sums[2] / span_min * 60, 1),
        )  # fmt: skip
