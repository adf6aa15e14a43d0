"""``ebbtide sensor``: a listener that records attacks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli.options import JsonOption
from ebbtide.cli.output import print_json, print_line, print_notice, print_table, progress_bar

if TYPE_CHECKING:
    from ebbtide.pressure.sensor.running import SensorSummary
    from ebbtide.pressure.sensor.settings import SensorSettings

_MB = 1 << 20


def sensor(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the segments; one sensor writes to it.")],
    listen: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDR:PORT", help="Where to listen; a port alone is one of loopback. Repeatable. [default: 8080]"
        ),
    ] = None,
    sources: Annotated[str, typer.Option(help="How sources are kept: raw, prefix or hash.")] = "hash",
    own: Annotated[str, typer.Option(help="Our IPv4 address as others see it: near sources are told.")] = "",
    user: Annotated[str, typer.Option(metavar="NAME", help="Who to become once root has opened the ports.")] = "",
    seconds: Annotated[float, typer.Option(min=0, help="End after so many seconds; 0 for never.")] = 0,
    patience_s: Annotated[float, typer.Option(min=0.1, max=600, help="Seconds that a connection has in all.")] = 10,
    most_open: Annotated[int, typer.Option(min=1, max=100_000, help="Connections open at once.")] = 1_000,
    most_per_source: Annotated[int, typer.Option(min=1, help="The same, from one source.")] = 100,
    *,
    disk_mb: Annotated[int, typer.Option(min=1, help="All segments together; then the sensor ends.")] = 1_024,
    json: JsonOption = False,
) -> None:
    """Listen, answer one fixed page, and record what is asked; ebbtide pressure reads what it writes.

    It never connects to anybody, never fetches, never evaluates what it is sent, and does not run as root.

    Example: ebbtide sensor --listen 192.0.2.1:8080 --out /var/lib/ebbtide-sensor --sources hash
    """
    from ebbtide.cli.pressure_command import keeping_named
    from ebbtide.pressure.sensor.running import run_sensor
    from ebbtide.pressure.sensor.settings import DiskLimits, SensorSettings, parse_place

    settings = SensorSettings(
        out,
        tuple(parse_place(place) for place in listen or ["8080"]),
        keeping_named(sources),
        own,
        most_open,
        most_per_source,
        patience_s,
        seconds=seconds,
        disk=DiskLimits(disk_bytes=disk_mb * _MB),
    )
    with progress_bar("listening", quiet=json) as progress:
        summary = run_sensor(settings, user, progress, print_notice)
    if json:
        print_json(summary)
    else:
        _print_summary(summary)
    _demand_order(summary, settings)


def _print_summary(summary: "SensorSummary") -> None:
    counts = summary.counts
    print_table(
        "Connections by how they ended",
        ("outcome", "connections"),
        [(name, f"{count:,}") for name, count in sorted(counts.outcomes.items())],
        right=(1,),
    )
    refused = counts.refused_full + counts.refused_source
    print_line(
        f"{counts.accepted:,} connections accepted in {summary.elapsed_s:,.0f} s, {summary.written:,} recorded, "
        f"{summary.lost:,} lost; {counts.requests:,} of them are requests. {refused:,} more were refused at once."
    )
    print_line(f"Count the attacks: ebbtide pressure {summary.folder}/*")


def _demand_order(summary: "SensorSummary", settings: "SensorSettings") -> None:
    """Raise if the disk ended the run."""
    from ebbtide.pressure.records import PressureError

    if summary.ended:
        raise PressureError(
            f"the sensor has ended: {summary.ended}. What it accepted is written, but for {summary.lost:,} lines.",
            where=str(settings.out),
            remedy="Move the older segments away, and start it again.",
        )
