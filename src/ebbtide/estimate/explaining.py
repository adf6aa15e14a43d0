"""Why a share moved from one round to another: the states of its units, split by cause, and what may be said of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import msgspec

from ebbtide.estimate.decomposing import BEHAVIOUR, CAUSES, JUDGED, Decomposition, Move, decompose
from ebbtide.estimate.overlapping import OverlapChange
from ebbtide.estimate.paired import mcnemar_mid_p
from ebbtide.estimate.preparing import JudgedCheck, unjudged
from ebbtide.estimate.questions import WEIGHT_UNIT, ask_question, keep_answer, keep_rows
from ebbtide.estimate.sample_changes import Key, sample_changes
from ebbtide.estimate.survey_view import UNITS
from ebbtide.estimate.two_rounds import Labels, judged_pair, known_unit, two_rounds
from ebbtide.model.errors import EstimateError
from ebbtide.rounds.folder import SurveyFolder

FAMILY = "family:"
"""How the share of a family is asked for: ``family:nginx``."""

FEWEST = 10
SEVERAL = "several"
NOTHING = "nothing"
CANNOT_CONCLUDE = "cannot_conclude"
_TELLING_P = 0.05
_HALF = 0.5


class Told(msgspec.Struct, frozen=True):
    """What one possible cause did.

    Attributes:
        units: That it moved.
        shown, base: By how much it changed the numerator and the base; in a sample of weights.
        points: Its part of the change, in percent points; exactly 0 where it moved nobody.
        is_telling: More than chance, as far as that can be tested; ``None`` where it cannot.
    """

    cause: str
    units: int
    shown: float
    base: float
    points: float
    is_telling: bool | None


class Explanation(msgspec.Struct, frozen=True):
    """Why a share moved.

    Attributes:
        subject: Id of a check, or ``family:`` and the name of one.
        share_then, share_now: Fractions.
        base_then, base_now: Units that could be judged.
        kept, mended, opened: Judged both times; of these, no longer and newly shown.
        p_value: Mid-p McNemar of those judged both times.
        change: In a sample the share now less the share then, with the covariance of the units in both; ``None`` in a
            census, which has no sampling error, or with too few clusters.
        verdict: The cause that did most of it; ``several``, ``nothing`` or ``cannot_conclude``.
        reasons: Why nothing can be concluded.
        causes: All, in their published order.
    """

    subject: str
    unit: str
    from_round: str
    to_round: str
    share_then: float
    share_now: float
    base_then: float
    base_now: float
    kept: int
    mended: int
    opened: int
    p_value: float
    change: OverlapChange | None
    verdict: str
    reasons: tuple[str, ...]
    causes: tuple[Told, ...]


class _Rounds(msgspec.Struct, frozen=True):
    """Two rounds and the judgement by which each is read; ``first`` is an older judgement of the earlier one."""

    labels: Labels
    first: str = ""


def explain(
    folder: SurveyFolder,
    subject: str,
    *,
    labels: Labels | None = None,
    unit: str = UNITS[0],
    silent_after: int | None = None,
    as_first_judged: bool = False,
) -> Explanation:
    """Split the change of a share between two rounds by cause, and say what did it.

    Args:
        folder: The survey.
        subject: Id of a check, or ``family:nginx`` for the share of a family.
        labels: Earlier and later round; the last two that are judged if not given.
        unit: Of count.
        silent_after: As in ``compute_facts``.
        as_first_judged: The earlier share is the one of the round's first judgement, so that a better check or engine
            is a cause of its own.

    Raises:
        EstimateError: A round, the check or the unit is not there, or nobody could be judged in one of them.
    """
    known_unit(unit)
    told = explain_each(folder, (subject,), labels=labels, silent_after=silent_after, as_first_judged=as_first_judged)
    return next(each for each in told if each.unit == unit)


def explain_each(
    folder: SurveyFolder,
    subjects: Sequence[str],
    *,
    labels: Labels | None = None,
    silent_after: int | None = None,
    as_first_judged: bool = False,
) -> tuple[Explanation, ...]:
    """The same of several subjects, by every unit of count: the rounds are read once.

    Raises:
        EstimateError: As ``explain``.
    """
    chosen = _rounds(folder, labels, as_first_judged=as_first_judged)
    tables = _tables(folder, chosen.labels, "", subjects, silent_after)
    before = tables
    if chosen.first and chosen.first != folder.round(chosen.labels[0]).judgement:
        before = _tables(folder, chosen.labels, chosen.first, subjects, silent_after)
    told = []
    for subject in subjects:
        table, first = tables[subject].moves, before[subject].moves
        found = {unit: decompose(table[unit], _reclassified(first[unit], table[unit])) for unit in UNITS}
        told += [_explanation(chosen, subject, unit, found, tables[subject]) for unit in UNITS]
    return tuple(told)


def _rounds(folder: SurveyFolder, labels: Labels | None, *, as_first_judged: bool) -> _Rounds:
    labels = judged_pair(folder, labels)
    return _Rounds(labels, folder.round(labels[0]).judgements[0] if as_first_judged else "")


class _Table(msgspec.Struct, frozen=True):
    """Moves by unit of count, the check as it judged each round, in a sample (weights are more than counts) changes."""

    moves: dict[str, list[Move]]
    checks: tuple[JudgedCheck, ...]
    is_sample: bool
    changes: dict[Key, OverlapChange]


def _reclassified(before: Sequence[Move], after: Sequence[Move]) -> tuple[int, int]:
    """By how much judging the earlier round anew changed its numerator and its base."""
    (shown, base), (shown_anew, base_anew) = (
        (sum(move.weight for move in moves if move.then == "shown"), sum(m.weight for m in moves if m.then in JUDGED))
        for moves in (before, after)
    )
    return shown_anew - shown, base_anew - base


def _tables(
    folder: SurveyFolder, labels: Labels, judgement: str, subjects: Sequence[str], silent: int | None
) -> dict[str, _Table]:
    found: dict[str, _Table] = {}
    with two_rounds(folder, labels, silent, judgement) as (connection, checks):
        ((is_sample,),) = connection.execute("SELECT is_sample FROM design").fetchall()
        own = {each: _own(checks, each, labels) for each in subjects if not each.startswith(FAMILY)}
        rows: list[tuple[Any, ...]] = []
        if own:
            keep_answer(connection, "check_states", "states")
            rows = ask_question(connection, "transitions")
        changes = sample_changes(connection) if own and is_sample else {}
        for subject in subjects:
            if subject in own:
                moved = [row for row in rows if row[3] == subject]
                found[subject] = _table(moved, own[subject], changes, is_sample=is_sample)
            else:
                moved = _family_rows(connection, subject.removeprefix(FAMILY))
                of_family = sample_changes(connection) if is_sample else {}
                found[subject] = _table(moved, (), of_family, is_sample=is_sample)
    return found


def _table(
    rows: Sequence[tuple[Any, ...]],
    own: tuple[JudgedCheck, ...],
    changes: dict[Key, OverlapChange],
    *,
    is_sample: bool,
) -> _Table:
    moves: dict[str, list[Move]] = {unit: [] for unit in UNITS}
    for _, _, unit, _, then, now, n, weight in sorted(rows):
        moves[unit].append(Move(then, now, n, int(weight) if is_sample else n))
    return _Table(moves, own, bool(is_sample), changes)


def _family_rows(connection: duckdb.DuckDBPyConnection, family: str) -> list[tuple[Any, ...]]:
    known = {name for (name,) in connection.execute("SELECT DISTINCT family FROM units").fetchall()} - {"", "unknown"}
    if family not in known:
        raise EstimateError(
            f"no server of these rounds is of the family {family[:60]!r}.",
            remedy=f"Families are: {', '.join(sorted(known)[:12])}.",
        )
    keep_rows(connection, "asked_family", (("family", "VARCHAR"),), [(family,)])
    keep_answer(connection, "family_states", "states")
    return ask_question(connection, "transitions")


def _own(checks: Sequence[JudgedCheck], subject: str, labels: Labels) -> tuple[JudgedCheck, ...]:
    found = tuple(check for check in checks if check.check == subject)
    for place, label in enumerate(labels, 1):
        if all(check.place != place for check in found):
            known = [check.check for check in checks if check.place == place]
            raise unjudged(label, subject, known, "; the share of a family is family:NAME")
    return found


def _doubts(own: Decomposition, found: Mapping[str, Decomposition], checks: Sequence[JudgedCheck]) -> tuple[str, ...]:
    reasons = []
    if len({check.version for check in checks}) > 1:
        reasons.append("the two rounds were judged by different versions of the check; judge both with the same one")
    if own.kept < FEWEST:
        reasons.append(f"only {own.kept} servers could be judged both times; at least {FEWEST} are needed")
    if len({_sign(each) for each in found.values()} - {0}) > 1:
        reasons.append("units disagree: by one unit of count the same servers mended, by the other they did not")
    return tuple(reasons)


def _sign(each: Decomposition) -> int:
    """Which way the same units went; 0 where that is no more than chance."""
    if mcnemar_mid_p(each.mended, each.opened) > _TELLING_P:
        return 0
    return (each.opened > each.mended) - (each.opened < each.mended)


def _explanation(
    rounds: _Rounds, subject: str, unit: str, found: Mapping[str, Decomposition], table: _Table
) -> Explanation:
    own, scale = found[unit], WEIGHT_UNIT if table.is_sample else 1.0
    reasons = _doubts(own, found, table.checks)
    p_value = mcnemar_mid_p(own.mended, own.opened)
    causes = []
    for cause in CAUSES:
        part = own.part(cause)
        is_telling = p_value <= _TELLING_P if cause == BEHAVIOUR and part.units else None
        points = float(100 * part.share)
        causes.append(Told(cause, part.units, part.shown / scale, part.base / scale, points, is_telling))
    return Explanation(
        subject=subject,
        unit=unit,
        from_round=rounds.labels[0],
        to_round=rounds.labels[1],
        share_then=own.shown_then / own.base_then,
        share_now=own.shown_now / own.base_now,
        base_then=own.base_then / scale,
        base_now=own.base_now / scale,
        kept=own.kept,
        mended=own.mended,
        opened=own.opened,
        p_value=p_value,
        change=table.changes.get((1, 2, unit, subject.removeprefix(FAMILY))),
        verdict=CANNOT_CONCLUDE if reasons else _verdict(causes),
        reasons=reasons,
        causes=tuple(causes),
    )


def _verdict(causes: Sequence[Told]) -> str:
    """The cause of at least half of all movement; behaviour only where it is more than chance."""
    whole = sum(abs(each.points) for each in causes)
    if not whole:
        return NOTHING
    most = max(causes, key=lambda each: abs(each.points))
    if abs(most.points) < _HALF * whole:
        return SEVERAL
    if most.cause == BEHAVIOUR and not most.is_telling:
        return NOTHING
    return most.cause
