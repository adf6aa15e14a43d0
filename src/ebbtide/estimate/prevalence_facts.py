"""Facts of metric ``prevalence``: how many of a check's base show it, and how far that can be wrong."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import duckdb
import msgspec

from ebbtide.estimate.estimating import Tally, design_note, joined, quality_of, totals
from ebbtide.estimate.limits import share_bounds
from ebbtide.estimate.naming import make_fact
from ebbtide.estimate.preparing import JudgedCheck
from ebbtide.estimate.questions import WEIGHT_UNIT, Group, ask_question, ask_sums
from ebbtide.estimate.survey_view import UNITS, SurveyView, base_family
from ebbtide.model.facts import Fact

MASKED = "masked"
ABSENT = ("refused", "silent", "blocked", "unknown", "skipped")
UNCERTAIN = ("cannot_tell", MASKED, "not_asked", *ABSENT)
BASE_MOVED = "base moved more than the share"
_LEAST_MOVE = 0.01
States = Mapping[str, tuple[int, float]]


def prevalence_facts(connection: duckdb.DuckDBPyConnection, view: SurveyView) -> Iterator[Fact]:
    """The prevalence of every check in every judged round, by unit."""
    tally = Tally(ask_sums(connection, "prevalence_cells"), view)
    beside = _beside(connection)
    earlier: dict[tuple[str, str, str], Fact] = {}
    for each in view.judged():
        for unit in UNITS:
            for check in view.checks_at(each.place):
                fact = _prevalence(view, tally, unit, check, beside[unit, each.place, check.check])
                key = (unit, check.check, check.version)
                yield tell_moved_base(earlier.get(key), fact)
                earlier[key] = fact


def tell_moved_base(before: Fact | None, now: Fact) -> Fact:
    """The later of two prevalences, with a doubt where the responding base moved by more than the share did.

    Both as parts: the base against its earlier size, the share in points; moves of the base below 1 % are passed over.
    """
    if before is None or not before.base or before.estimate is None or now.estimate is None or now.base is None:
        return now
    moved, change = now.base / before.base - 1, now.estimate - before.estimate
    if abs(moved) < max(_LEAST_MOVE, abs(change)):
        return now
    sentence = (
        f"The responding base moved by {100 * moved:+.1f} % since {before.round}, the share by {100 * change:+.1f} "
        "points: whoever left or came may explain it."
    )
    doubts = (BASE_MOVED,) if now.quality == "good" else (now.quality, BASE_MOVED)
    return msgspec.structs.replace(now, quality=quality_of(doubts), note=joined(now.note, sentence))


def _beside(connection: duckdb.DuckDBPyConnection) -> defaultdict[tuple[str, int, str], dict[str, tuple[int, float]]]:
    found: defaultdict[tuple[str, int, str], dict[str, tuple[int, float]]] = defaultdict(dict)
    for unit, place, check, state, is_masked, n, weight in ask_question(connection, "prevalence_beside"):
        name = MASKED if state == "cannot_tell" and is_masked else state
        found[unit, place, check][name] = (n, weight / WEIGHT_UNIT)
    return found


def _prevalence(view: SurveyView, tally: Tally, unit: str, check: JudgedCheck, states: States) -> Fact:
    at = view.at(check.place)
    found = tally.share(Group(unit, 0, check.place, "", "", check.check, ""), "shown")
    bounds = share_bounds(found.weight, found.base_weight, totals(states, UNCERTAIN)[1])
    count = {name: states.get(name, (0, 0.0))[0] for name in UNCERTAIN}
    cannot_tell = count["cannot_tell"] + count[MASKED]
    return make_fact(
        metric="prevalence",
        round=at.label,
        judgement=at.judgement,
        unit=unit,
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
        note=joined(design_note(view, found), _bounds_note(check, count)),
    )


def _bounds_note(check: JudgedCheck, count: Mapping[str, int]) -> str:
    others = count["blocked"] + count["unknown"]
    if not check.families:
        told = f", {others:,} that failed otherwise" if others else ""
        return f"Bounds count each way all that could not be told, were not asked or did not answer{told}."
    absent = sum(count[name] for name in ABSENT)
    family = base_family(check)
    told = f", {others:,} of them failed otherwise than by refusal or silence" if others else ""
    return (
        f"Bounds count each way {count['cannot_tell']:,} of the base that cannot be told, {count[MASKED]:,} masked "
        f"that may or may not be {family}, {count['not_asked']:,} not asked, and {absent:,} that did not answer and "
        f"whose last told family was {family}{told}. Whoever now answers as another product has left the base, even if "
        "the machine is the same."
    )
