from asking_examples import ListPlan, make_assignment, probe_all
from ebbtide.model.outcomes import Answered, Failed, Fault, Stage
from ebbtide.probe.scripted import PLAIN, ScriptedNetwork, ScriptedServer
from ebbtide.probe.silences import HELD_S, MOST_HELD, Silences

HERE, THERE = "127.0.0.1", "127.0.0.2"
TIMED_OUT = Failed(Stage.CONNECT, Fault.TIMED_OUT)


def test_a_silence_is_recalled_for_a_minute_and_for_its_own_endpoint_only() -> None:
    silences = Silences()
    silences.note(HERE, 80, "one.test", TIMED_OUT, now_s=10.0)
    recalled = silences.recall(HERE, 80, now_s=10.0 + HELD_S)
    assert recalled is not None
    assert recalled.fault is Fault.TIMED_OUT
    assert "one.test" in recalled.detail
    assert silences.recall(HERE, 8080, now_s=10.0) is None
    assert silences.recall(THERE, 80, now_s=10.0) is None
    assert silences.recall(HERE, 80, now_s=10.1 + HELD_S) is None


def test_only_silence_is_remembered() -> None:
    silences = Silences()
    for fault in (Fault.REFUSED, Fault.RESET):
        silences.note(HERE, 80, "one.test", Failed(Stage.CONNECT, fault), now_s=0.0)
    assert silences.recall(HERE, 80, now_s=0.0) is None


def test_memory_is_bounded_and_the_oldest_is_forgotten_first() -> None:
    silences = Silences()
    for port in range(MOST_HELD + 1):
        silences.note(HERE, port, "one.test", TIMED_OUT, now_s=0.0)
    assert silences.recall(HERE, 0, now_s=0.0) is None
    assert silences.recall(HERE, MOST_HELD, now_s=0.0) is not None


def test_what_is_too_old_to_be_recalled_does_not_stay() -> None:
    silences = Silences()
    for second in range(1000):
        silences.note(HERE, second, "one.test", TIMED_OUT, now_s=float(second))
    assert len(silences) == HELD_S + 1
    silences.note(HERE, 999 - int(HELD_S), "one.test", TIMED_OUT, now_s=1000.0)
    assert len(silences) == HELD_S + 1
    assert silences.recall(HERE, 999 - int(HELD_S), now_s=1000.0 + HELD_S) is not None


def test_the_names_of_a_silent_address_knock_once_and_all_end_alike() -> None:
    network = ScriptedNetwork(
        {(HERE, 80): ScriptedServer(dialing="silent"), (THERE, 80): ScriptedServer(replies=(PLAIN,))}
    )
    asked = [make_assignment(HERE, host=f"name-{number}.test") for number in range(5)] + [make_assignment(THERE)]
    transcripts = probe_all(asked, plan=ListPlan(["/"]), network=network)
    ends = {each.target.host: each.outcome for each in transcripts if each.address == HERE}
    assert len(ends) == 5
    assert all(isinstance(end, Failed) and end.fault is Fault.TIMED_OUT for end in ends.values())
    assert sum(isinstance(each.outcome, Answered) for each in transcripts) == 1
    assert sum(visit.address == HERE for visit in network.visits) == 1
