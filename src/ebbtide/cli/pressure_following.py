"""``ebbtide pressure --follow``: a line for each visit as it begins, how it goes now and then, the whole at the end."""

import signal
import sys
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from ebbtide.cli.output import print_json_lines, print_line, print_notice

if TYPE_CHECKING:
    from ebbtide.pressure.following import Follower, Visit
    from ebbtide.pressure.pulse import Pulse
    from ebbtide.pressure.reading import Reading

_LOOK_S = 0.5


class VisitLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A visit, for a line of JSON; the source only if it is asked for."""

    at: str
    file: str
    signature: str
    family: str
    form: str
    source: str | None = None


def follow_until_stopped(follower: "Follower", *, every_s: int, with_sources: bool, json: bool) -> "Reading":
    """Follow logs until an interrupt or an order to end comes; what had come by then is read.

    Args:
        follower: Of the logs.
        every_s: How often it is told how it goes.
        with_sources: Tell the source of each visit.
        json: A JSON document a line.
    """
    from ebbtide.pressure.pulse import PulseTaker

    stop = _told_to_stop()
    there = sum(1 for _ in follower.read())
    _tell_begin(follower, there, json=json)
    pulse = PulseTaker(time.monotonic(), follower.lines, len(follower.events))
    told_s = time.monotonic()
    while not stop.wait(_LOOK_S):
        visits = _tell_visits(follower.read(), with_sources=with_sources, json=json)
        taken = pulse.take(time.monotonic(), follower.lines, len(follower.events), visits)
        if time.monotonic() >= told_s + every_s:
            told_s = time.monotonic()
            _tell_pulse(taken, json=json)
    _tell_visits(follower.finish(), with_sources=with_sources, json=json)
    return follower.reading()


def _told_to_stop() -> threading.Event:
    """Set at the first interrupt or order to end; the next one ends the program as ever."""
    stop = threading.Event()

    def stopped(number: int, frame: object) -> None:
        del number, frame
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, stopped)
    signal.signal(signal.SIGTERM, stopped)
    return stop


def _tell_begin(follower: "Follower", visits: int, *, json: bool) -> None:
    if json:
        print_json_lines([{"following": {"lines": follower.lines, "visits": visits}}])
    else:
        print_notice(f"{follower.lines:,} lines were there, with {visits:,} visits; following, until Ctrl-C.")
    sys.stdout.flush()


def _tell_visits(visits: Iterable["Visit"], *, with_sources: bool, json: bool) -> int:
    count = 0
    for count, each in enumerate(visits, 1):  # noqa: B007  how many there were
        at = datetime.fromtimestamp(each.time_s, UTC).isoformat(timespec="seconds")
        source = each.source if with_sources else None
        if json:
            print_json_lines([{"visit": VisitLine(at, each.path, each.signature, each.family, each.form, source)}])
        else:
            print_line(f"{at}  {each.family}  {each.form}" + (f"  from {source}" if source else ""))
    sys.stdout.flush()
    return count


def _tell_pulse(pulse: "Pulse", *, json: bool) -> None:
    from ebbtide.publish.pressure_words import strip

    if json:
        print_json_lines([{"pulse": pulse}])
    else:
        print_line(
            f"{datetime.now(UTC):%H:%M:%S}  {strip(list(pulse.visits_by_minute))}  {pulse.visits_an_hour:g} visits an "
            f"hour, {pulse.requests_a_minute:g} attacks of {pulse.lines_a_minute:g} lines a minute"
        )
    sys.stdout.flush()
