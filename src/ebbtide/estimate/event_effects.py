"""What an event did to the speed of mending, from the rounds on either side of it, with a control or without one."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise

import msgspec
import numpy as np

from ebbtide.estimate.compute import choose_rounds
from ebbtide.estimate.effects import Effect, PersonPeriods, difference_in_differences
from ebbtide.estimate.preparing import ChosenRound, prepare, unjudged
from ebbtide.estimate.questions import ask_question, keep_rows
from ebbtide.estimate.segmented import Segments, segmented_regression
from ebbtide.estimate.survey_view import UNITS
from ebbtide.estimate.two_rounds import known_unit
from ebbtide.model.configuration import EventSection
from ebbtide.model.errors import EstimateError
from ebbtide.rounds.database import open_database
from ebbtide.rounds.folder import SurveyFolder

FEWEST = 10
"""Units at risk that each group needs, before the event and after it."""


class Stretch(msgspec.Struct, frozen=True):
    """One interval between two rounds.

    Attributes:
        side: ``before``, ``during`` (the event lies in it; it belongs to neither side) or ``after``.
        touched_at_risk, touched_mended: Of the families that the event touched.
        control_at_risk, control_mended: Of the control; 0 without one.
    """

    from_round: str
    to_round: str
    side: str
    touched_at_risk: int
    touched_mended: int
    control_at_risk: int
    control_mended: int


class EventEffect(msgspec.Struct, frozen=True):
    """What an event did.

    Attributes:
        effect: Against the control; ``None`` without one.
        segments: The share of the touched families as one series; ``None`` with a control, or with too few looks.
        verdict: ``faster``, ``slower``, ``no effect seen``, ``cannot conclude``, or ``not causal`` without a control.
        reasons: Why nothing can be concluded; empty otherwise.
    """

    event: EventSection
    check: str
    unit: str
    stretches: tuple[Stretch, ...]
    effect: Effect | None
    segments: Segments | None
    verdict: str
    reasons: tuple[str, ...]


class _Seen(msgspec.Struct, frozen=True):
    """Rows of the two questions, of one unit of count."""

    periods: list[tuple[int, str, int, int, int]]
    bases: list[tuple[int, str, int, int]]


def effect_of_event(
    folder: SurveyFolder,
    event: EventSection,
    check: str,
    events: Sequence[EventSection],
    *,
    unit: str = UNITS[0],
    silent_after: int | None = None,
) -> EventEffect:
    """Hold the speed of mending before an event against that after it.

    The interval in which the event lies is left out: part of it is before. With a control family the effect is the
    ratio of the ratios of hazards (``difference_in_differences``, clusters are addresses); without one the share of the
    touched families is looked at as one series, which is never called causal.

    Args:
        folder: The survey.
        event: Of ``survey.toml``.
        check: Its id.
        events: All of ``survey.toml``: others in the same interval cannot be told apart from this one.
        unit: Of count.
        silent_after: As in ``compute_facts``.

    Raises:
        EstimateError: The event lies before the first judged round or after the last; the check did not judge all
            rounds, or by several versions; a group has too few units or clusters on a side.
    """
    known_unit(unit)
    with open_database(folder) as connection:
        judged = [each.label for each in choose_rounds(connection, None, None, silent_after) if each.judgement]
        rounds = choose_rounds(connection, judged, None, silent_after) if judged else ()
        _demand_rounds(event, rounds)
        pairs = list(pairwise(range(1, len(rounds) + 1)))
        checks = prepare(connection, rounds, pairs)
        _demand_check(check, rounds, [(each.place, each.check, each.version) for each in checks])
        keep_rows(connection, "asked_check", (("check_id", "VARCHAR"),), [(check,)])
        seen = _Seen(
            [(row[0], *row[2:]) for row in ask_question(connection, "fix_periods") if row[1] == unit],
            [(row[0], *row[2:]) for row in ask_question(connection, "judged_bases") if row[1] == unit],
        )
    day = date.fromisoformat(event.date)
    sides = [_side(day, first, last) for first, last in pairwise(rounds)]
    stretches = tuple(
        _stretch(event, seen, place, first.label, last.label, side)
        for place, (side, (first, last)) in enumerate(zip(sides, pairwise(rounds), strict=True), 1)
    )
    if not event.control:
        return _alone(event, check, unit, rounds, seen, stretches)
    return _beside(event, check, unit, rounds, seen, stretches, sides, events)


def _demand_rounds(event: EventSection, rounds: Sequence[ChosenRound]) -> None:
    if not rounds:
        raise EstimateError("no round is judged.", remedy="Judge one: ebbtide judge ROUND")
    day, first, last = date.fromisoformat(event.date), rounds[0], rounds[-1]
    if day >= last.reference_date:
        raise EstimateError(
            f"the event {event.id} of {event.date} lies after the last judged round, {last.label}: there is nothing to "
            "measure yet."
        )
    if day <= first.reference_date:
        raise EstimateError(
            f"the event {event.id} of {event.date} lies before the first judged round, {first.label}: there is nothing "
            "to compare with."
        )


def _demand_check(check: str, rounds: Sequence[ChosenRound], judged: Sequence[tuple[int, str, str]]) -> None:
    for each in rounds:
        known = [name for place, name, _ in judged if place == each.place]
        if check not in known:
            raise unjudged(each.label, check, known)
    if len({version for _, name, version in judged if name == check}) > 1:
        raise EstimateError(
            f"the rounds were judged by different versions of {check}.", remedy="Judge all: ebbtide judge --all"
        )


def _side(day: date, first: ChosenRound, last: ChosenRound) -> str:
    if last.reference_date <= day:
        return "before"
    return "after" if first.reference_date >= day else "during"


def _is_touched(event: EventSection, family: str) -> bool:
    return family in event.families if event.families else family not in ("", event.control)


def _stretch(event: EventSection, seen: _Seen, place: int, first: str, last: str, side: str) -> Stretch:
    counts: Counter[str] = Counter()
    for period, family, _, at_risk, ended in seen.periods:
        if period != place:
            continue
        group = "touched" if _is_touched(event, family) else "control" if family == event.control else ""
        counts[f"{group} at risk"] += at_risk
        counts[f"{group} ended"] += ended
    return Stretch(
        first, last, side, counts["touched at risk"], counts["touched ended"], counts["control at risk"],
        counts["control ended"],
    )  # fmt: skip


def _beside(
    event: EventSection,
    check: str,
    unit: str,
    rounds: Sequence[ChosenRound],
    seen: _Seen,
    stretches: tuple[Stretch, ...],
    sides: Sequence[str],
    events: Sequence[EventSection],
) -> EventEffect:
    for side in ("before", "after"):
        _demand_units(event, stretches, side)
    whole = [place for place, side in enumerate(sides, 1) if side != "during"]
    numbers = {place: number for number, place in enumerate(whole)}
    rows = [
        (numbers[period], float(_is_touched(event, family)), cluster, at_risk, ended)
        for period, family, cluster, at_risk, ended in seen.periods
        if period in numbers and (_is_touched(event, family) or family == event.control)
    ]
    columns = list(map(np.asarray, zip(*rows, strict=True)))
    effect = difference_in_differences(
        PersonPeriods(*columns),
        sides.count("before"),
        is_alone=_is_alone(event, rounds, events),
        base_move=_base_move(seen, sides, lambda family: _is_touched(event, family)),
        control_base_move=_base_move(seen, sides, lambda family: family == event.control),
    )
    return EventEffect(event, check, unit, stretches, effect, None, effect.verdict, effect.reasons)


def _demand_units(event: EventSection, stretches: Sequence[Stretch], side: str) -> None:
    own = [each for each in stretches if each.side == side]
    if not own:
        raise EstimateError(f"no whole interval between two rounds lies {side} the event {event.id}.")
    for name, count in (
        ("the families that it touched", sum(each.touched_at_risk for each in own)),
        (f"the control family {event.control}", sum(each.control_at_risk for each in own)),
    ):
        if count < FEWEST:
            raise EstimateError(
                f"only {count} units of {name} showed it {side} the event {event.id}; at least {FEWEST} are needed."
            )


def _is_alone(event: EventSection, rounds: Sequence[ChosenRound], events: Sequence[EventSection]) -> bool:
    """Whether no other event that touches the same families lies between the same two rounds."""
    day = date.fromisoformat(event.date)
    low = max(each.reference_date for each in rounds if each.reference_date <= day)
    high = min(each.reference_date for each in rounds if each.reference_date > day)
    return not any(
        low <= date.fromisoformat(other.date) < high
        and (not other.families or not event.families or not set(other.families).isdisjoint(event.families))
        for other in events
        if other.id != event.id
    )


def _base_move(seen: _Seen, sides: Sequence[str], is_own: Callable[[str], bool]) -> float:
    """By which part the base moved from the last round before the event to the last round of all."""
    bases: Counter[int] = Counter()
    for ordinal, family, base, _ in seen.bases:
        if is_own(family):
            bases[ordinal] += base
    then, now = bases[sides.count("before") + 1], bases[len(sides) + 1]
    return now / then - 1 if then else 0.0


def _alone(
    event: EventSection,
    check: str,
    unit: str,
    rounds: Sequence[ChosenRound],
    seen: _Seen,
    stretches: tuple[Stretch, ...],
) -> EventEffect:
    bases: Counter[int] = Counter()
    shown: Counter[int] = Counter()
    for ordinal, family, base, showing in seen.bases:
        if _is_touched(event, family):
            bases[ordinal] += base
            shown[ordinal] += showing
    places = [place for place in range(1, len(rounds) + 1) if bases[place]]
    days = [(rounds[place - 1].reference_date - rounds[0].reference_date).days for place in places]
    at = (date.fromisoformat(event.date) - rounds[0].reference_date).days
    try:
        segments = segmented_regression(days, [shown[place] / bases[place] for place in places], at)
    except EstimateError as error:
        return EventEffect(event, check, unit, stretches, None, None, "cannot conclude", (str(error).rstrip("."),))
    return EventEffect(event, check, unit, stretches, None, segments, "not causal", ())
