"""A run of the sensor, from opening its ports to its last line."""

import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import msgspec

from ebbtide.pressure.sensor.doors import Door, close_doors, handed_doors, open_doors
from ebbtide.pressure.sensor.keys import SourceKeeper
from ebbtide.pressure.sensor.privileges import (
    affordable_connections,
    become,
    demand_unprivileged,
    prepare_folder,
    private_files,
)
from ebbtide.pressure.sensor.recording import Recorder
from ebbtide.pressure.sensor.records import Counts
from ebbtide.pressure.sensor.segments import SegmentFolder
from ebbtide.pressure.sensor.serving import SensorProgress, Serving
from ebbtide.pressure.sensor.settings import SensorSettings


class SensorSummary(msgspec.Struct, frozen=True):
    """What a run of the sensor did.

    Attributes:
        folder: Of its segments.
        listen: Where it listened.
        elapsed_s: How long.
        counts: What happened.
        written: Lines of connections that are in the segments.
        lost: Lines that the disk did not take.
        ended: Why it ended, if that was trouble with the disk; else empty.
    """

    folder: str
    listen: tuple[str, ...]
    elapsed_s: float
    counts: Counts
    written: int
    lost: int
    ended: str


def run_sensor(
    settings: SensorSettings,
    user: str,
    tell: Callable[[SensorProgress], None] | None,
    notice: Callable[[str], None],
) -> SensorSummary:
    """Listen until a signal, the time or the disk ends it.

    Args:
        settings: What it is told.
        user: Who to become once the ports are open; needed for root alone, and empty for others.
        tell: Hears of progress every second.
        notice: Hears sentences: where it listens, what could not be had.

    Raises:
        PressureError: It cannot begin.
    """
    entry = demand_unprivileged(user)
    doors = handed_doors(os.environ) or open_doors(settings.places)
    try:
        most_open = affordable_connections(settings.most_open)
        if entry is not None:
            prepare_folder(settings.out, entry)
            become(entry)
    except BaseException:
        close_doors(doors)
        raise
    if most_open < settings.most_open:
        notice(f"the limit on open files allows {most_open:,} connections at once, not {settings.most_open:,}.")
    with private_files():
        return _run(doors, msgspec.structs.replace(settings, most_open=most_open), tell, notice)


def _run(
    doors: list[Door],
    settings: SensorSettings,
    tell: Callable[[SensorProgress], None] | None,
    notice: Callable[[str], None],
) -> SensorSummary:
    listen = tuple(str(door.place) for door in doors)
    began_s = time.monotonic()
    try:
        folder = SegmentFolder(settings.out)
        try:
            sources = SourceKeeper(settings.out, settings.keeping, settings.own, time.time_ns())
            recorder = Recorder(folder, secrets.token_hex(4), settings, listen, is_own_known=sources.is_own_known)
            with heard_end(settings.seconds) as is_to_end:
                notice(f"listening at {', '.join(listen)}; writing to {settings.out}.")
                try:
                    Serving(doors, settings, sources, recorder).run(is_to_end, tell)
                finally:
                    recorder.close()
        finally:
            folder.close()
    finally:
        close_doors(doors)
    writer = recorder.writer
    return SensorSummary(
        str(settings.out), listen, round(time.monotonic() - began_s, 3), recorder.counts, writer.written_lines,
        writer.lost_lines, writer.trouble,
    )  # fmt: skip


@contextmanager
def heard_end(seconds: float) -> Iterator[Callable[[], bool]]:
    """Hear SIGTERM, SIGINT and SIGHUP, and the end of the time.

    Args:
        seconds: After which it is over; 0 for never.

    Yields:
        Whether it is over.
    """
    end_s = time.monotonic() + seconds if seconds else float("inf")
    was_heard = False

    def hear(number: int, frame: FrameType | None) -> None:
        del number, frame
        nonlocal was_heard
        was_heard = True

    before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield lambda: was_heard or time.monotonic() >= end_s
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
