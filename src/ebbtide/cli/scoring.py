"""What ``why`` says of every pair of rounds of the lab, beside what really moved the share: a score and its table."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from ebbtide.cli.output import print_line, print_table
from ebbtide.cli.verifying import judged_months, truth_of_month
from ebbtide.estimate.explaining import CANNOT_CONCLUDE, NOTHING, SEVERAL, Explanation, explain_each
from ebbtide.lab.scenario_records import BASE_FAMILY
from ebbtide.lab.traps import FAMILY, RECLASSIFIED, Truth, truth_of
from ebbtide.model.errors import ScenarioMismatchError
from ebbtide.rounds.folder import SurveyFolder

SUBJECTS = ("code-red-ida", "admin-pages", f"{FAMILY}{BASE_FAMILY}")
TODAY, FIRST, BEFORE = "as judged today", "as first judged", "before the older round was judged again"

Rows = list[dict[str, Any]]


class Scored(msgspec.Struct, frozen=True):
    """One question to ``why``, and its answer beside the truth.

    Attributes:
        reading: By which judgement the earlier round was read.
        truth: The causes at work by name, joined by plus signs, or ``nothing``.
        true_units: Cause to the units that it really moved.
        told_units: Cause to the units that ``why`` counts; a new judgement of the same evidence has none.
        verdict: What ``why`` says.
        is_right: The verdict names a cause at work, or says what is true of all of them, or refuses.
        counts_agree: Both count the same units for every cause.
    """

    from_round: str
    to_round: str
    subject: str
    unit: str
    reading: str
    truth: str
    true_units: dict[str, int]
    told_units: dict[str, int]
    verdict: str
    is_right: bool
    counts_agree: bool


def score_survey(
    folder: SurveyFolder, truth: Path, silent_after: int | None, subjects: Sequence[str] = SUBJECTS
) -> tuple[Scored, ...]:
    """Ask ``why`` of every two rounds that follow each other, for each subject and unit.

    Where an older judgement of the earlier round stands beside today's, and the truth says that the check was told
    something else then, it is asked as first judged too.

    Raises:
        ScenarioMismatchError: No two months of truth, or a month without its judged round.
        EstimateError: A subject did not judge the rounds.
    """
    months = judged_months(folder, truth)
    unjudged = sorted(set(months) - set(folder.judged()))
    if unjudged:
        raise ScenarioMismatchError(f"round {unjudged[0]} is not judged.", remedy=f"ebbtide judge {unjudged[0]}")
    if len(months) == 1:
        raise ScenarioMismatchError("one month alone has no change to explain.", where=str(truth))
    months.sort(key=folder.judged().index)
    rows = {month: list(truth_of_month(truth, month)) for month in months}
    found: list[Scored] = []
    try:
        for labels in pairwise(months):
            pair = rows[labels[0]], rows[labels[1]]
            found += score_pair(folder, labels, pair, silent_after, subjects)
            better = [each for each in subjects if _got_better(*pair, each)]
            if better and len(folder.round(labels[0]).judgements) > 1:
                found += score_pair(folder, labels, pair, silent_after, better, reading=FIRST)
    except (KeyError, TypeError, AttributeError) as error:
        raise ScenarioMismatchError(f"the truth in {truth} lacks or garbles {error}.") from error
    return tuple(found)


def score_pair(
    folder: SurveyFolder,
    labels: tuple[str, str],
    rows: tuple[Rows, Rows],
    silent_after: int | None,
    subjects: Sequence[str],
    *,
    reading: str = TODAY,
) -> list[Scored]:
    """The same for one pair of rounds."""
    explained = explain_each(
        folder, subjects, labels=labels, silent_after=silent_after, as_first_judged=reading == FIRST
    )
    return [
        scored_answer(told, truth_of(*rows, told.subject, told.unit, as_first_judged=reading != TODAY), reading)
        for told in explained
    ]


def _got_better(then: Rows, now: Rows, subject: str) -> bool:
    """Whether the check was told something else in the earlier month, and in the later one what it is told today."""
    if subject.startswith(FAMILY):
        return False
    was_other, is_other = (
        any(row["checks"][subject]["first"] != row["checks"][subject]["observable"] for row in rows)
        for rows in (then, now)
    )
    return was_other and not is_other


def scored_answer(told: Explanation, true: Truth, reading: str) -> Scored:
    """Hold one answer against the truth.

    Before the older round is judged again, the counts of two versions of a check are not comparable, and not compared.
    """
    told_units = {each.cause: each.units for each in told.causes if each.units}
    countable = {cause: number for cause, number in true.units.items() if cause != RECLASSIFIED}
    return Scored(
        from_round=told.from_round,
        to_round=told.to_round,
        subject=told.subject,
        unit=told.unit,
        reading=reading,
        truth=true.name,
        true_units=true.units,
        told_units=told_units,
        verdict=told.verdict,
        is_right=_is_right(told.verdict, true),
        counts_agree=reading == BEFORE or countable == told_units,
    )


def _is_right(verdict: str, true: Truth) -> bool:
    if verdict == CANNOT_CONCLUDE:
        return True
    if verdict == SEVERAL:
        return len(true.units) > 1
    if verdict == NOTHING:
        return true.shown_then * true.base_now == true.shown_now * true.base_then
    return verdict in true.units


def confusion(scored: Iterable[Scored]) -> dict[str, dict[str, int]]:
    """What was true, to what ``why`` said, to how often."""
    table: dict[str, dict[str, int]] = {}
    for each in scored:
        line = table.setdefault(each.truth, {})
        line[each.verdict] = line.get(each.verdict, 0) + 1
    return table


def wrongs(scored: Iterable[Scored]) -> list[str]:
    """A sentence for each answer that is wrong, or counts other units."""
    return [
        f"{each.from_round} to {each.to_round}, {each.subject} by {each.unit}, {each.reading}: "
        f"{each.truth} {_counts(each.true_units)}, and why says {each.verdict} {_counts(each.told_units)}."
        for each in scored
        if not (each.is_right and each.counts_agree)
    ]


def _counts(units: Mapping[str, int]) -> str:
    return f"({', '.join(f'{cause} {number}' for cause, number in units.items()) or 'nobody moved'})"


def score_sentence(scored: Sequence[Scored]) -> str:
    """What a score comes to."""
    refused = sum(each.verdict == CANNOT_CONCLUDE for each in scored)
    wrong = sum(not each.is_right for each in scored)
    miscounted = sum(not each.counts_agree for each in scored)
    return (
        f"why was asked {len(scored):,} times: {len(scored) - refused - wrong:,} answers are right, "
        f"{refused:,} refused, {wrong:,} wrong; {miscounted:,} count other units than really moved."
    )


def print_score(scored: Sequence[Scored]) -> None:
    """The table of confusion, what is wrong, and the sum."""
    table = confusion(scored)
    print_table(
        "What moved the share, and what why says",
        ("truth", "why", "times"),
        [(truth, told, f"{n:,}") for truth, line in sorted(table.items()) for told, n in sorted(line.items())],
        right=(2,),
    )
    for sentence in wrongs(scored):
        print_line(sentence)
    print_line(score_sentence(scored))
