"""Shares handed to executors, their journals turned into tables, and these committed by the process that conducts."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import msgspec

from ebbtide.model.configuration import LimitsSection
from ebbtide.model.errors import RoundError
from ebbtide.model.transcripts import Plan, Transcript
from ebbtide.probe.settings import ProbeSettings
from ebbtide.rounds.batches import write_batch
from ebbtide.rounds.entries import BatchCommitted
from ebbtide.rounds.journal import JournalTail, left_over
from ebbtide.rounds.round import Round
from ebbtide.survey.batch import JOURNALS, BatchSpec, convert_journal, new_spec, run_batch
from ebbtide.survey.caution import Brake
from ebbtide.survey.progress import Progress
from ebbtide.survey.run_log import RunLog
from ebbtide.survey.shares import Share
from ebbtide.survey.stopping import stop

POLL_S = 0.2
_LEAST_PART = 4
"""A share's part of the rate in all is at least that of a share of so many times less than the average size."""

Given = TypeVar("Given")


class Crew(msgspec.Struct, frozen=True):
    """Who does the work of a run, and how it is done.

    Attributes:
        processes: Shares under way at the same time.
        log: What a run tells of itself.
        brake: Told how targets end at their first attempt; when it is pulled nobody new is asked.
    """

    executor: Executor
    processes: int
    plan: Plan
    settings: ProbeSettings
    progress: Callable[[Progress], None]
    log: RunLog
    brake: Brake


def recover(asking: Round) -> None:
    """Commit what a dead run left in its journals.

    Raises:
        RoundError: A worker of that run is still alive.
    """
    committed = set(asking.log_state.batches)
    known = set(asking.log_state.interrupted)
    for path in left_over(asking.path / JOURNALS):
        if path.stem not in committed:
            entry = convert_journal(asking.path, asking.shards, path.stem)
            fresh = tuple(each for each in entry.interrupted if each not in known)
            known.update(fresh)
            _commit(asking, msgspec.structs.replace(entry, interrupted=fresh))
        path.unlink()


def commit_settled(asking: Round, settled: Iterable[Transcript]) -> None:
    """Commit outcomes that needed no packet."""
    tables = write_batch(asking.path, asking.shards, settled)
    _commit(asking, BatchCommitted(uuid4().hex, tables.files, tables.attempts, tables.outcomes, (), time.time_ns()))


def dispatch(asking: Round, shares: Sequence[Share], crew: Crew, done_before: Counter[str], what: str) -> None:
    """Ask all shares at once, to the end or until the brake is pulled; segments are committed as they come.

    Args:
        asking: The round; the caller holds its lock.
        shares: Disjoint sets of groups, at most one a process.
        crew: Who asks.
        done_before: Outcomes that this run has already, for the reports; those of the shares are added.
        what: Stands in the reports.

    Raises:
        RoundError: A worker process died. What it had finished is in its journal.
    """
    total = done_before.total() + sum(share.count for share in shares)
    under_way = [_UnderWay(each, crew, done_before) for each in _specs(asking, shares, crew)]
    converting: dict[Future[BatchCommitted], _Segment] = {}
    while True:
        for each in under_way:
            for path in each.ended_segments():
                job = crew.executor.submit(convert_journal, asking.path, asking.shards, path.stem)
                converting[job] = _Segment(path, each.is_first)
        for job in [job for job in converting if job.done()]:
            _close_segment(asking, crew, _result(job), converting.pop(job))
        if crew.brake.is_pulled:
            stop(asking.path)
        crew.progress(_report(done_before, under_way, total, what))
        if not converting and all(each.is_over for each in under_way):
            return
        waiting_for: list[Future[Any]] = [each.asking for each in under_way if not each.asking.done()]
        wait([*waiting_for, *converting], timeout=POLL_S, return_when=FIRST_COMPLETED)


class _Segment(msgspec.Struct, frozen=True):
    """A segment that nobody writes any more; ``is_first`` as in ``Share``."""

    path: Path
    is_first: bool


def _close_segment(asking: Round, crew: Crew, entry: BatchCommitted, segment: _Segment) -> None:
    _commit(asking, entry)
    segment.path.unlink()
    crew.log.tell("segment_committed", segment=segment.path.stem, attempts=entry.attempts)
    if segment.is_first:
        crew.brake.note(entry.outcomes)


class _UnderWay:
    """A share that is being asked, seen through its journal."""

    def __init__(self, spec: BatchSpec, crew: Crew, counts: Counter[str]) -> None:
        self._spec = spec
        self._counts = counts
        self._segment = 0
        self._tail = JournalTail(spec.journal(0))
        self._told: dict[str, int] = {}
        self._log = crew.log
        self.notes: Counter[str] = Counter()
        crew.log.tell("share_started", batch=spec.batch, targets=spec.share.count)
        self.asking = crew.executor.submit(run_batch, spec)

    @property
    def is_first(self) -> bool:
        """As in ``Share``."""
        return self._spec.share.is_first

    @property
    def in_flight(self) -> int:
        """Attempts that are begun and not done."""
        return self._tail.in_flight

    @property
    def is_over(self) -> bool:
        """Whether everybody is asked, and every segment was given out."""
        return self.asking.done() and self._segment == _result(self.asking).segments

    def ended_segments(self) -> Iterator[Path]:
        """Follow the journal; each segment comes once, when nothing more will be written to it."""
        if self.asking.done():
            _result(self.asking)
        while True:
            self._tail.advance()
            for kind, count in self._tail.counts.items():
                self._counts[kind] += count - self._told.get(kind, 0)
                self._told[kind] = count
            for note in self._tail.notes:
                self.notes[note.what] += 1
                self._log.pass_on(note)
            self._tail.notes.clear()
            if not self._tail.is_ended:
                return
            yield self._spec.journal(self._segment)
            self._segment += 1
            self._tail = JournalTail(self._spec.journal(self._segment))
            self._told = {}


def _report(done: Counter[str], under_way: Sequence[_UnderWay], total: int, what: str) -> Progress:
    notes = sum((each.notes for each in under_way), Counter[str]())
    in_flight = sum(each.in_flight for each in under_way)
    return Progress(done.total(), total, what, dict(done), in_flight, notes["slowed"], notes["bug"])


def _specs(asking: Round, shares: Sequence[Share], crew: Crew) -> Iterator[BatchSpec]:
    limits = crew.settings.limits
    for share, rate_per_s in zip(shares, rate_parts(limits.requests_per_s, shares), strict=True):
        own: LimitsSection = msgspec.structs.replace(limits, requests_per_s=rate_per_s)
        settings = msgspec.structs.replace(crew.settings, limits=own)
        yield new_spec(asking.path, share, limits.batch_targets, crew.plan, settings)


def rate_parts(requests_per_s: float, shares: Sequence[Share]) -> list[float]:
    """The rate in all, divided over shares that are asked at the same time: in sum never more, and by size.

    By size, so that all are done at about the same time; a small share, whose targets may need more requests than
    others, gets at least a fourth of an average one's weight.
    """
    least = sum(share.count for share in shares) / (_LEAST_PART * max(1, len(shares)))
    weights = [max(float(share.count), least) for share in shares]
    return [requests_per_s * weight / sum(weights) for weight in weights]


def _result(future: "Future[Given]") -> Given:
    try:
        return future.result()
    except BrokenExecutor as error:
        raise RoundError(
            "a worker process died.", remedy="Run the command again: what was answered is kept, the rest is asked."
        ) from error


def _commit(asking: Round, entry: BatchCommitted) -> None:
    if entry.files or entry.interrupted:
        asking.commit(entry)
