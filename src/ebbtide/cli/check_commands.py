"""``ebbtide checks ...``: list, lint and run checks and templates."""

from pathlib import Path
from typing import Annotated

import typer

from ebbtide.cli.options import JsonOption, OpenOption, SurveyOption
from ebbtide.cli.output import print_json, print_json_lines, print_line, print_table

app = typer.Typer(no_args_is_help=True, help="Checks: what can be seen from outside.", rich_markup_mode=None)
