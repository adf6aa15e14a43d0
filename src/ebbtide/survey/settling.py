"""Outcomes that need no packet: committed a batch at a time, told to the brake, and opt-outs counted line by line."""

import time
from collections import Counter

from ebbtide.model.outcomes import Skipped, SkipReason
from ebbtide.model.transcripts import Transcript
from ebbtide.rounds.batches import ending
from ebbtide.rounds.entries import OptOutsHonoured
from ebbtide.rounds.round import Round
from ebbtide.rounds.rows import outcome_parts
from ebbtide.survey.caution import Brake
from ebbtide.survey.dispatching import commit_settled


class Settling:
    """Takes what is settled in one pass over a round.

    Args:
        asking: The round; the caller holds its lock.
        batch_targets: Committed together.
        brake: Told of first attempts.
        done: Counts of the pass by kind; added to.

    Attributes:
        count: Outcomes taken.
    """

    def __init__(self, asking: Round, batch_targets: int, brake: Brake, done: Counter[str]) -> None:
        self.count = 0
        self._asking = asking
        self._batch_targets = batch_targets
        self._brake = brake
        self._done = done
        self._waiting: list[Transcript] = []
        self._opted_out: Counter[str] = Counter()

    def add(self, settled: Transcript) -> None:
        """Take one."""
        self._waiting.append(settled)
        if settled.follows is None:
            self.count += 1
            self._done[outcome_parts(settled.outcome)[0]] += 1
        if isinstance(settled.outcome, Skipped) and settled.outcome.reason is SkipReason.OPTED_OUT:
            self._opted_out[settled.outcome.detail] += 1
        if len(self._waiting) == self._batch_targets:
            self._commit()

    def close(self) -> None:
        """Commit what is left, and log which opt-out closed how many."""
        self._commit()
        if self._opted_out:
            self._asking.commit(OptOutsHonoured(dict(sorted(self._opted_out.items())), time.time_ns()))

    def _commit(self) -> None:
        commit_settled(self._asking, self._waiting)
        self._brake.note(Counter(ending(each.outcome) for each in self._waiting if _is_first(each)))
        self._waiting = []


def _is_first(settled: Transcript) -> bool:
    """Whether it tells how a target's first attempt ended."""
    return settled.attempt == 1 and settled.follows is None
