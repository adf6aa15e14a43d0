"""Limits hold whatever is asked, and in whatever order."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from asking_examples import ListPlan, make_assignment, make_settings, probe_all
from ebbtide.model.configuration import ClocksSection, LimitsSection
from ebbtide.model.transcripts import Transcript
from ebbtide.probe.raw import RawTranscript
from ebbtide.probe.run import LOOK_AHEAD, probe_assignments
from ebbtide.probe.scripted import PLAIN, Reply, ScriptedNetwork, ScriptedServer, Visit
from ebbtide.probe.settings import Assignment

SERVERS = st.builds(
    ScriptedServer,
    dialing=st.sampled_from(["accept", "accept", "accept", "refuse", "reset", "unreachable", "silent"]),
    connect_s=st.sampled_from([0.001, 0.1]),
    replies=st.lists(
        st.builds(
            Reply,
            chunks=st.sampled_from([PLAIN.chunks, (b"HTTP/1.0 200 OK\r\n\r\nx",), (b"junk",), ()]),
            delay_s=st.sampled_from([0.0, 0.5]),
            then=st.sampled_from(["keep", "close", "reset"]),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
)
ADDRESSES = st.builds(lambda net, host: f"127.0.{net}.{host}", st.integers(0, 2), st.integers(1, 4))
PLAN = ListPlan(["/", "/a"], ["/b"])


def most_at_once(visits: list[Visit]) -> int:
    events = sorted([(one.began_s, 1) for one in visits] + [(one.ended_s or 0.0, -1) for one in visits])
    most = now = 0
    for _, change in events:
        now += change
        most = max(most, now)
    return most


@settings(max_examples=100, deadline=None)
@given(
    servers=st.dictionaries(ADDRESSES, SERVERS, max_size=8),
    asked=st.lists(st.lists(ADDRESSES, min_size=1, max_size=3, unique=True), max_size=25),
    in_flight=st.integers(1, 6),
    per_prefix=st.integers(1, 3),
)
def test_limits_hold_and_every_assignment_ends_once(
    servers: dict[str, ScriptedServer], asked: list[list[str]], in_flight: int, per_prefix: int
) -> None:
    network = ScriptedNetwork({(address, 80): server for address, server in servers.items()})
    limits = LimitsSection(in_flight=in_flight, in_flight_per_prefix=per_prefix, requests_per_prefix_s=0)
    chosen = make_settings(limits=limits, clocks=ClocksSection(connect_s=1, handshake_s=1, target_s=3))
    assignments = [
        make_assignment(addresses[0], host=f"h{number}.test", more=addresses[1:])
        for number, addresses in enumerate(asked)
    ]
    done = probe_all(assignments, plan=PLAN, settings=chosen, network=network)
    assert Counter(one.target.host for one in done) == Counter(one.target.host for one in assignments)
    assert max(network.most_open.values(), default=0) <= 1
    assert most_at_once(network.visits) <= in_flight
    by_prefix = defaultdict(list)
    for visit in network.visits:
        assert visit.ended_s is not None
        by_prefix[visit.address.rpartition(".")[0]].append(visit)
    assert all(most_at_once(visits) <= per_prefix for visits in by_prefix.values())


@settings(max_examples=50, deadline=None)
@given(
    asked=st.lists(ADDRESSES, min_size=2, max_size=40),
    rate=st.sampled_from([0.5, 10.0, 300.0]),
    prefix_rate=st.sampled_from([0.0, 1.0, 20.0]),
)
def test_rates_hold_in_all_and_per_prefix(asked: list[str], rate: float, prefix_rate: float) -> None:
    network = ScriptedNetwork()
    limits = LimitsSection(requests_per_s=rate, requests_per_prefix_s=prefix_rate)
    probe_all(map(make_assignment, asked), settings=make_settings(limits=limits), network=network)
    assert_spaced([visit.began_s for visit in network.visits], rate)
    if prefix_rate:
        for prefix in {address.rpartition(".")[0] for address in asked}:
            assert_spaced([one.began_s for one in network.visits if one.address.startswith(prefix + ".")], prefix_rate)


def assert_spaced(starts: list[float], rate: float) -> None:
    lateness_s = 0.021
    for number, (first, *_rest) in enumerate(pairwise(starts)):
        for further, start in enumerate(starts[number + 1 :], 1):
            assert start - first >= further / rate - lateness_s


def skewed(count: int, taken: list[int]) -> Iterator[Assignment]:
    for number in range(count):
        taken.append(number)
        crowded = number % 2 == 0
        address = f"127.9.9.{number // 2 % 250}" if crowded else f"127.{10 + number % 200}.{number // 200 % 250}.1"
        yield make_assignment(address, host=f"h{number}.test")


def test_a_prefix_with_half_of_the_targets_stalls_nobody_else() -> None:
    network, done = ScriptedNetwork(), []
    limits = LimitsSection(in_flight=50, in_flight_per_prefix=2, requests_per_prefix_s=0)
    probe_all_in(network, skewed(2000, []), limits, done)
    others = [one for one in done if not one.address.startswith("127.9.9.")]
    crowded = [one for one in done if one.address.startswith("127.9.9.")]
    assert len(others) == len(crowded) == 1000
    assert done.index(others[-1]) < len(done) // 2 + 200


def probe_all_in(
    network: ScriptedNetwork, assignments: Iterator[Assignment], limits: LimitsSection, done: list[Transcript]
) -> None:
    probe_assignments(
        assignments,
        ListPlan(["/"]),
        make_settings(limits=limits),
        on_start=lambda _one: None,
        on_done=lambda raw: done.append(raw.masked()),
        network=network,
    )


def test_assignments_are_pulled_only_as_turns_come_free() -> None:
    taken: list[int] = []
    ahead: list[int] = []
    network = ScriptedNetwork()

    def even() -> Iterator[Assignment]:
        for number in range(3000):
            taken.append(number)
            yield make_assignment(f"127.{number % 200}.{number // 200}.1")

    probe_assignments(
        even(),
        ListPlan(["/"]),
        make_settings(limits=LimitsSection(in_flight=20)),
        on_start=lambda _one: None,
        on_done=lambda _one: ahead.append(len(taken)),
        network=network,
    )
    assert len(ahead) == 3000
    assert max(pulled - done for done, pulled in enumerate(ahead, 1)) <= 21


def test_a_crowded_prefix_fills_no_more_than_the_window() -> None:
    taken: list[int] = []
    most_ahead = 0

    def crowd() -> Iterator[Assignment]:
        for number in range(LOOK_AHEAD + 500):
            taken.append(number)
            yield make_assignment(f"127.0.0.{number % 200 + 1}")

    done = 0

    def on_done(_one: RawTranscript) -> None:
        nonlocal done, most_ahead
        done += 1
        most_ahead = max(most_ahead, len(taken) - done)

    probe_assignments(
        crowd(),
        ListPlan(["/"]),
        make_settings(limits=LimitsSection(in_flight=100, in_flight_per_prefix=50, requests_per_prefix_s=0)),
        on_start=lambda _one: None,
        on_done=on_done,
        network=ScriptedNetwork(),
    )
    assert done == LOOK_AHEAD + 500
    assert LOOK_AHEAD <= most_ahead <= LOOK_AHEAD + 101
