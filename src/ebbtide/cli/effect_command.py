"""``ebbtide effect``: what an event of ``survey.toml`` did to the speed of mending."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli.options import JsonOption, SurveyOption
from ebbtide.cli.output import print_json, print_line, print_table
from ebbtide.model.errors import ConfigurationError

if TYPE_CHECKING:
    from ebbtide.estimate.event_effects import EventEffect
    from ebbtide.model.configuration import EventSection, SurveyConfig

_BAR = 20


def effect(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Id of an [[event]] of survey.toml.")],
    survey: SurveyOption = Path(),
    check: Annotated[str, typer.Option(help="Its id; the event's first check if not given.")] = "",
    unit: Annotated[str, typer.Option(help="Unit of count: site or address.")] = "site",
    *,
    json: JsonOption = False,
) -> None:
    """Say what an event did to the speed of mending, beside a family that it did not touch, or why that cannot be said.

    Example: ebbtide effect ms01-033 --check code-red-ida --survey my-survey
    """
    from ebbtide.estimate.event_effects import effect_of_event
    from ebbtide.judge.checks.catalogue import list_checks
    from ebbtide.publish.effect_words import effect_words
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    config = load_config(folder.path)
    named = _event(config, event)
    told = effect_of_event(
        folder,
        named,
        check or _first_check(named),
        config.event,
        unit=unit,
        silent_after=config.attempts.silent_after,
    )
    found = told.effect
    words = effect_words(
        named.id,
        named.date,
        told.check,
        named.control,
        told.verdict,
        told.reasons,
        found.ratio if found else None,
        found.interval if found else None,
        {each.id: each.name for each in list_checks(config.checks, folder.path)},
    )
    if json:
        import msgspec

        print_json({**msgspec.to_builtins(told), "words": words})
        return
    _print(told)
    print_line(words)


def _event(config: "SurveyConfig", wanted: str) -> "EventSection":
    found = [each for each in config.event if each.id == wanted]
    if not found:
        known = ", ".join(each.id for each in config.event) or "none"
        raise ConfigurationError(
            f"there is no event {wanted[:60]!r}.", where="survey.toml: event", remedy=f"There are: {known}."
        )
    return found[0]


def _first_check(event: "EventSection") -> str:
    if not event.checks:
        raise ConfigurationError(
            f"the event {event.id} names no check.", where="survey.toml: event.checks", remedy="Give one as --check."
        )
    return event.checks[0]


def _print(told: "EventEffect") -> None:
    from ebbtide.publish.formatting import round_words

    print_table(
        "",
        ("from", "to", "the event is", "touched: at risk", "mended", "", "control: at risk", "mended", ""),
        [
            (
                round_words(each.from_round),
                round_words(each.to_round),
                {"before": "later", "during": "within", "after": "earlier"}[each.side],
                *_group(each.touched_at_risk, each.touched_mended),
                *_group(each.control_at_risk, each.control_mended),
            )
            for each in told.stretches
        ],
        right=(3, 4, 6, 7),
    )
    if told.segments:
        print_line(told.segments.sentence)


def _group(at_risk: int, mended: int) -> "tuple[int | None, str | None, str]":
    if not at_risk:
        return None, None, ""
    return at_risk, f"{100 * mended / at_risk:.1f} %", "█" * round(_BAR * mended / at_risk)
