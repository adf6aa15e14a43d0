"""A world in a network namespace whose every packet is written down: a survey by four processes, over traps.

Called as: unshare --net --mount python packet_world.py FOLDER. It prints what the commands said, as JSON, and leaves
the capture in FOLDER/capture.pcap. No packet can leave the namespace.
"""

import asyncio
import json
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingUDPServer

import uvloop

DNS, SITE, VANTAGE = "203.0.113.53", "203.0.113.80", "203.0.113.10"
PORT = 8080
MANY, MANY_AT = 10_000, "198.18.200.1"
OPERATED = ("198.18.10", "198.18.11", "198.19.12")
OPERATED_EACH = 40
SPREAD_PREFIXES, SPREAD_EACH = 40, 8
REDIRECTS, REBOUND = 60, 40
OPTED_OUT_PREFIX, OPTED_OUT_ADDRESS, OPTED_OUT_NAME_AT = "198.18.66", "198.18.67.7", "198.18.68.8"
PRIVATE = "10.66"
RATES = {"all": 1800.0, "address": 900.0, "prefix": 1000.0, "operator": 60.0}
CONFIGURATION = f"""
[survey]
name = "Every packet written down"
[identity]
organisation = "Example University"
page = "http://survey.test/"
contact = "survey@survey.test"
addresses = ["{VANTAGE}"]
[frame]
port = {PORT}
[[frame.source]]
path = "pinned.csv"
format = "csv"
[[frame.source]]
path = "names.txt"
[scope]
open = ["203.0.113.0/24", "198.18.0.0/15"]
opt_out = "opt-outs.csv"
[limits]
processes = 4
in_flight = 200
requests_per_s = {RATES["all"]}
requests_per_address_s = {RATES["address"]}
requests_per_prefix_s = {RATES["prefix"]}
requests_per_operator_s = {RATES["operator"]}
operators = "operators.csv"
[plan]
icon = false
redirects = "in_scope"
[attempts]
spacing_s = 0
[caution]
first_share = 0
"""


def pinned() -> Iterator[tuple[str, str]]:
    """Host and address of all targets that need no look-up, traps among them."""
    yield from ((f"h{number}.many.test", MANY_AT) for number in range(MANY))
    for prefix in OPERATED:
        yield from ((f"o{number}.test", f"{prefix}.{number}") for number in range(1, OPERATED_EACH + 1))
    for number in range(SPREAD_PREFIXES):
        yield from ((f"s{number}-{host}.test", f"198.18.{100 + number}.{host}") for host in range(1, SPREAD_EACH + 1))
    yield from ((f"out{number}.test", f"{OPTED_OUT_PREFIX}.{number}") for number in range(1, 6))
    yield "one.test", OPTED_OUT_ADDRESS
    yield "www.gone.test", OPTED_OUT_NAME_AT
    yield from ((f"inside{number}.test", f"{PRIVATE}.9.{number}") for number in range(1, 6))


def named() -> list[str]:
    """Targets whose names are looked up."""
    rebound = [f"rebound{number}.test" for number in range(1, REBOUND + 1)]
    return [f"from{number}.test" for number in range(1, REDIRECTS + 1)] + rebound + ["both.test", "nowhere.test"]


class Names:
    """What the name server says; a rebound name says something else the second time."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def addresses(self, name: str) -> list[str]:
        first, _, rest = name.partition(".")
        kind, number = first.rstrip("0123456789"), first.lstrip("abcdefghijklmnopqrstuvwxyz") or "0"
        self.asked[name] += 1
        told = {
            "survey": [SITE],
            "from": [f"198.18.20.{number}"],
            "to": [f"198.19.30.{number}"],
            "private": [f"{PRIVATE}.30.{number}"],
            "rebound": [f"198.18.40.{number}" if self.asked[name] == 1 else f"{PRIVATE}.40.{number}"],
            "both": ["198.18.41.1", f"{PRIVATE}.41.1"],
            "www": [OPTED_OUT_NAME_AT] if rest == "gone.test" else [],
        }
        return told.get(kind, [])


def destination(host: str) -> str | None:
    """Where a host's front page redirects: another prefix, a closed network, or somebody who opted out."""
    if not host.startswith("from"):
        return None
    number = int(host.removeprefix("from").partition(".")[0])
    at = ("to{}.test", "to{}.test", "private{}.test", "www.gone.test")[number % 4].format(number)
    return f"http://{at}:{PORT}/landing"


class Server(asyncio.Protocol):
    """Answers everybody; the survey's own site shows what was written for it."""

    site: Path

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.here = transport.get_extra_info("sockname")[0]

    def data_received(self, data: bytes) -> None:
        head = data.decode("latin-1").split("\r\n")
        path = head[0].split(" ")[1]
        host = next((line[6:].partition(":")[0] for line in head if line.lower().startswith("host: ")), "")
        is_last = any(line.lower() == "connection: close" for line in head)
        status, fields, body = self.answer(host, path)
        reply = f"HTTP/1.1 {status} X\r\nServer: Zeus/3.3\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
        self.transport.write(reply.encode() + body)  # type: ignore[attr-defined]  # a stream's transport
        if is_last:
            self.transport.close()

    def answer(self, host: str, path: str) -> tuple[int, str, bytes]:
        if self.here == SITE:
            file = self.site / (path.strip("/") or "index.html")
            kind = "text/html" if file.suffix == ".html" else "text/plain"
            return (200, f"Content-Type: {kind}\r\n", file.read_bytes()) if file.is_file() else (404, "", b"")
        to = destination(host)
        if path == "/" and to:
            return 302, f"Location: {to}\r\n", b""
        return (200, "", b"<h1>Welcome</h1>") if path in ("/", "/landing") else (404, "", b"no such file")


def main(folder: Path) -> None:
    make_network(folder)
    write_survey(folder)
    told: dict[str, object] = {}
    with serving(folder / "site"), capturing(folder / "capture.pcap"):
        for name, *words in (
            ("init", "conduct", "init", "--out", str(folder / "site")),
            ("run", "survey", "run", "r", "--json"),
            ("again", "survey", "run", "r", "--json"),
            ("seal", "survey", "seal", "r", "--json"),
        ):
            command = [sys.executable, "-m", "ebbtide", *words, "--survey", str(folder / "survey")]
            done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
            told[name] = {"code": done.returncode, "out": done.stdout, "err": done.stderr}
    print(json.dumps(told))  # noqa: T201  # this is a program


def make_network(folder: Path) -> None:
    for words in (
        "link set lo up",
        *(f"addr add {address}/32 dev lo" for address in (DNS, SITE, VANTAGE)),
        "route add local 198.18.0.0/15 dev lo",
        f"route add local {PRIVATE}.0.0/16 dev lo",
    ):
        subprocess.run(["ip", *words.split()], check=True)
    resolv = folder / "resolv.conf"
    resolv.write_text(f"nameserver {DNS}\n")
    subprocess.run(["mount", "--bind", str(resolv), "/etc/resolv.conf"], check=True)


def write_survey(folder: Path) -> None:
    survey = folder / "survey"
    subprocess.run([sys.executable, "-m", "ebbtide", "survey", "init", str(survey)], check=True, capture_output=True)
    (survey / "survey.toml").write_text(CONFIGURATION)
    (survey / "pinned.csv").write_text("host,address\n" + "".join(f"{host},{at}\n" for host, at in pinned()))
    (survey / "names.txt").write_text("\n".join(named()) + "\n")
    (survey / "operators.csv").write_text("prefix,operator\n" + "".join(f"{each}.0/24,Big\n" for each in OPERATED))
    gone = (f"{OPTED_OUT_PREFIX}.0/24", OPTED_OUT_ADDRESS, ".gone.test")
    (survey / "opt-outs.csv").write_text(
        "what,expires,reason,who\n" + "".join(f"{each},,asked,them\n" for each in gone)
    )


@contextmanager
def capturing(path: Path) -> Iterator[None]:
    words = ["tcpdump", "-i", "lo", "-s", "160", "-B", "131072", "-U", "-w", str(path), "tcp port 8080 or tcp port 80"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "listening on" not in process.stderr.readline():
            assert process.poll() is None, "tcpdump ended at once"
        yield
        time.sleep(1)
        process.terminate()
        summary = process.stderr.read()
    assert "\n0 packets dropped by kernel" in f"\n{summary}", summary


@contextmanager
def serving(site: Path) -> Iterator[None]:
    Server.site = site
    names = Names()
    answering = ThreadingUDPServer((DNS, 53), type("Asked", (Asked,), {"names": names}))
    answering.daemon_threads = True
    threading.Thread(target=answering.serve_forever, daemon=True).start()
    threading.Thread(target=serve_web, daemon=True).start()
    time.sleep(0.5)
    yield
    answering.shutdown()


def serve_web() -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        for port in (80, PORT):
            await loop.create_server(Server, "0.0.0.0", port, backlog=4096)
        await asyncio.Event().wait()

    uvloop.run(serve())


class Asked(BaseRequestHandler):
    names: Names

    def handle(self) -> None:
        query, socket = self.request
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        (kind,) = struct.unpack(">H", query[at + 1 : at + 3])
        name = ".".join(labels)
        found = self.names.addresses(name) if kind == 1 else []
        reverse = ".".join(reversed(VANTAGE.split("."))) + ".in-addr.arpa"
        data = [bytes(map(int, each.split("."))) for each in found]
        if (name, kind) == (reverse, 12):
            data = [b"\6survey\4test\0"]
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(each)) + each for each in data)
        is_known = bool(data) or kind != 1
        head = query[:2] + (b"\x81\x80" if is_known else b"\x81\x83") + struct.pack(">HHHH", 1, len(data), 0, 0)
        socket.sendto(head + query[12 : at + 5] + records, self.client_address)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
