"""What the probe is told reaches the place where it counts: the scope the dialer, the caps the reading of a body."""

import gzip

import pytest

from asking_examples import ROOT_ONLY, make_assignment, make_settings, probe_all
from ebbtide.model.configuration import CapsSection
from ebbtide.model.outcomes import Skipped, SkipReason
from ebbtide.model.transcripts import Deviation
from ebbtide.probe.conversation import Conversation
from ebbtide.probe.desk import Desk
from ebbtide.probe.raw import RawTranscript
from ebbtide.probe.scripted import Reply, ScriptedNetwork, ScriptedServer

HERE, CLOSED = "127.0.0.1", "10.0.0.1"


def test_the_dialer_itself_refuses_what_the_scope_closes() -> None:
    network, done = ScriptedNetwork(), list[RawTranscript]()
    desk: Desk[Conversation] = Desk(make_settings(), ROOT_ONLY, network, done.append)
    conversation = Conversation(make_assignment(CLOSED), (CLOSED,), desk)
    conversation.prepare()
    conversation.begin()
    (transcript,) = done
    assert isinstance(transcript.outcome, Skipped)
    assert transcript.outcome.reason is SkipReason.OUT_OF_SCOPE
    assert network.visits == []


@pytest.mark.parametrize(("ratio", "is_cut"), [(20, True), (2000, False)])
def test_the_ratio_of_the_survey_cuts_what_a_coded_body_unfolds_to(ratio: int, *, is_cut: bool) -> None:
    coded = gzip.compress(b"a" * 100_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(coded)
    network = ScriptedNetwork({(HERE, 80): ScriptedServer(replies=(Reply((head + coded,)),))})
    settings = make_settings(caps=CapsSection(decoded_ratio=ratio))
    (transcript,) = probe_all([make_assignment(HERE)], settings=settings, network=network)
    (exchange,) = transcript.exchanges
    assert (Deviation.CODING_RATIO in exchange.deviations) is is_cut
    assert (len(exchange.body) < 100_000) is is_cut
