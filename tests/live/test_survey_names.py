"""A round over names: a scripted name server, web servers on 127.x and ::1, and who was asked where."""

import socket
import ssl
from collections.abc import Iterable
from pathlib import Path

import pytest

from ebbtide.rounds.database import ask
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.running import RunSummary, run_round
from ebbtide.survey.settings import load_config
from ebbtide.survey.starting import init_survey
from ebbtide.workers.executors import SerialExecutor
from hostile_servers import Handler, make_certificate, over_tls, read_request, reset, serve, server_context
from name_servers import (
    AAAA,
    NO_SUCH_NAME,
    SERVER_FAILURE,
    Query,
    Script,
    address_record,
    alias,
    name_server,
    reply,
    zone,
)

pytestmark = pytest.mark.live

CONFIGURATION = """
[[frame.source]]
path = "hosts.csv"
format = "csv"
[scope]
open = ["127.0.0.0/8", "::1/128"]
opt_out = "opt-outs.csv"
[names]
nameservers = ["{at}"]
second_nameservers = ["{at}"]
timeout_s = 0.5
tries = 2
families = "{families}"
[clocks]
connect_s = 2
[attempts]
most = 2
spacing_s = 0
[checks]
packs = []
"""
OUTCOMES = """
SELECT host, attempt, kind, stage || reason, fault || detail, o.address, cnames, resolved_addresses
FROM outcomes o JOIN targets t USING (target_id) ORDER BY host, attempt, t.port
"""


class Seen:
    """What web servers saw: where they were called, the server name of the handshake, the Host field."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self.server_name = ""

    def handler(self, connection: socket.socket) -> None:
        while head := read_request(connection):
            host = next(line for line in head.decode().split("\r\n") if line.startswith("Host: "))
            name = self.server_name if isinstance(connection, ssl.SSLSocket) else ""
            self.calls.append((connection.getsockname()[0], name, host.removeprefix("Host: ")))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def secure(self, pem: Path) -> Handler:
        context = server_context(pem)

        def note(_connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            self.server_name = name or ""

        context.sni_callback = note
        return over_tls(context, self.handler)


@pytest.fixture
def folder(tmp_path: Path) -> SurveyFolder:
    return init_survey(tmp_path / "survey", "names")


def run(folder: SurveyFolder, at: str, hosts: str, *, families: str = "ipv4_first", opt_outs: str = "") -> RunSummary:
    (folder.path / "survey.toml").write_text(CONFIGURATION.format(at=at, families=families), encoding="utf-8")
    (folder.path / "hosts.csv").write_text(f"host,address,port,scheme\n{hosts}", encoding="utf-8")
    (folder.path / "opt-outs.csv").write_text(f"what,expires,reason,who\n{opt_outs}", encoding="utf-8")
    return run_round(folder, "r", load_config(folder.path), executor=SerialExecutor())


def test_pinned_addresses_literals_and_names_are_asked_over_ipv6_under_their_own_name(
    folder: SurveyFolder, tmp_path: Path
) -> None:
    seen = Seen()
    pem, _ = make_certificate(tmp_path)
    with (
        serve(seen.handler, "::1") as plain,
        serve(seen.secure(pem), "::1") as tls,
        name_server(zone({"six.test": ("::1",)})) as names,
    ):
        lines = (
            f"six.test,,{plain},http\n::1,,{plain},http\npinned.test,::1,{plain},http\n"
            f"pinned.test,::1,{tls},https\n[::1],,{tls},https\n"
        )
        summary = run(folder, names.at, lines)
        assert set(names.names_asked(AAAA)) == {"six.test"}
    assert summary.outcomes == {"answered": 5}
    assert set(seen.calls) == {
        ("::1", "", f"six.test:{plain}"),
        ("::1", "", f"[::1]:{plain}"),
        ("::1", "", f"pinned.test:{plain}"),
        ("::1", "pinned.test", f"pinned.test:{tls}"),
        ("::1", "", f"[::1]:{tls}"),
    }
    told = "SELECT DISTINCT host, e.address, sni FROM exchanges e JOIN targets USING (target_id) ORDER BY ALL"
    assert ask(folder, told)[1] == [
        ("::1", "::1", ""),
        ("pinned.test", "::1", ""),
        ("pinned.test", "::1", "pinned.test"),
        ("six.test", "::1", ""),
    ]


def test_a_pinned_name_is_asked_at_its_address_whatever_the_name_system_says(
    folder: SurveyFolder, tmp_path: Path
) -> None:
    seen = Seen()
    pem, _ = make_certificate(tmp_path)
    with (
        serve(seen.secure(pem), "127.0.0.7") as port,
        name_server(zone({"pinned.test": ("127.0.0.8",)})) as names,
    ):
        run(folder, names.at, f"pinned.test,127.0.0.7,{port},https\n")
        assert names.asked == []
    assert set(seen.calls) == {("127.0.0.7", "pinned.test", f"pinned.test:{port}")}
    assert [row[5:] for row in ask(folder, OUTCOMES)[1]] == [("127.0.0.7", None, None)]


def test_of_several_addresses_only_those_in_scope_are_asked_and_all_are_kept(folder: SurveyFolder) -> None:
    seen = Seen()
    mixed = "10.0.0.1", "127.0.0.2", "::ffff:127.0.0.3", "fe80::1"

    def script(query: Query) -> Iterable[bytes]:
        fitting = [each for each in mixed if (":" in each) == (query.kind == AAAA)]
        records = [address_record("front.test", each) for each in fitting]
        return [reply(query, alias("mixed.test", "front.test"), *records)]

    with serve(seen.handler, "127.0.0.2") as port, name_server(script) as names:
        run(folder, names.at, f"mixed.test,,{port},http\n")
    assert {call[0] for call in seen.calls} == {"127.0.0.2"}
    ((_, _, kind, _, _, address, cnames, resolved),) = ask(folder, OUTCOMES)[1]
    assert (kind, address, cnames) == ("answered", "127.0.0.2", ["front.test"])
    assert resolved == ["10.0.0.1", "127.0.0.2", "::ffff:7f00:3", "fe80::1"]


@pytest.mark.parametrize(
    ("addresses", "reason", "detail"),
    [
        (("10.0.0.1", "fe80::1"), "out_of_scope", "10.0.0.0/8"),
        (("::ffff:127.0.0.1",), "out_of_scope", "::ffff:0:0/96"),
        (("10.0.0.1", "127.0.0.9"), "opted_out", "127.0.0.9"),
        (("192.0.2.1",), "out_of_scope", "192.0.2.0/24"),
        (("203.0.114.1",), "out_of_scope", "no identity"),
    ],
)
def test_a_name_without_an_address_in_scope_is_skipped_and_the_record_says_where_it_leads(
    folder: SurveyFolder, addresses: tuple[str, ...], reason: str, detail: str
) -> None:
    with name_server(zone({"inside.test": addresses})) as names:
        summary = run(folder, names.at, "inside.test,,80,http\n", opt_outs="127.0.0.9,,asked us,them\n")
    assert summary.skipped == 1
    ((_, _, _, said, told, address, _, resolved),) = ask(folder, OUTCOMES)[1]
    assert said == reason
    assert detail in told
    assert address in resolved
    assert len(resolved) == len(addresses)
    assert ask(folder, "SELECT count(*) FROM exchanges")[1] == [(0,)]


def test_a_name_that_moves_inside_between_two_attempts_is_not_followed(folder: SurveyFolder) -> None:
    def rebinding(query: Query) -> Iterable[bytes]:
        if query.kind == AAAA:
            return [reply(query)]
        return [reply(query, address_record(query.name, "127.0.0.2" if query.number == 0 else "10.0.0.1"))]

    with serve(reset, "127.0.0.2") as port, name_server(rebinding) as names:
        summary = run(folder, names.at, f"rebind.test,,{port},http\n")
        assert names.names_asked() == ["rebind.test", "rebind.test"]
    first, second = ask(folder, OUTCOMES)[1]
    assert (first[2], first[5]) == ("failed", "127.0.0.2")
    assert (second[1:4], second[5], second[7]) == ((2, "skipped", "out_of_scope"), "10.0.0.1", ["10.0.0.1"])
    assert summary.skipped == 1


def named_failures(query: Query) -> Iterable[bytes]:
    return [reply(query, code=NO_SUCH_NAME if query.name == "gone.test" else SERVER_FAILURE)]


def test_a_name_that_does_not_exist_is_asked_once_for_all_its_targets_and_one_that_failed_once_an_attempt(
    folder: SurveyFolder,
) -> None:
    with name_server(named_failures) as names:
        hosts = "".join(f"{host}.test,,{port},http\n" for host in ("gone", "ill") for port in (80, 81, 82))
        summary = run(folder, names.at, hosts)
        assert sorted(names.names_asked()) == ["gone.test", "ill.test", "ill.test"]
    assert summary.outcomes == {"resolve/name_not_found": 3, "resolve/dns_failed": 3}
    assert [row[1] for row in ask(folder, OUTCOMES)[1]] == [1, 1, 1, 1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize(("families", "where"), [("ipv6_first", "::1"), ("ipv6", "::1"), ("ipv4", "127.0.0.1")])
def test_the_preferred_family_is_asked(folder: SurveyFolder, families: str, where: str) -> None:
    seen = Seen()
    both: Script = zone({"both.test": ("127.0.0.1", "::1")})
    with serve(seen.handler, where) as port, name_server(both) as names:
        run(folder, names.at, f"both.test,,{port},http\n", families=families)
    assert {call[0] for call in seen.calls} == {where}
