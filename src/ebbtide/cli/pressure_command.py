"""``ebbtide pressure``: from access logs to attacks a day, by family, with a trend."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli import pressure_keeping
from ebbtide.cli.options import JsonOption
from ebbtide.cli.output import print_json, print_json_lines, print_line, print_notice, print_table, progress_bar
from ebbtide.cli.pressure_population import print_worms, worms_of
from ebbtide.model.errors import ConfigurationError

if TYPE_CHECKING:
    from ebbtide.estimate.attack_trend import Trend
    from ebbtide.pressure.counting import Load, Pressure
    from ebbtide.pressure.reading import Reading
    from ebbtide.pressure.sources import Keeping, SourcePolicy

_STRIP = 100
_LEAST_READ = 0.9


def pressure(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE...", help="Access logs in any order, plain or packed; - for standard input."),
    ] = None,
    own: Annotated[
        str, typer.Option(help="Address of the server whose logs these are: sources near it are counted.")
    ] = "",
    sources: Annotated[
        str, typer.Option(help="How sources are kept while they are counted: raw, prefix or hash.")
    ] = "raw",
    months: Annotated[bool, typer.Option("--months", help="Print every month, not only the whole.")] = False,
    addresses: Annotated[
        int, typer.Option(min=1, help="How many addresses the logs are those of, for the infected hosts.")
    ] = 1,
    survey: Annotated[
        Path | None, typer.Option(help="A survey's folder: for --keep, or without FILE to show what is kept.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option(help="Write every event to this file, one JSON document a line, without sources.")
    ] = None,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what is added to the logs; a line for each new visit.")
    ] = False,
    every: Annotated[int, typer.Option(help="With --follow: say every so many seconds how it goes.", min=1)] = 60,
    population: Annotated[
        bool, typer.Option("--population", help="Infected hosts of every worm, or why they cannot be told.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep counts, and sources as its [pressure] says, in the survey's folder.")
    ] = False,
    with_sources: Annotated[
        bool, typer.Option("--with-sources", help="Tell sources too (--events, --follow), as they are kept.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Say how many attacks a server gets a day, from which families, and whether they ebb.

    Example: ebbtide pressure /var/log/apache2/access.log* --own 192.0.2.1
    """
    from ebbtide.pressure.counting import count_load

    if follow:
        _demand_alone({"--keep": keep, "--events": events, "--months": months, "--population": population})
        _follow(files or [], sources, own, every, with_sources=with_sources, json=json)
        return
    _demand_options(files, survey, events, sources, keep=keep, with_sources=with_sources)
    if not files:
        _show_kept(survey or Path(), events, with_sources=with_sources, json=json)
        return
    reading = _read(files, sources, own, quiet=json)
    _demand_logs(reading)
    load = count_load(reading.events, reading.ledger)
    trends = {each.signature: _trend(reading, each) for each in load.whole}
    worms = worms_of(reading, load, addresses=addresses, are_hosts=sources != "prefix", is_wanted=population or json)
    kept = pressure_keeping.keep(survey, reading, own) if keep and survey else None
    written = _export(reading, survey, events, with_sources=with_sources)
    if json:
        print_json(_document(reading, load, trends) | {"worms": worms} | ({"kept": kept.months} if kept else {}))
        return
    _print_files(reading)
    _print_load(load, trends, with_months=months)
    _print_end(reading, load)
    print_worms(worms, is_wanted=population)
    if kept:
        pressure_keeping.print_kept(kept)
    if events:
        pressure_keeping.print_exported(written, events)


def _demand_alone(others: Mapping[str, object]) -> None:
    """Raise if an option is given that a live log knows nothing of."""
    given = [name for name, value in others.items() if value]
    if given:
        raise ConfigurationError(
            f"{' and '.join(given)} cannot go with --follow.",
            where="--follow",
            remedy="Read the log once more without --follow for that.",
        )


def _demand_options(
    files: list[str] | None, survey: Path | None, events: Path | None, sources: str, *, keep: bool, with_sources: bool
) -> None:
    """Raise if options do not go together."""
    if not files and survey is None:
        raise ConfigurationError(
            "there is no log to read.", where="FILE", remedy="Name logs, or a survey: --survey DIR"
        )
    if keep and (survey is None or not files):
        raise ConfigurationError(
            "--keep needs logs and a survey.", remedy="ebbtide pressure FILE... --survey DIR --keep"
        )
    if keep and sources != "raw":
        raise ConfigurationError(
            "how sources are kept is for the survey to say.", where="--sources", remedy="Set [pressure] sources."
        )
    if survey is not None and files and not keep:
        raise ConfigurationError("a survey is named, and nothing is to be kept in it.", remedy="Add --keep.")
    if with_sources and events is None:
        raise ConfigurationError("there is no file to write sources to.", remedy="Name one: --events FILE")


def _read(files: list[str], sources: str, own: str, *, quiet: bool) -> "Reading":
    from ebbtide.pressure.reading import read_logs
    from ebbtide.pressure.signatures.matching import SignatureSet
    from ebbtide.pressure.signatures.reading import own_signatures
    from ebbtide.pressure.sources import Neighbourhood

    with progress_bar("reading logs", quiet=quiet) as progress:
        return read_logs(files, SignatureSet(own_signatures()), _policy(sources), Neighbourhood(own), progress)


def _export(reading: "Reading", survey: Path | None, events: Path | None, *, with_sources: bool) -> int:
    """What a survey keeps is handed out as it is kept, never as it was read."""
    if events is None:
        return 0
    if survey is not None:
        return pressure_keeping.export_kept(survey, events, with_sources=with_sources)
    return pressure_keeping.export_events(reading.events, events, with_sources=with_sources)


def _show_kept(survey: Path, events: Path | None, *, with_sources: bool, json: bool) -> None:
    """What a survey keeps: its months and their facts."""
    if events is not None:
        written = pressure_keeping.export_kept(survey, events, with_sources=with_sources)
        if not json:
            pressure_keeping.print_exported(written, events)
    pressure_keeping.show(survey, json=json)


def _follow(files: list[str], sources: str, own: str, every: int, *, with_sources: bool, json: bool) -> None:
    """Follow logs to an interrupt, and print what they came to."""
    from ebbtide.cli.pressure_following import follow_until_stopped
    from ebbtide.pressure.counting import count_load
    from ebbtide.pressure.following import Follower
    from ebbtide.pressure.signatures.matching import SignatureSet
    from ebbtide.pressure.signatures.reading import own_signatures
    from ebbtide.pressure.sources import Neighbourhood

    follower = Follower(files, SignatureSet(own_signatures()), _policy(sources), Neighbourhood(own))
    reading = follow_until_stopped(follower, every_s=every, with_sources=with_sources, json=json)
    _demand_logs(reading)
    load = count_load(reading.events, reading.ledger)
    trends = {each.signature: _trend(reading, each) for each in load.whole}
    if json:
        print_json_lines([{"summary": _document(reading, load, trends)}])
    else:
        _print_files(reading)
        _print_load(load, trends, with_months=False)
        _print_end(reading, load)


def _demand_logs(reading: "Reading") -> None:
    """Raise if there are lines and not one file is an access log."""
    from ebbtide.pressure.records import PressureError

    if reading.lines and not any(file.dialect for file in reading.files):
        raise PressureError(
            "the lines are in no dialect that is known.",
            where=reading.files[0].path,
            remedy="Give access logs of a web server, a proxy or a load balancer; docs/pressure.md names the dialects.",
        )


def keeping_named(sources: str) -> "Keeping":
    """How sources are kept, by its name.

    Raises:
        PressureError: There is no such way.
    """
    from ebbtide.pressure.records import PressureError
    from ebbtide.pressure.sources import Keeping

    known = {each.value: each for each in Keeping}
    if sources not in known:
        raise PressureError(f"sources cannot be kept as {sources[:40]!r}.", remedy=f"Keep them as {', '.join(known)}.")
    return known[sources]


def _policy(sources: str) -> "SourcePolicy":
    """How sources are kept; hashes are made with a key of this run alone."""
    import secrets

    from ebbtide.pressure.sources import Keeping, SourcePolicy

    keeping = keeping_named(sources)
    return SourcePolicy(keeping, secrets.token_bytes(32) if keeping is Keeping.HASH else b"")


def _trend(reading: "Reading", each: "Pressure") -> "Trend | None":
    """Of the visits that begin on a day; ``None`` if there are too few days or events."""
    from collections import Counter

    from ebbtide.estimate.attack_trend import attack_trend
    from ebbtide.model.errors import EstimateError
    from ebbtide.pressure.counting import visits_by_day

    counts: Counter[int] = visits_by_day(reading.events, each.signature)
    days = [day for day in reading.ledger.observed_days if _spreads(reading, each.signature, day)]
    try:
        return attack_trend(
            days, [counts[day] for day in days], exposure=[reading.ledger.exposure_days((day,)) for day in days]
        )
    except EstimateError:
        return None


def _spreads(reading: "Reading", signature: str, day: int) -> bool:
    own = next((each for each in reading.events.signatures if each.id == signature), None)
    return own is None or own.is_active(day)


def _document(reading: "Reading", load: "Load", trends: "dict[str, Trend | None]") -> dict[str, object]:
    return {
        "lines": reading.lines,
        "files": reading.files,
        "observed_days": len(reading.ledger.observed_days),
        "exposure_days": reading.ledger.exposure_days(reading.ledger.observed_days),
        "calendar_days": reading.ledger.calendar_days,
        "gaps": [
            {"first": date.fromordinal(gap.first).isoformat(), "last": date.fromordinal(gap.last).isoformat()}
            for gap in reading.ledger.gaps
        ],
        "whole": load.whole,
        "months": load.months,
        "days": load.days,
        "changes": load.changes,
        "trends": trends,
        "words": _words(reading, load),
    }


def _print_files(reading: "Reading") -> None:
    for file in reading.files:
        if not file.dialect:
            print_notice(f"{file.path}: its lines are in no dialect that is known; none of {file.lines:,} was read.")
        elif file.parse_rate is not None and file.parse_rate < _LEAST_READ:
            first = f", such as {file.rejects[0]!r}" if file.rejects else ""
            print_notice(f"{file.path}: of the lines looked at {1 - file.parse_rate:.0%} could not be read{first}.")
        if file.is_cut:
            print_notice(f"{file.path}: the packed file breaks off; what was there was read.")


def _print_load(load: "Load", trends: "dict[str, Trend | None]", *, with_months: bool) -> None:
    from ebbtide.publish.pressure_words import trend_words

    entries = [each for each in (*load.whole, *(load.months if with_months else ())) if each.requests]
    print_table(
        "Attacks by family, over observed days",
        (
            "month",
            "family",
            "kind",
            "requests",
            "a day",
            "visits a day",
            "sources a day",
            "sources",
            "quartiles",
            "top",
            "trend",
        ),
        [
            (
                each.month or "all",
                each.family,
                each.kind,
                each.requests,
                _a_day(each, f"{each.requests_a_day:.1f}"),
                _a_day(each, f"{each.visits_a_day:.2f}"),
                _a_day(each, f"{each.sources_a_day:.2f}"),
                each.sources,
                " ".join(f"{value:g}" for value in each.quartiles),
                f"{each.top_source:.0%}",
                "" if each.month else trend_words(trends.get(each.signature)),
            )
            for each in entries
        ],
        right=(3, 4, 5, 6, 7, 8, 9),
    )


def _a_day(each: "Pressure", figure: str) -> str | None:
    """A figure a day; none where not even one whole day was observed."""
    return figure if each.exposure_days >= 1 else None


def _print_end(reading: "Reading", load: "Load") -> None:
    from ebbtide.publish.pressure_words import strip

    if load.days:
        counts = {date.fromisoformat(each.day): each.requests for each in load.days}
        first, last = min(counts), max(counts)
        every = [counts.get(first + timedelta(place)) for place in range((last - first).days + 1)]
        for start in range(0, len(every), _STRIP):
            print_line(f"{first + timedelta(start)}  {strip(every[start : start + _STRIP])}")
    print_line(f"{reading.lines:,} lines read of {len(reading.files):,} files. {_words(reading, load)}")


def _words(reading: "Reading", load: "Load") -> str:
    from ebbtide.publish.pressure_words import load_words

    if not load.days:
        return "No line with a day was there to read."
    return load_words(load.whole[0], load.days[0].day, load.days[-1].day, reading.ledger.calendar_days)
