"""Infected hosts and the course of a worm in a sentence."""

from collections.abc import Mapping
from typing import Protocol


class Ends(Protocol):
    """An interval."""

    @property
    def low(self) -> float:
        """The lower end."""

    @property
    def high(self) -> float:
        """The upper end."""


class Estimated(Protocol):
    """As ``estimate.infected.Infected``."""

    @property
    def estimate(self) -> float:
        """Hosts."""

    @property
    def interval(self) -> Ends:
        """Of them."""

    @property
    def days(self) -> int:
        """Observed."""

    @property
    def addresses(self) -> int:
        """Monitored."""

    @property
    def probes_per_s(self) -> float:
        """Of one host."""

    @property
    def at_rates(self) -> Mapping[str, float]:
        """Rate to estimate."""


class Moving(Protocol):
    """As ``estimate.epidemic.Epidemic``."""

    @property
    def shape(self) -> str:
        """``logistic``, ``growth``, ``decay`` or ``none``."""

    @property
    def hours(self) -> int:
        """That were counted."""

    @property
    def rate(self) -> float:
        """An hour."""

    @property
    def doubling_hours(self) -> float | None:
        """Where it grows."""

    @property
    def half_life_hours(self) -> float | None:
        """Where it dies away."""

    @property
    def time_interval(self) -> Ends | None:
        """Of either."""

    @property
    def plateau(self) -> float | None:
        """Where it is logistic."""


def infected_words(found: Estimated) -> str:
    """How many, on what rate, and what another rate would make of it."""
    low, high = rounded(found.interval.low), rounded(found.interval.high)
    days = "the observed day" if found.days == 1 else f"{found.days:,} observed days"
    others = " and ".join(
        f"{rounded(hosts):,} at {rate}" for rate, hosts in found.at_rates.items() if float(rate) != found.probes_per_s
    )
    seen_at = "one address" if found.addresses == 1 else f"{found.addresses:,} addresses"
    return (
        f"about {rounded(found.estimate):,} infected hosts at a time ({low:,} to {high:,}), on average over {days} on "
        f"which it spreads, if each tries {found.probes_per_s:g} addresses a second, drawn evenly; seen from "
        f"{seen_at}. It would be {others} a second."
    )


def course_words(found: Moving) -> str:
    """How its sources move by the hour."""
    if found.shape == "none":
        return f"Over {found.hours:,} hours its sources neither grow nor die away by more than chance."
    if found.half_life_hours is not None:
        return f"Over {found.hours:,} hours its sources halve in {_hours(found.half_life_hours, found.time_interval)}."
    towards = "no plateau is in sight" if found.plateau is None else f"towards {rounded(found.plateau):,} an hour"
    doubling = _hours(found.doubling_hours, found.time_interval)
    return f"Over {found.hours:,} hours its sources double in {doubling}; {towards}."


def rounded(number: float) -> int:
    """To three digits: more would look surer than it is."""
    digits = len(str(int(number)))
    return int(round(number, 3 - digits)) if digits > 3 else round(number)  # noqa: PLR2004  three digits


def _hours(length: float | None, around: Ends | None) -> str:
    told = f"{length or 0:.1f} hours"
    return told if around is None else f"{told} ({around.low:.1f} to {around.high:.1f})"
