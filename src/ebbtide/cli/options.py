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
