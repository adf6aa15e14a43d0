"""``ebbtide technologies ...``: files of technologies that others keep, read and held against servers."""

from pathlib import Path
from typing import Annotated

import msgspec
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

app = typer.Typer(
    no_args_is_help=True, help="Technologies in Wappalyzer's format, from files of your own.", rich_markup_mode=None
)


@app.command(epilog="Example: ebbtide technologies lint technologies/ --json")
def lint(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="File of technologies, or a folder of such files.")],
    *,
    json: JsonOption = False,
) -> None:
    """Say what of a file can be run, what is refused and why, and under which licence it stands."""
    from ebbtide.judge.technologies.reading import load_technologies

    pack = load_technologies(path)
    if json:
        print_json_lines(
            {
                "technology": each.name,
                "patterns": len(each.patterns),
                "not_fed": each.not_fed,
                "refused": [refusal for refusal in pack.refused if refusal.technology == each.name],
            }
            for each in pack.technologies
        )
        print_json_lines(
            {"technology": each.technology, "patterns": 0, "not_fed": (), "refused": [each]}
            for each in pack.refused
            if not each.key
        )
        return
    print_table(
        "", ("technology", "key", "pattern", "refused because"),
        [(each.technology, each.key or "(all of it)", each.pattern, each.reason) for each in pack.refused],
    )  # fmt: skip
    blind = sum(not each.patterns and bool(each.not_fed) for each in pack.technologies)
    print_line(
        f"{len(pack.technologies):,} technologies, {sum(len(each.patterns) for each in pack.technologies):,} patterns; "
        f"{len(pack.refused):,} patterns are refused; {blind:,} technologies can be told only in a browser"
    )
    print_line(f"licence: {pack.licence or 'none is named beside the files'}; version {pack.version}")


@app.command(
    epilog="Example: ebbtide technologies run http://127.0.0.1:8080/ --open 127.0.0.0/8 --technologies technologies/"
)
def run(
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="Servers to ask.")],
    technologies: Annotated[Path, typer.Option(help="File of technologies, or a folder of such files.")],
    open_ranges: OpenOption = None,
    organisation: OrganisationOption = "",
    page: PageOption = "",
    contact: ContactOption = "",
    reverse_dns_waiver: WaiverOption = "",
    *,
    json: JsonOption = False,
) -> None:
    """Tell the technologies of a few servers now; nothing enters a survey."""
    from ebbtide.cli.asking import SALT, ask_urls, outcome_text
    from ebbtide.judge.technologies.matching import Technologies
    from ebbtide.judge.technologies.reading import load_technologies
    from ebbtide.judge.templates.runs import TemplatePlan
    from ebbtide.model.configuration import Identity, RedirectRule

    chosen = Technologies(load_technologies(technologies))
    identity = Identity(organisation, page, contact, reverse_dns_waiver=reverse_dns_waiver)
    transcripts = ask_urls(urls, TemplatePlan(SALT, ()), identity, open_ranges or [], RedirectRule.SAME_HOST)
    found = [
        (each.target.base_url, technology)
        for each in transcripts
        for technology in chosen.find(each.exchanges, each.target.base_url, each.certificates)
    ]
    if json:
        print_json_lines({"url": url, **msgspec.structs.asdict(technology)} for url, technology in found)
        return
    print_table(
        "", ("url", "technology", "version", "confidence", "categories", "seen in"),
        [
            (url, each.name, each.version, f"{each.confidence} %", ", ".join(each.categories), ", ".join(each.evidence))
            for url, each in found
        ],
    )  # fmt: skip
    for transcript in transcripts:
        print_line(f"{transcript.target.base_url}: {outcome_text(transcript.outcome)}")
