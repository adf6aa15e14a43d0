"""``ebbtide probe``: ask a few servers now and show their whole answers; nothing enters a survey."""

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


def probe(
    urls: Annotated[
        list[str], typer.Argument(metavar="URL...", help="What to ask, for example http://127.0.0.1:8080/")
    ],
    open_ranges: OpenOption = None,
    organisation: OrganisationOption = "",
    page: PageOption = "",
    contact: ContactOption = "",
    reverse_dns_waiver: WaiverOption = "",
    *,
    json: JsonOption = False,
) -> None:
    """Ask for / , an absent name and the icon, and print each exchange, and what the answers name.

    Example: ebbtide probe http://127.0.0.1:8080/ --open 127.0.0.0/8 --json
    """
    from ebbtide.cli.asking import NOWHERE, SALT, ask_urls, exchange_view
    from ebbtide.cli.certificate_view import certificate_line
    from ebbtide.cli.software_view import software_line
    from ebbtide.judge.engine import load_engine
    from ebbtide.model.configuration import ChecksSection, Identity, PlanSection
    from ebbtide.model.outcomes import Answered

    engine = load_engine(ChecksSection(packs=()), PlanSection(), NOWHERE)
    identity = Identity(organisation, page, contact, reverse_dns_waiver=reverse_dns_waiver)
    transcripts = ask_urls(urls, engine.plan(SALT), identity, open_ranges or [])
    told = [engine.assess(transcript).software for transcript in transcripts]
    views = [{**exchange_view(each), "software": software} for each, software in zip(transcripts, told, strict=True)]
    if json:
        print_json_lines(views)
        return
    lines = map(certificate_line, transcripts)
    print_table(
        "",
        ("target", "request", "outcome", "status", "octets", "server", "title", "deviations"),
        [row for view, line in zip(views, lines, strict=True) for row in _rows(view, line)],
        right=(3, 4),
    )
    for transcript, software in zip(transcripts, told, strict=True):
        if isinstance(transcript.outcome, Answered):
            print_line(f"{transcript.target.base_url}: {software_line(software)}")


def _rows(view: dict[str, object], certificate: str) -> list[tuple[str | int | None, ...]]:
    exchanges = view["exchanges"]
    if not isinstance(exchanges, list) or not exchanges:
        return [(str(view["target"]), "", str(view["outcome"]), None, None, None, None, None)]
    handshake = [(str(view["target"]), "(handshake)", certificate, None, None, None, None, None)] if certificate else []
    return handshake + [
        (
            str(view["target"]),
            f"{exchange['method']} {exchange['path']}",
            exchange["outcome"],
            exchange["status"],
            exchange["body_bytes"],
            exchange["server"],
            exchange["title"],
            ", ".join(exchange["deviations"]) or None,
        )
        for exchange in exchanges
    ]
