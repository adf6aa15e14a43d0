"""Conducting a round: opened or gone on with, admitted, asked in passes, and summed up."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ebbtide import __version__
from ebbtide.judge.engine import load_engine
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.errors import RoundError
from ebbtide.model.targets import Target
from ebbtide.probe.settings import ProbeSettings
from ebbtide.rounds.entries import RunContinued, RunPaused, RunStarted, RunStopped
from ebbtide.rounds.folder import SurveyFolder, check_date, check_label
from ebbtide.rounds.locking import round_lock
from ebbtide.rounds.log import RoundState
from ebbtide.rounds.round import Round
from ebbtide.survey.admission import Admission, admit, log_admission
from ebbtide.survey.assigning import Desk
from ebbtide.survey.budget import affordable, free_memory_bytes, raise_descriptor_limit
from ebbtide.survey.caution import Brake, Gate, first_share
from ebbtide.survey.conduct import opt_outs_digest, probe_settings, survey_operators, survey_scope
from ebbtide.survey.digests import digest, frame_digest, plan_digest
from ebbtide.survey.dispatching import Crew, recover
from ebbtide.survey.loss import TransientLoss
from ebbtide.survey.outside import Outside, outside_for
from ebbtide.survey.passes import Passes, ask_everyone
from ebbtide.survey.planning import all_targets, read_frame, scratch_folder, write_targets
from ebbtide.survey.progress import Progress
from ebbtide.survey.run_log import RunLog
from ebbtide.survey.status import open_status
from ebbtide.survey.stopping import clear, heard_interrupt
from ebbtide.workers.executors import ProcessExecutor, process_count

_ASKING_A_WRITER = 4
"""To so many processes that ask comes one more that turns journals into tables."""


class RunSummary(msgspec.Struct, frozen=True):
    """What a run did, and how the round stands after it.

    Attributes:
        asked: Attempts that this run made, those without a packet included.
        held_back: Targets that wait for the operator's word after the first share; 0 if none does.
        stopped: Why the run stopped before its time; empty if it did not.
        is_interrupted: The operator stopped it.
        lapsed_authorities: Name to the reason for which an authority does not hold; its targets were asked passively.
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
    held_back: int = 0
    stopped: str = ""
    is_interrupted: bool = False
    lapsed_authorities: dict[str, str] = {}
    loss: TransientLoss = TransientLoss()


def run_round(
    folder: SurveyFolder,
    label: str,
    config: SurveyConfig,
    *,
    as_of: str | None = None,
    go_on: bool = False,
    progress: Callable[[Progress], None] = lambda _report: None,
    notice: Callable[[str], None] = lambda _sentence: None,
    log: Path | None = None,
    executor: Executor | None = None,
    outside: Outside | None = None,
) -> RunSummary:
    """Open a round, or go on with it, and ask everyone who may be asked now.

    What was committed is never asked again; after a crash only the targets that were in flight are, and that counts
    as an attempt. Returns when nobody is left who may be asked now; those who failed in passing may be left for later.
    An interrupt from the keyboard has nobody new asked, and returns when who is in flight is done; a second one raises.

    Args:
        folder: The survey.
        label: Label of the round.
        config: From ``load_config``.
        as_of: Reference date, ISO; by default that of ``[round.<label>]``, else today.
        go_on: The operator has looked at the first share; ask the rest.
        progress: Called several times a second.
        notice: Called with a sentence on whatever the operator should know.
        log: File to which what happens is appended, one JSON document a line.
        executor: Where batches run; by default spawned processes as ``limits.processes`` says.
        outside: How the checks before the first packet look outside; by default over the real network.

    Raises:
        EbbtideError: The configuration, the frame, the scope, the label or a check cannot be used, the round is sealed,
            was opened with another frame or plan, or another process works on it; or what stands on the web does not
            say who we are. Nothing was sent to any target.
    """
    check_label(label)
    reference_date = _reference_date(label, config, as_of)
    engine = load_engine(config.checks, config.plan, folder.path)
    plan = engine.plan(folder.salt)
    operators = survey_operators(config, folder.path)
    digests = frame_digest(config.frame, config.sample, folder.path), plan_digest(config, plan)
    _check_open(folder, label, reference_date, digests)
    _check_word(folder, label, go_on=go_on)
    with scratch_folder(folder.path, label) as scratch:
        merged = None
        if not _is_planned(folder, label):
            merged, design = read_frame(folder, config, survey_scope(config, folder.path), scratch, label)
        targets = all_targets(merged) if merged is not None else _planned_targets(folder.round(label))
        admission = admit(folder, config, engine, targets, outside or outside_for(config))
        settings = _affordable(probe_settings(config, admission.scope, operators), config, notice)
        with (
            RunLog(log) as run_log,
            round_lock(folder.round_folder(label), label),
            _crew_of(executor, config) as (workers, processes),
            _interrupts(executor, notice) as is_interrupted,
        ):
            asking = _opened(folder, label, reference_date)
            _check_open(folder, label, reference_date, digests)
            if merged is not None and asking.log_state.plan is None:
                write_targets(asking, merged, *digests, engine.manifest.checks, design)
            _begin(asking, folder, config, admission, go_on=go_on)
            is_cautious = admission.is_outside or config.caution.loopback
            brake = Brake(config.caution, is_on=is_cautious, is_interrupted=is_interrupted)
            crew = Crew(workers, processes, plan, settings, progress, run_log, brake)
            gate = Gate(folder.salt, _share(asking, config) if is_cautious else 1.0)
            desk = Desk(config, admission.scope, admission.authorities)
            return _asked(Passes(asking, config, desk, crew, gate, scratch, folder.salt + label.encode()))


def _begin(asking: Round, folder: SurveyFolder, config: SurveyConfig, admission: Admission, *, go_on: bool) -> None:
    """Take in what an earlier run left, and log under which rules this one asks."""
    recover(asking)
    clear(asking.path)
    asking.commit(RunStarted(digest(config), opt_outs_digest(config, folder.path), time.time_ns()))
    log_admission(asking, admission, config.plan.level)
    if go_on and not asking.log_state.is_continued:
        asking.commit(RunContinued(time.time_ns()))


def _asked(passes: Passes) -> RunSummary:
    """Ask everybody, and sum it up."""
    asking, crew = passes.asking, passes.crew
    crew.log.tell("run_started", round=asking.label, targets=asking.planned, processes=crew.processes)
    asked = ask_everyone(passes)
    summary = _ended(asking, passes.config, crew, asked, passes.gate.held_back)
    crew.log.tell("run_ended", round=asking.label, asked=asked, outcomes=summary.outcomes)
    return summary


def _share(asking: Round, config: SurveyConfig) -> float:
    """The share of the round that may be asked now."""
    if asking.log_state.is_continued or asking.log_state.plan is None:
        return 1.0
    return first_share(config.caution, asking.log_state.plan.targets)


def _planned_targets(asking: Round) -> Iterator[Target]:
    for shard in range(asking.shards):
        yield from asking.targets(shard)


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


def _interrupts(executor: Executor | None, notice: Callable[[str], None]) -> AbstractContextManager[Callable[[], bool]]:
    """Whether the operator wants to end the run; who brings an executor keeps the keyboard too."""
    return heard_interrupt(notice) if executor is None else nullcontext(lambda: False)


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


def _check_word(folder: SurveyFolder, label: str, *, go_on: bool) -> None:
    """Refuse a word to go on where nobody has seen anything yet."""
    if go_on and not (folder.has_round(label) and folder.round(label).log_state.pause):
        raise RoundError(
            f"round {label} has not paused, so there is nothing to continue.",
            remedy="Run it without --continue; it says when it waits for you.",
        )


def _affordable(settings: ProbeSettings, config: SurveyConfig, notice: Callable[[str], None]) -> ProbeSettings:
    """How to ask, as far as this machine can carry it."""
    processes = process_count(config.limits.processes)
    limits, sentences = affordable(config.limits, processes, raise_descriptor_limit(), free_memory_bytes())
    for sentence in sentences:
        notice(sentence)
    return msgspec.structs.replace(settings, limits=limits)


def _is_planned(folder: SurveyFolder, label: str) -> bool:
    return folder.has_round(label) and folder.round(label).log_state.plan is not None


def _opened(folder: SurveyFolder, label: str, reference_date: str) -> Round:
    if folder.has_round(label):
        return folder.round(label)
    today = datetime.now(UTC).date().isoformat()
    return folder.create_round(label, reference_date or today, __version__)


def _ended(asking: Round, config: SurveyConfig, crew: Crew, asked: int, held_back: int) -> RunSummary:
    """Log why the run ended, if it was before its time, and sum it up."""
    status = open_status(asking, config.attempts)
    if crew.brake.is_pulled:
        asking.commit(RunStopped(crew.brake.why, time.time_ns()))
    elif held_back:
        asking.commit(RunPaused(held_back, status.outcomes, time.time_ns()))
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
        held_back=0 if crew.brake.is_pulled else held_back,
        stopped=crew.brake.why,
        is_interrupted=crew.brake.is_pulled_by_hand,
        lapsed_authorities=status.lapsed_authorities,
        loss=status.loss,
    )
