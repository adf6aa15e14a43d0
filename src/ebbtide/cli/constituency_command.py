"""``ebbtide constituency``: a round by organisation, for those who answer for it, or by sector, for everybody."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli.options import JsonOption, SurveyOption
from ebbtide.cli.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from ebbtide.estimate.constituents import Cell, Coverage

_MOST_TOLD = 10


def constituency(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE.csv", help="match,organisation,sector,contact; the longest match wins.")
    ],
    survey: SurveyOption = Path(),
    check: Annotated[list[str] | None, typer.Option(help="Only this check; may be given several times.")] = None,
    round_label: Annotated[str, typer.Option("--round", help="A judged round; the last one if not given.")] = "",
    *,
    by_sector: Annotated[
        bool, typer.Option("--by-sector", help="For publication: by sector, small cells withheld.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Say how each organisation of a constituency stands, or each sector, and whom table and list leave out.

    Example: ebbtide constituency members.csv --check git-folder --survey my-survey
    """
    from ebbtide.conduct.constituency import read_constituency
    from ebbtide.estimate.constituents import by_constituent
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    found = by_constituent(
        folder,
        round_label or folder.last_judged(),
        read_constituency(table),
        by="sector" if by_sector else "organisation",
        checks=tuple(check or ()),
        silent_after=load_config(folder.path).attempts.silent_after,
    )
    hidden = _withheld(found)
    if json:
        print_json(_document(found, hidden))
        return
    print_table(
        "",
        (found.by, "check", "sites", "shown", "of", "share", "95 %", "cannot tell", "not asked", "no answer"),
        [_row(cell, is_hidden=(cell.name, cell.check) in hidden) for cell in found.cells],
        right=range(2, 10),
    )
    print_line(f"{found.named:,} of {found.sites:,} sites of {found.round} belong to somebody in the table.")
    if not by_sector:
        _print_gaps(found)


def _row(cell: "Cell", *, is_hidden: bool) -> tuple[str | int | None, ...]:
    name = cell.name or "(nobody in the table)"
    if is_hidden:
        return (name, cell.check, None, None, None, "withheld: too few", None, None, None, None)
    interval = cell.interval
    return (
        name,
        cell.check,
        cell.sites,
        cell.shown,
        cell.base,
        None if cell.share is None else f"{100 * cell.share:.1f} %",
        None if interval is None else f"{100 * interval.low:.1f} to {100 * interval.high:.1f}",
        cell.cannot_tell,
        cell.not_asked,
        cell.unanswered,
    )


def _withheld(found: "Coverage") -> frozenset[tuple[str, str]]:
    """What may not be shown: nothing to those who answer for an organisation."""
    from ebbtide.publish.constituents import withheld

    return withheld(found.cells) if found.by == "sector" else frozenset()


def _document(found: "Coverage", hidden: frozenset[tuple[str, str]]) -> dict[str, object]:
    import msgspec

    told: dict[str, object] = msgspec.to_builtins(found)
    cells = []
    for cell in found.cells:
        is_hidden = (cell.name, cell.check) in hidden
        named = {"name": cell.name, "check": cell.check}
        rest = dict.fromkeys(msgspec.structs.asdict(cell)) if is_hidden else msgspec.to_builtins(cell)
        cells.append({**rest, **named, "suppressed": is_hidden})
    if found.by == "sector":
        told |= {"unnamed": [], "idle": []}
    return {**told, "cells": cells}


def _print_gaps(found: "Coverage") -> None:
    if found.idle:
        names = ", ".join(f"{entry.match} ({entry.organisation})" for entry in found.idle[:_MOST_TOLD])
        print_line(f"{len(found.idle):,} entries of the table name no site of the list: {names}.")
    if found.unnamed:
        names = ", ".join(found.unnamed[:_MOST_TOLD])
        print_line(f"{found.sites - found.named:,} sites belong to nobody in the table, such as {names}.")
