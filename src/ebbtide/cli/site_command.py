"""``ebbtide site``: one site's private report, with its history; tested again now if asked for."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli.options import JsonOption, SurveyOption
from ebbtide.cli.output import print_json, print_line, print_table, progress_bar
from ebbtide.model.errors import ConfigurationError, EstimateError

if TYPE_CHECKING:
    from ebbtide.model.configuration import SurveyConfig
    from ebbtide.model.sites import SiteHistory
    from ebbtide.publish.site_report import Acceptance, Finding, Pace, SiteReport
    from ebbtide.rounds.folder import SurveyFolder

_WIDTH = 90


def site(
    host: Annotated[str, typer.Argument(metavar="HOST", help="Host name or address, as the frame has it.")],
    survey: SurveyOption = Path(),
    label: Annotated[str, typer.Option("--round", help="A judged round; the latest one if not given.")] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the report here: HTML, JSON, CSV, SARIF and a badge.")
    ] = None,
    why: Annotated[str, typer.Option(help="For whom or for what this is looked at; goes on record.")] = "",
    accept: Annotated[
        str,
        typer.Option(metavar="CHECK", help="Put on record that this is accepted; with --until and --reason."),
    ] = "",
    until: Annotated[str, typer.Option(metavar="DATE", help="The last day on which --accept holds.")] = "",
    reason: Annotated[str, typer.Option(help="Why it is accepted: a false positive, or a risk that is borne.")] = "",
    *,
    test: Annotated[bool, typer.Option("--test", help="Ask it again now, within the survey's authority.")] = False,
    json: JsonOption = False,
) -> None:
    """Tell a site's owner what can be seen of it, since when, how to see it, how to mend it, and how it compares.

    Every look goes on record (ebbtide conduct looks). A test just now never enters a series.

    Example: ebbtide site www.example.org --survey my-survey --out report --why "asked by the owner"
    """
    from ebbtide.control.looks import note_look
    from ebbtide.estimate.site_history import site_history
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    config = load_config(folder.path)
    history = site_history(folder, host, label)
    if accept:
        _accept(folder, history, accept, until, reason)
    note_look(folder.path, "site", history.host, why)
    now = _test(folder, config, history, quiet=json) if test else None
    report = _report(folder, config, history, "" if now is None else _now_words(history, now))
    written = [] if out is None else _write(report, out)
    if json:
        print_json({**_fields(report), "tested_now": now and _verdicts(now), "files": list(map(str, written))})
        return
    _print(report)
    for path in written:
        print_line(f"wrote {path}")


def _accept(folder: "SurveyFolder", history: "SiteHistory", check: str, until: str, reason: str) -> None:
    from ebbtide.control.accepted import accept

    known = {each.info.id: each for each in history.checks}
    if check not in known or not known[check].last_shown:
        shown = ", ".join(each.info.id for each in history.checks if each.last_shown) or "none"
        raise EstimateError(f"{history.host} never showed {check[:60]!r}.", remedy=f"It showed: {shown}.")
    if not reason.strip():
        raise ConfigurationError("nobody may accept a finding without a reason.", where="--reason")
    try:
        day = date.fromisoformat(until)
    except ValueError as error:
        raise ConfigurationError(
            f"{until[:40]!r} is no date.", where="--until", remedy="Write the last day, as 2027-12-31."
        ) from error
    accept(folder.path, history.host, check, day, reason.strip())


def _test(folder: "SurveyFolder", config: "SurveyConfig", history: "SiteHistory", *, quiet: bool) -> "SiteHistory":
    from ebbtide.estimate.site_history import site_history
    from ebbtide.survey.testing_again import tested_again

    with (
        progress_bar("testing now", quiet=quiet) as progress,
        tested_again(folder, config, history.host, history.latest.round, progress) as made,
    ):
        return site_history(made, history.host)


def _report(folder: "SurveyFolder", config: "SurveyConfig", history: "SiteHistory", now: str) -> "SiteReport":
    from ebbtide import __version__
    from ebbtide.conduct.identity import user_agent
    from ebbtide.estimate.peers import peers_of
    from ebbtide.publish.grading import grade_of, own_table, points_of
    from ebbtide.publish.site_report import site_report

    table, sums = own_table(), _sums(folder, config)
    points = points_of(history.checks, table, sums)
    accepted = _accepted(folder, history)
    return site_report(
        history,
        grade_of(history.checks, points, table, frozenset(accepted)),
        survey=config.survey.name,
        peers=peers_of(folder, history.host, history.latest.round, points),
        sums=sums,
        paces=_paces(folder, config, history),
        accepted=accepted,
        user_agent=user_agent(config.identity),
        version=__version__,
        now=now,
        attacks=_attacks(folder, history),
    )


def _attacks(folder: "SurveyFolder", history: "SiteHistory") -> tuple[str, ...]:
    """What the site was seen to send; see ``survey.meeting``."""
    from ebbtide.survey.meeting import REMEDY, attacks_of_site

    found = attacks_of_site(folder, history.latest.round, history.host)
    return tuple(dict.fromkeys(f"{each.excerpt}, from {each.address}. {REMEDY}" for each in found))


def _sums(folder: "SurveyFolder", config: "SurveyConfig") -> frozenset[str]:
    """Checks that only sum up others."""
    from ebbtide.judge.checks.catalogue import load_checks
    from ebbtide.judge.checks.records import AnyOf

    return frozenset(each.id for each in load_checks(config.checks, folder.path) if isinstance(each.decision, AnyOf))


def _accepted(folder: "SurveyFolder", history: "SiteHistory") -> "dict[str, Acceptance]":
    """Those in force on the day of the round."""
    from ebbtide.control.accepted import accepted_of
    from ebbtide.publish.site_report import Acceptance

    day = date.fromisoformat(history.latest.day)
    return {
        check: Acceptance(check, each.until, each.reason, each.who)
        for check, each in accepted_of(folder.path, history.host).items()
        if each.holds_on(day)
    }


def _paces(folder: "SurveyFolder", config: "SurveyConfig", history: "SiteHistory") -> "dict[str, Pace]":
    """How long others took, for what this site shows; left out where too few showed it."""
    from ebbtide.estimate.curves import curve_of_check
    from ebbtide.publish.site_report import Pace

    found = {}
    for each in history.checks:
        if not each.is_shown:
            continue
        try:
            curve = curve_of_check(
                folder, each.info.id, first=each.first_shown, silent_after=config.attempts.silent_after
            )
        except EstimateError:
            continue
        median = None if curve.median is None else curve.median.high
        found[each.info.id] = Pace(curve.looks[0].round, curve.units, median, 1 - curve.plateau)
    return found


def _now_words(history: "SiteHistory", now: "SiteHistory") -> str:
    """What a test says beside the round."""
    from ebbtide.publish.formatting import listing

    if not now.latest.is_answered:
        return "The site does not answer."
    then = {each.info.id: each for each in history.checks}
    shown = {each.info.id: each for each in now.checks if each.is_shown}
    gone = [
        each.info.name
        for each in now.checks
        if not each.is_shown and each.path == "n" and each.info.id in then and then[each.info.id].is_shown
    ]
    new = [each.info.name for key, each in shown.items() if key in then and not then[key].is_shown]
    parts = [f"{len(shown)} of {len(now.checks)} checks are shown."]
    parts += [f"Not shown any more: {listing(tuple(gone))}."] if gone else []
    parts += [f"Shown now, and not in the round: {listing(tuple(new))}."] if new else []
    return " ".join(parts)


def _verdicts(now: "SiteHistory") -> dict[str, str]:
    from ebbtide.publish.site_report import MARKS

    return {each.info.id: MARKS[each.path[-1]][1] for each in now.checks}


def _write(report: "SiteReport", out: Path) -> list[Path]:
    from ebbtide.publish.site_files import site_badge, site_csv, site_sarif
    from ebbtide.publish.site_page import render_site_page
    from ebbtide.rounds.durable import make_folder, write_file

    files: Mapping[str, bytes] = {
        "index.html": render_site_page(report).encode(),
        "site.json": _json(report),
        "site.csv": site_csv(report).encode(),
        "site.sarif": site_sarif(report),
        "badge.svg": site_badge(report).encode(),
    }
    try:
        make_folder(out)
        for name, octets in files.items():
            write_file(out / name, octets)
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written ({error.strerror}).", where="--out") from error
    return [out / name for name in files]


def _json(report: "SiteReport") -> bytes:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def _fields(report: "SiteReport") -> dict[str, object]:
    import msgspec

    found: dict[str, object] = msgspec.to_builtins(report)
    return found


def _print(report: "SiteReport") -> None:
    grade = report.grade
    print_line(f"{report.host}, round {report.round}: {report.summary}")
    letter = f"Grade {grade.letter} ({grade.points} of 100)" if grade.letter else "No grade"
    print_line(f"{letter}: {grade.words}. {grade.judged} of {grade.of} checks could be judged. {report.rank}".strip())
    for target in report.targets:
        print_line(f"  {target}")
    for attack in report.attacks:
        print_line(f"Attacks others: {attack}")
    if report.now:
        print_line(f"Tested again just now: {report.now} It enters no series.")
    for title, findings in (("What can be seen", report.open), ("What is not seen any more", report.mended)):
        if findings:
            print_table(
                title,
                ("finding", "severity", "standing", "rounds", "story"),
                [(each.name, each.severity, each.standing, _strip(each), each.story) for each in findings],
            )
    for each in report.open:
        print_line(f"{each.name}: {each.remedy}")
        for command in each.commands[:1]:
            print_line(f"  {command}")
    for left in report.untested:
        print_line(f"Not settled, as {left.reason}: {', '.join(left.names)[:_WIDTH]}")


def _strip(finding: "Finding") -> str:
    return "".join(mark for mark, _ in finding.history)
