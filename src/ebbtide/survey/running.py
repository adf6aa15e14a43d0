"""Conducting a round: opened or gone on with, asked in passes until nobody is left to ask now."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import msgspec

from ebbtide import __version__
from ebbtide.judge.engine import load_engine
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.errors import RoundError
from ebbtide.model.transcripts import Transcript
from ebbtide.probe.settings import Assignment, ProbeSettings
from ebbtide.rounds.entries import RunStarted
from ebbtide.rounds.folder import SurveyFolder, check_date, check_label
from ebbtide.rounds.locking import round_lock
from ebbtide.rounds.log import RoundState
from ebbtide.rounds.round import Round
from ebbtide.rounds.rows import outcome_parts
from ebbtide.survey.assigning import Desk
from ebbtide.survey.attempts import Step, attempt_that_counts
from ebbtide.survey.budget import affordable, free_memory_bytes, raise_descriptor_limit
from ebbtide.survey.conduct import opt_outs_digest, probe_settings, survey_operators, survey_scope
from ebbtide.survey.digests import digest, frame_digest, plan_digest
from ebbtide.survey.dispatching import Crew, commit_settled, dispatch, recover
from ebbtide.survey.dividing import Divider
from ebbtide.survey.loss import TransientLoss
from ebbtide.survey.planning import read_frame, scratch_folder, write_targets
from ebbtide.survey.progress import Progress
from ebbtide.survey.run_log import RunLog
from ebbtide.survey.standing import Standing, interrupted_attempts, standings
from ebbtide.survey.status import RoundStatus, open_status
from ebbtide.workers.executors import ProcessExecutor, process_count

_REPORT_EVERY = 500
_ASKING_A_WRITER = 4
"""To so many processes that ask comes one more that turns journals into tables."""


class RunSummary(msgspec.Struct, frozen=True):
    """What a run did, and how the round stands after it.

    Attributes:
        asked: Attempts that this run made, those without a packet included.
        status: Of the round, which stays open until it is sealed.
    """

    label: str
    asked: int
    targets: int
    answered: int
    failed: int
    skipped: int
    unconfirmed: int
    outcomes: dict[str, int]
    interrupted: int
    next_attempt_at: str
    loss: TransientLoss


def run_round(
    folder: SurveyFolder,
    label: str,
    config: SurveyConfig,
    *,
    as_of: str | None = None,
    progress: Callable[[Progress], None] = lambda _report: None,
    notice: Callable[[str], None] = lambda _sentence: None,
    log: Path | None = None,
    executor: Executor | None = None,
) -> RunSummary:
    """Open a round, or go on with it, and ask everyone who may be asked now.

    What was committed is never asked again; after a crash only the targets that were in flight are, and that counts
    as an attempt. Returns when nobody is left who may be asked now; those who failed in passing may be left for later.

    Args:
        folder: The survey.
        label: Label of the round.
        config: From ``load_config``.
        as_of: Reference date, ISO; by default that of ``[round.<label>]``, else today.
        progress: Called several times a second.
        notice: Called with a sentence on whatever the operator should know before it begins.
        log: File to which what happens is appended, one JSON document a line.
        executor: Where batches run; by default spawned processes as ``limits.processes`` says.

    Raises:
        EbbtideError: The configuration, the frame, the scope, the label or a check cannot be used, the round is sealed,
            was opened with another frame or plan, or another process works on it. Nothing was sent.
    """
    check_label(label)
    reference_date = _reference_date(label, config, as_of)
    scope = survey_scope(config, folder.path)
    settings = probe_settings(config, scope, survey_operators(config, folder.path))
    plan = load_engine(config.checks, config.plan, folder.path).plan(folder.salt)
    digests = frame_digest(config.frame, folder.path), plan_digest(config, plan)
    _check_open(folder, label, reference_date, digests)
    with scratch_folder(folder.path, label) as scratch:
        merged = None if _is_planned(folder, label) else read_frame(folder, config, scope, scratch)
        settings = _affordable(settings, config, notice)
        with (
            RunLog(log) as run_log,
            round_lock(folder.round_folder(label), label),
            _crew_of(executor, config) as (workers, processes),
        ):
            asking = _opened(folder, label, reference_date)
            _check_open(folder, label, reference_date, digests)
            if merged is not None and asking.log_state.plan is None:
                write_targets(asking, merged, *digests)
            recover(asking)
            asking.commit(RunStarted(digest(config), opt_outs_digest(config, folder.path), time.time_ns()))
            run_log.tell("run_started", round=label, targets=_planned(asking), processes=processes)
            crew = Crew(workers, processes, plan, settings, progress, run_log)
            dividers = _dividers(scratch, folder.salt + label.encode(), settings)
            asked = _ask_everyone(asking, config, Desk(config, scope), crew, dividers)
            summary = _summary(asked, open_status(asking, config.attempts))
            run_log.tell("run_ended", round=label, asked=asked, outcomes=summary.outcomes)
            return summary


def _dividers(scratch: Path, seed: bytes, settings: ProbeSettings) -> Iterator[Divider]:
    """A divider for each pass; all of them of one order."""
    operators = settings.operators
    for number in count(1):
        yield Divider(scratch / f"pass-{number}", seed, operators.operator_of if operators else None)


def _ask_everyone(asking: Round, config: SurveyConfig, desk: Desk, crew: Crew, dividers: Iterator[Divider]) -> int:
    """Pass after pass until nobody may be asked now; each pass uses up an attempt of everyone in it."""
    asked = 0
    what = "asking"
    for divider in dividers:
        done, settled = _divide(asking, config, desk, divider, crew)
        if settled + divider.total == 0:
            break
        asked += settled + divider.total
        dispatch(asking, divider.shares(crew.processes), crew, done, what)
        what = "asking again"
    return asked


def _divide(asking: Round, config: SurveyConfig, desk: Desk, divider: Divider, crew: Crew) -> tuple[Counter[str], int]:
    """Sort all targets into work for the crew, outcomes without a packet (committed here), and those that are done."""
    done: Counter[str] = Counter()
    settled: list[Transcript] = []
    settled_count = 0
    interrupted = interrupted_attempts(asking)
    total = _planned(asking)

    def those_to_ask(shard: int) -> Iterator[Standing]:
        for standing in standings(asking, shard, interrupted, config.attempts, time.time_ns()):
            if standing.decision.step is Step.DONE:
                done[attempt_that_counts(standing.tried).kind] += 1
            yield standing

    for shard in range(asking.shards):
        for number, following in enumerate(desk.assign(those_to_ask(shard))):
            if isinstance(following, Assignment):
                divider.add(following)
            else:
                settled.append(following)
                settled_count += 1
                done[outcome_parts(following.outcome)[0]] += 1
            if number % _REPORT_EVERY == 0:
                crew.progress(Progress(done.total(), total, "looking up names", dict(done)))
            if len(settled) == config.limits.batch_targets:
                commit_settled(asking, settled)
                settled.clear()
    commit_settled(asking, settled)
    return done, settled_count


@contextmanager
def _crew_of(executor: Executor | None, config: SurveyConfig) -> Iterator[tuple[Executor, int]]:
    """The executor that was given, or spawned processes, which are killed if the run ends before its time."""
    processes = process_count(config.limits.processes)
    if executor is not None:
        yield executor, processes
        return
    with ProcessExecutor(processes + -(-processes // _ASKING_A_WRITER)) as pool:
        try:
            yield pool, processes
        except BaseException:
            pool.stop()
            raise


def _reference_date(label: str, config: SurveyConfig, as_of: str | None) -> str:
    """The date that the caller or the configuration names; empty if neither does."""
    named = config.round[label].date if label in config.round else ""
    if as_of is not None:
        check_date(as_of)
    elif named:
        check_date(named)
    return as_of or named


def _check_open(folder: SurveyFolder, label: str, reference_date: str, digests: tuple[str, str]) -> None:
    """Refuse to go on with a round that is sealed, or that was opened with another frame, plan or date."""
    if not folder.has_round(label):
        return
    asking = folder.round(label)
    if asking.state is not RoundState.OPEN:
        raise RoundError(f"round {label} is {asking.state}.", remedy="Start another round under another label.")
    if reference_date and reference_date != asking.reference_date:
        raise RoundError(
            f"round {label} was opened for {asking.reference_date}, not for {reference_date}.",
            remedy="Leave the date as it is, or start another round.",
        )
    plan = asking.log_state.plan
    if plan is None:
        return
    for what, before, now in (("frame", plan.frame_digest, digests[0]), ("plan", plan.plan_digest, digests[1])):
        if before != now:
            raise RoundError(
                f"the {what} is not the one that round {label} was opened with.",
                where="survey.toml",
                remedy="Put it back as it was, or seal the round and start another.",
            )


def _affordable(settings: ProbeSettings, config: SurveyConfig, notice: Callable[[str], None]) -> ProbeSettings:
    """How to ask, as far as this machine can carry it."""
    processes = process_count(config.limits.processes)
    limits, sentences = affordable(config.limits, processes, raise_descriptor_limit(), free_memory_bytes())
    for sentence in sentences:
        notice(sentence)
    return msgspec.structs.replace(settings, limits=limits)


def _planned(asking: Round) -> int:
    return asking.log_state.plan.targets if asking.log_state.plan else 0


def _is_planned(folder: SurveyFolder, label: str) -> bool:
    return folder.has_round(label) and folder.round(label).log_state.plan is not None


def _opened(folder: SurveyFolder, label: str, reference_date: str) -> Round:
    if folder.has_round(label):
        return folder.round(label)
    today = datetime.now(UTC).date().isoformat()
    return folder.create_round(label, reference_date or today, __version__)


def _summary(asked: int, status: RoundStatus) -> RunSummary:
    return RunSummary(
        label=status.label,
        asked=asked,
        targets=status.targets,
        answered=status.answered,
        failed=status.failed,
        skipped=status.skipped,
        unconfirmed=status.unconfirmed,
        outcomes=status.outcomes,
        interrupted=status.interrupted,
        next_attempt_at=status.next_attempt_at,
        loss=status.loss,
    )
