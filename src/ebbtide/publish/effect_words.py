"""Sentences on what an event did, and on two arms."""

from collections.abc import Mapping
from typing import Protocol

from ebbtide.publish.formatting import day_words, listing, percent, points, round_words
from ebbtide.publish.plain_text import plain
from ebbtide.publish.words import check_words, family_words


class Span(Protocol):
    """An interval, as ``estimate.shares.Interval``."""

    @property
    def low(self) -> float:
        """Lower end."""

    @property
    def high(self) -> float:
        """Upper end."""


def effect_words(
    event: str, day: str, check: str, control: str, verdict: str, reasons: tuple[str, ...], ratio: float | None,
    interval: Span | None, names: Mapping[str, str],
) -> str:  # fmt: skip
    """What an event did to the speed of mending, in a sentence that can be printed.

    Args:
        event: Its id.
        day: ISO date.
        check: Id of the check.
        control: Family that it did not touch; empty if there is none.
        verdict: As ``estimate.event_effects.EventEffect``.
        reasons: Why nothing can be concluded.
        ratio: Of hazards, against the control; ``None`` without one.
        interval: Of the ratio.
        names: Of checks, by id.
    """
    hole, when = check_words(check, names), f"{plain(event)} of {day_words(day)}"
    if verdict == "cannot conclude":
        return f'What {when} did to the mending of "{hole}" cannot be concluded: {listing(tuple(map(plain, reasons)))}.'
    if ratio is None or interval is None:
        return f"There is no control family: whatever changed with {when} may have another cause."
    beside = f"beside {family_words(control)} ({ratio:.2f} times, 95 % {interval.low:.2f} to {interval.high:.2f})"
    told = {"faster": "was mended faster", "slower": "was mended more slowly"}.get(verdict)
    if told is None:
        return f'After {when} "{hole}" was mended neither faster nor more slowly than before, {beside}.'
    return f'After {when} "{hole}" {told} than before, {beside}.'


def arms_words(
    check: str, first: str, second: str, labels: tuple[str, str], difference: float, interval: Span,
    bounds: tuple[float, float], shares: tuple[float, float], names: Mapping[str, str], *, is_randomised: bool,
) -> str:  # fmt: skip
    """Two arms side by side, in a sentence that can be printed; the word effect stands only where arms were drawn."""
    what = "This is an effect: the arms were drawn by chance." if is_randomised else (
        "This is an association: the arms were not drawn by chance, and may differ in other things."
    )  # fmt: skip
    when = f"From {round_words(labels[0])} to {round_words(labels[1])}"
    vanished = f"{points(bounds[0])} to {points(bounds[1])}"
    return (
        f'{when}, "{check_words(check, names)}" was mended by {percent(shares[0])} of the arm {plain(first)} and '
        f"{percent(shares[1])} of the arm {plain(second)} that could be judged again: {points(difference)} apart (95 % "
        f"{points(interval.low)} to {points(interval.high)}; with the vanished counted each way {vanished}). {what}"
    )
