"""How every planned target of a round stands, read shard by shard."""

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from ebbtide.model.configuration import AttemptsSection
from ebbtide.model.targets import Target
from ebbtide.rounds.round import Round
from ebbtide.rounds.tables import read_rows
from ebbtide.survey.attempts import NS_PER_S, Decision, Tried, decide

_COLUMNS = ("target_id", "attempt", "kind", "stage", "fault", "failed_exchange_count", "started_at_ns", "elapsed_s")


class Standing(msgspec.Struct, frozen=True):
    """A target, what was tried, and what comes next."""

    target: Target
    tried: tuple[Tried, ...]
    decision: Decision


def interrupted_attempts(asking: Round) -> dict[bytes, list[int]]:
    """The numbers of interrupted attempts, by target."""
    found: dict[bytes, list[int]] = defaultdict(list)
    for each in asking.log_state.interrupted:
        found[each.target_id].append(each.attempt)
    return found


def standings(
    asking: Round, shard: int, interrupted: dict[bytes, list[int]], section: AttemptsSection, now_ns: int
) -> Iterator[Standing]:
    """How each planned target of one shard stands.

    Args:
        asking: The round, open.
        shard: Which shard.
        interrupted: From ``interrupted_attempts``.
        section: ``[attempts]``.
        now_ns: The present, UTC, nanoseconds since 1970.
    """
    finished = _finished_attempts(asking, shard)
    for target in asking.targets(shard):
        tried = tuple(finished.get(target.target_id, ()))
        yield Standing(target, tried, decide(tried, interrupted.get(target.target_id, ()), section, now_ns))


def _finished_attempts(asking: Round, shard: int) -> dict[bytes, list[Tried]]:
    found: dict[bytes, list[Tried]] = defaultdict(list)
    for row in read_rows(asking.path, asking.files("outcomes", shard), "outcomes", _COLUMNS):
        target_id, attempt, kind, stage, fault, failed, started_at_ns, elapsed_s = row
        ended_at_ns = started_at_ns + int(elapsed_s * NS_PER_S)
        found[target_id].append(Tried(attempt, kind, stage, fault, failed, ended_at_ns))
    return found
