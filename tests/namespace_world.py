"""A small world of its own in a network namespace: our site, twenty servers, a name server. No packet can leave it.

Called as: unshare --net --mount python namespace_world.py FOLDER. Plays a survey from its first day to its second run
and prints what each command said and what the servers saw, as JSON.
"""

import json
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingUDPServer

DNS, SITE, VANTAGE, TARGETS = "203.0.113.53", "203.0.113.80", "203.0.113.10", "198.51.100.0/24"
PROVED_BY_DNS, PROVED_BY_FILE = "proved.test", "198.51.100.9"
A, PTR, TXT = 1, 12, 16
CONFIGURATION = f"""
[survey]
name = "A world of its own"
[identity]
organisation = "Example University"
page = "http://survey.test/"
contact = "survey@survey.test"
addresses = ["{VANTAGE}"]
[[frame.source]]
path = "hosts.txt"
[scope]
open = ["203.0.113.0/24", "198.51.100.0/24"]
opt_out = "opt-outs.csv"
[limits]
processes = 1
[attempts]
spacing_s = 0
[plan]
level = "active"
[caution]
first_share = 0.5
first_least = 3
"""


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / "site"
        self.files: dict[tuple[str, str], str] = {}
        self.records: dict[tuple[str, int], bytes] = {
            ("survey.test", A): bytes(map(int, SITE.split("."))),
            (PROVED_BY_DNS, A): bytes([198, 51, 100, 200]),
            (".".join(reversed(VANTAGE.split("."))) + ".in-addr.arpa", PTR): b"\6survey\4test\0",
        }
        self.seen: list[tuple[str, str, str]] = []
        self.told: dict[str, dict[str, object]] = {}

    def ebbtide(self, name: str, *words: str) -> str:
        survey = () if words[0] == "probe" else ("--survey", str(self.folder / "survey"))
        command = [sys.executable, "-m", "ebbtide", *words, *survey]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        targets = [each for each in self.seen if each[0] != SITE]
        self.told[name] = {
            "code": done.returncode,
            "out": done.stdout,
            "err": done.stderr,
            "targets_asked": len(targets),
            "site_asked": len(self.seen) - len(targets),
        }
        return done.stdout

    def publish_text(self, name: str, text: str) -> None:
        self.records[name, TXT] = bytes([len(text)]) + text.encode()


def main(folder: Path) -> None:
    make_network(folder)
    world = World(folder)
    (folder / "survey.json").unlink(missing_ok=True)
    with serving(world):
        play(world)
    print(json.dumps({"told": world.told, "seen": world.seen}))  # noqa: T201  # this is a program


def make_network(folder: Path) -> None:
    for words in (
        "link set lo up",
        *(f"addr add {address}/32 dev lo" for address in (DNS, SITE, VANTAGE)),
        f"addr add {TARGETS} dev lo",
    ):
        subprocess.run(["ip", *words.split()], check=True)
    resolv = folder / "resolv.conf"
    resolv.write_text(f"nameserver {DNS}\n")
    subprocess.run(["mount", "--bind", str(resolv), "/etc/resolv.conf"], check=True)


def play(world: World) -> None:
    survey = world.folder / "survey"
    subprocess.run([sys.executable, "-m", "ebbtide", "survey", "init", str(survey)], check=True, capture_output=True)
    (survey / "survey.toml").write_text(CONFIGURATION)
    (survey / "hosts.txt").write_text("".join(f"198.51.100.{n}\n" for n in range(1, 20)) + f"{PROVED_BY_DNS}\n")
    (survey / "opt-outs.csv").write_text("what,expires,reason,who\n")
    world.ebbtide("check without a site", "conduct", "check", "--json")
    world.ebbtide("run without a site", "survey", "run", "r")
    by_hand = ("probe", "http://198.51.100.1/", "--open", "198.51.100.0/24", "--open", "203.0.113.0/24", "--json")
    who = ("--organisation", "Example University", "--page", "http://survey.test/", "--contact", "survey@survey.test")
    world.ebbtide("by hand without a site", *by_hand, *who)
    world.ebbtide("init", "conduct", "init", "--out", str(world.site))
    world.ebbtide("check", "conduct", "check", "--json")
    world.ebbtide("by hand without an address", *by_hand, *who)
    world.ebbtide("verify too early", "conduct", "verify", PROVED_BY_DNS)
    proof = json.loads(world.ebbtide("prove by dns", "conduct", "prove", PROVED_BY_DNS, "--json"))
    world.ebbtide("verify unpublished", "conduct", "verify", PROVED_BY_DNS, "--json")
    world.publish_text(proof["txt"], proof["text"])
    world.ebbtide("verify by dns", "conduct", "verify", PROVED_BY_DNS, "--json")
    proof = json.loads(world.ebbtide("prove by file", "conduct", "prove", PROVED_BY_FILE, "--json"))
    world.files[PROVED_BY_FILE, proof["path"]] = proof["text"] + "\n"
    world.ebbtide("verify by file", "conduct", "verify", PROVED_BY_FILE, "--json")
    world.ebbtide("opt out", "conduct", "opt-out", "198.51.100.16/30", "--who", "A. Body", "--reason", "asked by mail")
    world.ebbtide("opt-outs", "conduct", "opt-outs", "--json")
    world.ebbtide("plan", "survey", "plan")
    world.ebbtide("first share", "survey", "run", "r")
    world.ebbtide("rest", "survey", "run", "r", "--continue", "--json")
    world.files.clear()
    world.ebbtide("without the file", "survey", "run", "second", "--json")
    world.ebbtide("status", "survey", "status", "second", "--json")


class serving:  # noqa: N801  # reads as what it does
    """Our site, the targets and the name server, for the time of a story."""

    def __init__(self, world: World) -> None:
        web = type("Web", (Web,), {"world": world})
        names = type("Names", (Names,), {"world": world})
        self.servers = [ThreadingHTTPServer(("0.0.0.0", 80), web), ThreadingUDPServer((DNS, 53), names)]

    def __enter__(self) -> None:
        for server in self.servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_error: object) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()


class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: World

    def do_GET(self) -> None:
        address = self.connection.getsockname()[0]
        self.world.seen.append((address, self.headers["Host"], self.path))
        status, kind, body = self.found(address)
        self.send_response_only(status)
        self.send_header("Server", "Microsoft-IIS/5.0")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def found(self, address: str) -> tuple[int, str, bytes]:
        if address == SITE:
            path = self.world.site / (self.path.strip("/") or "index.html")
            kind = "text/html" if path.suffix == ".html" else "text/plain"
            return (200, kind, path.read_bytes()) if path.is_file() else (404, "text/html", b"nothing")
        text = self.world.files.get((address, self.path))
        if text is not None:
            return 200, "text/plain; charset=utf-8", text.encode()
        return (200, "text/html", b"<h1>Welcome</h1>") if self.path == "/" else (404, "text/html", b"no such file")

    def log_message(self, *_arguments: object) -> None:
        pass


class Names(BaseRequestHandler):
    world: World

    def handle(self) -> None:
        query, socket = self.request
        end = query.index(b"\0", 12) + 5
        (kind,) = struct.unpack(">H", query[end - 4 : end - 2])
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        data = self.world.records.get((".".join(labels), kind), b"")
        answer = b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data if data else b""
        flags = bytes([0x81, 0x80])
        head = query[:2] + flags + struct.pack(">HHHH", 1, 1 if data else 0, 0, 0)
        socket.sendto(head + query[12:end] + answer, self.client_address)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
