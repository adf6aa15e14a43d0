"""Samples that overlap by design: every unit has one permanent random number, and a round takes a stretch of them.

Source: Ohlsson, "Coordination of Samples Using Permanent Random Numbers", in Cox et al. (eds.), "Business Survey
Methods" (1995), chapter 9.
"""

from collections.abc import Callable
from hashlib import blake2b

import msgspec

from ebbtide.model.errors import FrameError

LEAST_DRAWN = 10
"""A stratum of which fewer are drawn says nothing; one that is taken whole may be smaller."""
RANK_BITS = 53
_PERSON = b"ebbtide sample"
_STEPS = 1 << RANK_BITS
_MOST_KEY_OCTETS = 64


class Rotation(msgspec.Struct, frozen=True):
    """Which stretch of the permanent random numbers a round takes.

    Attributes:
        turn: Number of the round in its series, from 0.
        leaving: Part of the sample that each round replaces, 0 (a panel) to 1 (a fresh sample every time).
    """

    turn: int
    leaving: float

    def start(self, fraction: float) -> int:
        """Where the stretch of a stratum with this fraction begins, 0 to below ``2**RANK_BITS``."""
        return int((self.turn * self.leaving * fraction) % 1.0 * _STEPS) % _STEPS


class Sampling(msgspec.Struct, frozen=True):
    """How a round's sample is drawn.

    Of a stratum of N sites round(fraction · N), and at least one, are drawn: those whose number comes first after the
    start of the stretch, going round at 1. Each stratum's draw is a simple random sample of fixed size. Between rounds
    r and r + d about 1 - d · leaving of the units stay, as long as frame and fraction do.

    Attributes:
        key: The survey's own, 1 to 64 octets; without it nobody can tell who will be drawn.
        fraction: Of strata that ``fractions`` does not name; ``None`` where each must be named.
        fractions: By stratum, above 0 to 1.
        rotation: Which stretch.
    """

    key: bytes
    fraction: float | None
    fractions: dict[str, float]
    rotation: Rotation

    def check(self) -> None:
        """Refuse a key, a fraction or a rotation outside its range.

        Raises:
            FrameError: One is.
        """
        demand_key(self.key)
        for stratum, fraction in [*self.fractions.items(), ("", self.fraction)]:
            if fraction is not None and not 0 < fraction <= 1:
                raise FrameError(
                    f"the sampling fraction of {named(stratum)} is {fraction}.",
                    where="sample",
                    remedy="Write a number above 0 and up to 1.",
                )
        if self.rotation.turn < 0 or not 0 <= self.rotation.leaving <= 1:
            raise FrameError(
                f"turn {self.rotation.turn} with {self.rotation.leaving} leaving is no rotation.",
                where="sample",
                remedy="Turns begin at 0, and 0 to 1 of the sample leave.",
            )

    def fraction_of(self, stratum: str) -> float:
        """The sampling fraction of a stratum.

        Raises:
            FrameError: It has none.
        """
        fraction = self.fractions.get(stratum, self.fraction)
        if fraction is None:
            raise FrameError(
                f"{named(stratum)} has no sampling fraction.",
                where="sample.fractions",
                remedy="Name it there, or write sample.fraction for all that are not named.",
            )
        return fraction


def named(stratum: str) -> str:
    """A stratum as sentences name it."""
    return f"the stratum {stratum!r}" if stratum else "the stratum without a name"


def drawn_of(stratum: str, sites: int, fraction: float) -> int:
    """How many sites of a stratum are drawn.

    Raises:
        FrameError: Fewer than ``LEAST_DRAWN`` of a stratum that is not taken whole.
    """
    drawn = max(1, round(fraction * sites))
    if drawn < min(LEAST_DRAWN, sites):
        raise FrameError(
            f"of the {sites:,} sites of {named(stratum)} only {drawn} would be drawn, and fewer than {LEAST_DRAWN} "
            "say nothing.",
            where="sample",
            remedy="Raise its fraction, take it whole with 1.0, or join it with another stratum.",
        )
    return drawn


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
    if not 0 <= unit < 1 << 64:
        raise FrameError(f"{unit} is no id of 64 bits.")
    return numbering(key)(unit) / _STEPS


def numbering(key: bytes) -> Callable[[int], int]:
    """The permanent random numbers of a key, as whole numbers of ``RANK_BITS`` bits.

    Raises:
        FrameError: The key is empty or too long.
    """
    demand_key(key)
    keyed = blake2b(digest_size=8, key=key, person=_PERSON)

    def number(unit: int) -> int:
        hashing = keyed.copy()
        hashing.update(unit.to_bytes(8, "big"))
        return int.from_bytes(hashing.digest(), "big") >> 64 - RANK_BITS

    return number


def demand_key(key: bytes) -> None:
    """Refuse a key that cannot draw.

    Raises:
        FrameError: It is empty or too long.
    """
    if not 0 < len(key) <= _MOST_KEY_OCTETS:
        raise FrameError(f"A key of {len(key)} octets cannot draw a sample; it must have 1 to {_MOST_KEY_OCTETS}.")
