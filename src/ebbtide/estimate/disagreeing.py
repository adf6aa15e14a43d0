"""Where names and addresses tell different stories, both facts say so."""

from collections.abc import Sequence

import msgspec

from ebbtide.estimate.estimating import joined, quality_of
from ebbtide.model.facts import Fact

UNITS_DISAGREE = "units disagree"
LEAST_GAP = 0.01
_UNITS = {"site": "address", "address": "site"}
_METRICS = ("share", "prevalence", "fate")
_WORDS = {"site": "sites", "address": "addresses"}


def tell_disagreement(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts, with a doubt where the other unit of count differs by more than a point and beyond both intervals.

    Args:
        facts: Of metrics ``share``, ``prevalence`` and ``fate`` only shares are held against each other.

    Returns:
        As many facts in the same order.
    """
    by_name = {_name(fact, fact.unit): fact for fact in facts if fact.metric in _METRICS}
    return tuple(_told(fact, by_name.get(_name(fact, _UNITS.get(fact.unit, "")))) for fact in facts)


def _told(fact: Fact, other: Fact | None) -> Fact:
    if fact.metric not in _METRICS or other is None or fact.estimate is None or other.estimate is None:
        return fact
    if abs(fact.estimate - other.estimate) <= LEAST_GAP or _is_within(fact, other) or _is_within(other, fact):
        return fact
    sentence = (
        f"Units disagree by more than 1 point: {100 * fact.estimate:.1f} % of {_WORDS[fact.unit]}, but "
        f"{100 * other.estimate:.1f} % of {_WORDS[other.unit]}; never quote one alone."
    )
    doubts = (UNITS_DISAGREE,) if fact.quality == "good" else (fact.quality, UNITS_DISAGREE)
    return msgspec.structs.replace(fact, quality=quality_of(doubts), note=joined(fact.note, sentence))


def _is_within(fact: Fact, other: Fact) -> bool:
    if fact.estimate is None or other.ci_low is None or other.ci_high is None:
        return False
    return other.ci_low <= fact.estimate <= other.ci_high


def _name(fact: Fact, unit: str) -> tuple[str, ...]:
    return (fact.metric, fact.round, fact.from_round, unit, fact.lens, fact.family, fact.check, fact.category)
