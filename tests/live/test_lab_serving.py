"""The lab over real sockets: personas, silence, refusal, dropped connections, the access log, its end by signal."""

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ebbtide.lab import marks
from ebbtide.lab.holes import CHECKS
from ebbtide.lab.scenario import builtin, load_scenario
from ebbtide.lab.truth import truth_rows
from ebbtide.lab.world import World, build_world
from ports import free_port

pytestmark = pytest.mark.live

SEED = 5
SCALE = 0.05
ABSENT = "/feedfacefeedface.ida"
WINTER = Path(__file__).parents[1] / "scenarios" / "winter-2003.yaml"
PROGRAM = """
import sys
from pathlib import Path
from ebbtide.lab.scenario import load_scenario
from ebbtide.lab.serving import serve
from ebbtide.lab.world import build_world
file, seed, scale, month, port, log = sys.argv[1:]
world = build_world(load_scenario(Path(file)), int(seed), float(scale))
serve(world, month, port=int(port), access_log=Path(log), on_ready=lambda: print("ready", flush=True))
"""


class Served:
    """A lab in a process of its own."""

    def __init__(self, folder: Path, file: Path, month: str, scale: float) -> None:
        self.world: World = build_world(load_scenario(file), SEED, scale)
        self.port = free_port()
        self.log = folder / "access.jsonl"
        self.rows: list[dict[str, Any]] = list(truth_rows(self.world, month, self.port))
        command = [sys.executable, "-W", "error", "-X", "dev", "-c", PROGRAM, str(file), str(SEED), str(scale)]
        self.process = subprocess.Popen(
            [*command, month, str(self.port), str(self.log)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        if self.process.stdout.readline() != "ready\n":
            pytest.fail(str(self.process.communicate()[1]))

    def end(self, number: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(number)
        _out, errors = self.process.communicate(timeout=30)
        return self.process.returncode, "\n".join(line for line in errors.splitlines() if "took" not in line)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def steady(self) -> list[dict[str, Any]]:
        """Rows of servers that answer at once."""
        drops = {
            machine.id
            for machine, state in zip(self.world.machines, self.world.states(self.rows[0]["month"]), strict=True)
            if state.traits.drops
        }
        return [row for row in self.rows if row["presence"] == "answered" and row["server"] not in drops]

    def of_drop(self, way: str) -> dict[str, Any]:
        """A row of a server that drops its first connection in this way."""
        states = self.world.states(self.rows[0]["month"])
        ids = {
            m.id
            for m, s in zip(self.world.machines, states, strict=True)
            if s.traits.drops == way and s.presence == "answered"
        }
        return next(row for row in self.rows if row["server"] in ids)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("lab"), builtin("code-red-2001"), "2001-09", SCALE)
    yield served
    if served.process.poll() is None:
        assert served.end(signal.SIGTERM) == (0, "")


def ask(row: dict[str, Any], path: str, method: str = "GET") -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(row["address"], row["port"], timeout=10)
    try:
        connection.request(method, path, headers={"Host": row["host"], "User-Agent": "lab-test"})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def raw(row: dict[str, Any], data: bytes) -> bytes:
    with socket.create_connection((row["address"], row["port"]), timeout=10) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


def judged(row: dict[str, Any]) -> dict[str, str]:
    """Judge a server by its replies alone, as the rules of 2001 say."""
    front, front_body = ask(row, "/")
    absent, absent_body = ask(row, ABSENT)
    admin, admin_body = ask(row, "/iisadmin/")
    if (front.getheader("Server") or "-").lower() in {"-", "unknown", "secured"}:
        return dict.fromkeys(CHECKS, "cannot_tell")
    if "Microsoft-IIS" not in (front.getheader("Server") or ""):
        return dict.fromkeys(CHECKS, "not_asked")
    is_filter = b"IDQ" in absent_body.upper() and ABSENT[1:].encode() in absent_body
    mark = b"<!-- MS01-033 -->"
    shown = {
        "code-red-ida-reachable": is_filter,
        "code-red-ida": is_filter and mark not in absent_body,
        "admin-pages": marks.shows_admin(admin.status, admin_body),
        "server-path": marks.shows_path(absent_body),
        "script-source": marks.shows_script(front.status, front_body),
        "backdoor-mark": marks.shows_infection(front_body),
    }
    is_catch_all = absent.status == 200 and not is_filter
    verdicts = {check: "shown" if is_shown else "not_shown" for check, is_shown in shown.items()}
    if is_catch_all:
        verdicts |= dict.fromkeys(set(verdicts) - {"script-source", "backdoor-mark"}, "cannot_tell")
    parts = [verdict for check, verdict in verdicts.items() if check != "code-red-ida-reachable"]
    verdicts["any-hole"] = "shown" if "shown" in parts else "cannot_tell" if is_catch_all else "not_shown"
    return verdicts


@pytest.mark.parametrize("month", ["2001-06", "2001-09"])
def test_every_server_that_answers_shows_over_the_wire_what_the_truth_says(tmp_path: Path, month: str) -> None:
    served = Served(tmp_path, builtin("code-red-2001"), month, 0.03)
    one_name_each = {row["server"]: row for row in served.steady()}.values()
    for row in one_name_each:
        assert judged(row) == {check: entry["observable"] for check, entry in row["checks"].items()}, row["server"]
    assert served.end(signal.SIGINT) == (0, "")


def test_another_scenario_is_served_too(tmp_path: Path) -> None:
    served = Served(tmp_path, WINTER, "2003-02", 1.0)
    families = set()
    for row in {row["server"]: row for row in served.steady()}.values():
        response, body = ask(row, "/")
        if row["family"] != "unknown":
            assert (response.getheader("Server") or "").lower().startswith(row["family"].split("-")[0])
        families.add(row["family"])
        if row["checks"]["script-source"]["observable"] != "shown" and row["family"] == "cern":
            assert f"<title>Hej {row['host']}</title> {{ not: a placeholder }} 2003-02-09".encode() in body
    assert families == {"microsoft-iis", "lighttpd", "cern", "unknown"}
    assert served.end(signal.SIGTERM) == (0, "")


def test_sites_on_one_address_say_their_own_names(lab: Served) -> None:
    by_server: dict[str, list[dict[str, Any]]] = {}
    for row in lab.steady():
        if row["family"] == "zeus":
            by_server.setdefault(row["server"], []).append(row)
    names = next(rows for rows in by_server.values() if len(rows) > 2)
    for row in names:
        assert f"<title>{row['host']}</title>".encode() in ask(row, "/")[1]
    stranger = {**names[0], "host": "<b>not.ours</b>"}
    assert f"<title>{names[0]['host']}</title>".encode() in ask(stranger, "/")[1]


def test_head_has_the_length_of_get_and_no_body(lab: Served) -> None:
    row = lab.steady()[0]
    got, body = ask(row, "/")
    head, nothing = ask(row, "/", "HEAD")
    assert nothing == b""
    assert head.getheader("Content-Length") == got.getheader("Content-Length") == str(len(body))
    assert got.getheader("Date") == "Mon, 24 Sep 2001 12:00:00 GMT"


def test_pipelined_requests_are_answered_in_order_on_one_connection(lab: Served) -> None:
    row = next(row for row in lab.steady() if row["family"] == "apache")
    request = b"GET %b HTTP/1.1\r\nHost: " + row["host"].encode() + b"\r\n\r\n"
    answer = raw(row, request % b"/first-x" + request % b"/second-x" + request % b"/")
    assert answer.count(b"HTTP/1.1 ") == 3


def test_a_client_that_asks_much_and_reads_late_gets_everything(lab: Served) -> None:
    row = next(row for row in lab.steady() if row["family"] == "zeus")
    request = f"GET / HTTP/1.1\r\nHost: {row['host']}\r\n\r\n".encode()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(10)
        client.connect((row["address"], row["port"]))
        client.sendall(request * 900)
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(2048), b""))
    assert answer.count(b"HTTP/1.1 200") == 900


def test_a_client_may_ask_byte_by_byte(lab: Served) -> None:
    row = lab.steady()[1]
    with socket.create_connection((row["address"], row["port"]), timeout=10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET / HTTP/1.0\r\n\r\n":
            client.sendall(bytes([byte]))
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 ")
    assert b"Connection: close" in answer


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"400"),
        (b"GET /\r\n\r\n", b"400"),
        (b"GET no-slash HTTP/1.1\r\n\r\n", b"400"),
        (b"A" * 20_000, b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", b"405"),
        (b"GET http://elsewhere.example/ HTTP/1.1\r\n\r\n", b"200"),
    ],
)
def test_garbage_is_answered_and_does_no_harm(lab: Served, data: bytes, status: bytes) -> None:
    row = next(row for row in lab.steady() if row["family"] == "thttpd")
    assert raw(row, data).split(b" ")[1] == status
    assert ask(row, "/")[0].status == 200


def test_silent_servers_time_out_however_often_they_are_asked(lab: Served) -> None:
    silent = [row for row in lab.rows if row["presence"] == "silent"]
    assert silent
    for row in [silent[0], silent[0], silent[-1]]:
        with pytest.raises(TimeoutError):
            socket.create_connection((row["address"], row["port"]), timeout=0.5)


def test_refused_servers_refuse(lab: Served) -> None:
    refused = {row["address"]: row for row in lab.rows if row["presence"] == "refused"}.values()
    assert refused
    for row in refused:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((row["address"], row["port"]), timeout=2)


def test_a_server_that_drops_at_accept_says_nothing_once(lab: Served) -> None:
    row = lab.of_drop("accept")
    with socket.create_connection((row["address"], row["port"]), timeout=10) as client:
        assert client.recv(1) == b""
    assert ask(row, "/")[0].status == 200


def test_a_server_that_drops_after_the_request_says_nothing_once(lab: Served) -> None:
    row = lab.of_drop("request")
    assert raw(row, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == b""
    assert ask(row, "/")[0].status == 200


def test_a_server_that_drops_in_the_body_sends_half_of_it_once(lab: Served) -> None:
    row = lab.of_drop("body")
    with pytest.raises(http.client.IncompleteRead):
        ask(row, "/")
    assert ask(row, "/")[0].status == 200


def test_each_request_is_in_the_log_before_its_client_has_gone(lab: Served) -> None:
    row = lab.steady()[2]
    before = len(lab.lines())
    connection = http.client.HTTPConnection(row["address"], row["port"], timeout=10)
    for path in ("/", "/one?q=\u00ff".encode("latin-1").decode("latin-1").replace("\u00ff", "%FF"), "/two"):
        connection.request("GET", path, headers={"Host": row["host"], "User-Agent": "lab-test/1"})
        connection.getresponse().read()
    new = lab.lines()[before:]
    connection.close()
    assert [(line["path"], line["request"], line["method"]) for line in new] == [
        ("/", 1, "GET"),
        ("/one?q=%FF", 2, "GET"),
        ("/two", 3, "GET"),
    ]
    assert {(line["address"], line["host"], line["user_agent"]) for line in new} == {
        (row["address"], row["host"], "lab-test/1")
    }
    assert len({line["connection"] for line in new}) == 1
    assert all(isinstance(line["time_ns"], int) for line in new)


def test_the_next_connection_has_the_next_number(lab: Served) -> None:
    row = lab.steady()[3]
    numbers = []
    for _ in range(3):
        ask(row, "/")
        numbers.append(lab.lines()[-1]["connection"])
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


def test_a_port_in_use_and_a_limit_too_low_are_told(tmp_path: Path) -> None:
    world = build_world(load_scenario(WINTER), SEED, 1.0)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((world.machines[0].address, 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        arguments = [str(WINTER), str(SEED), "1.0", "2003-02", port, str(tmp_path / "log")]
        busy = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False)
    assert f"{world.machines[0].address}:{port} cannot be bound: Address already in use" in busy.stderr
    limit = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))\n"
    low = subprocess.run(
        [sys.executable, "-c", limit + PROGRAM, *arguments], capture_output=True, text=True, check=False
    )
    assert "1,400 file descriptors are needed and 1,000 are the most here: 400 are missing" in low.stderr
