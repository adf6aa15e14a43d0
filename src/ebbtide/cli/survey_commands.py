"""``ebbtide survey ...`` and ``ebbtide judge``: conducting a round."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ebbtide.cli import retention_commands
from ebbtide.cli.options import JsonOption, RoundArgument, SurveyOption
from ebbtide.cli.output import (
    end_interrupted,
    print_json,
    print_line,
    print_notice,
    print_table,
    progress_bar,
    told_how_to_go_on,
)

app = typer.Typer(
    no_args_is_help=True, help="Plan, run, resume and seal the rounds of a survey.", rich_markup_mode=None
)


@app.command(epilog="Example: ebbtide survey init my-survey --name 'Universities of Freedonia'")
def init(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
    name: Annotated[str, typer.Option(help="Name of the survey.")] = "survey",
    *,
    json: JsonOption = False,
) -> None:
    """Make a survey's folder with a survey.toml that explains itself."""
    from ebbtide.survey.starting import init_survey

    folder = init_survey(path, name)
    if json:
        print_json({"path": str(folder.path), "shards": folder.shards})
    else:
        print_line(
            f"made {folder.path}; now edit {folder.path / 'survey.toml'}, then: ebbtide survey plan --survey {path}"
        )


@app.command(epilog="Example: ebbtide survey plan --survey my-survey")
def plan(survey: SurveyOption = Path(), *, json: JsonOption = False) -> None:
    """Say who would be asked, how often, how long it takes, by whose leave, and who is left out; no packet is sent."""
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.plan_summary import plan_summary
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    summary = plan_summary(folder, load_config(folder.path))
    if json:
        print_json(summary)
    else:
        from ebbtide.cli.plan_text import plan_lines

        for line in plan_lines(summary):
            print_line(line)


@app.command(epilog="Example: ebbtide survey run 2001-07 --survey my-survey --as-of 2001-07-15")
def run(
    round_label: RoundArgument,
    survey: SurveyOption = Path(),
    as_of: Annotated[str | None, typer.Option(help="Reference date of the round, YYYY-MM-DD.")] = None,
    log: Annotated[Path | None, typer.Option(help="File to append events to, one JSON document a line.")] = None,
    metrics_file: Annotated[Path | None, typer.Option(help="File to keep metrics for Prometheus in.")] = None,
    metrics: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to serve metrics, as 127.0.0.1:9464.")] = "",
    *,
    go_on: Annotated[
        bool, typer.Option("--continue", help="Ask the rest, now that you have looked at the first share.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Start a round, or go on with it where it was interrupted.

    Outside loopback it first checks that your page says who you are, asks a first share and then waits for --continue.
    Exit code 1 if it stopped by itself since too many targets failed; 130 if you interrupted it. One Ctrl-C lets those
    who are being asked finish, a second one ends at once; either way nothing is lost.
    """
    from ebbtide.cli.metrics import given_out
    from ebbtide.cli.watching import plain_lines
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.progress import Progress
    from ebbtide.survey.running import run_round
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    config = load_config(folder.path)
    again = f"ebbtide survey run {round_label} --survey {survey}"
    with (
        progress_bar(f"round {round_label}", quiet=json) as bar,
        plain_lines(quiet=json) as lines,
        given_out(metrics_file, metrics) as gauges,
        told_how_to_go_on(again),
    ):
        watchers = (bar, lines, gauges)

        def progress(report: Progress) -> None:
            for watch in watchers:
                watch(report)

        summary = run_round(
            *(folder, round_label, config),
            as_of=as_of,
            go_on=go_on,
            progress=progress,
            notice=print_notice,
            log=log,
        )
    if json:
        print_json(summary)
    else:
        print_record(f"round {round_label}", summary)
        if summary.held_back:
            print_line(
                f"This was the first share; {summary.held_back:,} targets wait. If it looks right, go on with: "
                f"{again} --continue"
            )
    if summary.is_interrupted:
        end_interrupted(again)
    if summary.stopped:
        print(f"ebbtide: the run stopped, since {summary.stopped}; nothing is lost.", file=sys.stderr)
        raise typer.Exit(1)


@app.command(epilog="Example: ebbtide survey status 2001-07 --survey my-survey")
def status(round_label: RoundArgument, survey: SurveyOption = Path(), *, json: JsonOption = False) -> None:
    """Say how far a round has come."""
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.status import round_status

    state = round_status(SurveyFolder.open(survey), round_label)
    if json:
        print_json(state)
    else:
        print_record(f"round {round_label}", state)


@app.command(epilog="Example: ebbtide survey seal 2001-07 --survey my-survey")
def seal(round_label: RoundArgument, survey: SurveyOption = Path(), *, json: JsonOption = False) -> None:
    """Close a round for good: every planned target must have answered, failed or been skipped."""
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.sealing import seal_round

    summary = seal_round(SurveyFolder.open(survey), round_label)
    if json:
        print_json(summary)
    else:
        print_record(f"round {round_label} sealed", summary)


app.command(epilog="Example: ebbtide survey expire --dry-run --survey my-survey")(retention_commands.expire)
app.command(epilog="Example: ebbtide survey erase .example.org --survey my-survey")(retention_commands.erase)


def judge(
    rounds: Annotated[list[str] | None, typer.Argument(metavar="[ROUND]...", help="Labels of sealed rounds.")] = None,
    survey: SurveyOption = Path(),
    checks: Annotated[
        list[str] | None,
        typer.Option(metavar="NEW", help="Judge with these too: a pack, a template, or a folder of them. Repeatable."),
    ] = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="All sealed rounds, so that whole series are re-scored.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Judge sealed rounds' stored answers with the checks of survey.toml; no packet is sent.

    A judgement is added; earlier ones stay. What a new check needs and nobody asked then counts as not asked, since the
    answers are older than the check. Figures of rounds that were judged by different versions of a check are never
    compared: judge them --all to re-score a series.

    Example: ebbtide judge 2001-07 --checks today --survey my-survey
    """
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.further_checks import with_checks
    from ebbtide.survey.judging import judge_round
    from ebbtide.survey.series import broken_series, chosen_rounds
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    config = with_checks(load_config(folder.path), checks or [])
    summaries = []
    for label in chosen_rounds(folder, rounds or [], every=every):
        with progress_bar(f"judging {label}", quiet=json) as progress:
            summaries.append(judge_round(folder, label, config, progress=progress))
    if json:
        print_json(summaries[0] if len(summaries) == 1 else summaries)
    else:
        for summary in summaries:
            print_record(f"round {summary.label} judged", summary)
    for sentence in broken_series(folder):
        print_notice(sentence)


def print_record(title: str, record: object) -> None:
    """A flat record as a table of two columns; mappings inside it become rows of their own."""
    import msgspec

    rows: list[tuple[str, str]] = []
    for name, value in msgspec.to_builtins(record).items():
        label = name.replace("_", " ")
        if isinstance(value, dict):
            rows += [
                (f"{label}: {key if '/' in key else key.replace('_', ' ')}", _shown(each))
                for key, each in value.items()
            ]
        elif isinstance(value, list):
            rows += [(label, _shown(item)) for item in value]
        else:
            rows.append((label, _shown(value)))
    print_table(title, ("", ""), rows)


def _shown(value: object) -> str:
    """A number with its thousands apart; nothing for what is not known."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
