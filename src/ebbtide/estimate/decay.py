"""How fast a hole ebbs: the half-life of an exponential decay between two looks."""

import math

import msgspec

from ebbtide.estimate.shares import Interval


class HalfLife(msgspec.Struct, frozen=True):
    """A half-life in days.

    Attributes:
        days: Estimate; ``None`` where it cannot be computed.
        low, high: From the ends of the remaining share's interval; ``None`` where there is no such end.
        why_blank: Why there is no estimate, in plain words; empty otherwise.
    """

    days: float | None
    low: float | None
    high: float | None
    why_blank: str = ""


def exponential_half_life(remaining: float, days: float) -> float | None:
    """Days until half is gone, if the same part goes every day: days · ln 2 / -ln(remaining).

    Args:
        remaining: Part of the first look that is still there at the second, for example 20/340.
        days: Days between the looks, above 0.

    Returns:
        Days; ``None`` if nothing is left (only "faster than" can be said) or nothing has gone.

    Assumptions: one constant rate over the whole interval. A patch and a worm within it cannot be told apart, a plateau
    breaks it, and so does a base that moves: by count and by rate then differ (see ``compare_half_lives``).

    Source: by definition of exponential decay.
    """
    if days <= 0:
        raise ValueError(f"{days} days lie between the looks")
    if not 0 < remaining < 1:
        return None
    return days * math.log(2) / -math.log(remaining)


def half_life_with_interval(remaining: float | None, days: float, interval: Interval | None) -> HalfLife:
    """A half-life with the interval that the remaining share's interval carries over (the map rises with it).

    Args:
        remaining: Part that is still there; ``None`` if nobody could be judged again.
        days: Days between the looks, above 0.
        interval: Of the remaining part.
    """
    if remaining is None:
        return HalfLife(None, None, None, "nobody that showed it could be judged again")
    if remaining <= 0:
        reach = exponential_half_life(interval.high, days) if interval else None
        above = f"; with 95 % confidence it is below {reach:.1f} days" if reach else ""
        return HalfLife(None, None, None, f"none was left, so the half-life can only be bounded{above}")
    if remaining >= 1:
        return HalfLife(None, None, None, "none had gone, so there is no decay to measure")
    low = exponential_half_life(interval.low, days) if interval else None
    high = exponential_half_life(interval.high, days) if interval else None
    return HalfLife(exponential_half_life(remaining, days), low, high)


class HalfLifeComparison(msgspec.Struct, frozen=True):
    """One decay told by counts and by rates.

    Attributes:
        by_count: Days, from n alone.
        by_rate: Days, from n / base.
        sentence: Names the difference and its cause.
    """

    by_count: float | None
    by_rate: float | None
    sentence: str


def compare_half_lives(first: tuple[int, int], last: tuple[int, int], days: float) -> HalfLifeComparison:
    """Two full scans without following units: the half-life by count and by rate, and why they differ.

    Args:
        first: n and base of the first scan.
        last: n and base of the last scan.
        days: Days between them, above 0.

    Assumptions: as ``exponential_half_life``; further, that entrants and leavers have
    the hole as often as those that stay.
    """
    by_count = exponential_half_life(last[0] / first[0], days)
    by_rate = exponential_half_life((last[0] / last[1]) / (first[0] / first[1]), days)
    if by_count is None or by_rate is None:
        return HalfLifeComparison(by_count, by_rate, "No decay can be computed from these counts.")
    move = last[1] / first[1] - 1
    if last[1] == first[1]:
        return HalfLifeComparison(by_count, by_rate, "By count and by rate are equal, since the base did not move.")
    verb = "shrank" if move < 0 else "grew"
    cause = (
        ", and by count what left the base passes for mended" if move < 0 else ", and by count that hides some mending"
    )
    figures = f"{by_count:.1f} days by count and {by_rate:.1f} days by rate"
    sentence = f"{figures}: the base {verb} by {abs(move):.1%} meanwhile{cause}."
    return HalfLifeComparison(by_count, by_rate, sentence)
