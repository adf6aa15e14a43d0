import pytest

from ebbtide.model.configuration import AttemptsSection
from ebbtide.survey.attempts import NS_PER_S, Decision, Step, Tried, attempt_that_counts, decide

HOUR = 3600
NOW = 1_000_000 * NS_PER_S
TWICE = AttemptsSection(most=2, spacing_s=HOUR)


def answered(attempt: int = 1, failed: int = 0, ended_at_ns: int = 0) -> Tried:
    return Tried(attempt, "answered", "", "", failed, ended_at_ns)


def failed(fault: str, attempt: int = 1, ended_at_ns: int = 0, stage: str = "connect") -> Tried:
    return Tried(attempt, "failed", stage, fault, 0, ended_at_ns)


def test_a_target_that_was_never_asked_is_asked() -> None:
    assert decide([], [], TWICE, NOW) == Decision(Step.ASK, 1)


@pytest.mark.parametrize("fault", ["timed_out", "unreachable", "reset", "closed_early", "dns_failed"])
def test_a_failure_that_may_pass_is_asked_again_when_the_spacing_is_over(fault: str) -> None:
    ended = NOW - HOUR * NS_PER_S
    assert decide([failed(fault, ended_at_ns=ended)], [], TWICE, NOW) == Decision(Step.ASK, 2)
    assert decide([failed(fault, ended_at_ns=ended + 1)], [], TWICE, NOW) == Decision(
        Step.WAIT, 2, ended + 1 + HOUR * NS_PER_S
    )


@pytest.mark.parametrize("fault", ["refused", "name_not_found", "tls_alert", "protocol_error", "internal_error"])
def test_a_failure_that_is_an_observation_is_final_at_once(fault: str) -> None:
    assert decide([failed(fault)], [], TWICE, NOW).step is Step.DONE


def test_a_skipped_target_is_final_at_once() -> None:
    assert decide([Tried(1, "skipped", "", "", 0, 0)], [], TWICE, NOW).step is Step.DONE


def test_a_target_that_answered_but_for_one_exchange_is_asked_again() -> None:
    assert decide([answered(failed=1)], [], TWICE, NOW) == Decision(Step.ASK, 2)
    assert decide([answered()], [], TWICE, NOW).step is Step.DONE


def test_nobody_is_asked_more_often_than_the_section_says() -> None:
    twice = [failed("timed_out"), failed("timed_out", 2)]
    assert decide(twice, [], TWICE, NOW).step is Step.DONE
    assert decide(twice, [], AttemptsSection(silent_after=3, most=3, spacing_s=0), NOW) == Decision(Step.ASK, 3)
    assert decide([failed("timed_out")], [], AttemptsSection(most=1), NOW).step is Step.DONE


def test_an_interrupted_attempt_counts_and_the_next_follows_at_once() -> None:
    assert decide([], [1], TWICE, NOW) == Decision(Step.ASK, 2)
    assert decide([], [1, 2], TWICE, NOW) == Decision(Step.GIVE_UP, 2)
    assert decide([], [1], AttemptsSection(most=1), NOW) == Decision(Step.GIVE_UP, 1)


def test_a_finished_attempt_stands_when_the_one_after_it_was_interrupted() -> None:
    assert decide([failed("timed_out")], [2], TWICE, NOW).step is Step.DONE


def test_an_interruption_costs_no_knowledge_while_there_are_attempts_to_spare() -> None:
    spare = AttemptsSection(silent_after=2, most=3, spacing_s=0)
    assert decide([failed("timed_out")], [2], spare, NOW) == Decision(Step.ASK, 3)
    assert decide([failed("timed_out", 2)], [1], spare, NOW) == Decision(Step.ASK, 3)
    assert decide([failed("timed_out"), failed("timed_out", 3)], [2], spare, NOW).step is Step.DONE
    assert decide([failed("timed_out"), failed("timed_out", 2)], [], spare, NOW).step is Step.DONE
    assert decide([failed("timed_out", 3)], [1, 2], spare, NOW).step is Step.DONE


def test_the_attempt_that_counts_is_the_best_answered_one_the_latest_of_equals_and_else_the_last() -> None:
    assert attempt_that_counts([answered(1, 1), failed("reset", 2)]).attempt == 1
    assert attempt_that_counts([answered(1, 1), answered(2, 1)]).attempt == 2
    assert attempt_that_counts([answered(1, 0), answered(2, 1)]).attempt == 1
    assert attempt_that_counts([failed("refused", 1), failed("timed_out", 2)]).attempt == 2
