"""Why a number moved: from the states of the same units in two rounds to one part for each cause, and none left over.

A unit counts in a share if a check could judge it: shown or not shown. It changes the share by changing its verdict, by
coming into the base, or by leaving it; each way has one cause. Counts are split in whole numbers. A share is split by
Shapley's value over all orders of the causes, in fractions: the parts add up to the change exactly, and a cause that
moved no unit has a part of 0. What a new judgement of the same evidence does comes first, since it is no event between
the rounds; the rest is split from there.

Source: Shapley (1953); Shorrocks, Journal of Economic Inequality 11 (2013), 99, for its use on shares.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import factorial

import msgspec

from ebbtide.model.errors import EstimateError

BEHAVIOUR = "behaviour"
RECLASSIFIED = "reclassified"
CAUSES = (
    BEHAVIOUR,
    RECLASSIFIED,
    "plan",
    "frame_added",
    "frame_removed",
    "renumbered",
    "answered_again",
    "lost_refused",
    "lost_silent",
    "lost_blocked",
    "lost_otherwise",
    "other_software",
    "telling",
)
"""In the order in which they are told."""

JUDGED = frozenset({"shown", "not_shown"})
STATES = JUDGED | {
    "cannot_tell", "not_asked", "other_software", "refused", "silent", "blocked", "unknown", "skipped", "not_planned",
    "moved",
}  # fmt: skip
_CAME: Mapping[str, str] = {
    "not_planned": "frame_added",
    "moved": "renumbered",
    "skipped": "plan",
    "not_asked": "plan",
    "cannot_tell": "telling",
    "other_software": "other_software",
}
_WENT: Mapping[str, str] = {
    **_CAME,
    "not_planned": "frame_removed",
    "refused": "lost_refused",
    "silent": "lost_silent",
    "blocked": "lost_blocked",
}


class Move(msgspec.Struct, frozen=True):
    """Units that were in one state and are in another.

    Attributes:
        weight: Sum of their weights, in any whole unit; in a census their number.
    """

    then: str
    now: str
    units: int
    weight: int


class Part(msgspec.Struct, frozen=True):
    """What one cause did.

    Attributes:
        units: That it moved.
        shown: By how much it changed the number that shows it.
        base: By how much it changed the number that could be judged.
        share: Its part of the change of the share.
    """

    cause: str
    units: int
    shown: int
    base: int
    share: Fraction


class Decomposition(msgspec.Struct, frozen=True):
    """A change, split.

    Attributes:
        shown_then, base_then, shown_now, base_now: In the unit of the weights.
        kept: Units that could be judged both times.
        mended, opened: Of these, how many no longer show it, and newly do.
        parts: In the order of ``CAUSES``; causes that moved nobody are left out.
    """

    shown_then: int
    base_then: int
    shown_now: int
    base_now: int
    kept: int
    mended: int
    opened: int
    parts: tuple[Part, ...]

    @property
    def change(self) -> Fraction:
        """Later share minus earlier share."""
        return Fraction(self.shown_now, self.base_now) - Fraction(self.shown_then, self.base_then)

    def part(self, cause: str) -> Part:
        """Of one cause; of nothing if it moved nobody."""
        return next((each for each in self.parts if each.cause == cause), Part(cause, 0, 0, 0, Fraction(0)))


def decompose(moves: Iterable[Move], reclassified: tuple[int, int] = (0, 0)) -> Decomposition:
    """Split the change of a share between two rounds.

    Args:
        moves: Each pair of states once, or summed up later; units in the same state both times too.
        reclassified: By how much the same evidence of the earlier round, judged as the later one is, changed the number
            that shows it and the number that could be judged; ``moves`` then hold the earlier round as judged anew.

    Raises:
        EstimateError: Nobody could be judged in one of the rounds, or a state is unknown.
    """
    listed = list(moves)
    for move in listed:
        if unknown := {move.then, move.now} - STATES:
            raise EstimateError(f"there is no state {min(unknown)!r} of a unit.")
    moved = _moved(listed, reclassified)
    start = [_weight(listed, "then", {"shown"}), _weight(listed, "then", JUDGED)]
    end = [_weight(listed, "now", {"shown"}), _weight(listed, "now", JUDGED)]
    start = [start[0] - reclassified[0], start[1] - reclassified[1]]
    anew = (start[0] + reclassified[0], start[1] + reclassified[1])
    if not start[1] or not anew[1] or not end[1]:
        which = "later" if start[1] and anew[1] else "earlier"
        raise EstimateError(f"nobody could be judged in the {which} round, so there is no change to explain.")
    active = [cause for cause in CAUSES if cause != RECLASSIFIED and any(moved[cause][1:])]
    shares = _shapley(anew, {cause: (moved[cause][1], moved[cause][2]) for cause in active})
    shares[RECLASSIFIED] = Fraction(*anew) - Fraction(start[0], start[1])
    parts = [
        Part(cause, units, shown, base, shares.get(cause, Fraction(0)))
        for cause, (units, shown, base) in moved.items()
        if units or shown or base
    ]
    kept = [move for move in listed if move.then in JUDGED and move.now in JUDGED]
    mended = sum(move.units for move in kept if (move.then, move.now) == ("shown", "not_shown"))
    opened = sum(move.units for move in kept if (move.then, move.now) == ("not_shown", "shown"))
    return Decomposition(
        shown_then=start[0],
        base_then=start[1],
        shown_now=end[0],
        base_now=end[1],
        kept=sum(move.units for move in kept),
        mended=mended,
        opened=opened,
        parts=tuple(parts),
    )


def _moved(moves: Sequence[Move], reclassified: tuple[int, int]) -> dict[str, list[int]]:
    """For each cause the units that it moved, and by how much it moved the number shown and the base."""
    moved: dict[str, list[int]] = {cause: [0, 0, 0] for cause in CAUSES}
    moved[RECLASSIFIED] = [0, *reclassified]
    for move in moves:
        cause = cause_of(move.then, move.now)
        if cause:
            moved[cause][0] += move.units
            moved[cause][1] += move.weight * ((move.now == "shown") - (move.then == "shown"))
            moved[cause][2] += move.weight * ((move.now in JUDGED) - (move.then in JUDGED))
    return moved


def cause_of(then: str, now: str) -> str:
    """The cause by which a unit moves a share; empty if it moves none."""
    if then in JUDGED and now in JUDGED:
        return BEHAVIOUR if then != now else ""
    if now in JUDGED:
        return _CAME.get(then, "answered_again")
    return _WENT.get(now, "lost_otherwise") if then in JUDGED else ""


def _weight(moves: Sequence[Move], when: str, states: Iterable[str]) -> int:
    wanted = frozenset(states)
    return sum(move.weight for move in moves if getattr(move, when) in wanted)


def _shapley(start: tuple[int, int], changes: Mapping[str, tuple[int, int]]) -> dict[str, Fraction]:
    """Each cause's mean contribution over all orders in which the causes could have acted."""
    names = tuple(changes)
    count = len(names)
    values: dict[frozenset[str], Fraction] = {}
    for size in range(count + 1):
        for acting in combinations(names, size):
            shown = start[0] + sum(changes[name][0] for name in acting)
            base = start[1] + sum(changes[name][1] for name in acting)
            values[frozenset(acting)] = Fraction(shown, base) if base else Fraction(0)
    parts = {}
    for name in names:
        total = Fraction(0)
        for before, value in values.items():
            if name not in before:
                orders = factorial(len(before)) * factorial(count - len(before) - 1)
                total += orders * (values[before | {name}] - value)
        parts[name] = total / factorial(count)
    return parts
