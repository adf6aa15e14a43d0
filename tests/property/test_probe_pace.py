"""Every request has its turn: in all, per operator, per prefix and per address, whatever the servers do."""

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from ipaddress import ip_network

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from asking_examples import ListPlan, make_assignment, make_settings, probe_all
from ebbtide.conduct.operators import Operators
from ebbtide.conduct.prefix_names import PrefixNames
from ebbtide.conduct.segments import flatten
from ebbtide.frame.ids import prefix_of
from ebbtide.model.configuration import ClocksSection, LimitsSection
from ebbtide.model.outcomes import Answered
from ebbtide.model.transcripts import Transcript
from ebbtide.probe.pacing import LATENESS_S, Pace
from ebbtide.probe.raw import RawTranscript
from ebbtide.probe.run import probe_assignments
from ebbtide.probe.scripted import PLAIN, Reply, ScriptedNetwork, ScriptedServer
from ebbtide.probe.settings import Assignment, ProbeSettings

PLAN = ListPlan(["/", "/a"], ["/b", "/c"])
FAST = ScriptedServer(connect_s=0.001, replies=(Reply(PLAIN.chunks, delay_s=0.001),))
CLOSING = ScriptedServer(connect_s=0.001, replies=(Reply(PLAIN.chunks, delay_s=0.001, then="close"),))
REFUSING = ScriptedServer(dialing="refuse", connect_s=0.001)
ADDRESSES = st.builds(lambda net, host: f"127.0.{net}.{host}", st.integers(0, 3), st.integers(1, 3))
OPERATORS = Operators(PrefixNames(flatten([(ip_network("127.0.2.0/23"), "big")]), flatten([])))
SLOW = ClocksSection(connect_s=5, handshake_s=5, target_s=1)


def requests_of(network: ScriptedNetwork) -> list[tuple[float, str]]:
    """When each request was sent, and where to; a call that nobody took is one too."""
    sent = [(at_s, address) for at_s, address in network.asked]
    refused = [(visit.began_s, visit.address) for visit in network.visits if not visit.requests]
    return sorted(sent + refused)


def assert_spaced(moments: list[float], rate: float) -> None:
    """In no stretch of time are there more than the rate allows; lateness is made up for within a second."""
    for number, first in enumerate(moments):
        for further, moment in enumerate(moments[number + 1 :], 1):
            late_s = LATENESS_S if moment - first < 1 else 0
            assert moment - first >= further / rate - late_s - 0.0021


@settings(max_examples=60, deadline=None)
@given(
    asked=st.lists(ADDRESSES, min_size=1, max_size=14),
    servers=st.dictionaries(ADDRESSES, st.sampled_from([FAST, CLOSING, REFUSING]), max_size=6),
    rates=st.tuples(*[st.sampled_from([0.0, 3.0, 20.0])] * 4),
)
def test_no_limit_is_exceeded_and_everyone_is_asked_everything(
    asked: list[str], servers: dict[str, ScriptedServer], rates: tuple[float, float, float, float]
) -> None:
    overall, per_operator, per_prefix, per_address = rates
    limits = LimitsSection(
        requests_per_s=overall,
        requests_per_operator_s=per_operator,
        requests_per_prefix_s=per_prefix,
        requests_per_address_s=per_address,
    )
    network = ScriptedNetwork({(address, 80): one for address, one in servers.items()}, otherwise=FAST)
    chosen = msgspec.structs.replace(make_settings(limits=limits, clocks=SLOW), operators=OPERATORS)
    assignments = [make_assignment(address, host=f"h{number}.test") for number, address in enumerate(asked)]
    done = probe_all(assignments, plan=PLAN, settings=chosen, network=network)
    assert Counter(one.target.host for one in done) == Counter(one.target.host for one in assignments)
    for one in done:
        if servers.get(one.address) is not REFUSING:
            assert len(one.exchanges) == 4
            assert all(isinstance(exchange.outcome, Answered) for exchange in one.exchanges)
    sent = requests_of(network)
    levels: dict[str, tuple[float, Callable[[str], str]]] = {
        "all": (overall, lambda _address: ""),
        "operator": (per_operator, OPERATORS.operator_of),
        "prefix": (per_prefix, prefix_of),
        "address": (per_address, str),
    }
    for name, (rate, group_of) in levels.items():
        groups = defaultdict(list)
        for at_s, address in sent:
            groups[group_of(address)].append(at_s)
        for group, moments in groups.items():
            if rate and (group or name == "all"):
                assert_spaced(moments, rate)


class Sorted:
    """Assignments by prefix and address, counting how many were pulled."""

    def __init__(self, by_prefix: dict[str, dict[str, list[Assignment]]]) -> None:
        self._by_prefix = by_prefix
        self.pulled = 0
        self.most = math.inf

    def is_stopped(self) -> bool:
        return self.pulled >= self.most

    def neighbours(self) -> Iterator["SortedPrefix"]:
        return (SortedPrefix(self, prefix, some) for prefix, some in self._by_prefix.items())


class SortedPrefix:
    def __init__(self, home: Sorted, prefix: str, by_address: dict[str, list[Assignment]]) -> None:
        self._home = home
        self.prefix = prefix
        self._by_address = by_address

    def addresses(self) -> Iterator[tuple[str, Iterator[Assignment]]]:
        return ((address, self._some(some)) for address, some in self._by_address.items())

    def _some(self, some: list[Assignment]) -> Iterator[Assignment]:
        for each in some:
            if self._home.is_stopped():
                return
            self._home.pulled += 1
            yield each


def sorted_work(addresses: list[str]) -> Sorted:
    by_prefix: dict[str, dict[str, list[Assignment]]] = defaultdict(lambda: defaultdict(list))
    for number, address in enumerate(addresses):
        by_prefix[prefix_of(address)][address].append(make_assignment(address, host=f"h{number}.test"))
    return Sorted(by_prefix)


def ask(
    work: Sorted, limits: LimitsSection, network: ScriptedNetwork, chosen: ProbeSettings | None = None
) -> list[Transcript]:
    done: list[Transcript] = []
    probe_assignments(
        work,
        ListPlan(["/"]),
        chosen or make_settings(limits=limits),
        on_start=lambda _one: None,
        on_done=lambda raw: done.append(raw.masked()),
        network=network,
    )
    return done


def test_sorted_work_is_pulled_one_by_one_even_where_a_prefix_and_an_address_are_crowded() -> None:
    work = sorted_work(["127.9.9.1"] * 500 + [f"127.9.9.{number % 250}" for number in range(500)])
    limits = LimitsSection(in_flight=20, in_flight_per_prefix=4, requests_per_prefix_s=0)
    ahead: list[int] = []
    done: list[RawTranscript] = []

    def on_done(one: RawTranscript) -> None:
        done.append(one)
        ahead.append(work.pulled - len(done))

    probe_assignments(
        work,
        ListPlan(["/"]),
        make_settings(limits=limits),
        on_start=lambda _one: None,
        on_done=on_done,
        network=ScriptedNetwork(),
    )
    assert len(done) == 1000
    assert max(ahead) <= 4


def test_an_operator_with_half_of_the_targets_and_its_own_slow_rate_stalls_nobody() -> None:
    big = [f"127.0.{2 + number % 2}.{number % 200}" for number in range(300)]
    others = [f"127.{10 + number % 100}.{number % 7}.1" for number in range(300)]
    limits = LimitsSection(in_flight=30, requests_per_prefix_s=0, requests_per_operator_s=5)
    network = ScriptedNetwork(otherwise=FAST)
    chosen = msgspec.structs.replace(make_settings(limits=limits), operators=OPERATORS)
    done = ask(sorted_work(big + others), limits, network, chosen)
    assert len(done) == 600
    last = max(visit.began_s for visit in network.visits if not OPERATORS.operator_of(visit.address))
    of_big = sorted(visit.began_s for visit in network.visits if OPERATORS.operator_of(visit.address))
    assert last < 1
    assert bisect_left(of_big, last) <= 6
    assert of_big[-1] > 299 / 5 - 0.1


def test_a_run_that_is_stopped_waits_for_those_in_flight_and_for_no_turn() -> None:
    work = sorted_work([f"127.9.{number % 50}.{number // 50 + 1}" for number in range(500)])
    work.most = 60
    network = ScriptedNetwork(otherwise=FAST)
    limits = LimitsSection(in_flight=100, requests_per_prefix_s=0.1)
    done = ask(work, limits, network)
    assert len(done) == 60
    begun = [visit.began_s for visit in network.visits]
    assert network.now_s() - max(begun) < 1


def test_a_name_on_a_busy_address_keeps_nobody_else_of_its_prefix_waiting() -> None:
    silent = ScriptedServer(dialing="silent")
    network = ScriptedNetwork({("127.9.9.1", 80): silent}, otherwise=FAST)
    limits = LimitsSection(in_flight=10, in_flight_per_prefix=3, requests_per_prefix_s=0)
    work = sorted_work([*["127.9.9.1"] * 50, *[f"127.9.9.{number + 2}" for number in range(100)]])
    chosen = make_settings(limits=limits, clocks=ClocksSection(connect_s=2, target_s=5))
    done = ask(work, limits, network, chosen)
    assert len(done) == 150
    assert max(visit.began_s for visit in network.visits if visit.address != "127.9.9.1") < 1
    assert network.most_open["127.9.9.1"] == 1


def test_two_runs_of_one_order_ask_in_the_same_order() -> None:
    addresses = [f"127.{number % 20}.{number % 3}.{number % 50}" for number in range(400)]
    limits = LimitsSection(in_flight=15, requests_per_prefix_s=50, requests_per_s=300)
    first, second = ScriptedNetwork(otherwise=FAST), ScriptedNetwork(otherwise=FAST)
    hosts = [[one.target.host for one in ask(sorted_work(addresses), limits, each)] for each in (first, second)]
    assert hosts[0] == hosts[1]
    assert [visit.address for visit in first.visits] == [visit.address for visit in second.visits]


def test_while_a_request_waits_for_its_turn_the_clock_of_its_target_stands_still() -> None:
    limits = LimitsSection(requests_per_prefix_s=1)
    (one,) = probe_all(
        [make_assignment("127.0.0.1")],
        plan=PLAN,
        settings=make_settings(limits=limits, clocks=SLOW),
        network=ScriptedNetwork(otherwise=FAST),
    )
    assert [isinstance(each.outcome, Answered) for each in one.exchanges] == [True] * 4
    assert one.elapsed_s > 2.9


def test_a_connection_that_is_closed_while_a_request_waits_is_dialed_again() -> None:
    slow_close = ScriptedServer(replies=(Reply(PLAIN.chunks, delay_s=0.001, pause_s=0.3, then="close"),))
    network = ScriptedNetwork({("127.0.0.1", 80): slow_close})
    (one,) = probe_all(
        [make_assignment("127.0.0.1")],
        plan=PLAN,
        settings=make_settings(limits=LimitsSection(requests_per_prefix_s=1)),
        network=network,
    )
    assert [isinstance(each.outcome, Answered) for each in one.exchanges] == [True] * 4
    assert len(network.visits) == 4


def test_a_new_run_keeps_its_distance_from_one_that_may_just_have_died() -> None:
    network = ScriptedNetwork(otherwise=FAST)
    limits = LimitsSection(requests_per_prefix_s=0, requests_per_address_s=0.25)
    probe_all([make_assignment("127.0.0.1")], settings=make_settings(limits=limits), network=network)
    assert network.visits[0].began_s == 4


def test_a_run_of_troubles_slows_down_and_answers_give_back_no_more_than_was_taken() -> None:
    pace = Pace(2)
    assert [pace.note_trouble() for _ in range(5)] == [False] * 4 + [True]
    assert pace.spacing_s == 1.02
    for _ in range(100):
        pace.note_trouble()
    assert pace.spacing_s == 16 * 0.51
    for _ in range(1000):
        pace.note_good()
        assert pace.spacing_s >= 0.51
    assert pace.spacing_s == 0.51
    assert not pace.is_braked
