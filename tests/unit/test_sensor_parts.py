"""The sensor's parts alone: caps, keys of a month, segments and their room, places, who is counted together."""

import datetime as dt
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ebbtide.pressure.records import PressureError
from ebbtide.pressure.sensor.answers import PAGE, choose_status, encode_answer
from ebbtide.pressure.sensor.doors import network_of
from ebbtide.pressure.sensor.keys import KEY_FILE, SourceKeeper
from ebbtide.pressure.sensor.privileges import demand_unprivileged
from ebbtide.pressure.sensor.records import Kind, Outcome, State, stamp
from ebbtide.pressure.sensor.requests import Received, RequestReader
from ebbtide.pressure.sensor.segments import SegmentFolder, SegmentWriter
from ebbtide.pressure.sensor.settings import DiskLimits, Place, RequestLimits, parse_place
from ebbtide.pressure.sources import Keeping, SourcePolicy

NS = 1_000_000_000
HOST = "192.0.2.7"
LARGE = RequestLimits()
SMALL_DISK = DiskLimits(disk_bytes=1 << 20, segment_bytes=200, reserve_bytes=4096, sync_every_s=0.01)


def ns(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * NS


def read(octets: bytes, limits: RequestLimits = LARGE) -> Received:
    reader = RequestReader(limits)
    assert reader.feed(octets), "the request is not over"
    return reader.close(Outcome.STOPPED)


# Requests.


def test_a_request_is_read_in_all_its_parts() -> None:
    received = read(
        b"\r\nPOST /a?b=\xff HTTP/1.0\nHost: h\nCookie: c=1\nUser-Agent: one\nuser-agent: two\n"
        b"Content-Length: 2\n\nhi and more"
    )
    assert (received.method, received.target, received.version) == ("POST", "/a?b=\\xFF", "1.0")
    assert received.fields == {"host": "h", "user-agent": "one, two", "content-length": "2"}
    assert received.names == ("cookie",)
    assert (received.outcome, received.body_bytes) == (Outcome.COMPLETE, 2)


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (b"\x16\x03\x01\x00\x04abcd", Kind.TLS),
        (b"PRI * HTTP/2.0\r\n", Kind.HTTP2),
        (b"PROXY UNKNOWN\r\n", Kind.PROXY),
        (b"\r\n\r\n\x00\r\nQUIT\n" + b"x" * 520, Kind.PROXY),
        (b"OPTIONS sip:a SIP/2.0\r\n", Kind.OTHER),
        (b"HELP\r\n", Kind.OTHER),
        (b"\x80" * 512, Kind.OTHER),
    ],
)
def test_what_is_no_http_is_over_at_its_first_record_or_line(octets: bytes, kind: Kind) -> None:
    received = read(octets)
    assert (received.kind, received.outcome, choose_status(received)) == (kind, Outcome.NOT_HTTP, 0)
    assert bool(received.begun) == (kind is not Kind.PROXY)


def test_a_tls_hello_is_awaited_to_its_end_and_no_longer() -> None:
    reader = RequestReader(RequestLimits())
    assert not reader.feed(b"\x16\x03\x01\x00\x04abc")
    assert reader.feed(b"d")


def test_an_old_request_without_a_version_is_one_only_with_get() -> None:
    assert read(b"GET /old\r\n").version == "0.9"
    assert read(b"POST /old\r\n").kind is Kind.OTHER
    assert read(b"GET / HTTP/\r\n\r\n").version == "-"


def test_caps_cut_and_say_so() -> None:
    limits = RequestLimits(head_bytes=64, body_bytes=4, target_bytes=5, value_bytes=3)
    assert read(b"GET /" + b"a" * 80, limits).outcome is Outcome.CUT
    long_head = read(b"GET /abcdefgh HTTP/1.1\r\nHost: 12345\r\nA: " + b"b" * 40 + b"\r\n\r\n", limits)
    assert (long_head.outcome, choose_status(long_head)) == (Outcome.CUT, 431)
    assert (long_head.target, long_head.fields["host"], long_head.is_shortened) == ("/abcd", "123", True)
    long_body = read(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcd", limits)
    assert (long_body.outcome, long_body.body_bytes, choose_status(long_body)) == (Outcome.CUT, 4, 413)


def test_the_answer_depends_on_the_kind_of_request_alone() -> None:
    assert encode_answer(200, 0).endswith(b"\r\n\r\n" + PAGE)
    assert encode_answer(200, 0, is_head=True).endswith(b"\r\nConnection: close\r\n\r\n")
    assert b"\r\nAllow: GET, HEAD\r\n" in encode_answer(405, 0)
    assert b"Date: Thu, 01 Jan 1970 00:00:00 GMT" in encode_answer(200, 0)
    assert encode_answer(200, 0, is_bare=True) == PAGE


# Places and sources.


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("8080", Place("127.0.0.1", 8080)),
        (":8080", Place("127.0.0.1", 8080)),
        ("192.0.2.1:80", Place("192.0.2.1", 80)),
        ("[2001:db8::1]:80", Place("2001:db8::1", 80)),
    ],
)
def test_a_port_alone_is_one_of_loopback(text: str, place: Place) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize(
    "text", ["", "a", "host:80", "2001:db8::1:80", "[192.0.2.1]:80", "192.0.2.1:70000", "1.2.3.4:"]
)
def test_a_place_that_is_none_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(PressureError, match="cannot listen at"):
        parse_place(text)


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"),
        ("2001:db8:1:2::6", "2001:db8:1:2"),
        ("2001:db8::6", "2001:db8::"),
    ],
)
def test_an_ipv6_host_is_counted_by_its_64(host: str, network: str) -> None:
    assert network_of(host) == network


def keeper(folder: Path, at: str, keeping: Keeping = Keeping.HASH, own: str = "") -> SourceKeeper:
    return SourceKeeper(folder, keeping, own, ns(at))


def test_within_a_month_a_source_keeps_its_hash_even_over_a_restart(tmp_path: Path) -> None:
    first = keeper(tmp_path, "2026-11-01").keep(HOST, ns("2026-11-02"))
    assert keeper(tmp_path, "2026-11-29").keep(HOST, ns("2026-11-30")) == first
    assert keeper(tmp_path, "2026-11-29").keep("192.0.2.8", ns("2026-11-30")) != first
    assert HOST not in first[0]
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_a_new_month_has_a_new_key_and_the_old_one_is_gone(tmp_path: Path) -> None:
    sources = keeper(tmp_path, "2026-11-30T23:59:59")
    november = sources.keep(HOST, ns("2026-11-30T23:59:59"))
    old = (tmp_path / KEY_FILE).read_bytes()
    december = sources.keep(HOST, ns("2026-12-01"))
    assert december != november
    assert keeper(tmp_path, "2026-12-31").keep(HOST, ns("2026-12-31")) == december
    assert all(old not in file.read_bytes() for file in tmp_path.iterdir())
    # Whoever has the new key cannot make the old hash from it.
    assert SourcePolicy(Keeping.HASH, bytes.fromhex(_key_in(tmp_path))).keep(HOST, "2026-11") != november[0]


def _key_in(folder: Path) -> str:
    return (folder / KEY_FILE).read_text().partition('"key":"')[2].partition('"')[0]


def test_a_month_that_turns_on_a_full_disk_loses_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = keeper(tmp_path, "2026-11-30")
    november = sources.keep(HOST, ns("2026-11-30"))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    december = sources.keep(HOST, ns("2026-12-01"))
    assert december != november
    assert sources.keep(HOST, ns("2026-12-02")) == december
    assert not (tmp_path / KEY_FILE).exists()


def test_the_octets_of_the_old_key_are_overwritten(tmp_path: Path) -> None:
    sources = keeper(tmp_path, "2026-11-30")
    with (tmp_path / KEY_FILE).open("rb") as old:
        assert b'"month":"2026-11"' in old.read()
        sources.keep(HOST, ns("2026-12-01"))
        old.seek(0)
        assert old.read().strip(b"\0") == b""
    assert b'"month":"2026-12"' in (tmp_path / KEY_FILE).read_bytes()


@pytest.mark.parametrize("text", ["", "{", '{"month":"2026-11","key":"00"}', '{"month":"2026-11","key":"x"}'])
def test_a_broken_key_is_refused_with_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / KEY_FILE).write_text(text)
    (tmp_path / KEY_FILE).chmod(0o600)
    with pytest.raises(PressureError, match="get other hashes"):
        keeper(tmp_path, "2026-11-01")


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    keeper(tmp_path, "2026-11-01")
    (tmp_path / KEY_FILE).chmod(0o640)
    with pytest.raises(PressureError, match="others may read"):
        keeper(tmp_path, "2026-11-01")


def test_prefixes_and_addresses_need_no_key_and_near_sources_are_told(tmp_path: Path) -> None:
    at = ns("2026-11-01")
    assert keeper(tmp_path, "2026-11-01", Keeping.PREFIX).keep("192.0.2.7", at)[0] == "192.0.2.0/24"
    assert keeper(tmp_path, "2026-11-01", Keeping.PREFIX).keep("2001:db8:7:1::1", at)[0] == "2001:db8:7::/48"
    near = keeper(tmp_path, "2026-11-01", Keeping.RAW, "192.0.2.1")
    assert [near.keep(host, at)[1] for host in ("192.0.9.9", "192.9.9.9", "198.51.100.1")] == [16, 8, 0]
    assert not (tmp_path / KEY_FILE).exists()


def test_who_runs_it_is_no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for user, sentence in (
        ("", "does not run as root"),
        ("root", "root is root"),
        ("no-such-user", "there is no user"),
    ):
        with pytest.raises(PressureError, match=sentence):
            demand_unprivileged(user)
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    assert demand_unprivileged("") is None
    with pytest.raises(PressureError, match="only root can become"):
        demand_unprivileged("nobody")


# Segments.


def state_line(state: State) -> bytes:
    return b'{"sensor":"%b"}\n' % state.value.encode()


def write(
    folder: Path, batches: list[bytes], limits: DiskLimits = SMALL_DISK, **more: Callable[[], int]
) -> SegmentWriter:
    held = SegmentFolder(folder)
    writer = SegmentWriter(held, "aa", limits, state_line, **more)
    writer.start(state_line(State.START))
    for batch in batches:
        writer.put(batch, batch.count(b"\n"))
        while writer.pending_bytes:
            pass
    writer.close()
    held.close()
    return writer


def segments(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(folder.glob("sensor-*"))]


def test_a_long_segment_is_followed_by_another_and_no_line_is_divided(tmp_path: Path) -> None:
    lines = [b'{"at":"%03d%b"}\n' % (number, b"x" * 60) for number in range(12)]
    writer = write(tmp_path, lines)
    written = segments(tmp_path)
    assert len(written) > 3
    assert all(text.endswith(b"\n") for text in written)
    assert [line for text in written for line in text.splitlines(keepends=True) if b'"at"' in line] == lines
    assert all(text.startswith(state_line(State.GO_ON)) for text in written[1:])
    assert all(text.endswith(state_line(State.ROTATE)) for text in written[:-1])
    assert (writer.written_lines, writer.lost_lines, writer.trouble) == (12, 0, "")


def test_a_new_day_has_a_new_segment(tmp_path: Path) -> None:
    days = iter([ns("2026-11-27T23:59:58")] * 3 + [ns("2026-11-28T00:00:01")] * 50)
    write(tmp_path, [b"1\n", b"2\n", b"3\n", b"4\n"], DiskLimits(reserve_bytes=4096), now_ns=lambda: next(days))
    names = [file.name[:17] for file in sorted(tmp_path.glob("sensor-*"))]
    assert names == ["sensor-2026-11-27", "sensor-2026-11-28"]


def test_at_its_cap_the_writer_asks_for_the_end_and_takes_what_is_left(tmp_path: Path) -> None:
    limits = DiskLimits(disk_bytes=300, segment_bytes=10_000, reserve_bytes=4096)
    writer = write(tmp_path, [b"x" * 299 + b"\n", b"last\n"], limits)
    assert "have reached their" in writer.trouble
    assert b"".join(segments(tmp_path)).endswith(b"last\n")
    with pytest.raises(PressureError, match="have reached their"):
        write(tmp_path, [], limits)


def test_segments_that_were_moved_away_make_room(tmp_path: Path) -> None:
    (tmp_path / "sensor-old").write_bytes(bytes(250))
    held = SegmentFolder(tmp_path)
    writer = SegmentWriter(held, "aa", DiskLimits(disk_bytes=400, reserve_bytes=4096), state_line)
    (tmp_path / "sensor-old").unlink()
    writer.start(state_line(State.START))
    writer.put(b"x" * 200 + b"\n", 1)
    writer.close()
    held.close()
    assert writer.trouble == ""


def failing(at: int, number: int, times: int) -> Callable[[int, memoryview], int]:
    """``os.write`` that takes a part of a batch, and fails some times, once so much was written."""
    real, state = os.write, {"written": 0, "failed": 0}

    def take(descriptor: int, octets: memoryview) -> int:
        if state["written"] + len(octets) > at and state["failed"] < times:
            if len(octets) > 4 and state["failed"] % 2 == 0 and state["written"] < at:
                count = real(descriptor, octets[:4])
                state["written"] = at
                return count
            state["failed"] += 1
            raise OSError(number, os.strerror(number))
        state["written"] += len(octets)
        return real(descriptor, octets)

    return take


def test_a_full_disk_gets_the_reserve_and_no_line_is_torn_or_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "write", failing(60, errno.ENOSPC, 1))
    writer = write(tmp_path, [b"a" * 20 + b"\n", b"b" * 40 + b"\n", b"c\n"], DiskLimits(reserve_bytes=4096))
    assert (writer.trouble, writer.written_lines, writer.lost_lines) == ("the disk is full", 3, 0)
    assert segments(tmp_path) == [state_line(State.START) + b"a" * 20 + b"\n" + b"b" * 40 + b"\nc\n"]
    assert not (tmp_path / ".reserve").exists()


def test_a_broken_disk_is_told_and_what_it_does_not_take_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "write", failing(60, errno.EIO, 2))
    writer = write(tmp_path, [b"a" * 20 + b"\n", b"b" * 40 + b"\n", b"c\n"], DiskLimits(reserve_bytes=4096))
    assert writer.trouble.startswith("the disk fails: ")
    assert (writer.written_lines, writer.lost_lines) == (2, 1)
    assert segments(tmp_path) == [state_line(State.START) + b"a" * 20 + b"\nc\n"]


def test_a_folder_belongs_to_one_sensor_at_a_time(tmp_path: Path) -> None:
    held = SegmentFolder(tmp_path)
    with pytest.raises(PressureError, match="another sensor"):
        SegmentFolder(tmp_path)
    held.close()
    SegmentFolder(tmp_path).close()


def test_a_stamp_has_nanoseconds() -> None:
    assert stamp(1_795_758_847 * NS + 5) == "2026-11-27T05:54:07.000000005Z"
