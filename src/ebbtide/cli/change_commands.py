"""``ebbtide why``, ``cohort``, ``flow`` and ``together``: what became of the same servers, and why a number moved."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli.options import JsonOption, SurveyOption
from ebbtide.cli.output import print_json, print_line, print_table
from ebbtide.model.errors import EstimateError

if TYPE_CHECKING:
    from ebbtide.model.configuration import SurveyConfig
    from ebbtide.model.facts import Fact
    from ebbtide.publish.explanation import Step
    from ebbtide.rounds.folder import SurveyFolder

FromOption = Annotated[str | None, typer.Option("--from", help="The earlier round; the last but one if not given.")]
ToOption = Annotated[str | None, typer.Option("--to", help="The later round; the last judged one if not given.")]
UnitOption = Annotated[str, typer.Option(help="Unit of count: site or address.")]

_BAR = 40
_ROTATING = "Where a sample rotates, newcomers and names gone are those whom the draw brought in or let go."


def why(
    subject: Annotated[
        str, typer.Argument(metavar="CHECK", help="A check, or family:NAME for the share of a family of servers.")
    ],
    survey: SurveyOption = Path(),
    from_round: FromOption = None,
    to_round: ToOption = None,
    unit: UnitOption = "site",
    *,
    as_first_judged: Annotated[
        bool,
        typer.Option(help="Take the earlier share as its round was first judged, so that a better check is a cause."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Say why a share moved between two rounds, cause by cause, or why that cannot be said.

    Example: ebbtide why code-red-ida --from 2001-07 --to 2001-08 --survey my-survey
    """
    from ebbtide.estimate.explaining import explain
    from ebbtide.estimate.sample_changes import change_words
    from ebbtide.publish.explanation import explanation_words, waterfall
    from ebbtide.publish.words import unit_words

    folder, config = _opened(survey)
    told = explain(
        folder,
        subject,
        labels=_labels(folder, from_round, to_round),
        unit=unit,
        silent_after=config.attempts.silent_after,
        as_first_judged=as_first_judged,
    )
    words = explanation_words(told, _names(folder, config))
    if told.change:
        words += f" {change_words(told.change, unit, told.from_round)} {_ROTATING}"
    if json:
        print_json({**_fields(told), "words": words})
        return
    steps = waterfall(told)
    highest = max(step.high for step in steps) or 1.0
    print_table(
        "",
        ("", unit_words(unit), "points", "share"),
        [(step.words, step.units, _points(step), _bar(step, highest)) for step in steps],
        right=(1, 2),
    )
    print_line(words)


def cohort(
    check: Annotated[str, typer.Argument(metavar="CHECK", help="Its id; ebbtide checks list names them.")],
    survey: SurveyOption = Path(),
    from_round: FromOption = None,
    to_round: ToOption = None,
    unit: UnitOption = "site",
    *,
    json: JsonOption = False,
) -> None:
    """Say what became of the same servers: who still shows a check, who mended it, who vanished.

    Example: ebbtide cohort code-red-ida --from 2001-07 --to 2001-08 --survey my-survey
    """
    from ebbtide.estimate.compute import compute_facts
    from ebbtide.estimate.two_rounds import judged_pair, known_unit
    from ebbtide.publish.two_rounds_words import cohort_words

    folder, config = _opened(survey)
    known_unit(unit)
    labels = judged_pair(folder, _labels(folder, from_round, to_round))
    computed = compute_facts(folder, labels=labels, silent_after=config.attempts.silent_after)
    found = [each for each in computed if (each.check, each.unit, each.variant) == (check, unit, "all")]
    same = [each for each in found if each.metric == "same_servers"]
    fates = [each for each in found if each.metric == "fate" and each.n]
    if not same:
        known = ", ".join(sorted({each.check for each in computed if each.metric == "same_servers"})) or "none"
        raise EstimateError(
            f"the check {check[:60]!r} did not judge both rounds.", remedy=f"Those that did are: {known}."
        )
    words = cohort_words(same, _names(folder, config))
    if json:
        print_json({"words": words, "same_servers": same, "fates": fates})
        return
    _print_cohort(same, fates)
    print_line(words)


def _print_cohort(same: "Sequence[Fact]", fates: "Sequence[Fact]") -> None:
    """The readings, and what became of those that showed it."""
    from ebbtide.publish.words import fate_words, reading_words

    print_table(
        "",
        ("reading", "share", "95 %", "bounds", "n", "base"),
        [
            (
                reading_words(each.category),
                _percent(each.estimate),
                _range(each.ci_low, each.ci_high),
                _range(each.bound_low, each.bound_high),
                each.n,
                each.base,
            )
            for each in same
        ],
        right=(1, 2, 3, 4, 5),
    )
    most = max((each.estimate or 0.0 for each in fates), default=0.0) or 1.0
    print_table(
        "What became of those that showed it",
        ("fate", "n", "share", ""),
        [
            (
                fate_words(each.category),
                each.n,
                _percent(each.estimate),
                "█" * round(_BAR * (each.estimate or 0) / most),
            )
            for each in fates
        ],
        right=(1, 2),
    )


def curve(
    check: Annotated[str, typer.Argument(metavar="CHECK", help="Its id; ebbtide checks list names them.")],
    survey: SurveyOption = Path(),
    from_round: Annotated[
        str, typer.Option("--from", help="Round whose servers are followed; the first judged one if not given.")
    ] = "",
    unit: UnitOption = "site",
    *,
    json: JsonOption = False,
) -> None:
    """Say how long a hole stayed open on the servers that showed it in a first round.

    Example: ebbtide curve code-red-ida --from 2001-07 --unit address --survey my-survey
    """
    from ebbtide.estimate.curves import curve_of_check
    from ebbtide.publish.formatting import round_words
    from ebbtide.publish.two_rounds_words import curve_words

    folder, config = _opened(survey)
    told = curve_of_check(folder, check, unit=unit, first=from_round, silent_after=config.attempts.silent_after)
    words = curve_words(told, told.looks[0].round, told.looks[-1].round, _names(folder, config))
    if json:
        print_json({**_fields(told), "words": words})
        return
    print_table(
        "",
        ("round", "day", "judged", "shown", "still open", "95 %", "bounds", ""),
        [
            (
                round_words(each.round),
                each.day,
                each.judged,
                each.shown,
                _percent(each.open.high),
                _range(each.band.low, each.band.high) if each.band else None,
                _range(each.open_low, each.open_high),
                "█" * round(_BAR / 2 * each.open.high),
            )
            for each in told.looks
        ],
        right=(1, 2, 3, 4, 5, 6),
    )
    print_line(words)


def flow(
    survey: SurveyOption = Path(),
    from_round: FromOption = None,
    to_round: ToOption = None,
    unit: UnitOption = "site",
    family: Annotated[str | None, typer.Option(help="Only this family of servers.")] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Say where the servers of each family went: to another family, to a newer version, or out of sight.

    Example: ebbtide flow --family microsoft-iis --survey my-survey
    """
    from ebbtide.estimate.two_rounds import flows, judged_pair
    from ebbtide.publish.two_rounds_words import flow_words, went_words
    from ebbtide.publish.words import family_words, unit_words

    folder, config = _opened(survey)
    labels = judged_pair(folder, _labels(folder, from_round, to_round))
    found = flows(folder, labels=labels, unit=unit, silent_after=config.attempts.silent_after)
    streams = [each for each in found if family is None or each.family == family]
    if family is not None and not streams:
        known = ", ".join(dict.fromkeys(each.family for each in found)) or "none"
        raise EstimateError(
            f"no server of {labels[0]} is of the family {family[:60]!r}.", remedy=f"There are: {known}."
        )
    words = flow_words(streams, labels, unit)
    if json:
        print_json({"from_round": labels[0], "to_round": labels[1], "words": words, "streams": streams})
        return
    print_table(
        "",
        ("family", "went to", unit_words(unit), "share", ""),
        [
            (
                family_words(each.family),
                went_words(each.went_to),
                each.n,
                _percent(each.share),
                "█" * max(round(_BAR * each.share), 1),
            )
            for each in streams
        ],
        right=(2, 3),
    )
    print_line(words)


def together(
    survey: SurveyOption = Path(),
    from_round: FromOption = None,
    to_round: ToOption = None,
    unit: UnitOption = "site",
    *,
    json: JsonOption = False,
) -> None:
    """Say which holes were mended together: on the servers that showed both, does who mends one mend the other?

    Example: ebbtide together --from 2001-07 --to 2001-08 --survey my-survey
    """
    from ebbtide.estimate.two_rounds import judged_pair, mended_together
    from ebbtide.publish.two_rounds_words import together_words
    from ebbtide.publish.words import check_words

    folder, config = _opened(survey)
    labels = judged_pair(folder, _labels(folder, from_round, to_round))
    pairs = mended_together(folder, labels=labels, unit=unit, silent_after=config.attempts.silent_after)
    built_on = _built_on(folder, config)
    found = [
        each
        for each in pairs
        if each.second not in built_on.get(each.first, ()) and each.first not in built_on.get(each.second, ())
    ]
    names = _names(folder, config)
    words = together_words(found, names)
    if json:
        print_json({"from_round": labels[0], "to_round": labels[1], "words": words, "pairs": found})
        return
    print_table(
        "",
        (
            "mended",
            "mended too",
            "of those that mended it",
            "of those that left it open",
            "difference, 95 %",
            "showed both",
        ),
        [
            (
                check_words(each.first, names),
                check_words(each.second, names),
                _percent(each.given_mended),
                _percent(each.given_open),
                _range(each.interval.low, each.interval.high) if each.interval else None,
                each.both + each.first_alone + each.second_alone + each.neither,
            )
            for each in found
        ],
        right=(2, 3, 4, 5),
    )
    print_line(words)


def _built_on(folder: "SurveyFolder", config: "SurveyConfig") -> dict[str, set[str]]:
    """For each check those that it builds on, near and far: that these are mended with it says nothing."""
    from ebbtide.judge.checks.catalogue import load_checks

    found: dict[str, set[str]] = {}
    for check in load_checks(config.checks, folder.path):
        found[check.id] = {each for part in check.parts for each in (part, *found.get(part, ()))}
    return found


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:.1f} %"


def _range(low: float | None, high: float | None) -> str | None:
    return None if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f}"


def _opened(survey: Path) -> "tuple[SurveyFolder, SurveyConfig]":
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    return folder, load_config(folder.path)


def _labels(folder: "SurveyFolder", from_round: str | None, to_round: str | None) -> tuple[str, str] | None:
    """The pair that is meant; the missing one is the judged round before or after the other."""
    if from_round is None and to_round is None:
        return None
    order = folder.judged()
    if from_round is None:
        before = order[: order.index(to_round)] if to_round in order else order
        if not before:
            raise EstimateError(f"there is no judged round before {to_round}.", remedy="Give a later one as --to.")
        from_round = before[-1]
    elif to_round is None:
        to_round = order[-1] if order else ""
    return from_round, to_round or ""


def _names(folder: "SurveyFolder", config: "SurveyConfig") -> Mapping[str, str]:
    from ebbtide.judge.checks.catalogue import list_checks

    return {check.id: check.name for check in list_checks(config.checks, folder.path)}


def _fields(record: object) -> dict[str, object]:
    import msgspec

    found = msgspec.to_builtins(record)
    return found if isinstance(found, dict) else {}


def _points(step: "Step") -> str:
    from ebbtide.publish.explanation import points_words

    return f"{step.points:.1f} %" if step.units is None else points_words(step.points)


def _bar(step: "Step", highest: float) -> str:
    """A piece of the waterfall in characters; a step that is there is never without one."""
    begin, end = (round(_BAR * value / highest) for value in (step.low, step.high))
    sign = "█" if step.units is None else "▓" if step.points > 0 else "░"
    return " " * min(begin, _BAR - 1) + sign * max(end - begin, 1 if step.points else 0)
