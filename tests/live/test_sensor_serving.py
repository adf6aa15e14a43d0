"""The sensor's loop in this process: a disk that lags, files that run out, beats that come often."""

import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ebbtide.pressure.sensor.answers import PAGE
from ebbtide.pressure.sensor.doors import open_doors
from ebbtide.pressure.sensor.keys import SourceKeeper
from ebbtide.pressure.sensor.recording import Recorder
from ebbtide.pressure.sensor.segments import SegmentFolder
from ebbtide.pressure.sensor.serving import SensorProgress, Serving
from ebbtide.pressure.sensor.settings import DiskLimits, Place, SensorSettings
from ebbtide.pressure.sources import Keeping
from running_sensor import START_S, read_all, records_in, states_in

pytestmark = pytest.mark.live
GET = b"GET /" + b"a" * 200 + b" HTTP/1.1\r\n\r\n"
DISK = DiskLimits(reserve_bytes=4096)


class Served:
    """A sensor in a thread.

    Attributes:
        port: Where it listens.
        told: Progress that it told.
    """

    def __init__(self, settings: SensorSettings) -> None:
        self.folder = settings.out
        doors = open_doors([Place("127.0.0.1", 0)])
        self.port = doors[0].place.port
        self.told: list[SensorProgress] = []
        held = SegmentFolder(settings.out)
        sources = SourceKeeper(settings.out, settings.keeping, settings.own, time.time_ns())
        self.recorder = Recorder(held, "aa", settings, (), is_own_known=False)
        self._is_over = threading.Event()
        self.door = doors[0]
        serving = Serving(doors, settings, sources, self.recorder)
        self._thread = threading.Thread(target=serving.run, args=(self._is_over.is_set, self.told.append))
        self._thread.start()

    def ask(self) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=START_S) as made:
            made.sendall(GET)
            return read_all(made)

    def end(self) -> None:
        self._is_over.set()
        self._thread.join()
        self.recorder.close()


@contextmanager
def served(folder: Path, disk: DiskLimits = DISK, heartbeat_s: float = 60) -> Iterator[Served]:
    sensor = Served(SensorSettings(folder, keeping=Keeping.RAW, disk=disk, heartbeat_s=heartbeat_s))
    try:
        yield sensor
    finally:
        sensor.end()


def test_while_the_disk_lags_nobody_is_accepted_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, gate = os.write, threading.Event()
    with served(tmp_path, DiskLimits(reserve_bytes=4096, pending_bytes=2000)) as sensor:

        def lagging(descriptor: int, octets: bytes) -> int:
            gate.wait(START_S)
            return real(descriptor, octets)

        monkeypatch.setattr(os, "write", lagging)
        clients = [threading.Thread(target=sensor.ask) for _ in range(60)]
        for each in clients:
            each.start()
            time.sleep(0.005)
        wait_until(lambda: sensor.recorder.counts.pauses > 0)
        accepted = sensor.recorder.counts.accepted
        time.sleep(0.3)
        assert sensor.recorder.counts.accepted == accepted < 60
        gate.set()
        for each in clients:
            each.join()
    assert sensor.recorder.counts.accepted == len(records_in(tmp_path)) == 60
    assert sensor.recorder.writer.lost_lines == 0


def wait_until(is_so: Callable[[], bool]) -> None:
    end_s = time.monotonic() + START_S
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_when_files_run_out_it_rests_and_goes_on(tmp_path: Path) -> None:
    with served(tmp_path) as sensor:
        sensor.door.socket = Failing(sensor.door.socket, OSError(errno.EMFILE, "too many"), 2)  # type: ignore[assignment]
        assert sensor.ask().endswith(PAGE)
    assert sensor.recorder.counts.pauses == 2
    assert len(records_in(tmp_path)) == 1


class Failing:
    """A listening socket whose first calls of ``accept`` fail."""

    def __init__(self, real: socket.socket, error: OSError, times: int) -> None:
        self._real, self._error, self._times = real, error, times

    def accept(self) -> tuple[socket.socket, object]:
        if self._times:
            self._times -= 1
            raise self._error
        return self._real.accept()

    def fileno(self) -> int:
        return self._real.fileno()

    def close(self) -> None:
        self._real.close()


def test_it_says_that_it_is_up_at_every_beat_and_tells_how_it_fares(tmp_path: Path) -> None:
    with served(tmp_path, heartbeat_s=0.2) as sensor:
        sensor.ask()
        wait_until(lambda: states_in(tmp_path).count("heartbeat") >= 3)
        wait_until(lambda: bool(sensor.told) and sensor.told[-1].done == 1)
    states = states_in(tmp_path)
    assert states[0] == "start"
    assert states[-1] == "stop"
