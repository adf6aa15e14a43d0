"""The sensor on loopback: what it answers, what it records, and that it outlives floods and tarpits."""

import contextlib
import os
import random
import socket
import ssl
import struct
import time
from collections import Counter

import pytest

from ebbtide.pressure.sensor.answers import PAGE
from running_sensor import (
    read_all,
    records_in,
    running_sensor,
    sensor_folder,
    wait_for_records,
)

pytestmark = pytest.mark.live
GET = b"GET /default.ida?" + b"X" * 224 + b" HTTP/1.1\r\nHost: a.example\r\n\r\n"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else, or mount a file system")


def test_everybody_gets_the_same_page_and_everything_is_recorded() -> None:
    asked = {
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n": b"200 OK",
        b"HEAD /x HTTP/1.0\r\n\r\n": b"200 OK",
        b"GET http://b.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n": b"200 OK",
        b"CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n": b"405 Method Not Allowed",
        b"POST /cgi HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc": b"405 Method Not Allowed",
        b"TRACE / HTTP/1.1\r\nCookie: secret\r\n\r\n": b"405 Method Not Allowed",
        b"GET /" + b"A" * 20_000 + b" HTTP/1.1\r\n\r\n": b"431 Request Header Fields Too Large",
        b"PUT / HTTP/1.1\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000: b"413 Content Too Large",
    }
    with sensor_folder() as folder, running_sensor(folder) as sensor:
        for octets, status in asked.items():
            answer = sensor.ask(octets)
            assert answer.startswith(b"HTTP/1.1 " + status + b"\r\n"), (octets[:40], answer[:80])
            assert answer.endswith(b"\r\n\r\n" if octets.startswith(b"HEAD") else PAGE)
            assert b"secret" not in answer
        assert sensor.ask(b"GET /old\r\n") == PAGE
        summary = sensor.stop()
        records = records_in(folder)
    assert summary["written"] == len(records) == len(asked) + 1
    assert [record["status"] for record in records] == [200, 200, 200, 405, 405, 405, 431, 413, 200]
    assert [record["target"] for record in records[2:4]] == ["http://b.example/", "b.example:443"]
    assert records[4]["body_sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert records[5]["names"] == ["cookie"]
    assert all(record["is_answered"] for record in records)


def test_what_is_no_http_is_recorded_as_such_and_gets_no_answer() -> None:
    with sensor_folder() as folder, running_sensor(folder, "--patience-s", "0.5") as sensor:
        assert sensor.ask(b"SSH-2.0-Go\r\n") == b""
        assert sensor.ask(b"PROXY TCP4 192.0.2.66 192.0.2.1 1 2\r\nGET / HTTP/1.1\r\n\r\n") == b""
        assert sensor.ask(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == b""
        assert sensor.ask(b"\x03\x00\x00\x13\x0e\xe0") == b""
        assert sensor.ask(b"") == b""
        context = ssl.create_default_context()
        with pytest.raises(OSError), sensor.connect() as made:  # noqa: PT011  an end or a reset, as it comes
            context.wrap_socket(made, server_hostname="a.example")
        sensor.stop()
        records = records_in(folder)
        text = "".join(file.read_text() for file in folder.glob("sensor-*"))
    kinds = [(record["kind"], record["outcome"]) for record in records]
    assert kinds == [
        ("other", "not_http"),
        ("proxy", "not_http"),
        ("http2", "not_http"),
        ("other", "timed_out"),
        ("silent", "timed_out"),
        ("tls", "not_http"),
    ]
    assert "192.0.2.66" not in text
    assert not any(record.get("is_answered") for record in records)


def test_a_flood_is_recorded_to_the_last_connection() -> None:
    sources, rounds, together = 25, 40, 5
    with sensor_folder() as folder, running_sensor(folder) as sensor:
        for turn in range(rounds):
            made = [sensor.connect(source=f"127.0.2.{1 + (turn + each) % 250}") for each in range(sources * together)]
            for each in made:
                each.sendall(GET)
            for each in made:
                assert each.recv(4096).endswith(PAGE)
                each.close()
        summary = sensor.stop()
        records = records_in(folder)
    assert summary["counts"]["accepted"] == len(records) == sources * rounds * together
    assert (summary["written"], summary["lost"]) == (len(records), 0)
    assert {record["outcome"] for record in records} == {"complete"}


def test_a_tarpit_is_ended_by_its_clock_and_recorded_with_what_it_sent() -> None:
    with sensor_folder() as folder, running_sensor(folder, "--patience-s", "1") as sensor:
        tarpits = [sensor.connect(source=f"127.0.3.{1 + number}") for number in range(60)]
        for turn in range(6):
            for each in tarpits:
                each.sendall(b"GET /a"[turn : turn + 1])
            assert sensor.ask(GET).endswith(PAGE)  # others are served meanwhile
        for each in tarpits:
            assert read_all(each) == b""
            each.close()
        summary = sensor.stop()
        records = records_in(folder)
    slow = [record for record in records if record["outcome"] == "timed_out"]
    assert len(slow) == 60
    assert summary["counts"]["accepted"] == len(records) == 66
    assert {(record["method"], record["target"], record["octets"]) for record in slow} == {("GET", "/a", 6)}


def test_those_who_never_read_and_those_who_reset_are_recorded() -> None:
    with sensor_folder() as folder, running_sensor(folder, "--patience-s", "20") as sensor:
        deaf = [sensor.connect() for _ in range(20)]
        for each in deaf:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            each.sendall(GET)
        for number in range(20):
            made = sensor.connect(source=f"127.0.4.{1 + number}")
            made.sendall(b"GET /begun HTTP/1.1\r\nHost:")
            time.sleep(0.01)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            made.close()
        with sensor.connect() as half:
            half.sendall(b"GET /half HTTP/1.1\r\n")
            half.shutdown(socket.SHUT_WR)
            assert read_all(half) == b""
        wait_for_records(folder, 41)
        sensor.stop()
        records = records_in(folder)
        for each in deaf:
            each.close()
    assert Counter(record["outcome"] for record in records) == {"complete": 20, "reset": 20, "closed": 1}
    assert {record["target"] for record in records} == {"/default.ida?" + "X" * 224, "/begun", "/half"}


def test_one_source_cannot_shut_the_others_out() -> None:
    with sensor_folder() as folder, running_sensor(folder, "--most-per-source", "5", "--most-open", "8") as sensor:
        held = [sensor.connect(source="127.0.5.1") for _ in range(12)]
        assert sensor.ask(GET, source="127.0.5.2").endswith(PAGE)
        held += [sensor.connect(source=f"127.0.6.{1 + number}") for number in range(6)]
        with contextlib.suppress(ConnectionError):
            assert sensor.ask(GET, source="127.0.5.3") == b""
        summary = sensor.stop()
        for each in held:
            each.close()
        records = records_in(folder)
    counts = summary["counts"]
    assert (counts["refused_source"], counts["refused_full"]) == (7, 4)
    assert counts["accepted"] == len(records) == 9
    assert counts["outcomes"] == {"complete": 1, "stopped": 8}


def test_whatever_clients_do_each_connection_has_exactly_one_line() -> None:
    chance = random.Random(7)  # noqa: S311  nothing is guarded by it
    with sensor_folder() as folder, running_sensor(folder, "--patience-s", "1") as sensor:
        for turn in range(12):
            clients = [sensor.connect(source=f"127.0.{20 + turn}.{1 + number}") for number in range(40)]
            for _ in range(4):
                for each in clients:
                    with contextlib.suppress(OSError):
                        act(each, chance)
            for each in clients:
                each.close()
        wait_for_records(folder, 12 * 40)
        summary = sensor.stop()
        records = records_in(folder)
    assert summary["counts"]["accepted"] == len(records) == 12 * 40
    assert summary["written"] == len(records)
    assert sum(summary["counts"]["outcomes"].values()) == len(records)
    assert len(summary["counts"]["outcomes"]) >= 4


def act(made: socket.socket, chance: random.Random) -> None:
    """Something that a client may do, sensible or not."""
    pieces = (
        b"GET / HTTP/1.1\r\n", b"Host: a\r\n", b"\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
        b"\x16\x03\x01", chance.randbytes(chance.randrange(1, 900)), b"\n" * 50,
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
    )  # fmt: skip
    match chance.randrange(8):
        case 0:
            made.shutdown(socket.SHUT_WR)
        case 1:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            made.close()
        case 2:
            time.sleep(0.001)
        case _:
            made.sendall(chance.choice(pieces))
