"""A farm of pages on 127.0.0.0/8: pages and nginx configuration of the frozen baselines, in a scratch folder."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

BASELINES = Path(__file__).resolve().parents[2] / "shared" / "bench"
FIRST_OCTETS = "127.10"
MOST_HOSTS = 20_000
_START_S = 20.0
_END_S = 20.0
_SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/bin:/bin"


class BenchError(Exception):
    """The benchmark cannot run here; the sentence says why."""


class Farm(msgspec.Struct, frozen=True):
    """A running farm.

    Attributes:
        port: Where it answers over plain HTTP.
        tls_port: Where it answers over TLS.
        count: So many addresses have a page.
        page_bytes: About so long is each page.
    """

    port: int
    tls_port: int
    count: int
    page_bytes: int

    def addresses(self, count: int) -> list[str]:
        """The first addresses of the farm, as the baselines number them."""
        if count > self.count:
            raise BenchError(f"the farm has {self.count} pages, and {count} hosts were asked for")
        return [f"{FIRST_OCTETS}.{number >> 8 & 255}.{number & 255}" for number in range(count)]


def find_program(name: str) -> str:
    """Where a program lies; raises ``BenchError`` if it is not installed."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}")
    if found is None:
        raise BenchError(f"{name} is not installed")
    return found


def baseline(name: str) -> Path:
    """A file of the frozen baselines; raises ``BenchError`` if it is missing."""
    path = BASELINES / name
    if not path.is_file():
        raise BenchError(f"{path} is missing: the frozen baselines are not at hand")
    return path


@contextmanager
def running_farm(folder: Path, count: int, page_bytes: int) -> Iterator[Farm]:
    """Make the pages, start nginx in front of them, and end it whatever happens."""
    if count > MOST_HOSTS:
        raise BenchError(f"{count} hosts are more than {MOST_HOSTS}, the most that a benchmark asks")
    nginx = find_program("nginx")
    folder.mkdir(parents=True)
    pages = [sys.executable, str(baseline("pages.py")), str(folder)]
    _run([*pages, "--count", str(count), "--size", str(page_bytes), "--first-octets", FIRST_OCTETS])
    _make_certificate(folder)
    (folder / "tmp").mkdir()
    port, tls_port = _free_port(), _free_port()
    config = folder / "farm.conf"
    config.write_text(_farm_config(port, tls_port), encoding="utf-8")
    process = subprocess.Popen(
        [nginx, "-p", str(folder), "-e", str(folder / "farm.err"), "-c", str(config)], stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_open(process, port)
        yield Farm(port, tls_port, count, page_bytes)
    finally:
        process.terminate()
        process.wait(_END_S)


def _farm_config(port: int, tls_port: int) -> str:
    """The frozen configuration, as our child and on ports of our own, so that two benchmarks can run side by side."""
    text = baseline("farm.conf").read_text(encoding="utf-8")
    text = text.replace(":18080 ", f":{port} ").replace(":18443 ", f":{tls_port} ")
    # It listens on all addresses; nobody outside the machine is answered.
    text = text.replace("access_log off;", "access_log off; allow 127.0.0.0/8; deny all;")
    user = "user root;\n" if os.geteuid() == 0 else ""
    return user + text.replace("daemon on;", "daemon off;")


def _make_certificate(folder: Path) -> None:
    _run(
        [
            find_program("openssl"),
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", "/CN=lab.test", "-days", "30"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ]
    )


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{command[0]} failed: {done.stderr.strip()[-300:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection((f"{FIRST_OCTETS}.0.0", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise BenchError("the farm's nginx did not start")
