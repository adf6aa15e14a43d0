"""Samples that overlap by design: every unit has one permanent random number, and a round takes a stretch of them.

Source: Ohlsson, "Coordination of Samples Using Permanent Random Numbers", in Cox et al. (eds.), "Business Survey
Methods" (1995), chapter 9.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from hashlib import blake2b

import msgspec

from ebbtide.model.errors import FrameError

_PERSON = b"ebbtide sample"
_STEPS = 1 << 53
_MOST_KEY_OCTETS = 64


class Drawn(msgspec.Struct, frozen=True):
    """One unit of a sample.

    Attributes:
        unit: Its id, 64 bits.
        stratum: Its stratum.
        weight: Units of the frame that it stands for: units of its stratum over those drawn of it.
    """

    unit: int
    stratum: str
    weight: float


class Rotation(msgspec.Struct, frozen=True):
    """Which stretch of the permanent random numbers a round takes.

    Attributes:
        round: Number of the round in its series, from 0.
        leaving: Part of the sample that each round replaces, 0 (a panel) to 1 (a fresh sample every time).
    """

    round: int
    leaving: float

    def start(self, fraction: float) -> float:
        """Where the stretch of a stratum with this fraction begins, 0 to below 1."""
        return (self.round * self.leaving * fraction) % 1.0


def permanent_number(key: bytes, unit: int) -> float:
    """The permanent random number of a unit: 53 bits of blake2b, keyed.

    Args:
        key: The survey's own, up to 64 octets; without it nobody can tell who will be drawn.
        unit: A 64-bit id.

    Returns:
        0 to below 1; the same for the same key and unit on every machine and for ever.

    Raises:
        FrameError: The key is empty or too long, or the id has more than 64 bits.
    """
    _demand(key, unit)
    return _number(key, unit)


def draw_sample(
    key: bytes, units: Iterable[tuple[int, str]], fractions: Mapping[str, float], rotation: Rotation | None = None
) -> list[Drawn]:
    """A stratified sample without replacement, coordinated with every other sample of the same key.

    Of a stratum of N units round(fraction · N), and at least one, are drawn: those whose number comes first after
    the start of the stretch, going round at 1. Each stratum's draw is a simple random sample of fixed size. Between
    rounds r and r + d about 1 - d · leaving of the units stay, as long as the frame does.

    Args:
        key: As ``permanent_number``.
        units: Id and stratum of every unit of the frame, each once.
        fractions: Sampling fraction by stratum, above 0 to 1.
        rotation: Which stretch; ``None`` starts at 0.

    Returns:
        In the order of strata and ids.

    Raises:
        FrameError: A stratum has no fraction, a fraction or the rotation lies outside its range, or a unit stands
            twice.

    Assumptions: a unit keeps its id. One that changes its name is a new unit with a new number.
    """
    turn = _turn(rotation, fractions)
    strata: defaultdict[str, list[int]] = defaultdict(list)
    for unit, stratum in units:
        _demand(key, unit)
        strata[stratum].append(unit)
    drawn: list[Drawn] = []
    for stratum in sorted(strata):
        if stratum not in fractions:
            raise FrameError(f"The stratum {stratum!r} has no sampling fraction.")
        drawn += _of_stratum(key, stratum, strata[stratum], fractions[stratum], turn)
    return drawn


def _of_stratum(key: bytes, stratum: str, units: list[int], fraction: float, turn: Rotation) -> list[Drawn]:
    if len(set(units)) != len(units):
        raise FrameError(f"A unit of the stratum {stratum!r} stands twice in the frame.")
    start = turn.start(fraction)
    wanted = max(1, round(fraction * len(units)))
    ranked = sorted(((_number(key, unit) - start) % 1.0, unit) for unit in units)
    weight = len(units) / wanted
    return [Drawn(unit, stratum, weight) for unit in sorted(unit for _, unit in ranked[:wanted])]


def _turn(rotation: Rotation | None, fractions: Mapping[str, float]) -> Rotation:
    for stratum, fraction in fractions.items():
        if not 0 < fraction <= 1:
            raise FrameError(f"The sampling fraction of {stratum!r} is {fraction}; it must lie above 0 and up to 1.")
    turn = rotation or Rotation(0, 0.0)
    if turn.round < 0 or not 0 <= turn.leaving <= 1:
        raise FrameError(f"Round {turn.round} with {turn.leaving} leaving is no rotation: from 0, and from 0 to 1.")
    return turn


def _demand(key: bytes, unit: int) -> None:
    if not 0 < len(key) <= _MOST_KEY_OCTETS:
        raise FrameError(f"A key of {len(key)} octets cannot draw a sample; it must have 1 to {_MOST_KEY_OCTETS}.")
    if not 0 <= unit < 1 << 64:
        raise FrameError(f"{unit} is no id of 64 bits.")


def _number(key: bytes, unit: int) -> float:
    digest = blake2b(unit.to_bytes(8, "big"), digest_size=8, key=key, person=_PERSON).digest()
    return (int.from_bytes(digest, "big") >> 11) / _STEPS
