"""``ebbtide checks ...``: list, lint and run checks and templates."""

from pathlib import Path
from typing import Annotated

import typer

from ebbtide.cli.options import (
    ContactOption,
    JsonOption,
    OpenOption,
    OrganisationOption,
    PageOption,
    WaiverOption,
)
from ebbtide.cli.output import print_json_lines, print_line, print_table

app = typer.Typer(no_args_is_help=True, help="Checks: what can be seen from outside.", rich_markup_mode=None)


@app.command("list", epilog="Example: ebbtide checks list --survey my-survey")
def list_(
    survey: Annotated[
        Path | None, typer.Option(help="Folder of a survey, whose survey.toml names packs and templates.")
    ] = None,
    *,
    json: JsonOption = False,
) -> None:
    """List the checks that judge a survey, or those that come with Ebbtide."""
    from ebbtide.judge.checks.catalogue import list_checks
    from ebbtide.judge.checks.packs import pack_ids
    from ebbtide.model.configuration import ChecksSection
    from ebbtide.survey.settings import load_config

    section = ChecksSection(packs=pack_ids()) if survey is None else load_config(survey).checks
    checks = list_checks(section, survey or Path())
    if json:
        print_json_lines(checks)
        return
    print_table(
        "",
        ("check", "name", "level", "severity", "asked of", "version"),
        [(c.id, c.name, c.level, c.severity, ", ".join(c.families) or "everybody", c.version) for c in checks],
    )


@app.command(epilog="Example: ebbtide checks lint my-templates --json")
def lint(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Template files, or folders of them.")],
    *,
    json: JsonOption = False,
) -> None:
    """Say which nuclei templates can be run, at which level, and why not the rest."""
    from ebbtide.judge.templates.linting import lint as lint_path

    lines = [line for path in paths for line in lint_path(path)]
    if json:
        print_json_lines(lines)
        return
    print_table(
        "",
        ("template", "runs", "requests", "level", "reasons"),
        [
            (line.id or line.path, "yes" if line.runnable else "no", line.requests, line.level, ", ".join(line.reasons))
            for line in lines
        ],
        right=(2,),
    )
    print_line(f"{sum(line.runnable for line in lines):,} of {len(lines):,} templates can be run")


@app.command(epilog="Example: ebbtide checks run http://127.0.0.1:8080/ --open 127.0.0.0/8 --templates my-templates")
def run(
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="Servers to ask.")],
    templates: Annotated[list[Path], typer.Option(help="Template file or folder. Repeatable.")],
    open_ranges: OpenOption = None,
    organisation: OrganisationOption = "",
    page: PageOption = "",
    contact: ContactOption = "",
    reverse_dns_waiver: WaiverOption = "",
    *,
    json: JsonOption = False,
) -> None:
    """Run templates at a few servers now; nothing enters a survey."""
    from ebbtide.cli.asking import SALT, ask_urls, outcome_text
    from ebbtide.judge.templates.runs import load_templates
    from ebbtide.model.configuration import Identity, RedirectRule

    chosen = load_templates(templates)
    identity = Identity(organisation, page, contact, reverse_dns_waiver=reverse_dns_waiver)
    transcripts = ask_urls(urls, chosen.plan(SALT), identity, open_ranges or [], RedirectRule.SAME_HOST)
    results = [line for transcript in transcripts for line in chosen.results(transcript)]
    if json:
        print_json_lines(results)
        return
    print_table(
        "",
        ("template", "matcher", "extractor", "severity", "matched at", "extracted"),
        [(r.template, r.matcher, r.extractor, r.severity, r.matched_at, ", ".join(r.extracted)) for r in results],
    )
    for transcript in transcripts:
        print_line(f"{transcript.target.base_url}: {outcome_text(transcript.outcome)}")
    print_line(f"{len(results):,} results of {len(chosen.templates):,} templates; {len(chosen.refused):,} were not run")


@app.command(epilog="Example: ebbtide checks dsl 'contains(to_lower(body), \"tide\")' --var body=Tide")
def dsl(
    expression: Annotated[str, typer.Argument(metavar="EXPRESSION", help="An expression as templates hold them.")],
    variables: Annotated[
        list[str] | None, typer.Option("--var", metavar="NAME=VALUE", help="A variable; always text. Repeatable.")
    ] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Evaluate an expression of the template language, for authors of templates.

    Exit code 1 if it has no value with these variables.
    """
    from ebbtide.judge.templates.dsl.authoring import evaluate

    told = evaluate(expression, variables or [])
    if json:
        print_json_lines([told])
    else:
        print_line(told.problem or told.shown)
    if told.problem:
        raise typer.Exit(1)
