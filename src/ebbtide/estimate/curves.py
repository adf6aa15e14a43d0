"""How long a hole stayed open on the servers that showed it in a first round: what was seen between looks."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

import msgspec
import numpy as np

from ebbtide.estimate.compute import choose_rounds
from ebbtide.estimate.fix_bands import METHOD, fix_bands
from ebbtide.estimate.limits import Bounds
from ebbtide.estimate.preparing import ChosenRound, prepare, unjudged
from ebbtide.estimate.questions import WEIGHT_UNIT, ask_question, keep_rows
from ebbtide.estimate.shares import Interval
from ebbtide.estimate.survey_view import UNITS
from ebbtide.estimate.turnbull import FixCurve, vanished_curves
from ebbtide.estimate.two_rounds import known_unit
from ebbtide.estimate.weighting import LEAST_CLUSTERS
from ebbtide.model.errors import EstimateError
from ebbtide.rounds.database import open_database
from ebbtide.rounds.folder import SurveyFolder

FEWEST = 10
MOST_CLUSTERS = 20_000
"""Beyond so many clusters no bands are drawn."""

_SEED = 2001


class Look(msgspec.Struct, frozen=True):
    """One round.

    Attributes:
        day: Since the first.
        judged: Units of the cohort that could be judged.
        shown: Of these, how many showed it.
        open: Part of the cohort that is still open, the vanished left out as if they were like the others.
        band: 95 % interval of it; ``None`` where there are too few or too many clusters.
        open_low, open_high: If all the vanished were mended, and if none was.
    """

    round: str
    day: int
    judged: int
    shown: int
    open: Bounds
    band: Interval | None
    open_low: float
    open_high: float


class Curve(msgspec.Struct, frozen=True):
    """The survival of a hole.

    Attributes:
        units: In the cohort: shown in the first round.
        vanished: Of these, never judged again after some round, and not seen mended before.
        reopened: Seen mended, and shown again later; only the first mending counts.
        median, three_quarters: Days within which so many were mended; ``None`` if so many never were.
        plateau: Part that was not seen mended by the last round.
    """

    check: str
    unit: str
    units: int
    vanished: int
    reopened: int
    looks: tuple[Look, ...]
    median: Bounds | None
    three_quarters: Bounds | None
    plateau: float
    method: str


class _Spells(msgspec.Struct, frozen=True):
    """Paths of the cohort with how many took them."""

    paths: tuple[str, ...]
    clusters: tuple[int, ...]
    counts: tuple[int, ...]
    weights: tuple[float, ...]


def curve_of_check(
    folder: SurveyFolder,
    check: str,
    *,
    unit: str = UNITS[0],
    first: str = "",
    silent_after: int | None = None,
) -> Curve:
    """Follow the servers that showed a check in a first round through all later ones.

    Args:
        folder: The survey.
        check: Its id.
        unit: Of count.
        first: Label of the round that it begins with; the first judged one if not given.
        silent_after: As in ``compute_facts``.

    Raises:
        EstimateError: There are fewer than two judged rounds from there on, their checks are of different versions,
            the check is not there, or too few showed it.
    """
    known_unit(unit)
    with open_database(folder) as connection:
        judged = [each for each in choose_rounds(connection, None, None, silent_after) if each.judgement]
        labels = [each.label for each in judged]
        if first and first not in labels:
            raise EstimateError(f"round {first} is not judged, or not there.", remedy=f"Judged: {', '.join(labels)}.")
        labels = labels[labels.index(first) if first else 0 :]
        if len(labels) <= 1:
            raise EstimateError("a curve needs two judged rounds.", remedy="Judge another: ebbtide judge ROUND")
        rounds = choose_rounds(connection, labels, None, silent_after)
        checks = prepare(connection, rounds, [(1, len(rounds))])
        versions = {each.version for each in checks if each.check == check}
        if not versions:
            raise unjudged(labels[0], check, (each.check for each in checks))
        if len(versions) > 1:
            raise EstimateError(
                f"the rounds were judged by different versions of {check}.", remedy="Judge all: ebbtide judge --all"
            )
        keep_rows(connection, "asked_check", (("check_id", "VARCHAR"),), [(check,)])
        rows = sorted(row[1:] for row in ask_question(connection, "spells") if row[0] == unit)
    if sum(row[2] for row in rows) < FEWEST:
        shown = sum(row[2] for row in rows)
        raise EstimateError(f"only {shown} showed {check} in {labels[0]}; at least {FEWEST} are needed for a curve.")
    columns = list(zip(*rows, strict=True))
    weights = tuple(float(weight) / WEIGHT_UNIT for weight in columns[3])
    spells = _Spells(columns[0], columns[1], columns[2], weights)
    return _curve(check, unit, rounds, spells)


def ends_of(path: str, days: Sequence[int]) -> tuple[float, float, float]:
    """Days of a path: last seen open before the first mending, first seen mended, first missed for good.

    Args:
        path: A letter a round: ``s`` shown, ``n`` not shown, ``-`` anything else; the first is ``s``.
        days: Of the rounds.

    Returns:
        The second and third are infinite where that was not seen.
    """
    mended = path.find("n")
    seen = path if mended < 0 else path[:mended]
    last = seen.rindex("s")
    if mended >= 0:
        return float(days[last]), float(days[mended]), np.inf
    is_gone = last < len(path) - 1
    return float(days[last]), np.inf, float(days[last + 1]) if is_gone else np.inf


def _curve(check: str, unit: str, rounds: Sequence[ChosenRound], spells: _Spells) -> Curve:
    days = _days([each.reference_date for each in rounds])
    ends = np.array([ends_of(path, days) for path in spells.paths])
    curves = vanished_curves(ends[:, 0], ends[:, 1], ends[:, 2], spells.weights)
    censored = curves.censored
    times = [float(day) for day in days if day <= censored.last]
    bands = _bands(ends, spells, times)
    looks = []
    for place, each in enumerate(rounds):
        day = float(min(days[place], censored.last))
        states = Counter[str]()
        for path, count in zip(spells.paths, spells.counts, strict=True):
            states[path[place]] += count
        looks.append(
            Look(
                each.label,
                days[place],
                states["s"] + states["n"],
                states["s"],
                censored.open_at(day),
                bands[place] if place < len(bands) else None,
                _at(curves.best, day).low,
                _at(curves.worst, day).high,
            )
        )
    gone = [count for end, count in zip(ends, spells.counts, strict=True) if np.isinf(end[1]) and np.isfinite(end[2])]
    again = [count for path, count in zip(spells.paths, spells.counts, strict=True) if "s" in path.partition("n")[2]]
    return Curve(
        check,
        unit,
        sum(spells.counts),
        sum(gone),
        sum(again),
        tuple(looks),
        censored.fixed_by(0.5),
        censored.fixed_by(0.75),
        censored.plateau,
        METHOD if bands else "turnbull",
    )


def _at(curve: FixCurve, day: float) -> Bounds:
    return curve.open_at(min(day, curve.last))


def _bands(ends: np.ndarray, spells: _Spells, times: Sequence[float]) -> tuple[Interval, ...]:
    """Bands over clusters; in a census each unit is one, so that there are none to draw."""
    clusters = len(set(spells.clusters))
    if not LEAST_CLUSTERS <= clusters <= MOST_CLUSTERS:
        return ()
    found = fix_bands(ends[:, 0], ends[:, 1], spells.clusters, times, weights=spells.weights, seed=_SEED)
    return found.open


def _days(dates: Sequence[date]) -> list[int]:
    return [(each - dates[0]).days for each in dates]
