"""Who is asked again, and when: pure decisions on what was tried so far."""

from collections.abc import Iterable
from enum import Enum

import msgspec

from ebbtide.model.configuration import AttemptsSection
from ebbtide.model.outcomes import Fault
from ebbtide.rounds.rows import ANSWERED, FAILED

_TRANSIENT = frozenset(
    str(fault) for fault in (Fault.TIMED_OUT, Fault.UNREACHABLE, Fault.RESET, Fault.CLOSED_EARLY, Fault.DNS_FAILED)
)
NS_PER_S = 1_000_000_000


class Tried(msgspec.Struct, frozen=True, gc=False):
    """What is known of one finished attempt.

    Attributes:
        failed_exchanges: Exchanges of it that failed; a failed one ends the attempt, so the rest was not asked.
        ended_at_ns: UTC, nanoseconds since 1970.
    """

    attempt: int
    kind: str
    stage: str
    fault: str
    failed_exchanges: int
    ended_at_ns: int


class Step(Enum):
    """What comes next for a target."""

    ASK = "ask"
    WAIT = "wait"
    GIVE_UP = "give up"
    DONE = "done"


class Decision(msgspec.Struct, frozen=True):
    """What comes next, and when.

    Attributes:
        attempt: Number of the attempt to make (``ASK``), or of the last one that was interrupted (``GIVE_UP``).
        not_before_ns: When it may be asked again (``WAIT``); 0 otherwise.
        is_settled: Nothing more need be known of the target; it is asked once more to measure our own loss.
    """

    step: Step
    attempt: int = 0
    not_before_ns: int = 0
    is_settled: bool = False


DONE = Decision(Step.DONE)


def settles(tried: Tried) -> bool:
    """Whether an attempt needs no other: all was answered, or the failure is not one that passes.

    A refused connection, a name that does not exist, a broken answer are observations; a silence may be our own loss.
    """
    if tried.kind == ANSWERED:
        return tried.failed_exchanges == 0
    return tried.kind != FAILED or tried.fault not in _TRANSIENT


def failed_in_passing(tried: Tried) -> bool:
    """Whether it failed in a way that may be our own loss."""
    return tried.kind == FAILED and tried.fault in _TRANSIENT


def decide(
    tried: Iterable[Tried],
    interrupted: Iterable[int],
    section: AttemptsSection,
    now_ns: int,
    *,
    is_drawn: bool = False,
) -> Decision:
    """What comes next for one target.

    Args:
        tried: Its finished attempts.
        interrupted: Numbers of attempts that died with their process.
        section: ``[attempts]``.
        now_ns: The present, UTC, nanoseconds since 1970.
        is_drawn: The target is of those that are asked once more if they answer.

    Returns:
        A target whose attempts were all interrupted is given up when no attempt is left; one that was interrupted is
        asked again at once; one that failed in passing is asked again when the spacing is over, until it has failed
        ``silent_after`` times. An interrupted attempt saw nothing: it counts towards ``most`` and towards nothing else.
    """
    finished = list(tried)
    is_settled = any(settles(each) for each in finished)
    is_checked = is_drawn and len(finished) == 1 and finished[0].kind == ANSWERED
    if (is_settled and not is_checked) or (not is_settled and len(finished) >= section.silent_after):
        return DONE
    used = max((*(each.attempt for each in finished), *interrupted), default=0)
    if used >= section.most:
        return DONE if finished else Decision(Step.GIVE_UP, used)
    not_before = max((each.ended_at_ns for each in finished), default=0) + int(section.spacing_s * NS_PER_S)
    if finished and section.spacing_s and not_before > now_ns:
        return Decision(Step.WAIT, used + 1, not_before, is_settled)
    return Decision(Step.ASK, used + 1, is_settled=is_settled)


def attempt_that_counts(tried: Iterable[Tried]) -> Tried:
    """Of several attempts the one that counts; the same rule as ``rounds.views.COUNTING_ORDER``."""
    return min(
        tried,
        key=lambda each: (
            each.kind != ANSWERED,
            each.failed_exchanges if each.kind == ANSWERED else 0,
            -each.attempt,
        ),
    )
