"""``ebbtide lab ...``: the miniature Internet, and what a survey of it must have seen."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ebbtide.cli.options import JsonOption, SurveyOption
from ebbtide.cli.output import print_json, print_json_lines, print_line

app = typer.Typer(no_args_is_help=True, help="A miniature Internet on this machine's loopback.", rich_markup_mode=None)

ScenarioOption = Annotated[
    str, typer.Option("--scenario", metavar="FILE", help="Scenario file, or the name of one that comes with Ebbtide.")
]
DEFAULT_PORT = 18080


@app.command(epilog="Example: ebbtide lab serve --month 2001-07 --out lab-out")
def serve(
    month: Annotated[str, typer.Option(help="Month to serve.")],
    scenario: ScenarioOption = "code-red-2001",
    seed: Annotated[int, typer.Option(help="Another seed makes another world.")] = 2001,
    scale: Annotated[float, typer.Option(min=0.01, max=4.0, help="Size against the scenario's own.")] = 1.0,
    port: Annotated[int, typer.Option(min=1024, max=65535, help="Port of all servers.")] = DEFAULT_PORT,
    access_log: Annotated[Path | None, typer.Option(help="File that gets a line for each request.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder that gets targets.csv and the truth of every month.")] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Serve one month of a scenario until it is interrupted."""
    from ebbtide.cli.laboratory import scenario_world, write_frame, write_truth
    from ebbtide.lab.scenario import ScenarioError
    from ebbtide.lab.serving import serve as serve_world
    from ebbtide.model.errors import ConfigurationError

    world = scenario_world(scenario, seed, scale)
    if month not in world.months:
        raise ConfigurationError(f"the scenario has no month {month!r}.", remedy=f"It has {', '.join(world.months)}.")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_frame(world, out / "targets.csv", port, month)
        write_truth(world, out / "truth", port)

    def tell() -> None:
        if json:
            print_json_lines([{"ready": True, "month": month, "port": port}])
        else:
            print_line(f"serving {month} at port {port}; stop with Ctrl-C")
        sys.stdout.flush()

    try:
        serve_world(world, month, port=port, access_log=access_log, on_ready=tell)
    except ScenarioError as error:
        raise ConfigurationError(str(error)) from error


@app.command(epilog="Example: ebbtide lab verify --survey demo-out/survey --truth demo-out/truth")
def verify(
    truth: Annotated[Path, typer.Option(help="Folder of truth, as `lab serve --out` or `demo` writes it.")],
    survey: SurveyOption = Path(),
    *,
    json: JsonOption = False,
) -> None:
    """Hold a survey of the lab against the truth, server by server; exit code 1 if anything differs."""
    from ebbtide.cli.verifying import print_verification, verify_survey
    from ebbtide.estimate.compute import compute_facts
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    verification = verify_survey(
        folder, truth, compute_facts(folder, silent_after=load_config(folder.path).attempts.silent_after)
    )
    if json:
        print_json(verification)
    else:
        print_verification(verification)
    raise typer.Exit(0 if verification.is_clean else 1)


@app.command(epilog="Example: ebbtide lab score --survey demo-out/survey --truth demo-out/truth")
def score(
    truth: Annotated[Path, typer.Option(help="Folder of truth, as `lab serve --out` or `demo` writes it.")],
    survey: SurveyOption = Path(),
    subject: Annotated[
        list[str] | None,
        typer.Option(help="Check, or family:NAME, that `why` is asked about; may be given several times."),
    ] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Hold what `why` says of every two rounds against what really moved the share; exit code 1 if it errs."""
    from ebbtide.cli.scoring import SUBJECTS, print_score, score_sentence, score_survey, wrongs
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    silent_after = load_config(folder.path).attempts.silent_after
    scored = score_survey(folder, truth, silent_after, tuple(subject or SUBJECTS))
    if json:
        print_json({"words": score_sentence(scored), "score": scored})
    else:
        print_score(scored)
    raise typer.Exit(1 if wrongs(scored) else 0)
