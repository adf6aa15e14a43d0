"""Any dialect, any chunking, packed or not, one file or many, one process or two, in memory or on disk: the same."""

import bz2
import gzip
import itertools
import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ebbtide.patterns.lines import LineFinder
from ebbtide.patterns.literals import LiteralSet
from ebbtide.pressure.counting import ALL, count_load, visits_by_day
from ebbtide.pressure.day_counting import count_days
from ebbtide.pressure.dialects.clf import AccessLines
from ebbtide.pressure.dialects.w3c import ExtendedLines
from ebbtide.pressure.events import Event, iso_date
from ebbtide.pressure.reading import Reading, read_logs
from ebbtide.pressure.records import LogRequest
from ebbtide.pressure.signatures.matching import SignatureSet
from ebbtide.pressure.signatures.reading import own_signatures
from ebbtide.pressure.signatures.samples import sample_request
from ebbtide.pressure.sources import Keeping, Neighbourhood, SourcePolicy, write_source
from log_writers import WRITERS, combined

SIGNATURES = own_signatures()
SET = SignatureSet(SIGNATURES)
PACKINGS = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".zst": zstd.compress}
CHANGED_S = 1_091_400_000
OWN = "192.0.77.1"

STAMPED = "/a b [01/Aug/2004:00:00:00 +0000]"
"""Sent by somebody who wants days to be counted wrongly; works only where lines of several days are mixed."""

TARGETS = (
    "/", "/default.ida?" + "X" * 224 + "%u9090", "/scripts/root.exe?/c+dir", "/sumthin", "/index.html?a=%20b",
    "/scripts/..%c0%af../winnt/system32/cmd.exe?/c+dir", "/c/winnt/system32/cmd.exe?/c+dir", "/.git/config",
    "/search?q=%24%7Bjndi:ldap://a/b%7D", "/" + "x" * 3000 + "%2e", STAMPED,
)  # fmt: skip
SOURCES = ("192.0.2.1", "192.0.77.9", "198.51.100.4", "2001:db8::7", "::ffff:192.0.2.1", "crawler.example", "-")
Lines = Sequence[bytes]


def line(second: int, source: str, target: str, zone: int) -> bytes:
    """An access line so many seconds after the end of July, in a zone of so many hours."""
    local = datetime(2004, 8, 1, tzinfo=UTC) + timedelta(seconds=second, hours=zone)
    return f'{source} - - [{local:%d/%b/%Y:%H:%M:%S} {zone:+03}00] "GET {target} HTTP/1.0" 404 9 "-" "-"\n'.encode()


SECONDS = st.integers(-3 * 86_400, 3 * 86_400) | st.builds(
    lambda quarter, more: quarter * 900 + more, st.integers(-6, 6), st.sampled_from([-1, 0, 0, 0, 1])
)
FEW = st.builds(line, SECONDS, st.sampled_from(SOURCES[:2]), st.sampled_from(TARGETS[2:4]), st.sampled_from([0, 0, 5]))
MANY = st.builds(line, SECONDS, st.sampled_from(SOURCES), st.sampled_from(TARGETS), st.sampled_from([0, 0, -4, 5]))
LINES = st.lists(FEW, min_size=5, max_size=40) | st.lists(MANY, min_size=1, max_size=40)


def read(paths: Sequence[Path], **options: object) -> Reading:
    policy = options.pop("policy", SourcePolicy())
    options.setdefault("processes", 1)
    given_names = [str(path) for path in paths]
    return read_logs(given_names, SET, policy, Neighbourhood(OWN), **options)  # type: ignore[arg-type]


def told(reading: Reading) -> list[Event]:
    return list(reading.events.export(with_sources=True))


def naive_events(lines: Lines, policy: SourcePolicy) -> list[tuple[int, str, str, str]]:
    """Each line read by itself: time, day, signature, source."""
    dialect, found = AccessLines("combined"), []
    for each in lines:
        request = dialect.read(each.rstrip(b"\n"))
        assert isinstance(request, LogRequest)
        sighting = SET.sight(request)
        if sighting is not None:
            source = policy.keep(write_source(request.source), iso_date(request.day)[:7])
            found.append((request.time_s, iso_date(request.day), sighting.signature.id, source))
    return sorted(found)


def naive_visits(events: Sequence[tuple[int, str, str, str]]) -> Counter[tuple[str, str]]:
    """Visits by signature and day, as they are defined: in order of time, the first of a source after a gap."""
    last: dict[tuple[str, str], int] = {}
    visits: Counter[tuple[str, str]] = Counter()
    for time_s, day, signature, source in sorted(events):
        before = last.get((signature, source))
        if before is None or time_s - before > 1800:
            visits[signature, day] += 1
        last[signature, source] = time_s
    return visits


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LINES, st.integers(40, 4000), st.sampled_from([1, 3, 20, 1 << 18]), st.sampled_from(list(Keeping)))
def test_counts_are_those_of_each_line_read_by_itself(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], block: int, most: int, keeping: Keeping
) -> None:
    policy = SourcePolicy(keeping, b"k" * 32 if keeping is Keeping.HASH else b"")
    path = tmp_path_factory.mktemp("logs") / "log"
    path.write_bytes(b"".join(lines))
    reading = read([path], block_bytes=block, most_in_memory=most, policy=policy)
    expected = naive_events(lines, policy)
    events = told(reading)
    assert sorted((each.time_s, each.day, each.signature, each.source) for each in events) == expected
    assert [each.time_s for each in events] == [each[0] for each in expected]
    load = count_load(reading.events, reading.ledger)
    visits = naive_visits(expected)
    by_source: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for _, _, signature, source in expected:
        by_source[signature][source] += 1
    for each in load.whole[1:]:
        mine = [event for event in expected if event[2] == each.signature]
        assert each.requests == len(mine)
        assert each.visits == sum(count for (name, _), count in visits.items() if name == each.signature)
        assert each.sources == len(by_source[each.signature])
        assert each.top_source == max(by_source[each.signature].values()) / len(mine)
        assert each.sources_a_day * each.days == pytest.approx(len({(event[1], event[3]) for event in mine}))
        on_day = {iso_date(day): count for day, count in visits_by_day(reading.events, each.signature).items()}
        assert on_day == {day: count for (name, day), count in visits.items() if name == each.signature}
    together = load.whole[0]
    assert (together.signature, together.requests) == (ALL, len(expected))
    assert together.sources == len({event[3] for event in expected})
    assert sum(each.sources for each in load.days) == len({(event[1], event[3]) for event in expected})
    dialect = AccessLines("combined")
    days = [dialect.day(each) for each in lines]
    if days == sorted(days) or not any(STAMPED.encode() in each for each in lines):
        assert reading.ledger.lines == dict(sorted(Counter(days).items()))


REQUESTS = [(source, "GET", target, 404) for source in SOURCES[:3] for target in (*TARGETS[:6], *TARGETS[6:8])]


@pytest.mark.parametrize("write", WRITERS, ids=lambda each: each.__name__)
def test_a_dialect_in_any_chunking_and_packing_gives_the_same(tmp_path: Path, write: object) -> None:
    data = write(REQUESTS)  # type: ignore[operator]
    readings = []
    for packing, block in itertools.product(PACKINGS, (80, 700, 1 << 20)):
        path = tmp_path / f"log{packing}"
        path.write_bytes(PACKINGS[packing](data))
        os.utime(path, (CHANGED_S, CHANGED_S))
        readings.append(read([path], block_bytes=block, most_in_memory=10))
    first = readings[-1]
    assert len(first.events) > 10
    for reading in readings[:-1]:
        assert told(reading) == told(first)
        assert (reading.lines, reading.ledger) == (first.lines, first.ledger)
        assert count_load(reading.events, reading.ledger) == count_load(first.events, first.ledger)


def test_two_processes_give_what_one_gives_of_every_dialect_and_of_many_files(tmp_path: Path) -> None:
    paths = []
    for number, write in enumerate((combined, *WRITERS)):
        paths.append(tmp_path / f"{number}-{write.__name__}")
        paths[-1].write_bytes(write(REQUESTS[number % 5 :] * 3))
    days = [combined(REQUESTS, day) for day in range(1, 21)]
    for number, day in enumerate(days):
        paths.append(tmp_path / f"day-{number}.gz")
        paths[-1].write_bytes(gzip.compress(day))
    paths.append(tmp_path / "copy")
    paths[-1].write_bytes(b"".join(days[3:9]))
    for path in paths:
        os.utime(path, (CHANGED_S, CHANGED_S))
    for policy in (SourcePolicy(), SourcePolicy(Keeping.HASH, b"k" * 32)):
        alone = read(paths, policy=policy, block_bytes=900, processes=1)
        both = read(paths[::-1], policy=policy, block_bytes=1500, processes=2, most_in_memory=50)
        assert told(both) == told(alone)
        assert both.ledger == alone.ledger
        assert both.lines == alone.lines
        assert count_load(both.events, both.ledger) == count_load(alone.events, alone.ledger)
        assert sorted(file.dialect for file in both.files) == sorted(file.dialect for file in alone.files)


def test_a_file_that_changes_its_name_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    """The other process finds another file there; the block is looked through by this one."""
    path = tmp_path / "log"
    path.write_bytes(b"".join(combined(REQUESTS, day) for day in range(1, 21)))
    alone = read([path], processes=1)
    is_moved = []

    def move(_: object) -> None:
        if not is_moved:
            is_moved.append(path.rename(tmp_path / "log.1"))
            path.write_bytes(combined(REQUESTS[:1] * 900))

    moved = read([path], tell=move, block_bytes=2000, processes=2)
    assert is_moved
    assert told(moved) == told(alone)


PIECES = [
    piece
    for signature in SIGNATURES
    for sample in (*signature.positives, *signature.lookalikes)
    for piece in [sample_request(sample)]
]


TRIES_ALL = SignatureSet(SIGNATURES)
TRIES_ALL._needed = LiteralSet([()] * len(TRIES_ALL._tests))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(PIECES), st.sampled_from(PIECES), st.booleans(),
    st.sampled_from([b"", b"%2f", b"%25%32%66", b"\\x2e", b"${lower:a}", b"%c0%af", b"/./", b"//", b"\\\\"]),
)  # fmt: skip
def test_no_signature_is_missed_for_the_words_that_it_needs(
    one: LogRequest,
    other: LogRequest,
    is_raised: bool,  # noqa: FBT001  hypothesis fills it
    joint: bytes,
) -> None:
    target = one.target + joint + other.target
    request = msgspec.structs.replace(
        one, target=target.upper() if is_raised else target, agent=other.agent, referrer=one.agent
    )
    assert SET._sight(request) == TRIES_ALL._sight(request)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.binary(max_size=30).map(lambda some: some.replace(b"\n", b"")) | st.sampled_from([b"a CMD.exe b", b"%2E"]),
        max_size=20,
    )
)
def test_both_engines_find_the_same_lines(lines: list[bytes]) -> None:
    pattern = r"cmd\.exe|root\.exe|%2[ef]|\\x"
    block = b"".join(each + b"\n" for each in lines)
    ends = LineFinder(pattern).ends(block)
    assert ends == LineFinder(pattern, is_fast=False).ends(block)
    assert len(ends) >= sum(each in {b"a CMD.exe b", b"%2E"} for each in lines)


W3C = [b"2004-08-01 00:00:01 GET /\n", b"2004-08-02 00:00:01 GET /\n", b"#Date: 2004-08-03 00:00:00\n", b"odd\n", b"\n"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([line(s, "a", "/", 0) for s in (1, 90_000, 180_000)] + W3C), max_size=60),
    st.sampled_from([AccessLines, ExtendedLines]),
    st.booleans(),
)
def test_days_are_counted_as_line_by_line(lines: list[bytes], kind: type, is_sorted: bool) -> None:  # noqa: FBT001  hypothesis fills it
    lines = sorted(lines) if is_sorted else lines
    dialect = kind("combined") if kind is AccessLines else kind()
    counted, count = count_days(dialect, b"".join(lines))
    expected = Counter(day for each in lines if (day := dialect.day(each[:-1])))
    assert count == len(lines)
    assert {day: lines for day, lines in counted.items() if lines} == expected
