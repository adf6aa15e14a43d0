"""Write docs/coverage.md: how often each interval holds the true value, by enumeration or with a fixed seed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from ebbtide.estimate.clustered import operator_share
from ebbtide.estimate.daily_mean import daily_mean
from ebbtide.estimate.infected import Infected, WormSeen, expected_hits, infected_hosts
from ebbtide.estimate.population import chapman
from ebbtide.estimate.rogan_gladen import Audit, rogan_gladen
from ebbtide.estimate.shares import Interval, jeffreys_interval, share_interval, wilson_interval

TARGET = Path(__file__).parents[1] / "docs" / "coverage.md"
REPETITIONS = 10_000
SEED = 20010719
BASES = (*range(20, 60, 3), 60, 80, 120, 200, 300)
FEW_BASES = range(10, 20)
HEAD = """# How often an interval holds the true value

Written by `make stat`. All intervals claim 95 %. Shares by exact enumeration over a grid of bases and chances;
the others with 10,000 repetitions and a fixed seed.

| interval | where | mean % | least % |
|---|---|---|---|
"""


def main() -> None:
    """Write the page."""
    lines = [f"| {name} | {where} | {100 * mean:.1f} | {100 * least:.1f} |" for name, where, mean, least in rows()]
    TARGET.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def rows() -> Iterator[tuple[str, str, float, float]]:
    """Name, design, mean coverage and least coverage of every interval."""
    shares: tuple[tuple[str, Callable[[int, int], Interval]], ...] = (
        ("share as published", share_interval),
        ("Wilson", wilson_interval),
        ("Jeffreys", jeffreys_interval),
    )
    for name, method in shares:
        for where, bases, least, most in (
            ("20 to 300 units, 5 or more expected on the rarer side", BASES, 5.0, np.inf),
            ("10 to 19 units, 5 or more expected", FEW_BASES, 5.0, np.inf),
            ("10 to 300 units, 1 to 5 expected", (*FEW_BASES, *BASES), 1.0, 5.0),
        ):
            found = np.concatenate([exact(method, base, least, most) for base in bases])
            yield name, where, float(found.mean()), float(found.min())
    for number in (20, 40, 100):
        held = over_operators(number)
        yield "share over operators", f"{number} operators of 1 to 8 units that answer alike", held, held
    held = over_audits()
    yield "Rogan-Gladen", "1,000 units, 20 % have it; 100 and 150 audited", held, held
    held = over_lists()
    yield "Chapman", "1,000 equals, lists of 30 and 25 %", held, held
    for days in (7, 14, 31):
        for where, shape in (("5 a day by chance alone", np.inf), ("5 a day, days scatter like an exponential", 1.0)):
            held = over_days(days, shape)
            yield "attacks a day", f"{days} days, {where}", held, held
    for addresses in (1, 50):
        held = over_worms(addresses)
        yield "infected hosts", f"400,000 hosts, 5 probes a second, {addresses} monitored, 10 days", held, held


def exact(method: Callable[[int, int], Interval], base: int, least: float, most: float) -> npt.NDArray[np.float64]:
    """Exact coverage of a base at every chance with so many expected on the rarer side."""
    chances = np.linspace(0.0025, 0.9975, 399)
    expected = base * np.minimum(chances, 1 - chances)
    chances = chances[(least <= expected) & (expected < most)]
    ends = np.array([(each.low, each.high) for each in (method(n, base) for n in range(base + 1))])
    inside = (ends[:, :1] <= chances) & (chances <= ends[:, 1:])
    return np.asarray((binom.pmf(np.arange(base + 1)[:, None], base, chances) * inside).sum(axis=0), dtype=np.float64)


def over_operators(number: int) -> float:
    """Coverage of a clustered share, whose operators' chances are spread by Beta(1.5, 3.5)."""
    random, inside = np.random.default_rng([SEED, number]), 0
    sizes = 1 + np.arange(number) % 8
    operators, weights = np.repeat(np.arange(number), sizes), np.ones(int(sizes.sum()))
    for _ in range(REPETITIONS):
        chances = np.repeat(random.beta(1.5, 3.5, number), sizes)
        found = operator_share(random.random(operators.size) < chances, weights, operators).interval
        inside += found.low <= 0.3 <= found.high  # noqa: PLR2004
    return inside / REPETITIONS


def over_audits() -> float:
    """Coverage of a corrected share: sensitivity 0.9, specificity 0.95."""
    random, inside = np.random.default_rng([SEED, 1]), 0
    for _ in range(REPETITIONS):
        audit = Audit(int(random.binomial(100, 0.9)), 100, int(random.binomial(150, 0.05)), 150)
        found = rogan_gladen(int(random.binomial(1000, 0.22)), 1000, audit).interval
        inside += found.low <= 0.2 <= found.high  # noqa: PLR2004
    return inside / REPETITIONS


def over_lists() -> float:
    """Coverage of Chapman's estimate for 1,000 equals."""
    random, inside = np.random.default_rng([SEED, 2]), 0
    for _ in range(REPETITIONS):
        one, other = random.random((2, 1000)) < np.array([[0.3], [0.25]])
        found = chapman(int(one.sum()), int(other.sum()), int((one & other).sum())).interval
        inside += found.low <= 1000 <= found.high  # noqa: PLR2004
    return inside / REPETITIONS


def over_days(days: int, shape: float) -> float:
    """Coverage of a daily mean of 5, whose days have rates of their own (gamma) unless the shape is infinite."""
    random, inside = np.random.default_rng([SEED, 3, days]), 0
    for _ in range(REPETITIONS):
        rates = np.full(days, 5.0) if np.isinf(shape) else random.gamma(shape, 5 / shape, days)
        found = daily_mean(random.poisson(rates)).interval
        inside += found is not None and found.low <= 5 <= found.high  # noqa: PLR2004
    return inside / REPETITIONS


def over_worms(addresses: int) -> float:
    """Coverage of the infected hosts behind the sources of ten days."""
    random, inside = np.random.default_rng([SEED, 4, addresses]), 0
    chance = -np.expm1(-expected_hits(5, 24, addresses))
    for _ in range(REPETITIONS):
        sources = tuple(map(int, random.binomial(400_000, chance, 10)))
        found = infected_hosts(
            WormSeen("uniform", 5.0, False, sources, sources, sum(sources), 0, 0, addresses=addresses)
        )
        inside += isinstance(found, Infected) and found.interval.low <= 400_000 <= found.interval.high  # noqa: PLR2004
    return inside / REPETITIONS


if __name__ == "__main__":
    main()
