"""Options that several commands share, spelled once."""

from pathlib import Path
from typing import Annotated

import typer

SurveyOption = Annotated[Path, typer.Option("--survey", help="The survey's folder.", show_default="here")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
RoundArgument = Annotated[str, typer.Argument(metavar="ROUND", help="Label of the round, for example 2001-07.")]
OpenOption = Annotated[
    list[str] | None,
    typer.Option(
        "--open", metavar="PREFIX", help="Open a special-purpose range by name, for example 127.0.0.0/8. Repeatable."
    ),
]
OrganisationOption = Annotated[str, typer.Option(help="Who asks; needed for anything outside loopback.")]
PageOption = Annotated[str, typer.Option(help="Page that explains the asking; needed outside loopback.")]
ContactOption = Annotated[str, typer.Option(help="Mail address for questions; needed outside loopback.")]
WaiverOption = Annotated[
    str, typer.Option(help="Why the address that asks has no reverse DNS; stands in for it outside loopback.")
]
