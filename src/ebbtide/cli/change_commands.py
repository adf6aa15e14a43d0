"""``ebbtide why``, ``cohort``, ``flow`` and ``together``: what became of the same servers, and why a number moved."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli.options import JsonOption, SurveyOption
from ebbtide.cli.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from ebbtide.model.configuration import SurveyConfig
    from ebbtide.publish.explanation import Step
    from ebbtide.rounds.folder import SurveyFolder

FromOption = Annotated[str | None, typer.Option("--from", help="The earlier round; the last but one if not given.")]
ToOption = Annotated[str | None, typer.Option("--to", help="The later round; the last judged one if not given.")]
UnitOption = Annotated[str, typer.Option(help="Unit of count: site or address.")]

_BAR = 40


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


def _opened(survey: Path) -> "tuple[SurveyFolder, SurveyConfig]":
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    return folder, load_config(folder.path)


def _labels(folder: "SurveyFolder", from_round: str | None, to_round: str | None) -> tuple[str, str] | None:
    """The pair that is meant; the missing one is the judged round before or after the other."""
    if from_round is None and to_round is None:
        return None
    judged = [each for label in folder.labels() if (each := folder.round(label)).judgement]
    order = [each.label for each in sorted(judged, key=lambda each: (each.reference_date, each.label))]
    if from_round is None:
        before = order[: order.index(to_round)] if to_round in order else []
        from_round = before[-1] if before else ""
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
