"""Does a target cost more when there are more of them? Scheduling from ten thousand to a million, and a long run."""

import statistics
import sys
from pathlib import Path

from farm import BenchError
from measuring import measure

HERE = Path(__file__).resolve().parent
SMALL = (10_000, 1_000)
MORE_TARGETS = (1_000_000, 10_000)
MORE_OF_BOTH = (1_000_000, 100_000)
SMALL_SCATTERED = (10_000, 10_000)
MORE_PREFIXES = (100_000, 100_000)
CASES = (SMALL, MORE_TARGETS, SMALL_SCATTERED, MORE_PREFIXES, SMALL, MORE_OF_BOTH)
"""Targets and prefixes; the small ones between the large ones, so that both see the same machine."""

Section = dict[str, object]


def scheduling() -> Section:
    """Each case in turn, then once more in the reverse order.

    Returns:
        Microseconds a target; growth in all, and in giving out alone, which knows no fixed cost of a start.
    """
    costs: dict[tuple[int, int], list[float]] = {case: [] for case in CASES}
    given_out: dict[tuple[int, int], list[float]] = {case: [] for case in CASES}
    for case in (*CASES, *reversed(CASES)):
        targets, prefixes = case
        said = _said("scheduling_cost.py", "--targets", str(targets), "--prefixes", str(prefixes))
        costs[case].append(_number(said["cpu_us_per_target"]))
        given_out[case].append(_number(said["give_out_us"]))
    return {
        "cpu_us_per_target": {f"{targets} in {prefixes}": readings for (targets, prefixes), readings in costs.items()},
        "growth_to_a_million": _ratio(costs, MORE_TARGETS, SMALL),
        "growth_to_100000_prefixes": _ratio(costs, MORE_OF_BOTH, SMALL),
        "growth_scattered": _ratio(costs, MORE_PREFIXES, SMALL_SCATTERED),
        "scattered_to_small": _ratio(costs, MORE_PREFIXES, SMALL),
        "giving_out_to_a_million": _ratio(given_out, MORE_TARGETS, SMALL),
        "giving_out_to_100000_prefixes": _ratio(given_out, MORE_OF_BOTH, SMALL),
    }


def long_run(targets: int) -> Section:
    """Memory and rate of a whole run without sockets.

    Args:
        targets: A million for the bound as it is written; fewer tell less of it.
    """
    return _said("long_run.py", "--targets", str(targets))


def _said(program: str, *words: str) -> Section:
    cost = measure([sys.executable, str(HERE / program), *words])
    if cost.returncode:
        raise BenchError(f"{program} {' '.join(words)} failed: {cost.said}")
    return cost.said


def _number(value: object) -> float:
    if not isinstance(value, float | int):
        raise BenchError(f"{value!r} is no number")
    return float(value)


def _ratio(readings: dict[tuple[int, int], list[float]], large: tuple[int, int], small: tuple[int, int]) -> float:
    return round(statistics.median(readings[large]) / statistics.median(readings[small]), 3)
