"""Prefixes laid flat: disjoint stretches of addresses, so that one bisection answers."""

from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from typing import Generic, TypeVar

import msgspec

Decided = TypeVar("Decided")
Network = IPv4Network | IPv6Network
Row = tuple[Network, Decided | None]


class Segments(msgspec.Struct, Generic[Decided], frozen=True):
    """The whole address space of one version, cut into stretches of one decision each.

    Attributes:
        starts: First address of each stretch as an integer, rising, the first one 0.
        decisions: The decision for each stretch; ``None`` means nothing forbids it.
    """

    starts: tuple[int, ...]
    decisions: tuple[Decided | None, ...]

    def decide(self, address: int) -> Decided | None:
        """The decision for an address as an integer."""
        return self.decisions[bisect_right(self.starts, address) - 1]


def _outer_first(row: Row[Decided]) -> tuple[int, int]:
    return (int(row[0].network_address), row[0].prefixlen)


def flatten(rows: Iterable[Row[Decided]]) -> Segments[Decided]:
    """Lay rows flat; the narrowest prefix that holds an address decides, the later of equal ones.

    Args:
        rows: Prefixes of one version with their decisions, in any order. Prefixes nest or are disjoint.

    Returns:
        The stretches, in O(n log n).
    """
    starts: list[int] = [0]
    decisions: list[Decided | None] = [None]
    enclosing: list[tuple[int, Decided | None]] = []

    def open_stretch(start: int, decision: Decided | None) -> None:
        if starts[-1] == start:
            decisions[-1] = decision
        else:
            starts.append(start)
            decisions.append(decision)

    def close_until(start: int) -> None:
        while enclosing and enclosing[-1][0] < start:
            end, _ = enclosing.pop()
            open_stretch(end + 1, enclosing[-1][1] if enclosing else None)

    for network, decision in sorted(rows, key=_outer_first):
        first, last = int(network.network_address), int(network.broadcast_address)
        close_until(first)
        open_stretch(first, decision)
        enclosing.append((last, decision))
    close_until(1 << 129)
    return Segments(tuple(starts), tuple(decisions))
