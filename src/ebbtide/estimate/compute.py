"""All facts of a survey, from its stored rounds."""

from collections.abc import Sequence
from itertools import pairwise

import duckdb

from ebbtide.estimate.disagreeing import tell_disagreement
from ebbtide.estimate.fate_facts import check_fates, family_fates
from ebbtide.estimate.half_life_facts import half_life_facts
from ebbtide.estimate.outcome_facts import outcome_facts
from ebbtide.estimate.preparing import ChosenRound, JudgedCheck, prepare
from ebbtide.estimate.pressure_facts import pressure_facts
from ebbtide.estimate.prevalence_facts import prevalence_facts
from ebbtide.estimate.questions import ask_question
from ebbtide.estimate.same_facts import same_facts
from ebbtide.estimate.share_facts import choose_families, share_facts
from ebbtide.estimate.survey_view import Pair, SurveyView
from ebbtide.model.errors import EstimateError
from ebbtide.model.facts import Fact
from ebbtide.rounds.database import open_database
from ebbtide.rounds.folder import SurveyFolder


def compute_facts(
    folder: SurveyFolder,
    *,
    labels: Sequence[str] | None = None,
    as_of: str | None = None,
    silent_after: int | None = None,
) -> tuple[Fact, ...]:
    """Every fact of the sealed rounds: outcomes of all of them, the rest of those that are judged; and of kept attacks.

    Args:
        folder: The survey.
        labels: Only these rounds, and no attacks; ``None`` for all that are sealed.
        as_of: Only rounds whose reference date (ISO) is not later.
        silent_after: A target is silent only after so many finished attempts; ``None`` for as many as any target
            that failed was given in its round.

    Returns:
        Facts in a fixed order. The same rounds give the same facts, byte for byte.

    Raises:
        EstimateError: A round of ``labels`` is not there or not sealed.
    """
    connection = open_database(folder)
    try:
        facts = facts_of_database(connection, labels=labels, as_of=as_of, silent_after=silent_after)
    finally:
        connection.close()
    return facts if labels is not None else facts + pressure_facts(folder, as_of)


def facts_of_database(
    connection: duckdb.DuckDBPyConnection,
    *,
    labels: Sequence[str] | None = None,
    as_of: str | None = None,
    silent_after: int | None = None,
) -> tuple[Fact, ...]:
    """As ``compute_facts``, from a connection that has the views of ``rounds.database.open_database``."""
    rounds = choose_rounds(connection, labels, as_of, silent_after)
    if not rounds:
        return ()
    pairs = compared_pairs(rounds)
    view = view_of_rounds(connection, rounds, pairs, prepare(connection, rounds, pairs))
    families = choose_families(connection)
    prevalences = list(prevalence_facts(connection, view))
    same = same_facts(connection, view, prevalences)
    facts = [
        *outcome_facts(connection, view),
        *share_facts(connection, view, families),
        *prevalences,
        *same,
        *family_fates(connection, view, families),
        *check_fates(connection, view),
        *half_life_facts(view, same),
    ]
    return tell_disagreement(facts)


def compared_pairs(rounds: Sequence[ChosenRound]) -> tuple[Pair, ...]:
    """Neighbouring judged rounds, and the first with the last."""
    places = [each.place for each in rounds if each.judgement]
    neighbours = list(pairwise(places))
    whole = [] if len(places) <= 2 else [(places[0], places[-1])]  # noqa: PLR2004  # two rounds are neighbours already
    return tuple(neighbours + whole)


def choose_rounds(
    connection: duckdb.DuckDBPyConnection, labels: Sequence[str] | None, as_of: str | None, silent_after: int | None
) -> tuple[ChosenRound, ...]:
    """The rounds that are looked at, by reference date; see ``compute_facts``.

    Raises:
        EstimateError: A round of ``labels`` is not there or not sealed.
    """
    known = ask_question(connection, "rounds")
    closed = {label for label, _, state, _, _ in known if state != "open"}
    for label in labels or ():
        if label not in closed:
            why = "still open" if label in {row[0] for row in known} else "not there"
            raise EstimateError(
                f"round {label} cannot be estimated: it is {why}.",
                remedy=f"Sealed rounds are: {', '.join(sorted(closed)) or 'none'}.",
            )
    wanted = closed if labels is None else set(labels)
    chosen = [row for row in known if row[0] in wanted and (as_of is None or row[1].isoformat() <= as_of)]
    return tuple(
        ChosenRound(place, label, day, judgement or "", attempts if silent_after is None else silent_after)
        for place, (label, day, _, judgement, attempts) in enumerate(chosen, 1)
    )


def view_of_rounds(
    connection: duckdb.DuckDBPyConnection,
    rounds: tuple[ChosenRound, ...],
    pairs: tuple[Pair, ...],
    checks: tuple[JudgedCheck, ...],
) -> SurveyView:
    """What every maker of facts needs to know; ``prepare`` has made the tables."""
    ((is_sample,),) = connection.execute("SELECT is_sample FROM design").fetchall()
    clusters = {
        (unit, place, stratum): number for unit, place, stratum, number in ask_question(connection, "stratum_clusters")
    }
    return SurveyView(
        rounds=rounds,
        checks={(check.place, check.check): check for check in checks},
        pairs=pairs,
        is_sample=bool(is_sample),
        design=_design_words(connection),
        clusters=clusters,
    )


def _design_words(connection: duckdb.DuckDBPyConnection) -> str:
    """What was drawn for the last of the chosen rounds that is a sample."""
    rows = ask_question(connection, "last_design")
    if not rows:
        return ""
    label, leaving, strata, sites, drawn = rows[0]
    if leaving == 1:
        stays = "a fresh sample each round"
    else:
        stays = f"a panel of which {100 * leaving:g} % leave each round" if leaving else "a panel that stays"
    by = f" in {strata:,} strata" if strata > 1 else ""
    return f"A sample of sites drawn by chance, {drawn:,} of {sites:,}{by} in {label}, {stays}."
