"""How far a round has come."""

import time
from collections import Counter
from datetime import UTC, datetime

import msgspec

from ebbtide.model.configuration import AttemptsSection
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.log import RoundState
from ebbtide.rounds.round import Round
from ebbtide.rounds.tables import read_rows
from ebbtide.survey.attempts import NS_PER_S, Step, Tried, attempt_that_counts
from ebbtide.survey.loss import TransientLoss, transient_loss
from ebbtide.survey.retention import erasure_text
from ebbtide.survey.settings import load_config
from ebbtide.survey.standing import interrupted_attempts, standings


class RoundStatus(msgspec.Struct, frozen=True):
    """How the planned targets of a round stand.

    Attributes:
        state: ``open``, ``sealed`` or ``published``.
        targets: Planned; the sum of the five that follow.
        answered, failed, skipped: Settled.
        unconfirmed: Failed in passing, and to be asked again.
        not_asked: No attempt is finished.
        outcomes: All finished targets by outcome, a failure as ``stage/fault``.
        interrupted: Attempts that were cut short by the death of our own process.
        next_attempt_at: When the next target may be asked again, UTC; empty if none waits.
        loss: What later attempts say of first ones.
        judgement: Id of the current judgement; empty before the first.
        waits: The first share is asked, and the rest waits for ``survey run --continue``.
        stopped: Why the latest run stopped before its time; empty if it did not.
        lapsed_authorities: Name to the reason for which an authority did not hold at the latest run; its targets were
            asked passively.
        identity_sha256: Of what was seen of us before the latest run; empty if nobody outside loopback was asked.
        erased: What was removed for good, when and why.
    """

    label: str
    state: str
    reference_date: str
    targets: int
    answered: int
    failed: int
    skipped: int
    unconfirmed: int
    not_asked: int
    outcomes: dict[str, int]
    interrupted: int
    next_attempt_at: str
    judgement: str
    judgements: tuple[str, ...]
    waits: bool = False
    stopped: str = ""
    lapsed_authorities: dict[str, str] = {}
    identity_sha256: str = ""
    loss: TransientLoss = TransientLoss()
    erased: tuple[str, ...] = ()


def round_status(folder: SurveyFolder, label: str) -> RoundStatus:
    """Say how far a round has come, by its log and its tables.

    Raises:
        RoundError: There is no such round.
        ConfigurationError: The configuration, which says who is asked again, cannot be read.
    """
    looked_at = folder.round(label)
    if looked_at.state is not RoundState.OPEN:
        return _sealed_status(looked_at)
    return open_status(looked_at, load_config(folder.path).attempts)


def open_status(asking: Round, section: AttemptsSection) -> RoundStatus:
    """How an open round stands now."""
    kinds: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    next_ns = 0
    interrupted = interrupted_attempts(asking)
    now_ns = time.time_ns()
    for shard in range(asking.shards):
        for standing in standings(asking, shard, interrupted, section, now_ns):
            if not standing.tried:
                kinds["not_asked"] += 1
                continue
            counts = attempt_that_counts(standing.tried)
            outcomes[_outcome_name(counts)] += 1
            is_settled = standing.decision.step is Step.DONE or standing.decision.is_settled
            kinds[counts.kind if is_settled else "unconfirmed"] += 1
            if standing.decision.step is Step.WAIT:
                due = standing.decision.not_before_ns
                next_ns = min(next_ns, due) if next_ns else due
    return _status(asking, kinds, outcomes, next_ns)


def _sealed_status(sealed: Round) -> RoundStatus:
    kinds: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    columns = ("attempt", "kind", "stage", "fault", "failed_exchange_count")
    for attempt, kind, stage, fault, failed in read_rows(
        sealed.path, sealed.files("final_outcomes"), "final_outcomes", columns
    ):
        kinds[kind] += 1
        outcomes[_outcome_name(Tried(attempt, kind, stage, fault, failed, 0))] += 1
    return _status(sealed, kinds, outcomes, 0)


def _status(looked_at: Round, kinds: Counter[str], outcomes: Counter[str], next_ns: int) -> RoundStatus:
    log = looked_at.log_state
    return RoundStatus(
        label=looked_at.label,
        state=str(looked_at.state),
        reference_date=looked_at.reference_date,
        targets=kinds.total(),
        answered=kinds["answered"],
        failed=kinds["failed"],
        skipped=kinds["skipped"],
        unconfirmed=kinds["unconfirmed"],
        not_asked=kinds["not_asked"],
        outcomes=dict(sorted(outcomes.items())),
        interrupted=len(log.interrupted),
        next_attempt_at=_utc(next_ns),
        judgement=looked_at.judgement or "",
        judgements=looked_at.judgements,
        waits=log.state is RoundState.OPEN and log.pause is not None and not log.is_continued,
        stopped=log.stopped,
        lapsed_authorities=log.authorities.lapsed if log.authorities else {},
        identity_sha256=log.identity.digest if log.identity else "",
        loss=transient_loss(looked_at),
        erased=tuple(erasure_text(each) for each in looked_at.log_state.erasures),
    )


def _outcome_name(tried: Tried) -> str:
    return f"{tried.stage}/{tried.fault}" if tried.fault else tried.kind


def _utc(moment_ns: int) -> str:
    """To the second, rounded up, so that it is not too early."""
    return datetime.fromtimestamp(-(-moment_ns // NS_PER_S), UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moment_ns else ""
