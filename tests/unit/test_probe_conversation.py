"""Conversations on the scripted network: what is asked, over which connections, and what becomes of mistakes."""

from collections.abc import Sequence

import pytest

from asking_examples import ListPlan, make_assignment, make_settings, make_target, probe_all
from ebbtide.model.configuration import CapsSection, ClocksSection
from ebbtide.model.outcomes import Answered, Failed, Fault, Skipped, SkipReason, Stage
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Method, Purpose, Request
from ebbtide.probe.run import probe_assignments
from ebbtide.probe.scripted import PLAIN, Reply, ScriptedNetwork, ScriptedServer
from ebbtide.probe.settings import Assignment

HERE = "127.0.0.1"
CLOSING = Reply((b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",), then="close")
THREE = ListPlan(["/", "/absent.ida", "/favicon.ico"])


def play(*replies: Reply, **behaviour: str) -> ScriptedNetwork:
    return ScriptedNetwork({(HERE, 80): ScriptedServer(replies=replies or (PLAIN,), **behaviour)})  # type: ignore[arg-type]  # words of the script


def test_the_core_plan_goes_over_one_connection() -> None:
    network = play()
    (transcript,) = probe_all([make_assignment(HERE)], plan=THREE, network=network)
    assert [exchange.request.path for exchange in transcript.exchanges] == ["/", "/absent.ida", "/favicon.ico"]
    assert [exchange.ordinal for exchange in transcript.exchanges] == [0, 1, 2]
    assert len(network.visits) == 1
    assert network.visits[0].ended_s is not None
    assert transcript.exchanges[0].connect_s == pytest.approx(0.01)
    assert transcript.exchanges[1].connect_s is None
    assert transcript.vantage == transcript.exchanges[0].vantage == "test bench"


def test_every_request_names_host_agent_and_the_shared_fields() -> None:
    network = play()
    probe_all([make_assignment(HERE, host="tide.test")], network=network)
    assert network.visits[0].requests == [
        (
            b"GET / HTTP/1.1\r\nHost: tide.test\r\nUser-Agent: ebbtide-test\r\nAccept: */*\r\n"
            b"Accept-Encoding: gzip, deflate, br, zstd\r\nConnection: keep-alive\r\n\r\n"
        )
    ]


def test_secrets_are_masked_before_plan_and_record_see_them() -> None:
    octets = (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: PHPSESSID=0123456789abcdef; path=/\r\nContent-Length: 20\r\n\r\n"
        b"DB_PASSWORD=hunter2\n"
    )
    (transcript,) = probe_all([make_assignment(HERE)], network=play(Reply((octets,))))
    (exchange,) = transcript.exchanges
    assert exchange.fields[0] == (b"Set-Cookie", b"PHPSESSID=****************; path=/")
    assert exchange.body == b"DB_PASSWORD=*******\n"
    assert exchange.masked == ("body/variable-in-capitals:1", "fields/set-cookie:1")


def test_a_server_that_closes_after_each_answer_is_asked_on_new_connections() -> None:
    network = play(CLOSING)
    (transcript,) = probe_all([make_assignment(HERE)], plan=THREE, network=network)
    assert len(transcript.exchanges) == len(network.visits) == 3
    assert all(isinstance(exchange.outcome, Answered) for exchange in transcript.exchanges)
    assert network.most_open == {HERE: 1}


def test_a_connection_found_closed_between_answers_is_no_failure() -> None:
    network = play(PLAIN, Reply((), delay_s=0.0, then="close"), PLAIN)
    (transcript,) = probe_all([make_assignment(HERE)], plan=THREE, network=network)
    assert [type(exchange.outcome) for exchange in transcript.exchanges] == [Answered] * 3
    assert [len(visit.requests) for visit in network.visits] == [2, 2]
    assert network.visits[0].requests[1] == network.visits[1].requests[0]


def test_a_request_is_repeated_once_and_not_again() -> None:
    network = play(PLAIN, Reply((), then="reset"))
    (transcript,) = probe_all([make_assignment(HERE)], plan=THREE, network=network)
    assert [type(exchange.outcome) for exchange in transcript.exchanges] == [Answered, Failed]
    assert transcript.exchanges[1].outcome == Failed(
        Stage.RESPONSE, Fault.RESET, "ConnectionResetError: [Errno 104] scripted"
    )
    assert isinstance(transcript.outcome, Answered)
    assert sum(len(visit.requests) for visit in network.visits) == 3


def test_the_first_request_on_a_connection_is_never_repeated() -> None:
    network = play(Reply((), then="close"))
    (transcript,) = probe_all([make_assignment(HERE)], network=network)
    assert transcript.outcome == Failed(Stage.RESPONSE, Fault.CLOSED_EARLY, "")
    assert len(network.visits) == 1


def test_a_failed_exchange_ends_the_attempt_and_keeps_what_was_seen() -> None:
    network = play(PLAIN, Reply((b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 9\r\n\r\nab",), then="reset"), PLAIN)
    (transcript,) = probe_all([make_assignment(HERE)], plan=THREE, network=network)
    assert len(transcript.exchanges) == 2
    assert transcript.exchanges[1].body == b"ab"
    assert transcript.exchanges[1].status == 200
    assert transcript.exchanges[1].outcome == Failed(
        Stage.RESPONSE, Fault.RESET, "ConnectionResetError: [Errno 104] scripted"
    )


def test_the_plan_is_asked_again_after_each_answered_set() -> None:
    (transcript,) = probe_all([make_assignment(HERE)], plan=ListPlan(["/", "/a"], ["/b"]), network=play())
    assert [exchange.request.path for exchange in transcript.exchanges] == ["/", "/a", "/b"]


def test_equal_requests_are_sent_once_even_by_a_plan_that_never_ends() -> None:
    class Insisting:
        def next_requests(self, _target: Target, _seen: Sequence[Exchange], _level: Level) -> Sequence[Request]:
            return [Request("/", Purpose.ROOT), Request("/", Purpose.CHECK), Request("/", Purpose.ROOT, Method.HEAD)]

    network = ScriptedNetwork(otherwise=ScriptedServer(replies=(PLAIN, Reply((b"HTTP/1.1 204 No\r\n\r\n",)))))
    (transcript,) = probe_all([make_assignment(HERE)], plan=Insisting(), network=network)
    assert [exchange.request.method for exchange in transcript.exchanges] == [Method.GET, Method.HEAD]


def test_an_answer_followed_by_stray_octets_is_not_trusted_with_another_request() -> None:
    stray = Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",))
    network = play(stray)
    (transcript,) = probe_all([make_assignment(HERE)], plan=THREE, network=network)
    assert [exchange.body for exchange in transcript.exchanges] == [b"ok"] * 3
    assert len(network.visits) == 3


def test_the_next_address_is_tried_when_one_refuses() -> None:
    network = ScriptedNetwork({(HERE, 80): ScriptedServer(dialing="refuse")})
    (transcript,) = probe_all([make_assignment(HERE, more=["127.0.0.2"])], network=network)
    assert isinstance(transcript.outcome, Answered)
    assert transcript.address == transcript.exchanges[0].address == "127.0.0.2"
    assert [visit.address for visit in network.visits] == [HERE, "127.0.0.2"]


def test_of_several_failed_addresses_the_most_telling_one_counts() -> None:
    network = ScriptedNetwork(
        {
            (HERE, 80): ScriptedServer(dialing="silent"),
            ("127.0.0.2", 80): ScriptedServer(dialing="refuse"),
            ("127.0.0.3", 80): ScriptedServer(dialing="unreachable"),
        }
    )
    (transcript,) = probe_all([make_assignment(HERE, more=["127.0.0.2", "127.0.0.3"])], network=network)
    assert transcript.outcome == Failed(Stage.CONNECT, Fault.REFUSED)
    assert transcript.address == "127.0.0.2"
    assert len(network.visits) == 3


def test_the_clock_of_the_whole_target_runs_over_all_its_addresses() -> None:
    network = ScriptedNetwork(otherwise=ScriptedServer(dialing="silent"))
    settings = make_settings(clocks=ClocksSection(connect_s=2, handshake_s=1, target_s=5))
    addresses = [f"127.0.0.{number}" for number in range(2, 9)]
    (transcript,) = probe_all([make_assignment(HERE, more=addresses)], settings=settings, network=network)
    assert transcript.outcome == Failed(Stage.CONNECT, Fault.TIMED_OUT)
    assert transcript.elapsed_s == pytest.approx(5)
    assert len(network.visits) == 3


def test_a_drip_ends_with_the_clock_of_the_whole_target() -> None:
    drip = Reply((b"HTTP/1.1 200 OK\r\n\r\n", *[b"x"] * 99), pause_s=1)
    (transcript,) = probe_all([make_assignment(HERE)], network=play(drip))
    assert transcript.outcome == Failed(Stage.RESPONSE, Fault.TIMED_OUT, "the whole target")
    assert transcript.elapsed_s == pytest.approx(10)
    assert transcript.exchanges[0].body == b"x" * 9


def test_a_body_over_the_cap_is_answered_and_the_connection_given_up() -> None:
    network = play(Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"x" * 100)))
    settings = make_settings(caps=CapsSection(body_bytes=10))
    (transcript,) = probe_all([make_assignment(HERE)], plan=THREE, settings=settings, network=network)
    assert [exchange.is_truncated for exchange in transcript.exchanges] == [True] * 3
    assert transcript.exchanges[0].body_bytes == 10
    assert len(network.visits) == 3


def test_what_the_scope_closes_is_skipped_without_a_packet_or_a_start() -> None:
    network, started, done = ScriptedNetwork(), [], []
    probe_assignments(
        [make_assignment("192.0.2.1"), make_assignment("not an address")],
        THREE,
        make_settings(),
        on_start=started.append,
        on_done=done.append,
        network=network,
    )
    assert [transcript.outcome.reason for transcript in done] == [SkipReason.OUT_OF_SCOPE] * 2
    assert not started
    assert not network.visits


def test_closed_addresses_are_left_out_of_several() -> None:
    network = ScriptedNetwork()
    (transcript,) = probe_all([make_assignment("192.0.2.1", more=[HERE])], network=network)
    assert isinstance(transcript.outcome, Answered)
    assert [visit.address for visit in network.visits] == [HERE]


def test_an_assignment_without_addresses_fails_at_resolving() -> None:
    (transcript,) = probe_all([Assignment(make_target("a.test"), (), 1, Level.PASSIVE)], network=ScriptedNetwork())
    assert transcript.outcome == Failed(Stage.RESOLVE, Fault.DNS_FAILED, "no address was found")


def test_a_plan_that_asks_nothing_is_a_skip() -> None:
    (transcript,) = probe_all([make_assignment(HERE)], plan=ListPlan(), network=ScriptedNetwork())
    assert isinstance(transcript.outcome, Skipped)


def test_a_handshake_is_recorded_and_its_chain_kept() -> None:
    network = ScriptedNetwork()
    (transcript,) = probe_all([make_assignment(HERE, 443, Scheme.HTTPS, host="a.test")], plan=THREE, network=network)
    assert isinstance(transcript.outcome, Answered)
    assert transcript.exchanges[0].sni == "a.test"
    assert transcript.exchanges[0].tls is not None
    assert transcript.exchanges[0].tls.chain_sha256 == (transcript.certificates[0].sha256,)
    assert len(network.visits) == 1


@pytest.mark.parametrize(("handshake", "fault"), [("alert", Fault.TLS_ALERT), ("none", Fault.TIMED_OUT)])
def test_a_handshake_that_fails_ends_at_the_stage_tls(handshake: str, fault: Fault) -> None:
    network = ScriptedNetwork(otherwise=ScriptedServer(handshake=handshake))  # type: ignore[arg-type]  # a word of the script
    (transcript,) = probe_all([make_assignment(HERE, 443, Scheme.HTTPS)], network=network)
    assert isinstance(transcript.outcome, Failed)
    assert (transcript.outcome.stage, transcript.outcome.fault) == (Stage.TLS, fault)


class FaultyPlan:
    """Our own mistake: it breaks for one host, at the start or after the first answer."""

    def __init__(self, after: int) -> None:
        self.after = after

    def next_requests(self, target: Target, seen: Sequence[Exchange], _level: Level) -> Sequence[Request]:
        if target.host == "bug.test" and len(seen) == self.after:
            raise ZeroDivisionError("a bug")
        return () if seen else (Request("/", Purpose.ROOT),)


@pytest.mark.parametrize("after", [0, 1])
def test_a_bug_in_one_target_becomes_its_outcome_and_the_others_go_on(after: int) -> None:
    assignments = [
        make_assignment(f"127.0.0.{number}", host=host)
        for number, host in [(1, "a.test"), (2, "bug.test"), (3, "c.test")]
    ]
    transcripts = probe_all(assignments, plan=FaultyPlan(after), network=ScriptedNetwork())
    outcomes = {transcript.target.host: transcript.outcome for transcript in transcripts}
    assert isinstance(outcomes["a.test"], Answered)
    assert isinstance(outcomes["c.test"], Answered)
    assert isinstance(outcomes["bug.test"], Failed)
    assert outcomes["bug.test"].fault is Fault.INTERNAL_ERROR
    assert outcomes["bug.test"].detail == "ZeroDivisionError: a bug"


@pytest.mark.parametrize("where", ["on_start", "on_done", "assignments"])
def test_what_the_caller_raises_ends_the_run_and_closes_everything(where: str) -> None:
    network = ScriptedNetwork()

    def fail(_one: object) -> None:
        raise KeyError(where)

    def broken() -> object:
        yield make_assignment(HERE)
        yield make_assignment("127.0.0.2")
        raise KeyError(where)

    with pytest.raises(KeyError, match=where):
        probe_assignments(
            broken() if where == "assignments" else [make_assignment(HERE)],  # type: ignore[arg-type]  # a generator of assignments
            THREE,
            make_settings(),
            on_start=fail if where == "on_start" else lambda _one: None,
            on_done=fail if where == "on_done" else lambda _one: None,
            network=network,
        )
    assert all(visit.ended_s is not None for visit in network.visits)


def test_on_start_comes_just_before_the_first_packet_and_once() -> None:
    network = ScriptedNetwork({(HERE, 80): ScriptedServer(dialing="refuse")})
    visits_at_start: list[int] = []
    probe_assignments(
        [make_assignment(HERE, more=["127.0.0.2"])],
        THREE,
        make_settings(),
        on_start=lambda _one: visits_at_start.append(len(network.visits)),
        on_done=lambda _one: None,
        network=network,
    )
    assert visits_at_start == [0]
