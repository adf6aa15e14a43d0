"""``ebbtide survey expire`` and ``erase``: removing what was kept, for good."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli.options import JsonOption, SurveyOption
from ebbtide.cli.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from collections.abc import Iterable

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")]


def expire(
    survey: SurveyOption = Path(),
    as_of: Annotated[str | None, typer.Option(help="Day that is taken for today, YYYY-MM-DD.")] = None,
    *,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Erase what is older than [retention] and [pressure] allow: answers of sealed rounds, sources of attacks.

    Judgements and counts stay.
    """
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.retention import expire as expire_rounds
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    config = load_config(folder.path)
    expiry = expire_rounds(folder, config.retention, config.pressure, as_of=as_of, is_dry_run=dry_run)
    if json:
        print_json(expiry)
        return
    rows = [
        (each.round, each.begun, each.what, table, count)
        for each in expiry.expired
        for table, count in each.rows.items()
    ]
    rows += [(month, "", "sources of attacks", "attacks", count) for month, count in expiry.attacks.items()]
    _print("erased" if not dry_run else "would be erased", ("round", "begun", "what", "table", "rows"), rows)
    _print_open(expiry.open_rounds)


def erase(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="Host name, address, prefix, or .domain.")],
    survey: SurveyOption = Path(),
    why: Annotated[str, typer.Option(help="For the record; it should not name the subject.")] = "opted out",
    *,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Erase all that sealed rounds keep of somebody; only rows without name and address stay, so that counts add up."""
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.erasure import erase as erase_subject

    summary = erase_subject(SurveyFolder.open(survey), subject, why=why, is_dry_run=dry_run)
    if json:
        print_json(summary)
        return
    rows = [(each.round, each.targets, sum(each.rows.values())) for each in summary.erased]
    attacks = [(f"attacks of {month}", count, count) for month, count in summary.attacks.items()]
    _print("erased" if not dry_run else "would be erased", ("round", "targets", "rows"), [*rows, *attacks])
    _print_open(summary.open_rounds)
    if rows and not dry_run:
        print_line("The facts that were kept are gone too. Make them anew: ebbtide facts")


def _print(title: str, columns: tuple[str, ...], rows: "Iterable[tuple[str | int, ...]]") -> None:
    rows = list(rows)
    if rows:
        print_table(title, columns, rows, right=(len(columns) - 1,))
    else:
        print_line("Nothing to erase.")


def _print_open(labels: tuple[str, ...]) -> None:
    for label in labels:
        print_line(f"Round {label} is open and was left alone. Seal it first: ebbtide survey seal {label}")
