"""One check asked of a round's stored answers: who shows it, who does not, and who was not asked; no packet is sent."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, as_completed
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ebbtide.judge.engine import Engine
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.errors import RoundError
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Target
from ebbtide.model.transcripts import Exchange, Transcript
from ebbtide.model.verdicts import CannotTell, NotAsked, NotAskedReason, Shown, Verdict
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.log import RoundState
from ebbtide.rounds.round import Round
from ebbtide.survey.judging import kept_answers, round_engine
from ebbtide.survey.progress import Progress
from ebbtide.survey.wanted import WantedList, WantedOfShard
from ebbtide.workers.executors import ProcessExecutor, SerialExecutor, process_count

_TARGETS_A_PROCESS = 4000
_COULD_BE_ASKED = frozenset({NotAskedReason.OLDER_THAN_CHECK, NotAskedReason.BUDGET})
_NS_PER_S = 1_000_000_000


class Showing(msgspec.Struct, frozen=True):
    """A target whose stored answer shows the check.

    Attributes:
        url: Where the answer that shows it was given.
        address: Where the target was asked.
        asked_at: When, UTC, ISO 8601.
        matcher: What matched; empty if it has no name.
        part: Of the answer.
        excerpt: At most 200 characters around it.
    """

    target: str
    url: str
    address: str
    asked_at: str
    matcher: str
    part: str
    excerpt: str


class Answer(msgspec.Struct, frozen=True):
    """What a round's stored answers say of one check.

    Attributes:
        targets: That were looked at.
        verdicts: Targets by verdict: ``shown``, ``not_shown``, ``cannot_tell/...``, ``not_asked/...``.
        shown: Those that show it, sorted by target.
        open: Targets whose stored answers hold nothing to judge, but of which the check may be asked: their family is
            in its gate.
        unlisted: Of the list, what no target of the round matches.
    """

    round: str
    check: str
    version: str
    name: str
    remedy: str
    targets: int
    verdicts: dict[str, int]
    shown: tuple[Showing, ...]
    open: tuple[Target, ...]
    unlisted: tuple[str, ...]


class AnswerSpec(msgspec.Struct, frozen=True):
    """One shard for a worker."""

    survey: Path
    label: str
    shard: int
    engine: Engine
    check: str
    wanted: WantedOfShard | None


class AnswerReceipt(msgspec.Struct, frozen=True):
    """What a worker hands back; ``matched`` are those of the list that were found."""

    verdicts: dict[str, int]
    shown: tuple[Showing, ...]
    open: tuple[Target, ...]
    matched: tuple[str, ...]


def answer_from(
    folder: SurveyFolder,
    label: str,
    config: SurveyConfig,
    check: str,
    *,
    wanted: WantedList | None = None,
    progress: Callable[[Progress], None] = lambda _report: None,
    executor: Executor | None = None,
) -> Answer:
    """Ask the stored answers of a sealed round.

    Args:
        folder: The survey.
        label: Label of the round.
        config: Whose checks hold ``check``.
        check: Its id.
        wanted: Who is looked at; everybody if it is ``None``.
        progress: Called after each shard.
        executor: Where shards are judged; by default in spawned processes, if there is enough for them to do.

    Raises:
        RoundError: The round is open or not there.
        CheckError: The check cannot be used.
    """
    judging = folder.round(label)
    if judging.state is RoundState.OPEN:
        raise RoundError(f"round {label} is open.", remedy=f"Seal it first: ebbtide survey seal {label}")
    engine = round_engine(judging, folder, config)
    info = next(each for each in engine.manifest.checks if each.id == check)
    specs = [
        AnswerSpec(folder.path, label, shard, engine, check, None if wanted is None else wanted.of(shard))
        for shard in range(folder.shards)
    ]
    verdicts: Counter[str] = Counter()
    shown: list[Showing] = []
    unasked: list[Target] = []
    matched: set[str] = set()
    for receipt in _all_answers(specs, judging, config, progress, executor):
        verdicts.update(receipt.verdicts)
        shown += receipt.shown
        unasked += receipt.open
        matched.update(receipt.matched)
    return Answer(
        round=label,
        check=check,
        version=info.version,
        name=info.name,
        remedy=info.remedy,
        targets=verdicts.total(),
        verdicts=dict(sorted(verdicts.items())),
        shown=tuple(sorted(shown, key=lambda each: (each.target, each.url))),
        open=tuple(sorted(unasked, key=lambda target: (target.host, target.port, target.scheme))),
        unlisted=() if wanted is None else tuple(wanted.missing(matched)),
    )


def answer_shard(spec: AnswerSpec) -> AnswerReceipt:
    """Ask one shard, in any process."""
    judging = SurveyFolder.open(spec.survey).round(spec.label)
    verdicts: Counter[str] = Counter()
    shown: list[Showing] = []
    unasked: list[Target] = []
    matched: set[str] = set()
    for transcript in kept_answers(judging, spec.shard, spec.engine):
        if spec.wanted is not None:
            name = spec.wanted.match(transcript.target, transcript.address)
            if not name:
                continue
            matched.add(name)
        verdict = _verdict(spec, transcript)
        verdicts[kind_of(verdict)] += 1
        if isinstance(verdict, Shown):
            shown.append(_showing(transcript, verdict))
        elif isinstance(verdict, NotAsked) and verdict.reason in _COULD_BE_ASKED:
            unasked.append(transcript.target)
    return AnswerReceipt(dict(verdicts), tuple(shown), tuple(unasked), tuple(matched))


def kind_of(verdict: Verdict) -> str:
    """A verdict in one word, with its reason where it has one: ``not_asked/gate_closed``."""
    kind = str(verdict.__struct_config__.tag)
    return f"{kind}/{verdict.reason}" if isinstance(verdict, CannotTell | NotAsked) else kind


def _verdict(spec: AnswerSpec, transcript: Transcript) -> Verdict:
    assessed = spec.engine.assess(transcript)
    return next(each.verdict for each in assessed.verdicts if each.check == spec.check)


def _showing(transcript: Transcript, verdict: Shown) -> Showing:
    evidence = verdict.evidence[0] if verdict.evidence else None
    exchange = _exchange(transcript, 0 if evidence is None else evidence.ordinal)
    target = transcript.target
    base = exchange.origin or target.base_url
    return Showing(
        target=target.base_url,
        url=f"{base}{exchange.request.path}",
        address=transcript.address,
        asked_at=datetime.fromtimestamp(exchange.asked_at_ns // _NS_PER_S, UTC).isoformat(),
        matcher=evidence.matcher if evidence else "",
        part=evidence.part if evidence else "",
        excerpt=evidence.excerpt if evidence else "",
    )


def _exchange(transcript: Transcript, ordinal: int) -> Exchange:
    answered = (each for each in transcript.exchanges if isinstance(each.outcome, Answered))
    named = (each for each in transcript.exchanges if each.ordinal == ordinal)
    return next(named, None) or next(answered)


def _all_answers(
    specs: list[AnswerSpec],
    judging: Round,
    config: SurveyConfig,
    progress: Callable[[Progress], None],
    executor: Executor | None,
) -> Iterator[AnswerReceipt]:
    total = judging.log_state.seal.targets if judging.log_state.seal else 0
    processes = max(1, min(process_count(config.limits.processes), total // _TARGETS_A_PROCESS))
    if executor is not None or processes == 1:
        here = executor or SerialExecutor()
        yield from _reported((here.submit(answer_shard, spec).result() for spec in specs), len(specs), progress)
        return
    with ProcessExecutor(processes) as pool:
        try:
            futures = as_completed([pool.submit(answer_shard, spec) for spec in specs])
            yield from _reported((future.result() for future in futures), len(specs), progress)
        except BaseException:
            pool.stop()
            raise


def _reported(
    receipts: Iterable[AnswerReceipt], shards: int, progress: Callable[[Progress], None]
) -> Iterator[AnswerReceipt]:
    shown = 0
    for done, receipt in enumerate(receipts, 1):
        shown += len(receipt.shown)
        progress(Progress(done, shards, "reading stored answers", {"shown": shown}))
        yield receipt
