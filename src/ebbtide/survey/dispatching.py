"""Batches handed to executors and their receipts committed, one after the other, by the process that conducts."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from uuid import uuid4

import msgspec

from ebbtide.model.errors import RoundError
from ebbtide.model.transcripts import Plan, Transcript
from ebbtide.probe.settings import ProbeSettings
from ebbtide.rounds.batches import write_batch
from ebbtide.rounds.entries import BatchCommitted
from ebbtide.rounds.journal import JournalTail, left_over
from ebbtide.rounds.round import Round
from ebbtide.survey.batch import JOURNALS, BatchReceipt, BatchSpec, convert_journal, new_spec, run_batch
from ebbtide.survey.caution import Brake
from ebbtide.survey.dividing import Lane
from ebbtide.survey.progress import Progress
from ebbtide.survey.stopping import stop

POLL_S = 0.2


class Crew(msgspec.Struct, frozen=True):
    """Who does the work of a run, and how it is done.

    Attributes:
        processes: Batches under way at the same time.
        brake: Told how targets end at their first attempt; when it is pulled no further batch is handed on.
    """

    executor: Executor
    processes: int
    plan: Plan
    settings: ProbeSettings
    progress: Callable[[Progress], None]
    brake: Brake


class _UnderWay(msgspec.Struct, frozen=True):
    spec: BatchSpec
    lane: Lane
    tail: JournalTail

    @property
    def is_first(self) -> bool:
        """Nobody in it was asked before: who is asked again has been silent, and tells nothing of our way out."""
        return all(each.attempt == 1 for each in self.spec.assignments)


def recover(asking: Round) -> None:
    """Commit what a dead run left in its journals.

    Raises:
        RoundError: A worker of that run is still alive.
    """
    committed = set(asking.log_state.batches)
    for path in left_over(asking.path / JOURNALS):
        if path.stem not in committed:
            _commit(asking, convert_journal(asking.path, asking.shards, path.stem).entry)
        path.unlink()


def commit_settled(asking: Round, settled: Iterable[Transcript]) -> None:
    """Commit outcomes that needed no packet."""
    tables = write_batch(asking.path, asking.shards, settled)
    _commit(asking, BatchCommitted(uuid4().hex, tables.files, tables.attempts, tables.outcomes, (), time.time_ns()))


def dispatch(asking: Round, lanes: Sequence[Lane], crew: Crew, done_before: Counter[str], what: str) -> None:
    """Ask all lanes, or until the brake is pulled; each batch is committed as soon as its receipt is there.

    Args:
        asking: The round; the caller holds its lock.
        lanes: Disjoint sets of prefixes.
        crew: Who asks.
        done_before: Outcomes that this run has already, for the reports; those of the lanes are added.
        what: Stands in the reports.

    Raises:
        RoundError: A worker process died. What it had finished is in its journal.
    """
    total = done_before.total() + sum(lane.count for lane in lanes)
    waiting = deque(lanes)
    under_way: dict[Future[BatchReceipt], _UnderWay] = {}
    while under_way or (waiting and not crew.brake.is_pulled):
        while waiting and not crew.brake.is_pulled and len(under_way) <= crew.processes:
            _start(asking, waiting.popleft(), crew, under_way)
        finished, _ = wait(under_way, timeout=POLL_S, return_when=FIRST_COMPLETED)
        for future in finished:
            ended = under_way.pop(future)
            entry = _result(future)
            _commit(asking, entry)
            ended.spec.journal.unlink()
            done_before.update(_kinds(entry))
            if ended.is_first:
                crew.brake.note(entry.outcomes)
            if crew.brake.is_pulled:
                stop(asking.path)
            _start(asking, ended.lane, crew, under_way)
        crew.progress(_report(done_before, under_way.values(), total, what))


def _start(asking: Round, lane: Lane, crew: Crew, under_way: dict[Future[BatchReceipt], _UnderWay]) -> None:
    """Hand on the next batch of a lane, if it has one more and nothing speaks against it."""
    assignments = [] if crew.brake.is_pulled else lane.next_batch()
    if assignments:
        spec = new_spec(asking.path, asking.shards, assignments, crew.plan, crew.settings)
        future = crew.executor.submit(run_batch, spec)
        under_way[future] = _UnderWay(spec, lane, JournalTail(spec.journal))


def _result(future: Future[BatchReceipt]) -> BatchCommitted:
    try:
        return future.result().entry
    except BrokenExecutor as error:
        raise RoundError(
            "a worker process died.", remedy="Run the command again: what was answered is kept, the rest is asked."
        ) from error


def _commit(asking: Round, entry: BatchCommitted) -> None:
    if entry.files or entry.interrupted:
        asking.commit(entry)


def _kinds(entry: BatchCommitted) -> Counter[str]:
    """Outcomes of a batch by kind; what is neither answered nor skipped is a fault."""
    kinds = Counter({name: count for name, count in entry.outcomes.items() if name in ("answered", "skipped")})
    failed = entry.attempts - kinds.total()
    if failed:
        kinds["failed"] = failed
    return kinds


def _report(done_before: Counter[str], under_way: Iterable[_UnderWay], total: int, what: str) -> Progress:
    counts = Counter(done_before)
    for each in under_way:
        each.tail.advance()
        counts.update(each.tail.counts)
    return Progress(counts.total(), total, what, dict(counts))
