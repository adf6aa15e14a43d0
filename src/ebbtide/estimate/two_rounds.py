"""Two rounds of a survey side by side: who went where, and which holes were mended together."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import msgspec

from ebbtide.estimate.compute import choose_rounds
from ebbtide.estimate.preparing import JudgedCheck, prepare
from ebbtide.estimate.questions import WEIGHT_UNIT, ask_question
from ebbtide.estimate.shares import Interval, share_interval
from ebbtide.estimate.survey_view import UNITS
from ebbtide.estimate.together import association
from ebbtide.model.errors import EstimateError
from ebbtide.rounds.database import open_database
from ebbtide.rounds.folder import SurveyFolder

Labels = tuple[str, str]


class Flow(msgspec.Struct, frozen=True):
    """Where the units of one family went.

    Attributes:
        went_to: ``family:`` and a name, ``masked``, ``refused``, ``silent``, ``blocked``, ``unknown``, ``skipped`` or
            ``not_planned``.
        n: Units.
        weight: In a census their number.
        share: Of all units of the earlier family, by weight.
    """

    family: str
    went_to: str
    n: int
    weight: float
    share: float


class Together(msgspec.Struct, frozen=True):
    """Two holes that the same units showed.

    Attributes:
        both, first_alone, second_alone, neither: Of those that could be judged by both again: mended.
        given_mended: Share that mended the second among those that mended the first; ``None`` if nobody did.
        given_open: The same among those that left the first open.
        mended_interval, open_interval: Of these two shares.
        difference: The first share less the second; ``None`` where one of them is.
        interval: Of the difference.
    """

    first: str
    second: str
    both: int
    first_alone: int
    second_alone: int
    neither: int
    given_mended: float | None
    given_open: float | None
    mended_interval: Interval | None
    open_interval: Interval | None
    difference: float | None
    interval: Interval | None


def judged_pair(folder: SurveyFolder, labels: Labels | None) -> Labels:
    """The pair of rounds that is meant; the last two that are judged if none is named.

    Raises:
        EstimateError: A round is not judged, or the earlier one is not the earlier.
    """
    order = folder.judged()
    if labels is None:
        if len(order) <= 1:
            raise EstimateError("a change needs two judged rounds.", remedy="Judge another: ebbtide judge ROUND")
        labels = (order[-2], order[-1])
    for label in labels:
        if label not in order:
            known = ", ".join(order) or "none"
            raise EstimateError(f"round {label} is not judged, or not there.", remedy=f"Judged rounds are: {known}.")
    if order.index(labels[0]) >= order.index(labels[1]):
        raise EstimateError(f"round {labels[0]} is not before {labels[1]}.", remedy="Give the earlier one as --from.")
    return labels


def known_unit(unit: str) -> str:
    """The unit of count.

    Raises:
        EstimateError: There is none of that name.
    """
    if unit not in UNITS:
        raise EstimateError(f"there is no unit of count {unit!r}.", remedy=f"Units are {' and '.join(UNITS)}.")
    return unit


@contextmanager
def two_rounds(
    folder: SurveyFolder, labels: Labels, silent_after: int | None, judgement: str = ""
) -> Iterator[tuple[duckdb.DuckDBPyConnection, tuple[JudgedCheck, ...]]]:
    """A connection with all tables of two rounds, and the checks that judged them.

    Args:
        folder: The survey.
        labels: Earlier and later round.
        silent_after: As in ``compute_facts``.
        judgement: By which the earlier round is read; its current one if not given.
    """
    with open_database(folder, {labels[0]: judgement}) as connection:
        yield connection, prepare(connection, choose_rounds(connection, labels, None, silent_after), [(1, 2)])


def flows(
    folder: SurveyFolder, *, labels: Labels, unit: str = UNITS[0], silent_after: int | None = None
) -> tuple[Flow, ...]:
    """Where the servers of every family went; the largest family first, and in it the largest stream.

    Raises:
        EstimateError: The unit is not there.
    """
    known_unit(unit)
    with two_rounds(folder, labels, silent_after) as (connection, _):
        rows = [row[1:] for row in ask_question(connection, "flows") if row[0] == unit]
    whole: defaultdict[str, int] = defaultdict(int)
    for family, _, _, weight in rows:
        whole[family] += weight
    found = [Flow(family, to, n, weight / WEIGHT_UNIT, weight / whole[family]) for family, to, n, weight in rows]
    return tuple(sorted(found, key=lambda each: (-whole[each.family], each.family, -each.weight, each.went_to)))


def mended_together(
    folder: SurveyFolder, *, labels: Labels, unit: str = UNITS[0], silent_after: int | None = None
) -> tuple[Together, ...]:
    """Which holes were mended together: for each two checks, on units that showed both.

    Raises:
        EstimateError: The unit is not there.
    """
    known_unit(unit)
    with two_rounds(folder, labels, silent_after) as (connection, _):
        rows = sorted(row[1:] for row in ask_question(connection, "mended_together") if row[0] == unit)
    return tuple(_together(*row) for row in rows)


def _together(first: str, second: str, both: int, first_alone: int, second_alone: int, neither: int) -> Together:
    mended, left = both + first_alone, second_alone + neither
    compared = association(both, first_alone, second_alone, neither) if mended and left else None
    return Together(
        first=first,
        second=second,
        both=both,
        first_alone=first_alone,
        second_alone=second_alone,
        neither=neither,
        given_mended=both / mended if mended else None,
        given_open=second_alone / left if left else None,
        mended_interval=share_interval(both, mended) if mended else None,
        open_interval=share_interval(second_alone, left) if left else None,
        difference=compared.difference if compared else None,
        interval=compared.interval if compared else None,
    )
