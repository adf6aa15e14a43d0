"""One target, two schemes: the second is asked where the first cannot be spoken, and nowhere else."""

import msgspec
import pytest

from asking_examples import ListPlan, make_assignment, make_settings, probe_all
from ebbtide.model.configuration import ClocksSection
from ebbtide.model.outcomes import Answered, Failed, Fault, Stage
from ebbtide.model.targets import Scheme
from ebbtide.model.transcripts import Transcript
from ebbtide.probe.scripted import PLAIN, Reply, ScriptedNetwork, ScriptedServer
from ebbtide.probe.settings import Assignment
from ebbtide.rounds.rows import outcome_row

HERE, THERE = "127.0.0.1", "127.0.0.2"
CLOCKS = ClocksSection(connect_s=2, handshake_s=3, target_s=10)
PLAN = ListPlan(["/", "/absent.html"])
GOOD = ScriptedServer()
REFUSING = ScriptedServer(dialing="refuse")
PORTS = {Scheme.HTTP: 80, Scheme.HTTPS: 443}


def assignment(scheme: Scheme, *more: str, fallback: bool = True) -> Assignment:
    one = make_assignment(HERE, PORTS[scheme], scheme, host="a.test", more=more)
    return msgspec.structs.replace(one, target=msgspec.structs.replace(one.target, fallback=fallback))


def ask(network: ScriptedNetwork, one: Assignment, clocks: ClocksSection = CLOCKS) -> Transcript:
    (transcript,) = probe_all([one], plan=PLAN, settings=make_settings(clocks=clocks), network=network)
    return transcript


def dialed(network: ScriptedNetwork) -> list[tuple[str, int]]:
    return [(visit.address, visit.port) for visit in network.visits]


@pytest.mark.parametrize(
    ("scheme", "first"),
    [
        (Scheme.HTTPS, REFUSING),
        (Scheme.HTTPS, ScriptedServer(dialing="silent")),
        (Scheme.HTTPS, ScriptedServer(dialing="reset")),
        (Scheme.HTTPS, ScriptedServer(dialing="unreachable")),
        (Scheme.HTTPS, ScriptedServer(handshake="alert")),
        (Scheme.HTTPS, ScriptedServer(handshake="none")),
        (Scheme.HTTP, REFUSING),
        (Scheme.HTTP, ScriptedServer(dialing="silent")),
        (Scheme.HTTP, ScriptedServer(replies=(Reply(then="reset"),))),
        (Scheme.HTTP, ScriptedServer(replies=(Reply(then="close"),))),
    ],
    ids=str,
)
def test_the_other_scheme_is_asked_where_the_first_cannot_be_spoken(scheme: Scheme, first: ScriptedServer) -> None:
    other = Scheme.HTTP if scheme is Scheme.HTTPS else Scheme.HTTPS
    network = ScriptedNetwork({(HERE, PORTS[scheme]): first, (HERE, PORTS[other]): GOOD})
    transcript = ask(network, assignment(scheme))
    assert transcript.outcome == Answered()
    failed, *answered = transcript.exchanges
    assert isinstance(failed.outcome, Failed)
    assert failed.origin == ""
    assert [(one.request.path, one.origin) for one in answered] == [
        ("/", f"{other}://a.test"),
        ("/absent.html", f"{other}://a.test"),
    ]
    assert [one.sni for one in answered] == ["a.test" if other is Scheme.HTTPS else ""] * 2
    assert network.most_open == {HERE: 1}
    row = outcome_row(transcript)
    assert (row.kind, row.port, row.status, row.failed_exchange_count) == ("answered", PORTS[other], 200, 0)


@pytest.mark.parametrize("scheme", list(Scheme))
def test_a_first_scheme_that_answers_is_the_only_one(scheme: Scheme) -> None:
    network = ScriptedNetwork(otherwise=GOOD)
    transcript = ask(network, assignment(scheme))
    assert [one.origin for one in transcript.exchanges] == ["", ""]
    assert dialed(network) == [(HERE, PORTS[scheme])]
    assert outcome_row(transcript).port is None


def test_without_the_policy_nobody_falls_back() -> None:
    network = ScriptedNetwork({(HERE, 443): REFUSING}, otherwise=GOOD)
    transcript = ask(network, assignment(Scheme.HTTPS, fallback=False))
    assert transcript.outcome == Failed(Stage.CONNECT, Fault.REFUSED)
    assert dialed(network) == [(HERE, 443)]


def test_a_broken_answer_is_an_answer_of_its_scheme() -> None:
    broken = ScriptedServer(replies=(Reply((b"HTTP/1.1 200 OK\r\nContent-",), then="reset"),))
    network = ScriptedNetwork({(HERE, 80): broken}, otherwise=GOOD)
    assert isinstance(ask(network, assignment(Scheme.HTTP)).outcome, Failed)
    assert dialed(network) == [(HERE, 80)]


def test_a_later_request_that_fails_brings_no_other_scheme() -> None:
    network = ScriptedNetwork({(HERE, 80): ScriptedServer(replies=(PLAIN, Reply(then="reset")))}, otherwise=GOOD)
    transcript = ask(network, assignment(Scheme.HTTP))
    assert transcript.outcome == Answered()
    assert {port for _, port in dialed(network)} == {80}


def test_where_neither_can_be_spoken_both_failures_are_kept_and_the_first_counts() -> None:
    network = ScriptedNetwork({(HERE, 443): ScriptedServer(handshake="alert"), (HERE, 80): REFUSING})
    transcript = ask(network, assignment(Scheme.HTTPS))
    assert isinstance(transcript.outcome, Failed)
    assert transcript.outcome.fault is Fault.TLS_ALERT
    assert [one.origin for one in transcript.exchanges] == ["", "http://a.test"]
    assert dialed(network) == [(HERE, 443), (HERE, 80)]


def test_every_address_is_tried_before_the_other_scheme() -> None:
    network = ScriptedNetwork({(HERE, 443): REFUSING, (THERE, 443): REFUSING, (THERE, 80): GOOD})
    transcript = ask(network, assignment(Scheme.HTTPS, THERE))
    assert transcript.outcome == Answered()
    assert dialed(network) == [(HERE, 443), (THERE, 443), (THERE, 80)]


@pytest.mark.parametrize("first", [ScriptedServer(dialing="silent"), ScriptedServer(handshake="none")], ids=str)
def test_the_clock_of_the_whole_target_ends_both_schemes(first: ScriptedServer) -> None:
    hasty = ClocksSection(connect_s=5, handshake_s=5, target_s=4)
    network = ScriptedNetwork({(HERE, 443): first}, otherwise=GOOD)
    transcript = ask(network, assignment(Scheme.HTTPS), hasty)
    assert isinstance(transcript.outcome, Failed)
    assert transcript.outcome.fault is Fault.TIMED_OUT
    assert dialed(network) == [(HERE, 443)]


def test_the_clock_of_the_whole_target_runs_on_through_the_other_scheme() -> None:
    mute = ScriptedServer(replies=(Reply(delay_s=1000),))
    network = ScriptedNetwork({(HERE, 443): ScriptedServer(handshake="none"), (HERE, 80): mute})
    transcript = ask(network, assignment(Scheme.HTTPS))
    assert transcript.exchanges[1].outcome == Failed(Stage.RESPONSE, Fault.TIMED_OUT, "the whole target")
    assert transcript.elapsed_s == pytest.approx(10, abs=0.1)
