"""The attack load in a sentence for a journalist, and as a strip of days."""

from collections.abc import Sequence
from typing import Protocol

from ebbtide.publish.formatting import day_words

_STEPS = " ▁▂▃▄▅▆▇█"


class Counted(Protocol):
    """One family, as ``pressure.counting.Pressure``."""

    @property
    def family(self) -> str:
        """As people name it."""

    @property
    def days(self) -> int:
        """Observed."""

    @property
    def exposure_days(self) -> float:
        """What they come to in whole days."""

    @property
    def requests(self) -> int:
        """In all."""

    @property
    def requests_a_day(self) -> float:
        """Mean over observed days."""

    @property
    def visits_a_day(self) -> float:
        """The same."""

    @property
    def sources_a_day(self) -> float:
        """The same."""


class Trended(Protocol):
    """A trend, as ``estimate.attack_trend.Trend``."""

    @property
    def verdict(self) -> str:
        """``ebbing``, ``growing`` or ``no trend``."""

    @property
    def half_life(self) -> float | None:
        """Days."""


def load_words(whole: Counted, first: str, last: str, calendar_days: int) -> str:
    """The sentence: three units, and what they are divided by.

    Args:
        whole: All attacks together.
        first: ISO date of the first observed day.
        last: Of the last.
        calendar_days: From the first to the last, both counted.
    """
    observed = f"{whole.days:,} observed days" + (f" of {calendar_days:,}" if calendar_days > whole.days else "")
    if whole.exposure_days < whole.days:
        observed += f", {_duration(whole.exposure_days)} in all"
    period = f"From {day_words(first)} to {day_words(last)} ({observed}) the server was asked"
    if whole.exposure_days < 1:
        return (
            f"{period} {whole.requests:,} times for what only attackers ask for; that is too short for figures a day."
        )
    return (
        f"{period} {whole.requests_a_day:.1f} times a day for what only attackers ask for: "
        f"{whole.visits_a_day:.1f} visits a day from {whole.sources_a_day:.1f} sources."
    )


def _duration(days: float) -> str:
    """A time in its largest unit that gives a number above 1."""
    for name, count in (("days", days), ("hours", days * 24), ("minutes", days * 1440)):
        if count >= 1:
            return f"{count:,.1f} {name}"
    return f"{days * 86_400:,.0f} seconds"


def trend_words(trend: Trended | None) -> str:
    """A trend in two or three words; empty if there was too little for one."""
    if trend is None:
        return ""
    if trend.half_life is None:
        return trend.verdict
    verb = "halves" if trend.verdict == "ebbing" else "doubles"
    return f"{verb} in {trend.half_life:,.0f} days"


def strip(counts: Sequence[int | None]) -> str:
    """A character for each day, its height by the root of the count; a dot where the log was not there."""
    most = max((count for count in counts if count is not None), default=0)
    if not most:
        return "".join("·" if count is None else _STEPS[0] for count in counts)
    top = len(_STEPS) - 1
    return "".join(
        "·" if count is None else _STEPS[0] if not count else _STEPS[max(1, round(top * (count / most) ** 0.5))]
        for count in counts
    )
