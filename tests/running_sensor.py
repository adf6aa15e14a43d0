"""The sensor as users start it, in a process of its own, and what it wrote."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_S = 30
END_S = 30
USER = "nobody"
PROGRAM = (sys.executable, "-m", "ebbtide")


class RunningSensor:
    """A sensor that listens.

    Attributes:
        ports: In the order in which they were asked for.
    """

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.said = []
        while not self.said or "listening at" not in self.said[-1]:
            line = process.stderr.readline() if process.stderr else ""
            assert line, f"the sensor did not start: {self.said}"
            self.said.append(line)
        self.ports = [int(port) for port in re.findall(r":(\d+)(?=[,;])", self.said[-1])]

    def connect(self, number: int = 0, source: str = "", address: str = "127.0.0.1") -> socket.socket:
        """A connection to one of its ports, perhaps from another address of loopback."""
        return socket.create_connection(
            (address, self.ports[number]), timeout=20, source_address=(source, 0) if source else None
        )

    def ask(self, octets: bytes, source: str = "") -> bytes:
        """Send octets and read to the end."""
        with self.connect(source=source) as made:
            made.sendall(octets)
            return read_all(made)

    def stop(self, number: int = signal.SIGTERM) -> dict[str, Any]:
        """End it, and what it says of its run."""
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=END_S)
        summary: dict[str, Any] = json.loads(out)
        return summary


def read_all(made: socket.socket) -> bytes:
    """All that comes until the end of a connection."""
    said = b""
    while octets := made.recv(65_536):
        said += octets
    return said


def lines_in(folder: Path) -> list[dict[str, Any]]:
    """All whole lines of the segments, in order."""
    text = b"".join(file.read_bytes() for file in sorted(folder.glob("sensor-*")))
    return [json.loads(line) for line in text.splitlines() if line.endswith(b"}")]


def records_in(folder: Path) -> list[dict[str, Any]]:
    """Lines of connections."""
    return [line for line in lines_in(folder) if "sensor" not in line]


def states_in(folder: Path) -> list[str]:
    """What the other lines say."""
    return [line["sensor"] for line in lines_in(folder) if "sensor" in line]


def wait_for_records(folder: Path, count: int) -> list[dict[str, Any]]:
    """Wait until so many lines of connections are written."""
    end_s = time.monotonic() + START_S
    while len(found := records_in(folder)) < count:
        assert time.monotonic() < end_s, found
        time.sleep(0.05)
    return found


@contextmanager
def sensor_folder() -> Iterator[Path]:
    """A folder that does not exist yet, where a user without rights can reach it."""
    with tempfile.TemporaryDirectory(prefix="ebbtide-sensor-") as name:
        Path(name).chmod(0o755)
        yield Path(name) / "segments"


def as_user() -> list[str]:
    """What gives up root, if we are root."""
    return ["--user", USER] if os.geteuid() == 0 else []


@contextmanager
def running_sensor(
    folder: Path, *words: str, program: Sequence[str] = PROGRAM, listen: Sequence[str] = ("0",)
) -> Iterator[RunningSensor]:
    """Run it with further options; it is gone at the end whatever happens."""
    places = [word for place in listen for word in ("--listen", place)]
    process = subprocess.Popen(
        [*program, "sensor", "--out", str(folder), "--json", *places, *as_user(), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield RunningSensor(process, folder)
    finally:
        process.kill()
        process.communicate(timeout=END_S)
