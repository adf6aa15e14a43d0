"""What ``ebbtide pressure`` keeps in a survey's folder, shows of it, and hands out of it."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ebbtide.cli.output import print_json, print_line, print_notice, print_table
from ebbtide.model.errors import ConfigurationError

if TYPE_CHECKING:
    from ebbtide.pressure.events import Events
    from ebbtide.pressure.keeping import KeptSummary
    from ebbtide.pressure.reading import Reading


class ExportedRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of an export of what is kept.

    Attributes:
        source: As it is kept; left out unless it was asked for outright.
    """

    time_s: int
    day: str
    signature: str
    requests: int
    source: str | None = None


def keep(survey: Path, reading: "Reading", own: str) -> "KeptSummary":
    """Keep what logs hold, as the survey's ``[pressure]`` says."""
    from ebbtide.pressure.keeping import keep_reading
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    return keep_reading(folder, reading, load_config(folder.path).pressure, own)


def show(survey: Path, *, json: bool) -> None:
    """Print what is kept, month by month."""
    from ebbtide.rounds.attacks import ATTACKS, AttackStore
    from ebbtide.rounds.folder import SurveyFolder

    months = AttackStore(SurveyFolder.open(survey)).state().months
    if json:
        print_json({"kept": months})
        return
    print_table(
        "Kept",
        ("month", "sources as", "days", "rows with sources", "closed to", "because"),
        [
            (month, kept.sources if ATTACKS in kept.files else "erased", kept.rows.get("observed_days", 0),
             kept.rows.get(ATTACKS), kept.closed_to, kept.why)
            for month, kept in months.items()
        ],
        right=(2, 3),
    )  # fmt: skip


def print_kept(summary: "KeptSummary") -> None:
    """Say what was kept, and what could not be."""
    print_table(
        "Kept",
        ("month", "sources as", "days", "requests", "added now"),
        [(each.month, each.sources, each.days, each.requests, each.added) for each in summary.months],
        right=(2, 3, 4),
    )
    for each in summary.months:
        if each.why:
            print_notice(
                f"{each.month}: days of it are closed because {each.why}; {each.passed_over:,} requests of them were "
                "read and not added."
            )


def export_events(events: "Events", path: Path, *, with_sources: bool) -> int:
    """Write the events of logs, one JSON document a line; how many there were."""
    return _write_lines(path, (each for each in events.export(with_sources=with_sources)))


def export_kept(survey: Path, path: Path, *, with_sources: bool) -> int:
    """Write what is kept, one JSON document a line; how many there were."""
    from ebbtide.model.attacks import AttackRow
    from ebbtide.rounds.attacks import AttackStore
    from ebbtide.rounds.folder import SurveyFolder

    rows = AttackStore(SurveyFolder.open(survey)).rows(AttackRow)
    told = (
        ExportedRow(row.time_s, row.day, row.signature, row.requests, row.source if with_sources else None)
        for row in rows
    )
    return _write_lines(path, told)


def print_exported(count: int, path: Path) -> None:
    """Say what was written."""
    print_line(f"wrote {count:,} events to {path}")


def _write_lines(path: Path, documents: Iterable[msgspec.Struct]) -> int:
    count = 0
    try:
        with path.open("wb") as stream:
            for document in documents:
                stream.write(msgspec.json.encode(document) + b"\n")
                count += 1
    except OSError as error:
        raise ConfigurationError(
            f"events cannot be written to {path} ({error.strerror}).", remedy="Name another file with --events."
        ) from error
    return count
