"""``ebbtide ask``: one check, asked of stored answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli.options import JsonOption, SurveyOption
from ebbtide.cli.output import print_json, print_line, print_table, progress_bar
from ebbtide.model.errors import CheckError

if TYPE_CHECKING:
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.answering import Answer
    from ebbtide.survey.wanted import WantedList

_MOST_NAMED = 20


def ask(
    check: Annotated[
        str, typer.Argument(metavar="CHECK", help="Id of a check, a file with a template, or attacks-others.")
    ],
    survey: SurveyOption = Path(),
    listed: Annotated[
        Path | None, typer.Option("--list", help="File of those you want to know about: a host, address or URL a line.")
    ] = None,
    label: Annotated[str, typer.Option("--round", help="Label of the round; by default the newest sealed one.")] = "",
    prepare: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Make a survey of those who may still be asked this check; nobody is asked yet."
        ),
    ] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Which of these show it? From a round's stored answers, without one packet.

    Those whose answers hold nothing to judge, though the check may be asked of them, are counted; --prepare makes a
    survey of just these and this check, to be looked at and run like any other.

    attacks-others tells which of them were seen among the attackers of your own logs; these must be kept with their
    addresses (ebbtide pressure FILE... --survey DIR --keep).

    Example: ebbtide ask git-folder --list constituency.txt --survey my-survey
    """
    from ebbtide.control.looks import note_look
    from ebbtide.model.attacks import ATTACKS_OTHERS
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.meeting import attackers_among
    from ebbtide.survey.wanted import read_wanted

    folder = SurveyFolder.open(survey)
    wanted = None if listed is None else read_wanted(listed, folder.shards)
    chosen = label or newest_sealed(folder)
    if check == ATTACKS_OTHERS:
        if prepare is not None:
            raise CheckError(
                "this mark comes from kept logs.", where="--prepare", remedy="Nobody need be asked for it."
            )
        note_look(folder.path, "ask", check)
        answer = attackers_among(folder, chosen, wanted=wanted)
    else:
        answer = _answer(folder, check, chosen, wanted, prepare, quiet=json)
    if json:
        print_json(answer)
    else:
        _print(answer, prepare)


def _answer(
    folder: "SurveyFolder", check: str, label: str, wanted: "WantedList | None", prepare: Path | None, *, quiet: bool
) -> "Answer":
    """From stored answers; a survey of those who may still be asked is made where it is wanted."""
    from ebbtide.control.looks import note_look
    from ebbtide.survey.answering import answer_from
    from ebbtide.survey.following_up import prepare_follow_up
    from ebbtide.survey.further_checks import with_check_alone
    from ebbtide.survey.settings import load_config

    config = load_config(folder.path)
    alone, named = with_check_alone(config, folder.path, check)
    note_look(folder.path, "ask", named)
    with progress_bar("reading stored answers", quiet=quiet) as progress:
        answer = answer_from(folder, label, alone, named, wanted=wanted, progress=progress)
    if prepare is not None and answer.open:
        prepare_follow_up(folder, config, alone.checks, answer.open, prepare)
    return answer


def newest_sealed(folder: "SurveyFolder") -> str:
    """Label of the sealed round with the latest reference date.

    Raises:
        RoundError: There is none.
    """
    from ebbtide.model.errors import RoundError
    from ebbtide.rounds.log import RoundState

    rounds = [folder.round(label) for label in folder.labels()]
    sealed = [each for each in rounds if each.state is not RoundState.OPEN]
    if not sealed:
        raise RoundError("no round of this survey is sealed yet.", remedy="Seal one: ebbtide survey seal ROUND")
    return max(sealed, key=lambda each: (each.reference_date, each.label)).label


def _print(answer: "Answer", prepare: Path | None) -> None:
    if answer.shown:
        print_table(
            f"{answer.name}: shown in round {answer.round}",
            ("target", "address", "asked at", "where", "what"),
            [(each.target, each.address, each.asked_at, each.url, each.excerpt) for each in answer.shown],
        )
        print_line(f"Remedy: {answer.remedy}")
    print_table(
        f"{answer.check}, of {answer.targets:,} targets of round {answer.round}",
        ("verdict", "targets"),
        [(kind.replace("_", " ").replace("/", ": "), f"{count:,}") for kind, count in answer.verdicts.items()],
        right=(1,),
    )
    if answer.unlisted:
        some = ", ".join(answer.unlisted[:_MOST_NAMED])
        more = f" and {len(answer.unlisted) - _MOST_NAMED:,} more" if len(answer.unlisted) > _MOST_NAMED else ""
        print_line(f"Not in this round: {some}{more}.")
    if answer.open and prepare is None:
        print_line(
            f"{len(answer.open):,} were not asked what this check needs, and may be. To ask just these, with the same "
            "rules of conduct, run this again with --prepare DIR, then: ebbtide survey plan --survey DIR"
        )
    elif answer.open:
        print_line(f"made {prepare} for {len(answer.open):,} targets; now: ebbtide survey plan --survey {prepare}")
