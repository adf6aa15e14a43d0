"""Redirects that lead to another host: found among the stored exchanges, followed by who owns the network there."""

import time
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping

import msgspec

from ebbtide.model.outcomes import Failed, Skipped
from ebbtide.model.targets import Target
from ebbtide.model.transcripts import Exchange, Transcript
from ebbtide.probe.origins import origin_of, path_of
from ebbtide.probe.redirects import Hop
from ebbtide.rounds.round import Round
from ebbtide.rounds.tables import read_rows

_COLUMNS = ("target_id", "attempt", "ordinal", "parent", "path", "origin", "handed_on")


class PendingHop(msgspec.Struct, frozen=True):
    """A redirect that nobody has followed yet.

    Attributes:
        target: Whose front page redirected.
        attempt: In which attempt; the hop's exchanges join it.
    """

    target: Target
    attempt: int
    hop: Hop


def unasked(pending: PendingHop, outcome: Failed | Skipped, vantage: str, address: str = "") -> Transcript:
    """The record of a hop that cannot or must not be asked: no packet was sent for it."""
    target, hop, now_ns = pending.target, pending.hop, time.time_ns()
    exchange = Exchange(
        target_id=target.target_id,
        site_id=target.site_id,
        ordinal=hop.first_ordinal,
        attempt=pending.attempt,
        request=hop.request,
        asked_at_ns=now_ns,
        outcome=outcome,
        parent=hop.parent,
        address=address,
        vantage=vantage,
        origin=hop.origin.label,
    )
    return Transcript(
        target,
        pending.attempt,
        outcome,
        (exchange,),
        address,
        started_at_ns=now_ns,
        vantage=vantage,
        follows=hop.parent,
    )


class Asked(msgspec.Struct, frozen=True):
    """What a stored exchange tells of redirects."""

    ordinal: int
    parent: int | None
    path: str
    origin: str
    handed_on: str


def pending_hops(
    asking: Round, shard: int, counting: Callable[[Container[bytes]], Mapping[bytes, int]]
) -> list[PendingHop]:
    """The hops of one shard that were handed on and not yet followed.

    Args:
        asking: The round, open.
        shard: Which shard.
        counting: Gives for some targets the number of the attempt that counts; no other is followed.
    """
    files = asking.files("exchanges", shard)
    rows = read_rows(asking.path, files, "exchanges", ("target_id", "handed_on"))
    handing = {target_id for target_id, handed_on in rows if handed_on}
    if not handing:
        return []
    attempts = counting(handing)
    chains: dict[bytes, list[Asked]] = defaultdict(list)
    for target_id, attempt, *rest in read_rows(asking.path, files, "exchanges", _COLUMNS):
        if attempts.get(target_id) == attempt:
            ordinal, parent, path, origin, handed_on = rest
            chains[target_id].append(Asked(ordinal, parent, path, origin or "", handed_on or ""))
    return [
        PendingHop(target, attempts[target.target_id], hop)
        for target in asking.targets(shard)
        for hop in hops_of(target, chains.get(target.target_id, ()))
    ]


def hops_of(target: Target, asked: Iterable[Asked]) -> Iterator[Hop]:
    """What one target's exchanges hand on and none of them follows."""
    by_ordinal = {each.ordinal: each for each in asked}
    followed = {each.parent for each in by_ordinal.values()}
    next_ordinal = max(by_ordinal, default=0) + 1
    for each in by_ordinal.values():
        if each.handed_on and each.ordinal not in followed:
            visited = tuple(_chain(target, each, by_ordinal))
            yield Hop(origin_of(each.handed_on), path_of(each.handed_on), each.ordinal, visited, next_ordinal)
            next_ordinal += 1


def _chain(target: Target, last: Asked, by_ordinal: Mapping[int, Asked]) -> Iterator[str]:
    """The URLs from the front page to ``last``."""
    chain = [last]
    while (parent := chain[-1].parent) is not None and parent in by_ordinal and len(chain) <= len(by_ordinal):
        chain.append(by_ordinal[parent])
    for each in reversed(chain):
        yield (each.origin or target.base_url) + each.path
