"""Redirects that lead to another host: found among the stored exchanges, followed by who owns the network there."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from ebbtide.model.targets import Target
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


class _Asked(msgspec.Struct, frozen=True):
    ordinal: int
    parent: int | None
    path: str
    origin: str
    handed_on: str


def pending_hops(asking: Round, shard: int, counting: Mapping[bytes, int]) -> Iterator[PendingHop]:
    """The hops of one shard that were handed on and not yet followed.

    Args:
        asking: The round, open.
        shard: Which shard.
        counting: Target to the number of its attempt that counts; no other is followed.
    """
    chains = _chains(asking, shard, counting)
    for target in asking.targets(shard) if chains else ():
        for hop in hops_of(target, chains.get(target.target_id, ())):
            yield PendingHop(target, counting[target.target_id], hop)


def hops_of(target: Target, asked: Iterable[_Asked]) -> Iterator[Hop]:
    """What one target's exchanges hand on and none of them follows."""
    by_ordinal = {each.ordinal: each for each in asked}
    followed = {each.parent for each in by_ordinal.values()}
    next_ordinal = max(by_ordinal, default=0) + 1
    for each in by_ordinal.values():
        if each.handed_on and each.ordinal not in followed:
            visited = tuple(_chain(target, each, by_ordinal))
            yield Hop(origin_of(each.handed_on), path_of(each.handed_on), each.ordinal, visited, next_ordinal)
            next_ordinal += 1


def _chains(asking: Round, shard: int, counting: Mapping[bytes, int]) -> dict[bytes, list[_Asked]]:
    """The exchanges of those targets that hand something on."""
    files = asking.files("exchanges", shard)
    handing = {row[0] for row in read_rows(asking.path, files, "exchanges", ("target_id", "handed_on")) if row[1]}
    found: dict[bytes, list[_Asked]] = defaultdict(list)
    for target_id, attempt, *rest in read_rows(asking.path, files, "exchanges", _COLUMNS) if handing else ():
        if target_id in handing and counting.get(target_id) == attempt:
            ordinal, parent, path, origin, handed_on = rest
            found[target_id].append(_Asked(ordinal, parent, path, origin or "", handed_on or ""))
    return found


def _chain(target: Target, last: _Asked, by_ordinal: Mapping[int, _Asked]) -> Iterator[str]:
    """The URLs from the front page to ``last``."""
    chain = [last]
    while (parent := chain[-1].parent) is not None and parent in by_ordinal and len(chain) <= len(by_ordinal):
        chain.append(by_ordinal[parent])
    for each in reversed(chain):
        yield (each.origin or target.base_url) + each.path
