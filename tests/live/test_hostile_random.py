"""Servers that do random things: whatever they do, asking them ends within its clocks and says what was seen."""

import time

import pytest

from asking_examples import ListPlan, make_settings, make_target, probe_all
from ebbtide.model.configuration import LimitsSection
from ebbtide.model.outcomes import Fault, Skipped
from ebbtide.model.targets import Level
from ebbtide.model.transcripts import Transcript
from ebbtide.probe.settings import Assignment
from ebbtide.probe.sockets import SocketNetwork
from hostile_farm.asking import told
from hostile_farm.records import CAPS, CLOCKS
from hostile_farm.running import running_farm
from watched_network import WatchedNetwork

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("farm")]

COUNT = 120
SEEDS = (1, 2, 3)
LIMITS = LimitsSection(in_flight=COUNT, in_flight_per_prefix=COUNT, requests_per_prefix_s=0)
DEADLINE_S = 30.0
"""Of the whole run, whose clock is two seconds; generous to a busy machine, and far from for ever."""
THREE = ListPlan(["/"], ["/again"], ["/once-more"])


def visit(seed: int) -> tuple[list[Transcript], WatchedNetwork]:
    network = WatchedNetwork(SocketNetwork())
    with running_farm(seed, COUNT) as farm:
        assignments = [
            Assignment(make_target(f"random-{number}.test", port), (f"127.2.0.{number + 1}",), 1, Level.PASSIVE)
            for number, port in enumerate(farm.ports.values())
        ]
        settings = make_settings(clocks=CLOCKS, caps=CAPS, limits=LIMITS)
        return probe_all(assignments, plan=THREE, settings=settings, network=network), network


@pytest.mark.parametrize("seed", SEEDS)
def test_random_servers_end_within_their_clocks_and_are_told(seed: int) -> None:
    began_s = time.monotonic()
    transcripts, network = visit(seed)
    assert time.monotonic() - began_s < DEADLINE_S
    assert {transcript.target.host for transcript in transcripts} == {
        f"random-{number}.test" for number in range(COUNT)
    }
    assert (network.timers_left(), network.lines_left()) == (0, 0)
    for transcript in transcripts:
        check(transcript)
    assert len({told(transcript.outcome) for transcript in transcripts}) > 3


def check(transcript: Transcript) -> None:
    assert not isinstance(transcript.outcome, Skipped)
    assert 1 <= len(transcript.exchanges) <= 3
    for exchange in transcript.exchanges:
        assert getattr(exchange.outcome, "fault", None) is not Fault.INTERNAL_ERROR
        assert len(exchange.body) <= CAPS.body_bytes
        assert len(exchange.fields) <= CAPS.fields
        assert len(set(exchange.deviations)) == len(exchange.deviations)
        assert exchange.received_bytes == 0 or exchange.first_byte_s is not None
        assert exchange.total_s is not None
