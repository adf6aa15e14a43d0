"""Facts of metric ``same_servers``: the readings of "of those same servers", and the paired difference."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import duckdb
import msgspec

from ebbtide.estimate.estimating import CHANGE, NOTHING, Estimated, Tally, design_note, joined, quality_of
from ebbtide.estimate.limits import Bounds, difference_bounds, share_bounds
from ebbtide.estimate.multiplicity import benjamini_hochberg
from ebbtide.estimate.naming import make_fact
from ebbtide.estimate.paired import PairedTable, mcnemar_mid_p, newcombe_interval
from ebbtide.estimate.preparing import JudgedCheck
from ebbtide.estimate.prevalence_facts import tell_moved_base
from ebbtide.estimate.questions import WEIGHT_UNIT, Group, ask_question, ask_sums, keep_answer
from ebbtide.estimate.sample_changes import change_words, sample_changes
from ebbtide.estimate.survey_view import UNITS, Pair, SurveyView, base_family
from ebbtide.estimate.weighting import weighted_difference_interval
from ebbtide.model.facts import Fact

JUDGED = ("shown", "not_shown")
LOST = ("refused", "silent", "blocked", "unknown", "cannot_tell", "not_asked", "skipped")
OTHER_VERSION = "check version differs"
FALSE_DISCOVERY_RATE = 0.05
_OPEN = {
    "of_cohort": "one reading: of all judged in both rounds",
    "of_shown_then": "the other reading: of those that showed it then",
    "cross_section": "not the same servers: all that could be judged in the later round",
}
_WHOLE_COHORT = "The bounds speak of all judged the first time, the estimate of those judged twice."
Ends = Mapping[tuple[str, str], tuple[int, float]]


class Comparison(msgspec.Struct, frozen=True):
    """One check in two rounds, by one unit.

    Attributes:
        ends: Verdict then and state now, to count and weight.
    """

    pair: Pair
    unit: str
    check: JudgedCheck
    ends: Ends

    def counts(self, then: Sequence[str], now: Sequence[str]) -> tuple[int, float]:
        """Units and weight that were in one of ``then`` and are in one of ``now``."""
        found = [self.ends.get((verdict, state), (0, 0.0)) for verdict in then for state in now]
        return sum(n for n, _ in found), sum(weight for _, weight in found)

    def group(self, reading: str) -> Group:
        """Name of the group of sums of a reading."""
        return Group(self.unit, *self.pair, "", "", self.check.check, reading)


def same_facts(connection: duckdb.DuckDBPyConnection, view: SurveyView, prevalences: Sequence[Fact]) -> list[Fact]:
    """All readings for every pair of rounds, unit and check; changes are held against each other at the end.

    Args:
        connection: Prepared.
        view: The survey.
        prevalences: Facts of metric ``prevalence``, for the cross-section.
    """
    tally = Tally(ask_sums(connection, "same_cells"), view)
    ends = _ends(connection)
    changes = _changes(connection, view)
    sections = {(fact.round, fact.unit, fact.check): fact for fact in prevalences}
    facts: list[Fact] = []
    p_values: dict[str, float] = {}
    for pair in view.pairs:
        for unit in UNITS:
            for then, now in view.checks_of_pair(pair):
                comparison = Comparison(pair, unit, now, ends[unit, *pair, now.check])
                labels = [view.at(place).label for place in pair]
                before, section = (sections[label, unit, now.check] for label in labels)
                if then.version != now.version:
                    facts += _incomparable(view, comparison)
                    continue
                facts += [_reading(view, tally, comparison, reading) for reading in ("of_cohort", "of_shown_then")]
                told = changes.get((*pair, unit, now.check), "")
                facts.append(_cross_section(view, comparison, (before, section), told))
                table = _paired_table(tally, comparison)
                facts.append(_difference(view, tally, comparison, table))
                p_values[facts[-1].id] = mcnemar_mid_p(table.mended, table.opened)
    return _tell_changes(facts, p_values)


def _ends(
    connection: duckdb.DuckDBPyConnection,
) -> defaultdict[tuple[str, int, int, str], dict[tuple[str, str], tuple[int, float]]]:
    found: defaultdict[tuple[str, int, int, str], dict[tuple[str, str], tuple[int, float]]] = defaultdict(dict)
    for unit, earlier, later, check, then, now, n, weight in ask_question(connection, "cohort_beside"):
        found[unit, earlier, later, check][then, now] = (n, weight / WEIGHT_UNIT)
    return found


def _changes(connection: duckdb.DuckDBPyConnection, view: SurveyView) -> dict[tuple[int, int, str, str], str]:
    """In samples, how each cross-section moved, in words."""
    if not view.is_sample:
        return {}
    keep_answer(connection, "check_states", "states")
    return {key: change_words(each, key[2], view.at(key[0]).label) for key, each in sample_changes(connection).items()}


def _named(view: SurveyView, comparison: Comparison, category: str) -> dict[str, str]:
    return {
        "metric": "same_servers",
        "round": view.at(comparison.pair[1]).label,
        "from_round": view.at(comparison.pair[0]).label,
        "judgement": view.at(comparison.pair[1]).judgement,
        "unit": comparison.unit,
        "family": base_family(comparison.check),
        "check": comparison.check.check,
        "check_version": comparison.check.version,
        "category": category,
    }


def _reading(view: SurveyView, tally: Tally, comparison: Comparison, reading: str) -> Fact:
    then = ("shown",) if reading == "of_shown_then" else JUDGED
    found = tally.share(comparison.group(reading), "shown")
    bounds = share_bounds(found.weight, found.base_weight, comparison.counts(then, LOST)[1])
    return make_fact(
        **_named(view, comparison, reading),
        **found.numbers(),
        **_limits(bounds),
        **_lost(comparison, then),
        quality=quality_of(found.doubts),
        note=joined(_reading_note(reading), _lost_note(comparison, then), design_note(view, found)),
    )


def _limits(bounds: Bounds | None) -> dict[str, float | None]:
    return {"bound_low": bounds.low if bounds else None, "bound_high": bounds.high if bounds else None}


def _lost(comparison: Comparison, then: tuple[str, ...]) -> dict[str, int]:
    """What became of those of the cohort that are not judged now."""
    names = ("refused", "silent", "cannot_tell")
    counts = {name: comparison.counts(then, (name,))[0] for name in names}
    not_asked = comparison.counts(then, ("not_asked", "skipped"))[0]
    answered = comparison.counts(then, (*JUDGED, "cannot_tell", "not_asked"))[0]
    return {**counts, "not_asked": not_asked, "answered": answered}


def _reading_note(reading: str) -> str:
    return f'"Of those same servers" leaves open which reading is meant; this is {_OPEN[reading]}.'


def _lost_note(comparison: Comparison, then: tuple[str, ...]) -> str:
    lost = comparison.counts(then, LOST)[0]
    if not lost:
        return "Nobody of them vanished."
    other = comparison.counts(then, ("blocked", "unknown"))[0]
    told = f", {other:,} of them for other reasons than those counted beside" if other else ""
    return f"Vanished is not mended: {lost:,} could not be judged again{told}; the bounds count them each way."


def _cross_section(view: SurveyView, comparison: Comparison, sections: tuple[Fact, Fact], change: str) -> Fact:
    """The prevalence of the later round, told beside the same servers so that the two are never mixed up."""
    before, section = sections
    plain = [
        "estimate", "ci_low", "ci_high", "bound_low", "bound_high", "interval_kind", "n", "base", "answered", "refused",
        "silent", "cannot_tell", "not_asked", "method",
    ]  # fmt: skip
    fact = make_fact(
        **_named(view, comparison, "cross_section"),
        **{name: getattr(section, name) for name in plain},
        quality=quality_of([] if section.estimate is not None else NOTHING.doubts),
        note=joined(_reading_note("cross_section"), change),
    )
    return tell_moved_base(before, fact)


def _paired_table(tally: Tally, comparison: Comparison) -> PairedTable:
    group = comparison.group("difference")
    return PairedTable(*(tally.count(group, name) for name in ("both", "mended", "opened", "neither")))


def _difference(view: SurveyView, tally: Tally, comparison: Comparison, table: PairedTable) -> Fact:
    group = comparison.group("difference")
    found = NOTHING if table.total == 0 else _change(view, tally, group, table)
    lost_shown, lost = comparison.counts(("shown",), LOST)[1], comparison.counts(JUDGED, LOST)[1]
    weight = {name: tally.weight(comparison.group("of_shown_then"), name) for name in JUDGED}
    shown_now = tally.weight(comparison.group("of_cohort"), "shown")
    bounds = difference_bounds(weight["shown"] + weight["not_shown"], shown_now, lost_shown, found.base_weight, lost)
    p_value = mcnemar_mid_p(table.mended, table.opened)
    test = (
        f"Of {table.total:,} judged twice, {table.mended:,} no longer show it and {table.opened:,} newly do; "
        f"mid-p McNemar p = {p_value:.3g}{', by counts without weights' if view.is_sample else ''}."
        if table.total
        else ""
    )
    return make_fact(
        **_named(view, comparison, "difference"),
        **found.numbers(),
        **_limits(bounds),
        **_lost(comparison, JUDGED),
        quality=quality_of(found.doubts),
        note=joined(test, _lost_note(comparison, JUDGED), _WHOLE_COHORT, design_note(view, found)),
    )


def _change(view: SurveyView, tally: Tally, group: Group, table: PairedTable) -> Estimated:
    """Later share minus earlier share among those judged twice; n is those that show it now."""
    n, weight = table.both + table.opened, tally.weight(group, "*")
    doubts = tally.share(group, "both").doubts
    if not view.is_sample:
        interval = newcombe_interval(table)
        return Estimated(
            table.difference, interval, n, table.total, 0.0, weight, f"mcnemar mid-p, {interval.method}", None, doubts
        )
    weighted = tally.weighted(group, CHANGE)
    found = weighted_difference_interval(weighted)
    method = "mcnemar mid-p, hajek, linearised"
    return Estimated(weighted.estimate, found, n, table.total, 0.0, weight, method, weighted.design_effect, doubts)


def _tell_changes(facts: Sequence[Fact], p_values: Mapping[str, float]) -> list[Fact]:
    """Each difference with what Benjamini-Hochberg says of it among all differences of its unit."""
    told = list(facts)
    for unit in UNITS:
        places = [
            place
            for place, fact in enumerate(told)
            if fact.unit == unit and fact.category == "difference" and fact.estimate is not None
        ]
        adjusted = benjamini_hochberg([p_values[told[place].id] for place in places])
        for place, value in zip(places, adjusted.tolist(), strict=True):
            verdict = "a change" if value <= FALSE_DISCOVERY_RATE else "not called a change"
            sentence = (
                f"Among {len(places)} differences (Benjamini-Hochberg at 5 %) this is {verdict}: p = {value:.3g}."
            )
            told[place] = msgspec.structs.replace(told[place], note=joined(told[place].note, sentence))
    return told


def _incomparable(view: SurveyView, comparison: Comparison) -> list[Fact]:
    """Blank readings where the check changed between the rounds."""
    note = (
        f"Not comparable: {view.at(comparison.pair[0]).label} was judged by another version of the check. "
        "Judge both rounds again with the same one."
    )
    return [
        make_fact(**_named(view, comparison, reading), method="none", quality=OTHER_VERSION, note=note)
        for reading in (*_OPEN, "difference")
    ]
