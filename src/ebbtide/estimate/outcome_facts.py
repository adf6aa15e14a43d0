"""Facts of metric ``outcome``: how asking ended, for every planned unit once."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import duckdb

from ebbtide.estimate.naming import make_fact
from ebbtide.estimate.questions import ask_question
from ebbtide.estimate.survey_view import UNITS, SurveyView
from ebbtide.model.facts import Fact

PRESENCES = ("answered", "refused", "silent", "unknown", "skipped")
_NOTES = {
    "silent": "Silent means that every attempt of the round at a connection went unanswered.",
    "unknown": "Failed in another way, or not often enough asked to be called silent.",
    "skipped": "Our own rules forbade to ask.",
}


def outcome_facts(connection: duckdb.DuckDBPyConnection, view: SurveyView) -> Iterator[Fact]:
    """Planned, then each presence, then each stage and fault, for every round and unit."""
    counts: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for unit, place, presence, fault, n in ask_question(connection, "outcome_counts"):
        counter = counts[unit, place]
        counter["planned"] += n
        counter["unknown" if presence == "blocked" else presence] += n
        if presence not in ("answered", "skipped"):
            counter[fault] += n
    for each in view.rounds:
        for unit in UNITS:
            yield from _of_round(each.label, unit, counts[unit, each.place])


def _of_round(label: str, unit: str, counts: Counter[str]) -> Iterator[Fact]:
    planned = counts["planned"]
    faults = sorted(name for name in counts if "/" in name)
    for category in ("planned", *PRESENCES, *faults):
        yield make_fact(
            metric="outcome",
            round=label,
            unit=unit,
            category=category,
            estimate=counts[category] / planned if planned else None,
            n=counts[category],
            base=planned,
            answered=counts["answered"],
            refused=counts["refused"],
            silent=counts["silent"],
            method="count",
            note=_NOTES.get(category, ""),
        )
