"""``ebbtide fingerprints ...``: which products can be told, and whether a file's own examples hold."""

from pathlib import Path
from typing import Annotated

import typer

from ebbtide.cli.options import JsonOption
from ebbtide.cli.output import print_json, print_json_lines, print_line, print_notice, print_table

app = typer.Typer(
    no_args_is_help=True, help="Fingerprints of server software, in recog's format.", rich_markup_mode=None
)


@app.command("list", epilog="Example: ebbtide fingerprints list --json")
def list_(
    path: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="XML file; Ebbtide's own if not given.")] = None,
    *,
    json: JsonOption = False,
) -> None:
    """List fingerprints in the order in which they are asked."""
    from ebbtide.judge.fingerprints.sets import list_fingerprints, load_fingerprints, load_own_fingerprints

    lines = list_fingerprints(load_own_fingerprints() if path is None else load_fingerprints(path))
    if json:
        print_json_lines(lines)
        return
    print_table(
        "",
        ("fingerprint", "held against", "family", "description", "examples"),
        [(line.id, line.key, line.family, line.description, line.example_count) for line in lines],
        right=(4,),
    )


@app.command(epilog="Example: ebbtide fingerprints verify http_servers.xml")
def verify(
    path: Annotated[Path, typer.Argument(metavar="FILE.xml", help="File of fingerprints, or a folder of such files.")],
    *,
    json: JsonOption = False,
) -> None:
    """Run the examples that a file embeds; exit code 1 if one does not hold."""
    from ebbtide.judge.fingerprints.sets import verify as verify_path

    summary = verify_path(path)
    if json:
        print_json(summary)
    else:
        for failure in summary.failures:
            print_line(f"{failure.file}:{failure.line}: {failure.fingerprint}: {failure.reason}")
        for refused in summary.refused:
            print_line(f"{path}:{refused.line}: {refused.id}: {refused.reason}")
        print_line(
            f"{summary.fingerprints:,} fingerprints, {summary.examples:,} examples, "
            f"{summary.expected_values:,} expected values: {len(summary.failures):,} fail, "
            f"{len(summary.refused):,} fingerprints cannot be run"
        )
        for key in summary.not_fed:
            print_notice(f"held against {key}, which no answer of a web server holds: never asked in a survey.")
    raise typer.Exit(0 if summary.is_sound else 1)
