"""Redirects of hostile servers under the widest rule: what they name is handed on, and scope has the last word."""

import msgspec
import pytest

from asking_examples import make_settings, probe_all
from ebbtide.conduct.scope import build_scope
from ebbtide.model.configuration import Identity, LimitsSection, RedirectRule, ScopeSection
from ebbtide.model.outcomes import Skipped, SkipReason
from ebbtide.model.targets import Level
from ebbtide.model.transcripts import Transcript
from ebbtide.probe.origins import origin_of, path_of
from ebbtide.probe.redirects import Hop
from ebbtide.probe.settings import Assignment
from ebbtide.probe.sockets import SocketNetwork
from hostile_farm.asking import FarmPlan, assign, told
from hostile_farm.records import CAPS, CLOCKS
from hostile_farm.redirects import REFUSED, SERVERS
from hostile_farm.running import running_farm
from watched_network import WatchedNetwork

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("farm")]

SCOPE = ScopeSection(open=("127.0.0.0/8", "::1/128"), exclude=("127.255.0.0/16",))
SETTINGS = msgspec.structs.replace(
    make_settings(
        clocks=CLOCKS,
        caps=CAPS,
        limits=LimitsSection(in_flight=100, in_flight_per_prefix=100, requests_per_prefix_s=0),
        redirects=RedirectRule.IN_SCOPE,
    ),
    scope=build_scope(SCOPE, Identity(), (), "test"),
)
HANDED_ON = {
    "sends-us-to-a-neighbour.test": "http://127.255.0.1:%CANARY/",
    "sends-us-to-a-private-address.test": "http://10.0.0.1/",
    "sends-us-to-a-home-router.test": "http://192.168.1.1/admin",
    "sends-us-to-a-link-local-address.test": "http://169.254.169.254/latest/meta-data/",
    "sends-us-to-a-mail-port.test": "http://127.255.0.1:25/",
    "sends-us-to-an-address-without-a-scheme.test": "http://127.255.0.1:%CANARY/",
    "sends-us-both-ways.test": "http://127.255.0.1:%CANARY/",
}


class Visit:
    """The servers that redirect, under the widest rule; and then every hop that they hand on."""

    def __init__(self) -> None:
        self.network, self.hop_network = WatchedNetwork(SocketNetwork()), WatchedNetwork(SocketNetwork())
        with running_farm() as farm:
            assignments = [assign(server, farm.ports[server.name], number) for number, server in enumerate(SERVERS)]
            self.transcripts = probe_all(assignments, plan=FarmPlan(), settings=SETTINGS, network=self.network)
            hops = [hop for transcript in self.transcripts for hop in hop_assignments(transcript)]
            self.hops = probe_all(hops, plan=FarmPlan(), settings=SETTINGS, network=self.hop_network)
        self.assigned = {(one.addresses[0], one.target.port) for one in assignments}
        self.calls = farm.calls


def hop_assignments(transcript: Transcript) -> list[Assignment]:
    """What the one who conducts makes of a redirect that was handed on: it names an address, so none is looked up."""
    found = []
    for exchange in transcript.exchanges:
        if exchange.handed_on:
            hop = Hop(origin_of(exchange.handed_on), path_of(exchange.handed_on), exchange.ordinal, (), 1)
            assignment = Assignment(transcript.target, (hop.origin.host,), 1, Level.PASSIVE, hop)
            found.append(assignment)
    return found


@pytest.fixture(scope="module")
def visit() -> Visit:
    return Visit()


def test_what_leads_to_another_host_is_handed_on_and_not_called(visit: Visit) -> None:
    handed_on = {
        transcript.target.host: exchange.handed_on
        for transcript in visit.transcripts
        for exchange in transcript.exchanges
        if exchange.handed_on
    }
    assert set(handed_on) >= set(HANDED_ON)
    for host, url in HANDED_ON.items():
        before, _, after = url.partition("%CANARY")
        assert handed_on[host].startswith(before)
        assert handed_on[host].endswith(after)
    assert set(visit.network.dialed) == visit.assigned
    assert "canary" not in visit.calls


def test_what_is_no_web_address_is_refused_under_any_rule(visit: Visit) -> None:
    expected = {server.host for server in SERVERS if server.seen[-1].outcome == REFUSED}
    refused = {
        transcript.target.host
        for transcript in visit.transcripts
        if told(transcript.exchanges[-1].outcome) == REFUSED and not transcript.exchanges[-1].handed_on
    }
    assert len(expected) > 5
    assert refused >= expected


def test_a_hop_out_of_scope_is_skipped_without_a_packet(visit: Visit) -> None:
    assert len(visit.hops) >= len(HANDED_ON)
    outcomes = {
        (transcript.target.host, transcript.outcome.reason)
        for transcript in visit.hops
        if isinstance(transcript.outcome, Skipped)
    }
    assert outcomes == {(transcript.target.host, SkipReason.OUT_OF_SCOPE) for transcript in visit.hops}
    assert visit.hop_network.dialed == []
