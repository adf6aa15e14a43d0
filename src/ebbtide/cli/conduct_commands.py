"""``ebbtide conduct ...``: who we are, who allows us what, and who does not want to be asked."""

from pathlib import Path
from typing import Annotated

import typer

from ebbtide.cli.options import JsonOption, SurveyOption
from ebbtide.cli.output import print_json, print_line, print_table

app = typer.Typer(
    no_args_is_help=True,
    help="Introduce the survey, prove who allows it, and keep the list of those who opted out.",
    rich_markup_mode=None,
)

_NOT_GOOD = 1


@app.command(epilog="Example: ebbtide conduct init --survey my-survey --out site")
def init(
    out: Annotated[Path, typer.Option(help="Folder to write; serve it at the root of the page's host.")],
    survey: SurveyOption = Path(),
    days: Annotated[int, typer.Option(min=1, max=365, help="Days until the two well-known files expire.")] = 360,
    *,
    json: JsonOption = False,
) -> None:
    """Write the page that explains the survey, probing.txt and security.txt, from [identity] of survey.toml."""
    from ebbtide.cli.explaining import write_site
    from ebbtide.survey.settings import load_config

    config = load_config(survey)
    written = write_site(config, out, days)
    if json:
        print_json({"files": [str(path) for path in written]})
        return
    for path in written:
        print_line(f"wrote {path}")
    print_line(f"Serve them at {config.identity.page}, then: ebbtide conduct check --survey {survey}")


@app.command(epilog="Example: ebbtide conduct check --survey my-survey")
def check(survey: SurveyOption = Path(), *, json: JsonOption = False) -> None:
    """Look at our own page, probing.txt and reverse DNS from here, as a round does before its first packet.

    Exit code 1 if something is wrong: then no round will ask anybody outside loopback.
    """
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.introducing import check_identity
    from ebbtide.survey.outside import outside_for
    from ebbtide.survey.settings import CONFIGURATION, load_config

    folder = SurveyFolder.open(survey)
    config = load_config(folder.path)
    verdict = check_identity(config, str(folder.path / CONFIGURATION), outside_for(config))
    if json:
        print_json({"is_good": verdict.is_good, **_plain(verdict)})
    else:
        for address, names in verdict.addresses.items():
            print_line(f"we ask from {address} ({', '.join(names) or 'no reverse DNS'})")
        for remark in verdict.remarks:
            print_line(f"note: {remark}")
        for problem in verdict.problems:
            print_line(f"wrong: {problem}")
        if verdict.is_good:
            print_line(f"good: the page and probing.txt say who we are (until {verdict.expires}); {verdict.digest}")
    if not verdict.is_good:
        raise typer.Exit(_NOT_GOOD)


HostArgument = Annotated[str, typer.Argument(metavar="HOST", help="Host name or address whose owner agrees.")]


@app.command(epilog="Example: ebbtide conduct prove www.example.org --survey my-survey")
def prove(
    host: HostArgument,
    survey: SurveyOption = Path(),
    days: Annotated[int, typer.Option(min=1, max=366, help="Days that the proof may last.")] = 90,
    *,
    json: JsonOption = False,
) -> None:
    """Print what the owner of a host publishes to allow named paths there; no packet is sent."""
    from ebbtide.conduct.proofs import CHALLENGE_PATH
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.proving import issue_challenge

    challenge = issue_challenge(SurveyFolder.open(survey), host, days)
    if json:
        told = {"host": challenge.host, "txt": challenge.txt_name, "path": CHALLENGE_PATH, "text": challenge.text}
        print_json({**told, "expires": str(challenge.expires)})
        return
    print_line(f"The owner of {challenge.host} publishes one of these, until {challenge.expires}:")
    print_line(f'  in the DNS     {challenge.txt_name} TXT "{challenge.text}"')
    print_line(f"  or in a file   {CHALLENGE_PATH}, served as text/plain, with the line")
    print_line(f"                 {challenge.text}")
    print_line(f"Then: ebbtide conduct verify {host} --survey {survey}")


@app.command(epilog="Example: ebbtide conduct verify www.example.org --survey my-survey")
def verify(host: HostArgument, survey: SurveyOption = Path(), *, json: JsonOption = False) -> None:
    """Look for what the owner of a host published, and note it; every run looks again.

    Exit code 1 if nothing valid is there.
    """
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.admission import proving_settings
    from ebbtide.survey.outside import outside_for
    from ebbtide.survey.proving import verify_host
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    config = load_config(folder.path)
    outside = outside_for(config)
    found = verify_host(folder, host, lambda: proving_settings(folder, config, host, outside), outside)
    if json:
        print_json(found)
    elif found.challenge is not None:
        print_line(f"proved by {found.how}: {found.host} may be asked actively until {found.challenge.expires}")
    else:
        print_line(f"not proved: {found.problem}")
    if found.challenge is None:
        raise typer.Exit(_NOT_GOOD)


@app.command("opt-outs", epilog="Example: ebbtide conduct opt-outs --survey my-survey --json")
def opt_outs(survey: SurveyOption = Path(), *, json: JsonOption = False) -> None:
    """List who opted out: what is in force, what expired, what another line covers, how much of the frame it closes."""
    from datetime import UTC, datetime

    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.opting_out import audit_opt_outs
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    report = audit_opt_outs(folder, load_config(folder.path), datetime.now(UTC).date())
    if json:
        print_json(report)
        return
    print_table(
        f"opt-outs in {report.path}",
        ("what", "state", "until", "targets", "who", "reason", "proof"),
        [
            (
                each.what,
                f"covered by {each.shadowed_by}" if each.shadowed_by else "in force" if each.is_in_force else "expired",
                each.expires or "for good",
                each.targets if each.is_in_force else None,
                *(each.who, each.reason, each.proof or None),
            )
            for each in report.opt_outs
        ],
        right=(3,),
    )
    if report.names:
        print_line(f"{report.names:,} lines of the frame are names: prefixes may close them once they are resolved.")


@app.command("opt-out", epilog="Example: ebbtide conduct opt-out .example.org --who 'A. Body' --reason 'asked by mail'")
def opt_out(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="Address, prefix, host name, or .domain and all below.")],
    who: Annotated[str, typer.Option(help="Who asked for it.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    survey: SurveyOption = Path(),
    expires: Annotated[str, typer.Option(help="Last day on which it holds, YYYY-MM-DD; for good if not given.")] = "",
    proof: Annotated[str, typer.Option(help="How it is known that they may speak for it.")] = "",
    *,
    json: JsonOption = False,
) -> None:
    """Write down that somebody does not want to be asked; it holds from the next run on."""
    from datetime import date

    from ebbtide.conduct.opt_outs import OptOut
    from ebbtide.model.errors import ConductError
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.opting_out import add_opt_out
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    try:
        until = date.fromisoformat(expires) if expires else None
    except ValueError as error:
        raise ConductError(f"{expires[:40]!r} is no date.", where="--expires", remedy="Write 2027-12-31.") from error
    written = OptOut(what.strip(), until, reason, who, proof=proof)
    path = add_opt_out(folder, load_config(folder.path), written)
    if json:
        print_json({"path": str(path), "what": written.what, "expires": expires})
    else:
        print_line(f"{written.what} is closed {f'until {until}' if until else 'for good'}, written in {path}")


@app.command(epilog="Example: ebbtide conduct looks --survey my-survey --json")
def looks(survey: SurveyOption = Path(), *, json: JsonOption = False) -> None:
    """List who looked at details of single servers: when, with which command, at what, and why."""
    from ebbtide.control.looks import looks_on_record
    from ebbtide.rounds.folder import SurveyFolder

    found = looks_on_record(SurveyFolder.open(survey).path)
    if json:
        print_json(found)
        return
    print_table(
        f"{len(found):,} looks at details",
        ("at", "who", "command", "about", "why"),
        [(each.at, each.who, each.command, each.about, each.why or None) for each in found],
    )


def _plain(record: object) -> dict[str, object]:
    import msgspec

    plain: dict[str, object] = msgspec.to_builtins(record)
    return plain
