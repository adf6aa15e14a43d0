"""How the sensor ends: by a signal, by kill -9, by the disk; and what is read of it then."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from ebbtide.pressure.reading import Reading, read_logs
from ebbtide.pressure.sensor.answers import PAGE
from ebbtide.pressure.signatures.matching import SignatureSet
from ebbtide.pressure.signatures.reading import own_signatures
from ebbtide.pressure.sources import Neighbourhood, SourcePolicy
from running_sensor import (
    PROGRAM,
    START_S,
    RunningSensor,
    as_user,
    lines_in,
    records_in,
    running_sensor,
    sensor_folder,
    states_in,
    wait_for_records,
)

pytestmark = pytest.mark.live
GET = b"GET /default.ida?" + b"X" * 224 + b" HTTP/1.1\r\nHost: a.example\r\n\r\n"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else, or mount a file system")


def read(folder: Path) -> Reading:
    paths = [str(path) for path in sorted(folder.glob("sensor-*"))]
    return read_logs(paths, SignatureSet(own_signatures()), SourcePolicy(), Neighbourhood(""))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_order(number: int) -> None:
    with sensor_folder() as folder, running_sensor(folder) as sensor:
        assert sensor.ask(GET).endswith(PAGE)
        with sensor.connect() as waiting:
            waiting.sendall(b"POST /open HTTP/1.1\r\n")
            assert sensor.ask(GET).endswith(PAGE)  # whoever came before is taken on by now
            summary = sensor.stop(number)
        assert sensor.process.returncode == 0
        states = states_in(folder)
        records = records_in(folder)
    assert (states[0], states[-1]) == ("start", "stop")
    assert [record["outcome"] for record in records] == ["complete", "complete", "stopped"]
    assert records[2]["target"] == "/open"
    assert summary["ended"] == ""


def test_after_kill_9_what_was_written_is_read_and_a_torn_line_is_read_past() -> None:
    with sensor_folder() as folder:
        with running_sensor(folder) as sensor:
            for _ in range(5):
                sensor.ask(GET)
            wait_for_records(folder, 5)
            sensor.process.kill()
            sensor.process.wait()
        segment = next(folder.glob("sensor-*"))
        with segment.open("ab") as stream:
            stream.write(b'{"at":"2026-11-27T06:08:47.4154')
        with running_sensor(folder) as sensor:
            sensor.ask(GET)
            summary = sensor.stop()
        assert summary["written"] == 1
        assert len(list(folder.glob("sensor-*"))) == 2
        reading = read(folder)
    assert len(reading.events) == 6
    assert [file.dialect for file in reading.files] == ["ebbtide sensor"] * 2
    assert sum(file.rejected for file in reading.files) == 1


def test_two_sensors_do_not_share_a_folder() -> None:
    with sensor_folder() as folder, running_sensor(folder):
        done = subprocess.run(
            [*PROGRAM, "sensor", "--listen", "0", "--out", str(folder), *as_user()],
            capture_output=True, text=True, timeout=START_S, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert "another sensor writes here" in done.stderr


def test_at_its_cap_it_ends_with_a_sentence_and_loses_nothing() -> None:
    big = b"GET /" + b"A" * 8000 + b" HTTP/1.1\r\n\r\n"
    with sensor_folder() as folder, running_sensor(folder, "--disk-mb", "1") as sensor:
        answered = flood_until_it_ends(sensor, big)
        out, err = sensor.process.communicate(timeout=START_S)
        records = records_in(folder)
    assert sensor.process.returncode == 2
    assert "the sensor has ended: the segments have reached their 1 MB" in err
    assert '"lost": 0' in out
    assert len(records) >= answered > 100


def flood_until_it_ends(sensor: RunningSensor, octets: bytes) -> int:
    """How many got an answer."""
    answered = 0
    for _ in range(20_000):
        try:
            answered += sensor.ask(octets).endswith(PAGE)
        except OSError:
            break
        if sensor.process.poll() is not None:
            break
    return answered


@needs_root
def test_a_full_disk_ends_it_and_what_was_accepted_fits_into_the_reserve() -> None:
    big = b"GET /" + b"A" * 8000 + b" HTTP/1.1\r\n\r\n"
    with sensor_folder() as folder:
        folder.mkdir(mode=0o755)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=18m,mode=0777", "none", str(folder)], capture_output=True, check=False
        )
        if mounted.returncode:
            pytest.skip("no file system can be mounted here")
        try:
            with running_sensor(folder) as sensor:
                answered = flood_until_it_ends(sensor, big)
                out, err = sensor.process.communicate(timeout=START_S)
            records, states = records_in(folder), states_in(folder)
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
    assert sensor.process.returncode == 2
    assert "the sensor has ended: the disk is full" in err
    assert '"lost": 0' in out
    assert len(records) >= answered > 100
    assert states[-1] == "stop"


def test_heartbeats_and_the_stop_line_carry_the_counts() -> None:
    with sensor_folder() as folder, running_sensor(folder) as sensor:
        sensor.ask(GET)
        sensor.stop()
        last = lines_in(folder)[-1]
    assert (last["sensor"], last["counts"]["accepted"], last["counts"]["outcomes"]) == ("stop", 1, {"complete": 1})
