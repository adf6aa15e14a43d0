"""How every planned target of a round stands, read shard by shard."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from hashlib import blake2b
from sys import intern

import msgspec

from ebbtide.model.configuration import AttemptsSection
from ebbtide.model.targets import Target
from ebbtide.rounds.folder import SurveyFolder
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
    finished = finished_attempts(asking, shard)
    is_drawn = _draw(asking, section.again_share)
    for target in asking.targets(shard):
        identity = target.target_id
        tried = tuple(finished.get(identity, ()))
        cut_short = interrupted.get(identity, ())
        yield Standing(target, tried, decide(tried, cut_short, section, now_ns, is_drawn=is_drawn(identity)))


def _draw(asking: Round, share: float) -> Callable[[bytes], bool]:
    """Who is asked once more: the same targets however often one looks, others in every round."""
    if not share:
        return lambda _identity: False
    key = blake2b(b"again " + SurveyFolder.open(asking.survey).salt + asking.label.encode(), digest_size=32).digest()
    below = int(share * (1 << 64))
    return lambda identity: int.from_bytes(blake2b(identity, digest_size=8, key=key).digest(), "big") < below


def finished_attempts(asking: Round, shard: int) -> dict[bytes, list[Tried]]:
    """The finished attempts of one shard, by target."""
    found: dict[bytes, list[Tried]] = defaultdict(list)
    for row in read_rows(asking.path, asking.files("outcomes", shard), "outcomes", _COLUMNS):
        target_id, attempt, kind, stage, fault, failed, started_at_ns, elapsed_s = row
        ended_at_ns = started_at_ns + int(elapsed_s * NS_PER_S)
        # A few words for a whole shard: each once, a third of the memory goes.
        found[target_id].append(Tried(attempt, intern(kind), intern(stage), intern(fault), failed, ended_at_ns))
    return found
