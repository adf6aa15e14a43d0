"""How many connections a second the sensor accepts and records on loopback, none of them lost; prints one JSON line.

The sensor runs as users start it, in a process of its own; clients in further processes connect, ask and read to the
end as fast as they can, each connection from one of two hundred addresses of loopback. All of them share this machine's
cores, so the rate says what was reached beside the clients; what a connection costs the sensor is told by itself.
"""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ADDRESSES = 200
TOGETHER = 64
WANTED_A_S = 5_000
WORDS = ("/", "/default.ida?" + "X" * 224, "/scripts/..%c0%af../winnt/system32/cmd.exe?/c+dir", "/wp-login.php")
FIELDS = (
    "Host: 192.0.2.1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: */*\r\n"
    "Accept-Encoding: gzip\r\nAccept-Language: en\r\nConnection: close\r\n\r\n"
)
USER = "nobody"


@contextmanager
def sensor(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """The sensor as users start it, and its port."""
    command = [sys.executable, "-m", "ebbtide", "sensor", "--listen", "0", "--out", str(folder), "--json"]
    if os.geteuid() == 0:
        command += ["--user", USER]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        said = process.stderr.readline() if process.stderr else ""
        found = re.search(r"listening at [\d.]+:(\d+)", said)
        if found is None:
            raise SystemExit(f"the sensor did not start: {said}")
        yield process, int(found[1])
    finally:
        process.kill()
        process.wait()


def ask(port: int, number: int, end_s: float) -> tuple[int, int]:
    """Ask until the time is over; how many connections were opened, and how many of them brought a whole answer."""
    opened = answered = 0
    requests = [f"GET {word} HTTP/1.1\r\n{FIELDS}".encode() for word in WORDS]
    while time.monotonic() < end_s:
        waiting = []
        for _ in range(TOGETHER):
            made = socket.socket()
            made.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
            made.bind((f"127.0.{1 + number}.{1 + opened % ADDRESSES}", 0))
            made.connect(("127.0.0.1", port))
            made.sendall(requests[opened % len(requests)])
            opened += 1
            waiting.append(made)
        for made in waiting:
            answer = made.recv(4096)
            answered += answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"</html>\n")
            made.close()
    return opened, answered


def tarpits(port: int, count: int) -> list[socket.socket]:
    """Connections that have begun a request and do not go on."""
    held = []
    for number in range(count):
        made = socket.create_connection(("127.0.0.1", port), source_address=(f"127.0.200.{1 + number % 250}", 0))
        made.sendall(b"GET /slow")
        held.append(made)
    return held


def recorded_lines(folder: Path) -> int:
    """Lines of connections that lie in the segments."""
    return sum(
        line.startswith(b'{"at"') and line.endswith(b"}\n")
        for file in folder.glob("sensor-*")
        for line in file.open("rb")
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=10.0)
    arguments.add_argument("--clients", type=int, default=2)
    arguments.add_argument("--tarpits", type=int, default=0, help="connections that are held open meanwhile")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as name:
        Path(name).chmod(0o755)  # the sensor gives up root and must still reach its folder
        folder = Path(name) / "segments"
        with sensor(folder) as (process, port), ProcessPoolExecutor(given.clients) as pool:
            held = tarpits(port, given.tarpits)
            began_s = time.monotonic()
            asking = [pool.submit(ask, port, number, began_s + given.seconds) for number in range(given.clients)]
            opened, answered = (sum(counts) for counts in zip(*(each.result() for each in asking), strict=True))
            elapsed_s = time.monotonic() - began_s
            process.send_signal(signal.SIGTERM)
            for made in held:
                made.close()
            summary = json.loads(process.stdout.read() if process.stdout else "")
            _, _, usage = os.wait4(process.pid, 0)
        counts = summary["counts"]
        cpu_s = usage.ru_utime + usage.ru_stime
        print(
            json.dumps(
                {
                    "what": "sensor_load",
                    "tarpits": given.tarpits,
                    "opened": opened,
                    "answered": answered,
                    "accepted": counts["accepted"],
                    "refused": counts["refused_full"] + counts["refused_source"],
                    "recorded": recorded_lines(folder),
                    "lost": counts["accepted"] - recorded_lines(folder),
                    "of_5000_a_s": round(counts["accepted"] / elapsed_s / WANTED_A_S, 2),
                    "connections_a_s": round(counts["accepted"] / elapsed_s),
                    "cpu_us_a_connection": round(cpu_s / max(1, counts["accepted"]) * 1e6, 1),
                    "cpu_share": round(cpu_s / elapsed_s, 2),
                    "peak_mb": round(usage.ru_maxrss / 1024, 1),
                    "pauses": counts["pauses"],
                }
            )
        )


if __name__ == "__main__":
    main()
