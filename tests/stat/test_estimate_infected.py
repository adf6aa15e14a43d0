"""Infected hosts from hits: the formula, coverage by simulated worms, every refusal by name, the days of July 2001."""

import json
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from ebbtide.estimate.infected import (
    FEWEST_SOURCES,
    Infected,
    Refusal,
    Refused,
    WormSeen,
    binomial_size_interval,
    expected_hits,
    infected_hosts,
)

PUBLISHED = Path(__file__).parents[2].parent / "shared" / "data" / "published" / "attack-tables.json"
needs_tables = pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published tables are not in ../shared/data")
EVEN = WormSeen("uniform", 5.0, False, (40,), (40,), 40, 0, 0)


def told(seen: WormSeen) -> Infected:
    found = infected_hosts(seen)
    assert isinstance(found, Infected), found
    return found


def test_one_address_sees_a_ten_thousandth_of_all_infected_hosts_a_day() -> None:
    assert expected_hits(5, 24) == pytest.approx(5 * 86_400 / 2**32, rel=1e-12)
    assert expected_hits(5, 24) == pytest.approx(1e-4, rel=0.01)
    found = told(EVEN)
    assert found.share_seen == pytest.approx(1 - math.exp(-5 * 86_400 / 2**32), rel=1e-9)
    assert found.estimate == pytest.approx(40 / found.share_seen, rel=1e-12)
    assert found.by_hits == pytest.approx(40 / expected_hits(5, 24), rel=1e-12)
    assert found.interval.low < found.estimate < found.interval.high
    assert found.at_rates["10"] == pytest.approx(found.estimate / 2, rel=1e-3)
    assert found.at_rates["2.5"] == pytest.approx(found.estimate * 2, rel=1e-3)


def test_hits_have_the_exact_interval_of_a_poisson_count() -> None:
    around = told(EVEN).by_hits_interval
    mean = expected_hits(5, 24)
    assert around.low == pytest.approx(chi2.ppf(0.025, 80) / 2 / mean, rel=1e-9)
    assert around.high == pytest.approx(chi2.ppf(0.975, 82) / 2 / mean, rel=1e-9)


@pytest.mark.parametrize(("total", "mean"), [(40, 1e-4), (40, 0.7), (900, 2.5), (272_052, 6.59)])
def test_the_interval_holds_the_sizes_whose_likelihood_is_near_the_best(total: int, mean: float) -> None:
    found = binomial_size_interval(total, mean)
    chance = 1 - math.exp(-mean)
    best = binom.logpmf(total, math.floor(total / chance), chance)
    low, high = math.ceil(found.low), math.floor(found.high)
    for inside, outside in ((low, low - 2), (high, high + 2)):
        assert 2 * (best - binom.logpmf(total, inside, chance)) <= 3.845
        assert outside < total or 2 * (best - binom.logpmf(total, outside, chance)) >= 3.84


@pytest.mark.parametrize("days", [1, 5, 19])
@pytest.mark.parametrize(("hosts", "addresses"), [(400_000, 1), (20_000, 50), (2_000, 65_536)])
def test_intervals_hold_the_hosts_of_a_simulated_worm_as_often_as_they_say(
    days: int, hosts: int, addresses: int
) -> None:
    random = np.random.default_rng([days, hosts, addresses])
    mean = expected_hits(5, 24, addresses)
    runs = 400 if hosts * mean * days < 100_000 else 150
    held = by_hits = 0
    for _ in range(runs):
        hits = [random.integers(0, hosts, random.poisson(hosts * mean)) for _ in range(days)]
        seen = msgspec.structs.replace(
            EVEN, addresses=addresses, hits=tuple(each.size for each in hits),
            sources=tuple(np.unique(each).size for each in hits),
        )  # fmt: skip
        found = told(msgspec.structs.replace(seen, all_sources=sum(seen.sources)))
        held += found.interval.low <= hosts <= found.interval.high
        by_hits += found.by_hits_interval.low <= hosts <= found.by_hits_interval.high
    assert 0.91 <= held / runs <= 0.995
    assert 0.91 <= by_hits / runs <= 0.995


def test_days_that_scatter_widen_the_interval_and_a_change_of_hosts_gives_their_mean() -> None:
    random = np.random.default_rng(7)
    hosts = np.linspace(800_000, 100_000, 19)
    counts = tuple(map(int, random.poisson(hosts * expected_hits(5, 24))))
    found = told(msgspec.structs.replace(EVEN, hits=counts, sources=counts, all_sources=sum(counts)))
    assert found.dispersion > 5
    assert found.interval.low < hosts.mean() < found.interval.high
    plain = binomial_size_interval(sum(counts), expected_hits(5, 24))
    assert found.interval.high - found.interval.low > 2 * (plain.high - plain.low) / 19


REFUSED = {
    Refusal.NOT_UNIFORM: {"spread": "local"},
    Refusal.SPREAD_UNKNOWN: {"spread": "unknown"},
    Refusal.RATE_UNKNOWN: {"probes_per_s": 0.0},
    Refusal.SPOOFABLE: {"is_spoofable": True},
    Refusal.OWN_UNKNOWN: {"near_16": None, "near_8": None},
    Refusal.NOT_HOSTS: {"are_hosts": False},
    Refusal.DORMANT: {"hits": (), "sources": (), "all_sources": 0},
    Refusal.TOO_FEW: {"hits": (9,), "sources": (9,), "all_sources": 9},
    Refusal.LOCAL_PREFERENCE: {"near_8": 4},
    Refusal.REPEATED: {"hits": (150,)},
}


@pytest.mark.parametrize("reason", Refusal)
def test_every_condition_that_fails_is_a_refusal_by_name_and_in_one_sentence(reason: Refusal) -> None:
    found = infected_hosts(msgspec.structs.replace(EVEN, **REFUSED[reason]))
    assert isinstance(found, Refused)
    assert found.reason is reason
    assert found.sentence.startswith("Infected hosts are not estimated: ")
    assert found.sentence.count(". ") == 0


@pytest.mark.parametrize(
    ("near_16", "near_8", "sources", "is_refused"),
    [(0, 0, 400, False), (1, 0, 400, False), (2, 0, 400, True), (0, 5, 400, False), (0, 9, 400, True),
     (0, 2, 40, False), (0, 180, 40_000, False), (0, 230, 40_000, True)],
)  # fmt: skip
def test_sources_near_our_own_address_are_held_against_what_even_scanning_brings(
    near_16: int, near_8: int, sources: int, *, is_refused: bool
) -> None:
    seen = WormSeen("uniform", 5.0, False, (sources,), (sources,), sources, near_16, near_8)
    found = infected_hosts(seen)
    assert isinstance(found, Refused) is is_refused
    if isinstance(found, Refused):
        assert found.reason is Refusal.LOCAL_PREFERENCE


def test_even_scanning_is_rarely_taken_for_local_preference_and_code_red_2_always_is() -> None:
    random = np.random.default_rng(11)
    refused = 0
    for _ in range(400):
        near_16 = int(random.binomial(300, 1 / (221 * 256)))
        near_8 = int(random.binomial(300 - near_16, 1 / 221))
        found = infected_hosts(WormSeen("uniform", 5.0, False, (300,), (300,), 300, near_16, near_8))
        refused += isinstance(found, Refused)
    assert refused <= 12
    near_16, near_8, _ = random.multinomial(30, [0.375, 0.5, 0.125])
    assert isinstance(
        infected_hosts(WormSeen("uniform", 5.0, False, (30,), (30,), 30, int(near_16), int(near_8))), Refused
    )


@given(st.integers(FEWEST_SOURCES, 10**6), st.floats(0.1, 4000), st.integers(1, 65_536), st.integers(1, 30))
def test_more_sources_are_more_hosts_and_the_interval_holds_the_estimate(
    total: int, rate: float, addresses: int, days: int
) -> None:
    sources = (total,) * days
    seen = WormSeen("uniform", rate, False, sources, sources, total, 0, 0, addresses=addresses)
    found = told(seen)
    more = told(msgspec.structs.replace(seen, sources=(total + 1,) * days, hits=(total + 1,) * days))
    assert total <= found.interval.low <= found.estimate * (1 + 1e-9)
    assert found.estimate <= found.interval.high * (1 + 1e-9)
    assert more.estimate > found.estimate


@pytest.mark.parametrize(("hits", "sources"), [((1,), (1, 2)), ((1,), (2,))])
def test_days_that_do_not_match_are_our_own_mistake(hits: tuple[int, ...], sources: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="hits"):
        infected_hosts(msgspec.structs.replace(EVEN, hits=hits, sources=sources))


@needs_tables
def test_the_class_b_of_july_2001_is_refused_while_the_first_variant_ran_and_told_when_the_second_did() -> None:
    tables = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    found = {}
    for day, probes, sources, _ in tables["eichman_2001"]["rows"]:
        seen = WormSeen("uniform", 5.0, False, (probes,), (sources,), sources, 0, 0, addresses=65_536)
        found[day] = infected_hosts(seen)
    second = found.pop("2001-07-19")
    for first in found.values():
        assert isinstance(first, Refused)
        assert first.reason is Refusal.REPEATED
    assert isinstance(second, Infected)
    assert second.estimate == pytest.approx(272_426, abs=1)
    assert 272_052 < second.estimate < tables["caida_codered_dataset"]["july_19_20_infected_ips"]
    share = tables["gladstone"]["one_address_sees_share_of_infected_per_day"]
    assert told(EVEN).share_seen == pytest.approx(share, rel=0.01)
