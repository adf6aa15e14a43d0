"""Our own loss: what later attempts say of first ones."""

from collections.abc import Iterable

import msgspec

from ebbtide.rounds.round import Round
from ebbtide.rounds.rows import ANSWERED
from ebbtide.survey.attempts import Tried, failed_in_passing, settles
from ebbtide.survey.standing import finished_attempts


class TransientLoss(msgspec.Struct, frozen=True):
    """Counts of targets with two finished attempts or more.

    Attributes:
        failed_at_first: The first one failed in passing.
        answered_later: Of these, a later one was answered.
        asked_once_more: They had answered, and were drawn to be asked once more.
        lost_once_more: Of these, how many then failed in passing: what a single attempt loses of those that answer.
        lost_share: The share of the two; ``None`` if nobody was drawn.
    """

    failed_at_first: int = 0
    answered_later: int = 0
    asked_once_more: int = 0
    lost_once_more: int = 0
    lost_share: float | None = None


def transient_loss(looked_at: Round) -> TransientLoss:
    """Count over all shards, one in memory at a time."""
    failed = later = asked = lost = 0
    for shard in range(looked_at.shards):
        for tried in finished_attempts(looked_at, shard).values():
            first, *rest = sorted(tried, key=lambda each: each.attempt)
            if not rest:
                continue
            if failed_in_passing(first):
                failed += 1
                later += _has_answered(rest)
            elif first.kind == ANSWERED and settles(first):
                asked += 1
                lost += failed_in_passing(rest[0])
    return TransientLoss(failed, later, asked, lost, lost / asked if asked else None)


def _has_answered(tried: Iterable[Tried]) -> bool:
    return any(each.kind == ANSWERED for each in tried)
