"""Facts through one lens at a time: how asking ended and who shows a check, by family, stratum, operator and others."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

import duckdb

from ebbtide.estimate.compute import choose_rounds, view_of_rounds
from ebbtide.estimate.estimating import Tally, design_note, joined, quality_of, totals
from ebbtide.estimate.lenses import MOST_FACTS, NO_TABLES, OPERATORS, AddressTables
from ebbtide.estimate.limits import share_bounds
from ebbtide.estimate.naming import make_fact
from ebbtide.estimate.outcome_facts import PRESENCES
from ebbtide.estimate.preparing import JudgedCheck, prepare
from ebbtide.estimate.prevalence_facts import MASKED, UNCERTAIN
from ebbtide.estimate.questions import WEIGHT_UNIT, Group, ask_question, ask_sums, keep_answer, keep_rows
from ebbtide.estimate.survey_view import UNITS, SurveyView, base_family
from ebbtide.model.errors import EstimateError
from ebbtide.model.facts import Fact
from ebbtide.rounds.database import open_database
from ebbtide.rounds.folder import SurveyFolder

_DOMINATED = 0.8
_Cell = tuple[str, int, str, str, str]
"""Unit, place, check, lens, value."""


def compute_lens_facts(
    folder: SurveyFolder, *, tables: AddressTables = NO_TABLES, silent_after: int | None = None
) -> tuple[Fact, ...]:
    """The facts of all judged rounds through every lens of ``lenses.CUBES``.

    Values of a lens are a partition of the units: the counts of one lens add up to those of lens ``all``.

    Args:
        folder: The survey.
        tables: Who runs an address, and where it is.
        silent_after: As in ``compute_facts``.

    Returns:
        Facts in a fixed order.

    Raises:
        EstimateError: There would be more than two million of one round.
    """
    with open_database(folder) as connection:
        judged = [each.label for each in choose_rounds(connection, None, None, silent_after) if each.judgement]
        if not judged:
            return ()
        rounds = choose_rounds(connection, judged, None, silent_after)
        view = view_of_rounds(connection, rounds, (), prepare(connection, rounds, []))
        _keep_lenses(connection, tables)
        facts = [*_outcomes(connection, view), *_prevalences(connection, view), *_operators(connection, view, tables)]
    counts = Counter(fact.round for fact in facts)
    for label, count in counts.items():
        if count > MOST_FACTS:
            raise EstimateError(
                f"round {label} would have {count:,} facts by lens, more than {MOST_FACTS:,}.",
                remedy="Judge with fewer checks, or name fewer strata.",
            )
    return tuple(facts)


def _keep_lenses(connection: duckdb.DuckDBPyConnection, tables: AddressTables) -> None:
    addresses = [address for (address,) in ask_question(connection, "asked_addresses")] if tables.named() else []
    rows = [
        (lens, address, name) for lens, naming in tables.named() for address in addresses if (name := naming(address))
    ]
    keep_rows(connection, "address_values", (("lens", "VARCHAR"), ("address", "VARCHAR"), ("value", "VARCHAR")), rows)
    keep_answer(connection, "lens_targets")
    keep_answer(connection, "unit_lenses")


def _outcomes(connection: duckdb.DuckDBPyConnection, view: SurveyView) -> Iterator[Fact]:
    counts: defaultdict[tuple[int, str, str, str], Counter[str]] = defaultdict(Counter)
    for unit, place, lens, value, presence, n in ask_question(connection, "lens_outcomes"):
        counter = counts[place, unit, lens, value]
        counter["planned"] += n
        counter["unknown" if presence == "blocked" else presence] += n
    for (place, unit, lens, value), counter in sorted(counts.items()):
        for category in ("planned", *PRESENCES):
            yield make_fact(
                metric="outcome",
                round=view.at(place).label,
                unit=unit,
                lens=lens,
                lens_value=value,
                category=category,
                estimate=counter[category] / counter["planned"],
                n=counter[category],
                base=counter["planned"],
                answered=counter["answered"],
                refused=counter["refused"],
                silent=counter["silent"],
                method="count",
            )


def _prevalences(connection: duckdb.DuckDBPyConnection, view: SurveyView) -> Iterator[Fact]:
    tally = Tally(ask_sums(connection, "lens_cells"), view)
    beside: defaultdict[_Cell, dict[str, tuple[int, float]]] = defaultdict(dict)
    for unit, place, check, lens, value, state, is_masked, n, weight in ask_question(connection, "lens_beside"):
        name = MASKED if state == "cannot_tell" and is_masked else state
        beside[unit, place, check, lens, value][name] = (n, weight / WEIGHT_UNIT)
    owned = {row[:5]: float(row[5]) for row in ask_question(connection, "lens_dominance")}
    for unit, place, check_id, lens, value in sorted(beside, key=lambda cell: (cell[1], *cell)):
        check = view.checks[place, check_id]
        if lens == "family" and check.families:
            continue
        cell = unit, place, check_id, lens, value
        yield _prevalence(view, tally, check, cell, beside[cell], is_owned=owned.get(cell, 0.0) > _DOMINATED)


def _prevalence(
    view: SurveyView,
    tally: Tally,
    check: JudgedCheck,
    cell: _Cell,
    states: Mapping[str, tuple[int, float]],
    *,
    is_owned: bool,
) -> Fact:
    unit, place, _, lens, value = cell
    at = view.at(place)
    found = tally.share(Group(unit, 0, place, lens, value, check.check, ""), "shown")
    bounds = share_bounds(found.weight, found.base_weight, totals(states, UNCERTAIN)[1])
    count = {name: states.get(name, (0, 0.0))[0] for name in UNCERTAIN}
    cannot_tell = count["cannot_tell"] + count[MASKED]
    return make_fact(
        metric="prevalence",
        round=at.label,
        judgement=at.judgement,
        unit=unit,
        lens=lens,
        lens_value=value,
        family=base_family(check),
        check=check.check,
        check_version=check.version,
        **found.numbers(),
        bound_low=bounds.low if bounds else None,
        bound_high=bounds.high if bounds else None,
        answered=found.base + cannot_tell + count["not_asked"],
        refused=count["refused"],
        silent=count["silent"],
        cannot_tell=cannot_tell,
        not_asked=count["not_asked"] + count["skipped"],
        quality=quality_of(found.doubts),
        suppressed=is_owned,
        note=joined(
            design_note(view, found), "One operator has over 80 % of it: it is not published." if is_owned else ""
        ),
    )


def _operators(connection: duckdb.DuckDBPyConnection, view: SurveyView, tables: AddressTables) -> Iterator[Fact]:
    """The effective number of operators: one over the sum of squared shares (Simpson), of units that have one."""
    if tables.operator is None:
        return
    sizes: defaultdict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for unit, place, lens, value, _, n in ask_question(connection, "lens_outcomes"):
        if lens == "operator" and value not in ("none", "several"):
            sizes[place, unit][value] += n
    for each in view.judged():
        for unit in UNITS:
            counts = sizes[each.place, unit]
            whole = counts.total()
            yield make_fact(
                metric=OPERATORS,
                round=each.label,
                unit=unit,
                estimate=whole**2 / sum(n * n for n in counts.values()) if whole else None,
                n=len(counts),
                base=whole,
                method="inverse simpson",
                note="How many operators of equal size would be as concentrated; beyond the 500 largest all are one.",
            )
