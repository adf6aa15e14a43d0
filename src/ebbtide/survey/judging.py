"""Judging a sealed round: every stored transcript once more through fingerprints and checks; no packet is sent."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from pathlib import Path

import msgspec

from ebbtide.judge.engine import Engine, load_engine
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.errors import RoundError
from ebbtide.model.rows import SoftwareRow, VerdictRow
from ebbtide.model.transcripts import Transcript
from ebbtide.probe.heap import keep_freed_memory
from ebbtide.rounds.entries import FileRef
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.locking import round_lock
from ebbtide.rounds.log import RoundState
from ebbtide.rounds.round import Round, judgement_folder
from ebbtide.rounds.tables import read_rows, write_shard
from ebbtide.survey.judged_rows import VerdictRows, is_answered, software_rows
from ebbtide.survey.progress import Progress
from ebbtide.workers.collecting import rare_collection
from ebbtide.workers.executors import ProcessExecutor, SerialExecutor, process_count

TARGETS_A_PROCESS = 4000


class JudgeSpec(msgspec.Struct, frozen=True):
    """One shard for a worker.

    Attributes:
        survey: The survey's folder.
    """

    survey: Path
    label: str
    shard: int
    engine: Engine


class JudgeReceipt(msgspec.Struct, frozen=True):
    """What a worker hands back: files that nobody reads until they are committed, and counts."""

    files: tuple[FileRef, ...]
    targets: int
    answered: int
    families: dict[str, int]
    shown: dict[str, int]


class JudgementSummary(msgspec.Struct, frozen=True):
    """What a judgement says.

    Attributes:
        is_new: False if the very same judgement was there already; then it was only made the current one.
        families: Answered targets by family of server.
        shown: Targets by check that is shown.
    """

    label: str
    judgement: str
    is_new: bool
    targets: int
    answered: int
    families: dict[str, int]
    shown: dict[str, int]


def judge_round(
    folder: SurveyFolder,
    label: str,
    config: SurveyConfig,
    *,
    progress: Callable[[Progress], None] = lambda _report: None,
    executor: Executor | None = None,
) -> JudgementSummary:
    """Judge a sealed round with the checks of the configuration; earlier judgements stay.

    Args:
        folder: The survey.
        label: Label of the round.
        config: From ``load_config``.
        progress: Called after each shard.
        executor: Where shards are judged; by default in spawned processes, no more than ``limits.processes`` says
            and than are worth their start, or in this one.

    Raises:
        RoundError: The round is open or not there, or another process works on it.
        CheckError: A check cannot be used.
        FingerprintError: A file of fingerprints cannot be used.
    """
    engine = round_engine(folder.round(label), folder, config)
    with round_lock(folder.round(label).path, label):
        judging = folder.round(label)
        if judging.state is RoundState.OPEN:
            raise RoundError(f"round {label} is open.", remedy=f"Seal it first: ebbtide survey seal {label}")
        if engine.manifest.id in judging.judgements:
            judging.choose_judgement(engine.manifest.id)
            return _stored_summary(judging)
        specs = [JudgeSpec(folder.path, label, shard, engine) for shard in range(folder.shards)]
        receipts = list(_judge_all(specs, judging, config, progress, executor))
        judging.add_judgement(engine.manifest, [file for receipt in receipts for file in receipt.files])
    return _summary(label, engine.manifest.id, receipts, is_new=True)


def round_engine(judging: Round, folder: SurveyFolder, config: SurveyConfig) -> Engine:
    """The engine for the stored answers of a round, which knows for the sake of which checks these were asked."""
    plan = judging.log_state.plan
    planned = None if plan is None or plan.checks is None else frozenset(plan.checks)
    return load_engine(config.checks, config.plan, folder.path, planned, judging.reference_date)


def kept_answers(judging: Round, shard: int, engine: Engine) -> Iterator[Transcript]:
    """What a round holds of one shard, as far as the engine looks at it."""
    return judging.transcripts(shard) if engine.reads_certificates else judging.answers(shard)


def judge_shard(spec: JudgeSpec) -> JudgeReceipt:
    """Judge one shard, in any process."""
    judging = SurveyFolder.open(spec.survey).round(spec.label)
    keep_freed_memory()
    with rare_collection():
        judged = judge_answers(judging, spec.shard, spec.engine)
    files = []
    below = judgement_folder(spec.engine.manifest.id)
    if judged.software:
        files.append(write_shard(judging.path, "software", spec.shard, judged.software, below=below))
    if judged.verdicts:
        files.append(write_shard(judging.path, "verdicts", spec.shard, judged.verdicts, below=below))
    shown = Counter(row.check for row in judged.verdicts if row.kind == "shown")
    return JudgeReceipt(tuple(files), judged.targets, judged.families.total(), dict(judged.families), dict(shown))


class JudgedShard(msgspec.Struct, frozen=True):
    """What judging made of one shard.

    Attributes:
        targets: That were looked at.
        families: Of those that answered.
    """

    software: list[SoftwareRow]
    verdicts: list[VerdictRow]
    targets: int
    families: Counter[str]


def judge_answers(judging: Round, shard: int, engine: Engine) -> JudgedShard:
    """The rows that an engine makes of the stored answers of one shard; nothing is written."""
    software: list[SoftwareRow] = []
    verdicts: list[VerdictRow] = []
    families: Counter[str] = Counter()
    targets = 0
    rows = VerdictRows(engine.manifest.checks)
    for transcript in kept_answers(judging, shard, engine):
        assessment = engine.assess(transcript)
        answered = is_answered(transcript)
        targets += 1
        if answered:
            families[assessment.family] += 1
        software += software_rows(assessment, is_answered=answered)
        verdicts += rows.of(assessment, is_answered=answered)
    return JudgedShard(software, verdicts, targets, families)


def _judge_all(
    specs: list[JudgeSpec],
    judging: Round,
    config: SurveyConfig,
    progress: Callable[[Progress], None],
    executor: Executor | None,
) -> Iterator[JudgeReceipt]:
    total = judging.log_state.seal.targets if judging.log_state.seal else 0
    progress(Progress(0, total, "judging", {}))
    if executor is not None:
        yield from _reported(as_completed([executor.submit(judge_shard, spec) for spec in specs]), total, progress)
        return
    processes = _worth_starting(process_count(config.limits.processes), total)
    if processes == 1:
        here = SerialExecutor()
        yield from _reported((here.submit(judge_shard, spec) for spec in specs), total, progress)
        return
    with ProcessExecutor(processes) as pool:
        try:
            yield from _reported(as_completed([pool.submit(judge_shard, spec) for spec in specs]), total, progress)
        except BaseException:
            pool.stop()
            raise


def _worth_starting(allowed: int, targets: int) -> int:
    """How many processes judge: to start one costs as much as to judge some thousand targets; 1 is our own."""
    return max(1, min(allowed, targets // TARGETS_A_PROCESS))


def _reported(
    futures: Iterable[Future[JudgeReceipt]], total: int, progress: Callable[[Progress], None]
) -> Iterator[JudgeReceipt]:
    done = 0
    shown: Counter[str] = Counter()
    for future in futures:
        try:
            receipt = future.result()
        except BrokenExecutor as error:
            raise RoundError("a worker process died.", remedy="Run the command again.") from error
        done += receipt.targets
        shown.update(receipt.shown)
        progress(Progress(done, total, "judging", dict(shown)))
        yield receipt


def _stored_summary(judging: Round) -> JudgementSummary:
    """The counts of a judgement that was there already, from its tables."""
    products = read_rows(judging.path, judging.files("software"), "software", ("family", "is_family"))
    verdicts = read_rows(judging.path, judging.files("verdicts"), "verdicts", ("check", "kind"))
    seal = judging.log_state.seal
    stored = JudgeReceipt(
        files=(),
        targets=seal.targets if seal else 0,
        answered=seal.answered if seal else 0,
        families=Counter(family for family, is_family in products if is_family),
        shown=Counter(check for check, kind in verdicts if kind == "shown"),
    )
    return _summary(judging.label, judging.judgement or "", [stored], is_new=False)


def _summary(label: str, judgement: str, receipts: Iterable[JudgeReceipt], *, is_new: bool) -> JudgementSummary:
    targets = answered = 0
    families: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    for receipt in receipts:
        targets += receipt.targets
        answered += receipt.answered
        families.update(receipt.families)
        shown.update(receipt.shown)
    return JudgementSummary(
        label=label,
        judgement=judgement,
        is_new=is_new,
        targets=targets,
        answered=answered,
        families=dict(sorted(families.items())),
        shown=dict(sorted(shown.items())),
    )
