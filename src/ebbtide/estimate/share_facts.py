"""Facts of metric ``share``: which families of servers answer."""

from collections import defaultdict
from collections.abc import Iterator

import duckdb

from ebbtide.estimate.estimating import Tally, design_note, joined, quality_of, totals
from ebbtide.estimate.limits import share_bounds
from ebbtide.estimate.naming import make_fact
from ebbtide.estimate.questions import WEIGHT_UNIT, Group, ask_question, ask_sums, keep_rows
from ebbtide.estimate.survey_view import UNITS, SurveyView
from ebbtide.model.facts import Fact
from ebbtide.model.verdicts import UNKNOWN_FAMILY

MOST_FAMILIES = 40
REST = "(rest)"
_BOUNDS = (
    "Bounds count masked servers, and those that told a family in an earlier round and did not answer now, each way."
)


def choose_families(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """The commonest families of each unit, kept as the table ``common_families`` too."""
    chosen: dict[str, tuple[str, ...]] = {}
    weights = ask_question(connection, "family_weights")
    for unit in UNITS:
        chosen[unit] = tuple(family for at, family, _ in weights if at == unit)[:MOST_FAMILIES]
    rows = [(unit, family) for unit in UNITS for family in chosen[unit]]
    keep_rows(connection, "common_families", (("unit", "VARCHAR"), ("family", "VARCHAR")), rows)
    return chosen


def share_facts(
    connection: duckdb.DuckDBPyConnection, view: SurveyView, families: dict[str, tuple[str, ...]]
) -> Iterator[Fact]:
    """The share of every common family, of the rest and of the masked, for every judged round and unit."""
    tally = Tally(ask_sums(connection, "share_cells"), view)
    absent: defaultdict[tuple[str, int], dict[str, tuple[int, float]]] = defaultdict(dict)
    for unit, place, presence, n, weight in ask_question(connection, "share_beside"):
        absent[unit, place][presence] = (n, weight / WEIGHT_UNIT)
    for each in view.judged():
        for unit in UNITS:
            group = Group(unit, 0, each.place, "", "", "", "")
            seen = tally.categories(group)
            for family in (*families[unit], *((REST,) if REST in seen else ()), UNKNOWN_FAMILY):
                yield _share(view, tally, group, family, absent[unit, each.place])


def _share(view: SurveyView, tally: Tally, group: Group, family: str, absent: dict[str, tuple[int, float]]) -> Fact:
    found = tally.share(group, family)
    masked = 0.0 if family == UNKNOWN_FAMILY else tally.weight(group, UNKNOWN_FAMILY)
    lost = totals(absent, absent)[1]
    # A masked server is in the base already; one that did not answer comes on top of it.
    bounds = share_bounds(found.weight, found.base_weight - masked, masked + lost)
    return make_fact(
        metric="share",
        round=view.at(group.later).label,
        judgement=view.at(group.later).judgement,
        unit=group.unit,
        family=family,
        **found.numbers(),
        bound_low=bounds.low if bounds else None,
        bound_high=bounds.high if bounds else None,
        answered=found.base,
        refused=absent.get("refused", (0, 0.0))[0],
        silent=absent.get("silent", (0, 0.0))[0],
        cannot_tell=tally.count(group, UNKNOWN_FAMILY),
        quality=quality_of(found.doubts),
        note=joined(design_note(view, found), _BOUNDS),
    )
