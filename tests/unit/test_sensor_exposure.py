"""What ``ebbtide pressure`` makes of a sensor's segments: events, hours that it was up, near sources, and words."""

import pickle
from pathlib import Path

import msgspec
import pytest

from command_line import ebbtide
from ebbtide.pressure.counting import Pressure, count_load
from ebbtide.pressure.dialects.sensor_lines import SensorLines
from ebbtide.pressure.exposure import Span, merge_spans, seconds_by_day
from ebbtide.pressure.reading import Reading, read_logs
from ebbtide.pressure.sensor.records import ConnectionRecord, Kind, Outcome, State, StateLine, escape_octets
from ebbtide.pressure.signatures.matching import SignatureSet
from ebbtide.pressure.signatures.reading import own_signatures
from ebbtide.pressure.sources import Keeping, Neighbourhood, SourcePolicy
from ebbtide.pressure.stamps import EPOCH_DAY
from log_writers import combined

SET = SignatureSet(own_signatures())
TARGET = "/default.ida?" + "X" * 224
HOUR_S = 3600


def state(what: State, at: str, run: str = "aa", **more: object) -> bytes:
    line = StateLine(what, f"2026-11-{at}Z", run, 60.0, **more)  # type: ignore[arg-type]
    return msgspec.json.encode(line) + b"\n"


def up(first: str, minutes: int, run: str = "aa") -> bytes:
    """A start and a heartbeat for each minute after it."""
    day, hour = int(first[:2]), int(first[3:5])
    beats = [
        state(State.HEARTBEAT, f"{day + (hour + (n // 60)) // 24:02}T{(hour + n // 60) % 24:02}:{n % 60:02}:00", run)
        for n in range(1, minutes + 1)
    ]
    return state(State.START, f"{first}:00:00", run) + b"".join(beats)


def connection(at: str, target: str = TARGET, source: str = "192.0.2.7", **more: object) -> bytes:
    values = {"method": "GET", "version": "1.1", "kind": Kind.HTTP, "outcome": Outcome.COMPLETE, **more}
    record = ConnectionRecord(
        at=f"2026-11-{at}Z", on="127.0.0.1:80", source=source, elapsed_ms=1, octets=9, target=target,
        **values,  # type: ignore[arg-type]
    )  # fmt: skip
    return msgspec.json.encode(record) + b"\n"


def read(*paths: Path, policy: SourcePolicy | None = None, own: str = "") -> Reading:
    return read_logs([str(path) for path in paths], SET, policy or SourcePolicy(), Neighbourhood(own))


def whole(reading: Reading) -> Pressure:
    return count_load(reading.events, reading.ledger).whole[0]


def hours(reading: Reading) -> dict[str, float]:
    seconds = reading.ledger.seconds
    return {str(day - EPOCH_DAY): seconds[day] / HOUR_S for day in seconds}


def test_a_day_counts_by_the_hours_that_the_sensor_was_up(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(up("27T06", 360) + connection("27T07:00:00") * 3 + state(State.STOP, "27T12:00:30"))
    reading = read(tmp_path / "a")
    found = whole(reading)
    assert reading.ledger.exposure_days(reading.ledger.observed_days) == pytest.approx((6 * HOUR_S + 30) / 86_400)
    assert (found.days, found.requests) == (1, 3)
    assert found.requests_a_day == pytest.approx(3 * 86_400 / (6 * HOUR_S + 30))


def test_after_kill_9_the_last_heartbeat_ends_the_exposure(tmp_path: Path) -> None:
    killed = up("27T06", 60) + connection("27T07:00:40") + b'{"at":"2026-11-27T07:00:4'
    (tmp_path / "a").write_bytes(killed)
    (tmp_path / "b").write_bytes(up("27T10", 30, "bb") + state(State.STOP, "27T10:30:00", "bb"))
    assert list(hours(read(tmp_path / "b", tmp_path / "a")).values()) == [1.5]


def test_a_silence_between_heartbeats_was_no_time_of_watching(tmp_path: Path) -> None:
    slept = up("27T06", 10) + state(State.HEARTBEAT, "27T09:00:00") + state(State.STOP, "27T09:01:00")
    (tmp_path / "a").write_bytes(slept)
    assert list(hours(read(tmp_path / "a")).values()) == [pytest.approx(11 / 60)]


def test_a_quiet_sensor_is_observed_and_known_as_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(up("27T22", 240))
    reading = read(tmp_path / "a")
    assert reading.files[0].dialect == "ebbtide sensor"
    assert (reading.files[0].parse_rate, len(reading.events)) == (1.0, 0)
    assert list(hours(reading).values()) == [2.0, 2.0]


def test_segments_of_one_run_add_up_and_two_sensors_at_once_do_not(tmp_path: Path) -> None:
    first, second = up("27T06", 60), state(State.GO_ON, "27T07:00:00") + state(State.HEARTBEAT, "27T07:01:00")
    (tmp_path / "a").write_bytes(first + state(State.ROTATE, "27T07:00:00"))
    (tmp_path / "b").write_bytes(second)
    (tmp_path / "c").write_bytes(up("27T06", 30, "other"))
    assert list(hours(read(tmp_path / "a", tmp_path / "b", tmp_path / "c")).values()) == [pytest.approx(61 / 60)]


def test_a_log_beside_it_that_tells_nothing_makes_its_days_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(up("27T06", 60))
    (tmp_path / "b").write_bytes(combined([("192.0.2.9", "GET", "/", 200)]).replace(b"01/Aug/2004", b"27/Nov/2026"))
    reading = read(tmp_path / "a", tmp_path / "b")
    assert reading.ledger.seconds == {}
    assert reading.ledger.exposure_days(reading.ledger.observed_days) == 1


def test_only_a_whole_request_line_is_a_request(tmp_path: Path) -> None:
    lines = (
        connection("27T06:00:01"),
        connection("27T06:00:02", outcome=Outcome.TIMED_OUT),
        connection("27T06:00:03", outcome=Outcome.TIMED_OUT, version=""),
        connection("27T06:00:04", kind=Kind.OTHER, outcome=Outcome.NOT_HTTP),
    )
    (tmp_path / "a").write_bytes(up("27T06", 1) + b"".join(lines))
    assert len(read(tmp_path / "a").events) == 2


def test_octets_of_any_kind_reach_the_signatures_as_they_were_sent(tmp_path: Path) -> None:
    hidden = escape_octets(b'/scripts/..\\..\\winnt/system32/cmd.exe?/c+dir\xff"')
    agent = escape_octets(b"() { :;}; /bin/sh")
    lines = connection("27T06:00:01", hidden) + connection("27T06:00:02", "/", fields={"user-agent": agent})
    (tmp_path / "a").write_bytes(up("27T06", 1) + lines)
    assert [each.signature for each in read(tmp_path / "a").events.export()] == ["iis-cmd-exe", "shellshock"]


def test_nearness_outlives_the_hash(tmp_path: Path) -> None:
    near = [connection("27T06:00:01", source=name, near=near) for name, near in (("aa", 16), ("bb", 8), ("cc", 0))]
    (tmp_path / "a").write_bytes(state(State.START, "27T06:00:00", is_own_known=True) + b"".join(near))
    (tmp_path / "b").write_bytes(state(State.START, "28T06:00:00") + connection("28T06:00:01", source="aa"))
    known, unknown = whole(read(tmp_path / "a")), whole(read(tmp_path / "b"))
    assert (known.near_16, known.near_8) == (1, 1)
    assert (unknown.near_16, unknown.near_8) == (None, None)


def test_prefixes_that_the_sensor_kept_stay_what_they_are(tmp_path: Path) -> None:
    sources = ("192.0.2.0/24", "198.0.2.0/24", "2001:db8:7::/48")
    lines = [connection("27T06:00:01", source=source) for source in sources]
    (tmp_path / "a").write_bytes(up("27T06", 1) + b"".join(lines))
    for policy in (SourcePolicy(), SourcePolicy(Keeping.PREFIX)):
        kept = {each.source for each in read(tmp_path / "a", policy=policy).events.export(with_sources=True)}
        assert kept == set(sources)


def test_a_newer_format_is_not_guessed_at(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(state(State.START, "27T06:00:00", format=99) + connection("27T06:00:01"))
    reading = read(tmp_path / "a")
    assert (len(reading.events), reading.files[0].rejected) == (0, 1)


def test_a_short_watch_gives_no_figures_a_day(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(up("27T06", 90) + connection("27T06:00:01") * 2)
    told = ebbtide("pressure", tmp_path / "a")
    assert "(1 observed days, 1.5 hours in all)" in " ".join(told.stdout.split())
    assert "2 times for what only attackers ask for; that is too short for figures a day" in told.stdout
    assert ebbtide("pressure", tmp_path / "a", "--json").document()["exposure_days"] == pytest.approx(1.5 / 24)


def test_what_the_dialect_knows_can_be_handed_to_another_process() -> None:
    dialect = SensorLines()
    for line in up("27T06", 5).splitlines():
        dialect.direct(line)
    copy = pickle.loads(pickle.dumps(dialect))  # noqa: S301  our own, made just now
    copy.direct(state(State.STOP, "27T06:05:30").rstrip())
    assert [(span.end_s - span.begin_s) for span in (*(dialect.spans or ()), *copy.spans)] == [300, 330]


def test_spans_are_united_and_divided_by_days() -> None:
    day = 86_400
    spans = [Span(day - 10, day + 20), Span(day + 10, day + 30), Span(5, 5)]
    assert merge_spans(spans) == [Span(5, 5), Span(day - 10, day + 30)]
    assert seconds_by_day(spans) == {EPOCH_DAY: 10, EPOCH_DAY + 1: 30}
