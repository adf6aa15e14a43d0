"""Facts of metric ``half_life``: how fast a hole ebbed among the same servers, from one round to the next."""

from collections.abc import Iterator, Sequence

from ebbtide.estimate.decay import exponential_half_life, half_life_with_interval
from ebbtide.estimate.estimating import joined, quality_of
from ebbtide.estimate.naming import make_fact
from ebbtide.estimate.shares import Interval
from ebbtide.estimate.survey_view import Pair, SurveyView
from ebbtide.model.facts import Fact

NO_HALF_LIFE = "no half-life"
ONE_INTERVAL = (
    "Days until half of those that showed it no longer do, if the same part is mended every day; whatever happened "
    "within the interval, a patch and a worm for example, cannot be separated. Those that vanished are left out; the "
    "bounds count them each way."
)


def half_life_facts(view: SurveyView, same: Sequence[Fact]) -> Iterator[Fact]:
    """One half-life for every reading ``of_shown_then`` of neighbouring rounds.

    Args:
        view: The survey.
        same: Facts of metric ``same_servers``.
    """
    pairs = {(view.at(earlier).label, view.at(later).label): (earlier, later) for earlier, later in view.neighbours()}
    for fact in same:
        pair = pairs.get((fact.from_round, fact.round))
        if pair is not None and fact.category == "of_shown_then":
            yield _half_life(view, fact, pair)


def _half_life(view: SurveyView, fact: Fact, pair: Pair) -> Fact:
    days = view.days(pair)
    around = None if fact.ci_low is None or fact.ci_high is None else Interval(fact.ci_low, fact.ci_high, fact.method)
    found = half_life_with_interval(fact.estimate, days, around) if days > 0 else None
    why_blank = found.why_blank if found else "both rounds have the same reference date"
    is_told = found is not None and found.days is not None
    return make_fact(
        metric="half_life",
        round=fact.round,
        from_round=fact.from_round,
        judgement=fact.judgement,
        unit=fact.unit,
        family=fact.family,
        check=fact.check,
        check_version=fact.check_version,
        estimate=found.days if found else None,
        ci_low=found.low if found and is_told else None,
        ci_high=found.high if found and is_told else None,
        bound_low=_days(fact.bound_low, days) if is_told else None,
        bound_high=_days(fact.bound_high, days) if is_told else None,
        interval_kind=fact.interval_kind if is_told else "none",
        n=fact.n,
        base=fact.base,
        answered=fact.answered,
        refused=fact.refused,
        silent=fact.silent,
        cannot_tell=fact.cannot_tell,
        not_asked=fact.not_asked,
        method="exponential half-life",
        quality=fact.quality if is_told else quality_of([NO_HALF_LIFE] if fact.quality == "good" else [fact.quality]),
        note=joined(f"Blank: {why_blank}." if not is_told else "", f"{days} days apart.", ONE_INTERVAL),
    )


def _days(remaining: float | None, days: int) -> float | None:
    return None if remaining is None else exponential_half_life(remaining, days)
