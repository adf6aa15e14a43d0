"""``ebbtide fingerprints ...``: which products can be told, and whether a file's own examples hold."""

from pathlib import Path
from typing import Annotated

import typer

from ebbtide.cli.options import JsonOption
from ebbtide.cli.output import print_json, print_line, print_table

app = typer.Typer(
    no_args_is_help=True, help="Fingerprints of server software, in recog's format.", rich_markup_mode=None
)
