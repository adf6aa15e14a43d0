"""The loop: one epoll, all connections, every clock and cap."""

import select
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from ebbtide.pressure.sensor.doors import Door, network_of
from ebbtide.pressure.sensor.keys import SourceKeeper
from ebbtide.pressure.sensor.recording import Recorder
from ebbtide.pressure.sensor.records import Outcome
from ebbtide.pressure.sensor.settings import SensorSettings
from ebbtide.pressure.sensor.visitors import Visitor

_MOST_EVENTS = 1_024
_MOST_ACCEPTS = 128
"""Connections accepted at a door before the others have their turn."""
_READ_BYTES = 16_384
_TURN_S = 0.1
_LINGER_S = 1.0
_LINGER_BYTES = 262_144
_MOST_LINGERING = 64
_TELL_EVERY_S = 1.0
_REST_S = 0.1


class SensorProgress(msgspec.Struct, frozen=True):
    """How the sensor fares; of the shape that progress bars take.

    Attributes:
        done: Connections recorded.
        total: 0.
        what: In words.
        outcomes: Refused connections, if there were any.
        in_flight: Open ones.
    """

    done: int
    total: int
    what: str
    outcomes: dict[str, int]
    in_flight: int


class Clock(Protocol):
    """Seconds that only grow."""

    def __call__(self) -> float:
        """Now."""


class Serving:
    """Accepts, reads, answers and records until it is told to end.

    Args:
        doors: Listening; closed at the end.
        settings: With ``most_open`` as far as files allow.
        sources: Keeps sources.
        recorder: Takes what was read.
        now_s: Seconds that only grow.
    """

    def __init__(
        self,
        doors: Sequence[Door],
        settings: SensorSettings,
        sources: SourceKeeper,
        recorder: Recorder,
        now_s: Clock = time.monotonic,
    ) -> None:
        self._doors = {door.socket.fileno(): door for door in doors}
        self._settings = settings
        self._sources = sources
        self._recorder = recorder
        self._now_s = now_s
        self._open: dict[int, Visitor] = {}
        self._lingering: dict[int, Visitor] = {}
        self._by_network: dict[str, int] = {}
        self._epoll = select.epoll()
        self._is_watching = False
        self._rest_until_s = 0.0

    def run(self, is_to_end: Callable[[], bool], tell: Callable[[SensorProgress], None] | None = None) -> None:
        """Serve until told to end, or until the disk is in trouble; whoever is connected then is recorded as well."""
        next_told_s = 0.0
        try:
            while not is_to_end() and not self._recorder.trouble:
                self._turn()
                now_s = self._now_s()
                if tell is not None and now_s >= next_told_s:
                    next_told_s = now_s + _TELL_EVERY_S
                    tell(self._progress())
        finally:
            self._close()

    def _progress(self) -> SensorProgress:
        counts = self._recorder.counts
        refused = counts.refused_full + counts.refused_source
        outcomes = {"refused": refused} if refused else {}
        return SensorProgress(counts.recorded, 0, "connections", outcomes, len(self._open))

    def _turn(self) -> None:
        self._watch_doors()
        for descriptor, _ in self._epoll.poll(_TURN_S, _MOST_EVENTS):
            visitor = self._open.get(descriptor)
            if visitor is not None:
                self._read(visitor)
            elif descriptor in self._doors:
                self._accept(self._doors[descriptor])
            elif descriptor in self._lingering:
                self._discard(self._lingering[descriptor])
        self._end_late()
        self._recorder.turn()

    def _watch_doors(self) -> None:
        """Listen, or not while the disk lags or files are short: what was accepted comes first."""
        is_wanted = not self._recorder.is_lagging and self._now_s() >= self._rest_until_s
        if is_wanted == self._is_watching:
            return
        self._is_watching = is_wanted
        if not is_wanted:
            self._recorder.counts.pauses += 1
        for descriptor in self._doors:
            if is_wanted:
                self._epoll.register(descriptor, select.EPOLLIN)
            else:
                self._epoll.unregister(descriptor)

    # Coming.

    def _accept(self, door: Door) -> None:
        for _ in range(_MOST_ACCEPTS):
            try:
                made, address = door.socket.accept()
            except (BlockingIOError, ConnectionError):
                return
            except OSError:
                self._rest_until_s = self._now_s() + _REST_S  # no file is left, or no memory; it may come back
                return
            host = address[0].partition("%")[0]
            network = network_of(host)
            if len(self._open) >= self._settings.most_open:
                self._recorder.counts.refused_full += 1
                made.close()
            elif self._by_network.get(network, 0) >= self._settings.most_per_source:
                self._recorder.counts.refused_source += 1
                made.close()
            else:
                self._welcome(Visitor(made, network, self._settings.request), host, door)

    def _welcome(self, visitor: Visitor, host: str, door: Door) -> None:
        """Take on a connection. What it has sent already is read at once, which is all of most requests."""
        at_ns = time.time_ns()
        visitor.begin(at_ns, self._now_s() + self._settings.patience_s, door.called(visitor.socket))
        visitor.source, visitor.near = self._sources.keep(host, at_ns)
        self._recorder.counts.accepted += 1
        descriptor = visitor.descriptor
        self._open[descriptor] = visitor
        self._by_network[visitor.network] = self._by_network.get(visitor.network, 0) + 1
        self._read(visitor)
        if not visitor.is_over:
            self._epoll.register(descriptor, select.EPOLLIN | select.EPOLLRDHUP)
            visitor.is_watched = True

    # Asking.

    def _read(self, visitor: Visitor) -> None:
        try:
            octets = visitor.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._end(visitor, Outcome.RESET)
            return
        if not octets:
            self._end(visitor, Outcome.CLOSED)
        elif visitor.reader.feed(octets):
            self._end(visitor, Outcome.COMPLETE)

    # Going.

    def _end(self, visitor: Visitor, outcome: Outcome) -> None:
        """Answer what can be answered, and record."""
        self._recorder.record(visitor, outcome)
        visitor.is_over = True
        del self._open[visitor.descriptor]
        left = self._by_network[visitor.network] - 1
        if left:
            self._by_network[visitor.network] = left
        else:
            del self._by_network[visitor.network]
        if visitor.is_answered and visitor.reader.has_more and visitor.half_close():
            self._linger(visitor)
        else:
            visitor.socket.close()

    def _linger(self, visitor: Visitor) -> None:
        """Read on for a moment and throw it away: closing upon unread octets would tear the answer from the reader."""
        if len(self._lingering) >= _MOST_LINGERING:
            self._lingering.pop(next(iter(self._lingering))).socket.close()
        visitor.linger_until_s = self._now_s() + _LINGER_S
        self._lingering[visitor.descriptor] = visitor
        if not visitor.is_watched:
            self._epoll.register(visitor.descriptor, select.EPOLLIN | select.EPOLLRDHUP)

    def _discard(self, visitor: Visitor) -> None:
        try:
            count = len(visitor.socket.recv(_READ_BYTES))
        except BlockingIOError:
            return
        except OSError:
            count = 0
        visitor.discarded += count
        if not count or visitor.discarded > _LINGER_BYTES:
            del self._lingering[visitor.descriptor]
            visitor.socket.close()

    def _end_late(self) -> None:
        """End whoever has had all the time there is. Both come in the order in which their time runs out."""
        now_s = self._now_s()
        while self._open:
            visitor = next(iter(self._open.values()))
            if visitor.deadline_s > now_s:
                break
            self._end(visitor, Outcome.TIMED_OUT)
        while self._lingering:
            visitor = next(iter(self._lingering.values()))
            if visitor.linger_until_s > now_s:
                break
            del self._lingering[visitor.descriptor]
            visitor.socket.close()

    def _close(self) -> None:
        for door in self._doors.values():
            door.socket.close()
        for visitor in tuple(self._open.values()):
            self._end(visitor, Outcome.STOPPED)
        for visitor in self._lingering.values():
            visitor.socket.close()
        self._lingering.clear()
        self._epoll.close()
