"""Every server of the farm ends as the table says, and nothing is left behind; docs/hostile.md is the same table."""

from collections.abc import Iterator

import pytest

from asking_examples import make_settings, probe_all
from ebbtide.model.configuration import LimitsSection, RedirectRule
from ebbtide.model.transcripts import Exchange, Transcript
from ebbtide.probe.sockets import SocketNetwork
from hostile_farm.asking import FarmPlan, assign, told
from hostile_farm.records import CAPS, CLOCKS, Hostile, Seen
from hostile_farm.running import running_farm
from hostile_farm.servers import SERVERS
from watched_network import WatchedNetwork

pytestmark = pytest.mark.live

LATE_S = 3.0
LIMITS = LimitsSection(in_flight=1000, in_flight_per_prefix=1000, requests_per_prefix_s=0)


class Visit:
    """One run over the whole farm."""

    def __init__(self) -> None:
        self.network = WatchedNetwork(SocketNetwork())
        with running_farm() as farm:
            assignments = [assign(server, farm.ports[server.name], number) for number, server in enumerate(SERVERS)]
            settings = make_settings(clocks=CLOCKS, caps=CAPS, limits=LIMITS, redirects=RedirectRule.SAME_HOST)
            transcripts = probe_all(assignments, plan=FarmPlan(), settings=settings, network=self.network)
        self.assigned = {(one.addresses[0], one.target.port) for one in assignments}
        self.transcripts = {transcript.target.host: transcript for transcript in transcripts}
        self.calls = farm.calls


@pytest.fixture(scope="module")
def visit() -> Iterator[Visit]:
    return Visit()


def test_the_farm_is_large_and_its_names_are_its_own() -> None:
    assert len(SERVERS) >= 40
    assert len({server.host for server in SERVERS}) == len(SERVERS)
    assert len({server.does for server in SERVERS}) == len(SERVERS)


@pytest.mark.xdist_group("farm")
@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_a_hostile_server_ends_as_the_table_says(server: Hostile, visit: Visit) -> None:
    transcript = visit.transcripts[server.host]
    assert [told(exchange.outcome) for exchange in transcript.exchanges] == [seen.outcome for seen in server.seen]
    for exchange, seen in zip(transcript.exchanges, server.seen, strict=True):
        check(exchange, seen)
    assert_within_its_clocks(transcript)


def check(exchange: Exchange, seen: Seen) -> None:
    assert (exchange.status, exchange.deviations) == (seen.status, seen.deviations)
    assert exchange.body.startswith(seen.starts)
    if seen.body is not None:
        assert exchange.body == seen.body
    assert exchange.is_truncated is seen.is_truncated
    assert {name for name, _ in exchange.fields} >= set(seen.fields)
    assert len(exchange.body) <= CAPS.body_bytes
    assert len(exchange.fields) <= CAPS.fields


def assert_within_its_clocks(transcript: Transcript) -> None:
    """Not a measurement of speed: a target that outlives its clock by seconds was not ended by it."""
    assert transcript.elapsed_s < CLOCKS.target_s + LATE_S


@pytest.mark.xdist_group("farm")
def test_nobody_was_called_but_those_who_were_assigned(visit: Visit) -> None:
    assert set(visit.network.dialed) == visit.assigned
    assert "canary" not in visit.calls


@pytest.mark.xdist_group("farm")
def test_no_server_was_called_more_often_than_it_was_asked_and_once_again(visit: Visit) -> None:
    often = {server.name: visit.calls.get(server.name, 0) for server in SERVERS}
    assert {server.name for server in SERVERS if often[server.name] > len(server.seen) + 1} == set()


@pytest.mark.xdist_group("farm")
def test_no_clock_and_no_connection_outlives_the_run(visit: Visit) -> None:
    assert visit.network.timers_left() == 0
    assert visit.network.lines_left() == 0
