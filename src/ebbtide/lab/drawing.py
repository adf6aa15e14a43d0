"""Draw lots by seed: keyed orders and exact shares, so that rates come out to the unit and not by flips of a coin."""

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

Item = TypeVar("Item")

_SPAN = 2**64
_EPSILON = 1e-9


def draw(seed: int, *parts: str) -> float:
    """Give a number in [0, 1) that depends on the seed and the parts alone."""
    key = str(seed).encode()[:64]
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8, key=key).digest()
    return int.from_bytes(digest, "big") / _SPAN


def round_share(share: float, of: int) -> int:
    """Round ``share * of`` half up."""
    return int(share * of + 0.5 + _EPSILON)


def apportion(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Divide a total by shares, by largest remainder; ties go to the name that sorts first.

    Args:
        total: What is to be divided.
        shares: Relative, not negative, at least one above 0.

    Returns:
        Whole numbers that add up to ``total``, by name, names sorted.
    """
    whole = sum(shares.values())
    exact = {name: total * shares[name] / whole for name in sorted(shares)}
    counts = {name: int(value + _EPSILON) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (counts[name] - exact[name], name))
    for name in by_remainder[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def shuffle(
    items: Sequence[Item], seed: int, purpose: str, name: Callable[[Item], str], group: Callable[[Item], Hashable]
) -> list[Item]:
    """Order items by lot so that every beginning of the order holds each group in proportion.

    Args:
        items: What is to be ordered; how they stand does not matter.
        seed: Of the world.
        purpose: Other purposes give other orders.
        name: Unique name of an item.
        group: Items of one group are spread evenly over the order.

    Returns:
        All items in their new order.
    """
    groups: dict[Hashable, list[tuple[float, str, Item]]] = {}
    for item in items:
        label = name(item)
        groups.setdefault(group(item), []).append((draw(seed, purpose, label), label, item))
    placed: list[tuple[float, str, Item]] = []
    for key, members in groups.items():
        members.sort(key=lambda member: member[:2])
        start = draw(seed, purpose, "group", repr(key))
        placed += [((place + start) / len(members), member[1], member[2]) for place, member in enumerate(members)]
    placed.sort(key=lambda entry: entry[:2])
    return [item for _place, _label, item in placed]


def deal(ordered: Sequence[Item], shares: Mapping[str, float]) -> list[tuple[Item, str]]:
    """Hand each item a name so that the names' counts follow the shares exactly."""
    names = [name for name, count in apportion(len(ordered), shares).items() for _ in range(count)]
    return list(zip(ordered, names, strict=True))
