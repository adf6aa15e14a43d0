"""The command line's entry: which command lies where, and how a caller's mistake is told."""

import os
import sys
from typing import Annotated

import typer

from ebbtide import __version__
from ebbtide.cli import (
    answering_command,
    arms_commands,
    audit_commands,
    change_commands,
    check_commands,
    conduct_commands,
    constituency_command,
    demo_command,
    effect_command,
    fingerprint_commands,
    lab_commands,
    pressure_command,
    probe_command,
    reading_commands,
    sensor_command,
    site_command,
    survey_commands,
    technology_commands,
)
from ebbtide.cli.output import print_line
from ebbtide.model.errors import EbbtideError

CALLERS_MISTAKE = 2

app = typer.Typer(
    name="ebbtide",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(survey_commands.app, name="survey")
app.add_typer(conduct_commands.app, name="conduct")
app.add_typer(check_commands.app, name="checks")
app.add_typer(fingerprint_commands.app, name="fingerprints")
app.add_typer(technology_commands.app, name="technologies")
app.add_typer(lab_commands.app, name="lab")
app.add_typer(audit_commands.app, name="audit")
app.add_typer(arms_commands.app, name="arms")
app.command("demo")(demo_command.demo)
app.command("pressure")(pressure_command.pressure)
app.command("sensor")(sensor_command.sensor)
app.command("probe")(probe_command.probe)
app.command("ask")(answering_command.ask)
app.command("site")(site_command.site)
app.command("judge")(survey_commands.judge)
app.command("facts")(reading_commands.facts)
app.command("report")(reading_commands.report)
app.command("why")(change_commands.why)
app.command("cohort")(change_commands.cohort)
app.command("curve")(change_commands.curve)
app.command("flow")(change_commands.flow)
app.command("together")(change_commands.together)
app.command("effect")(effect_command.effect)
app.command("constituency")(constituency_command.constituency)
app.command("reproduce")(reading_commands.reproduce)
app.command("sql")(reading_commands.sql)


def _print_version(value: bool) -> None:
    if value:
        print_line(f"ebbtide {__version__}")
        raise typer.Exit


@app.callback()
def show_version(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Survey web servers from outside, month after month: which holes show, and were those same servers mended?"""


def main() -> None:
    """Run a command; a caller's mistake is one sentence on standard error and exit code 2."""
    try:
        app()
    except EbbtideError as error:
        print(f"ebbtide: {error}", file=sys.stderr)
        sys.exit(CALLERS_MISTAKE)
    except BrokenPipeError:
        # The reader of our output has gone; Python would complain once more while it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
