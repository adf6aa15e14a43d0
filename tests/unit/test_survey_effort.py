"""How long a round takes and what it moves, told before a packet is sent."""

import pytest

from ebbtide.cli.plan_text import duration, octets
from ebbtide.model.configuration import AttemptsSection, CapsSection, LimitsSection, NamesSection, SurveyConfig
from ebbtide.survey.effort import Effort, Networks, PerTarget, estimate_effort

CAPS = CapsSection(head_bytes=700, body_bytes=9_000)


def effort(limits: LimitsSection, *, asked: int = 10_000, busiest: int = 256, names: int = 0) -> Effort:
    config = SurveyConfig(
        limits=limits,
        caps=CAPS,
        attempts=AttemptsSection(silent_after=2, most=3, spacing_s=3600),
        names=NamesSection(questions_per_s=50),
    )
    each = PerTarget(received_bytes=700, elapsed_s=2.0)
    return estimate_effort(
        config, asked=asked, busiest=busiest, names=names, most_requests=20, core=3, processes=2, each=each
    )


def test_the_narrowest_of_the_limits_tells_how_long_it_takes() -> None:
    in_flight = effort(LimitsSection(in_flight=100, requests_per_prefix_s=20))
    assert (in_flight.asking_s, in_flight.bound) == (100.0, "the targets in flight")
    network = effort(LimitsSection(in_flight=1000, requests_per_prefix_s=2), busiest=256)
    assert (network.asking_s, network.bound) == (384.0, "the rate of the busiest network")
    in_all = effort(LimitsSection(in_flight=1000, requests_per_s=10, requests_per_prefix_s=0))
    assert (in_all.asking_s, in_all.bound) == (3000.0, "the rate in all")
    assert in_all.confirmed_s == 3000.0 + 3600
    looking_up = effort(LimitsSection(in_flight=100, requests_per_prefix_s=20), names=10_000)
    assert (looking_up.asking_s, looking_up.bound) == (400.0, "the rate of looking up names")


def test_octets_are_told_as_expected_and_at_the_very_most() -> None:
    told = effort(LimitsSection())
    assert told.bytes_about == 10_000 * 3 * (300 + 700)
    assert told.bytes_most == 10_000 * 3 * 20 * (300 + 700 + 9_000)


def test_networks_are_counted_by_24_and_48() -> None:
    networks = Networks()
    assert (networks.count, networks.busiest) == (0, 0)
    for address in ("192.0.2.1", "192.0.2.255", "192.0.3.1", "2001:db8:1::1", "2001:db8:1:ffff::1", "2001:db8:2::1"):
        networks.add(address)
    assert (networks.count, networks.busiest) == (4, 2)


def test_very_many_networks_are_estimated_closely_in_the_same_memory() -> None:
    networks = Networks()
    for number in range(200_000):
        networks.add(f"{number >> 16}.{number >> 8 & 255}.{number & 255}.1")
    assert networks.count == pytest.approx(200_000, rel=0.01)
    assert networks.busiest <= 4


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.2, "a second"),
        (90, "90 seconds"),
        (600, "10 minutes"),
        (14_400, "4 hours"),
        (172_800, "2 days"),
        (10**9, "11,574 days"),
    ],
)
def test_durations_are_told_in_the_unit_that_suits_them(seconds: float, told: str) -> None:
    assert duration(seconds) == told


@pytest.mark.parametrize(
    ("count", "told"),
    [(999, "999 octets"), (1500, "1.5 KB"), (398_000, "398 KB"), (2.5e12, "2.5 TB"), (3e18, "3,000 PB")],
)
def test_sizes_are_told_in_the_unit_that_suits_them(count: float, told: str) -> None:
    assert octets(count) == told
