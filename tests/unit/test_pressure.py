"""Access logs to attacks: a public honeypot of 2004, every dialect, copies, packing, garbage, look-alikes."""

import bz2
import csv
import gzip
import io
import os
from collections import Counter
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from command_line import ebbtide
from ebbtide.pressure.counting import Pressure, count_load
from ebbtide.pressure.reading import Reading, read_logs
from ebbtide.pressure.records import PressureError
from ebbtide.pressure.signatures.matching import SignatureSet
from ebbtide.pressure.signatures.reading import own_signatures, read_signatures
from ebbtide.pressure.signatures.records import Signature
from ebbtide.pressure.signatures.samples import sample_request
from ebbtide.pressure.sources import Keeping, Nearness, Neighbourhood, SourcePolicy
from ebbtide.publish.pressure_words import strip
from log_writers import WRITERS, Writer, combined

LOGS = Path(__file__).parents[2].parent / "shared" / "data" / "logs"
needs_logs = pytest.mark.skipif(not LOGS.is_dir(), reason="the public logs are not in ../shared/data/logs")
SIGNATURES = own_signatures()
SET = SignatureSet(SIGNATURES)
X224 = "/default.ida?" + "X" * 224 + "%u9090%u6858"
REQUESTS = (
    ("192.0.2.7", "GET", "/", 200),
    ("192.0.2.8", "GET", X224, 404),
    ("192.0.2.8", "GET", "/scripts/..%c0%af../winnt/system32/cmd.exe?/c+dir", 404),
    ("192.0.2.9", "GET", "/scripts/root.exe?/c+dir", 404),
    ("192.0.2.9", "GET", "/index.html", 200),
    ("198.51.100.4", "GET", "/sumthin", 404),
)


def read(*paths: Path, policy: SourcePolicy | None = None, own: str = "", block_bytes: int = 1 << 20) -> Reading:
    return read_logs(
        [str(path) for path in paths], SET, policy or SourcePolicy(), Neighbourhood(own), None, block_bytes
    )


def told(reading: Reading) -> Counter[tuple[str, str, str | None]]:
    return Counter((each.day, each.signature, each.source) for each in reading.events.export(with_sources=True))


def whole(reading: Reading) -> dict[str, Pressure]:
    return {each.signature: each for each in count_load(reading.events, reading.ledger).whole}


@needs_logs
def test_the_honeypot_of_2004() -> None:
    reading = read(*sorted((LOGS / "honeynet-2004").glob("*.gz")))
    found = whole(reading)
    assert reading.lines == 38_490
    assert found["code-red-2"].requests == 168
    assert {e.form for e in reading.events.export() if e.signature == "code-red-2"} == {"224 X"}
    assert (found["nsiislog"].requests, found["sumthin"].requests) == (222, 187)
    assert (len(reading.ledger.observed_days), reading.ledger.calendar_days) == (124, 174)
    iis = [found[name] for name in ("nimda", "code-red-2", "iis-cmd-exe", "iis-root-exe")]
    assert round(sum(each.requests_a_day for each in iis), 1) == 46.5
    assert round(sum(each.visits_a_day for each in iis), 1) == 4.2
    assert round(sum(each.sources_a_day for each in iis), 1) == 4.1


def dialect_files() -> list[tuple[str, int, int]]:
    if not LOGS.is_dir():
        return []
    with (LOGS / "dialects.csv").open(encoding="utf-8", newline="") as stream:
        return [(row["file"], int(row["lines"]), int(row["http_requests"])) for row in csv.DictReader(stream)]


@needs_logs
@pytest.mark.parametrize(("file", "lines", "requests"), dialect_files())
def test_every_dialect_sample_gives_its_requests(file: str, lines: int, requests: int) -> None:
    (report,) = read(LOGS / "dialects" / file).files
    assert (report.requests if report.dialect else 0) == requests
    assert report.lines == lines


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda each: each.id)
def test_each_signature_tells_its_samples_and_no_look_alike(signature: Signature) -> None:
    alone = SignatureSet([signature])
    assert len(signature.positives) >= 2
    assert len(signature.lookalikes) >= 2
    assert signature.references
    for sample in signature.positives:
        assert alone.sight(sample_request(sample)) is not None, sample
        sighting = SET.sight(sample_request(sample))
        assert sighting is not None, sample
    for sample in signature.lookalikes:
        assert alone.sight(sample_request(sample)) is None, sample


def test_there_are_thirty_families_and_ids_differ() -> None:
    assert len({each.id for each in SIGNATURES}) == len(SIGNATURES)
    assert len({each.family for each in SIGNATURES}) >= 30


@pytest.mark.parametrize("write", WRITERS, ids=lambda each: each.__name__)
def test_the_same_requests_give_the_same_events_in_any_dialect(tmp_path: Path, write: Writer) -> None:
    (tmp_path / "plain").write_bytes(combined(REQUESTS))
    (tmp_path / "other").write_bytes(write(REQUESTS))
    os.utime(tmp_path / "other", (1_091_400_000, 1_091_400_000))
    other = read(tmp_path / "other")
    (report,) = other.files
    assert (report.dialect or "").replace(" ", "_").partition("_of_")[0] in write.__name__.replace("iis", "w3c")
    assert told(other) == told(read(tmp_path / "plain"))
    assert sum(told(other).values()) == 4


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=60), st.integers(1, 5), st.integers(64, 5000),
    st.sampled_from(["", ".gz", ".bz2", ".zst"]),
)  # fmt: skip
def test_chunks_packing_and_number_of_files_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str, int]], files: int, block: int,
    packing: str,
) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("logs")
    days = [combined(rows, day) for day in range(1, files + 1)]
    (folder / "one").write_bytes(b"".join(days))
    pack = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".zst": zstd.compress}[packing]
    paths = []
    for number, data in enumerate(days):
        paths.append(folder / f"part-{number}{packing}")
        paths[-1].write_bytes(pack(data))
    one = read(folder / "one")
    many = read(*reversed(paths), block_bytes=block)
    assert told(many) == told(one)
    assert (many.lines, many.ledger) == (one.lines, one.ledger)


def test_a_rotated_copy_and_the_same_file_by_two_names_count_once(tmp_path: Path) -> None:
    lines = combined([(f"192.0.2.{place % 200 + 1}", *REQUESTS[place % 6][1:]) for place in range(600)])
    (tmp_path / "log").write_bytes(lines + combined(REQUESTS, 2))
    (tmp_path / "log.1").write_bytes(lines)
    (tmp_path / "again").hardlink_to(tmp_path / "log")
    alone = read(tmp_path / "log")
    both = read(tmp_path / "log.1", tmp_path / "log", tmp_path / "again")
    assert both.lines == alone.lines
    assert told(both) == told(alone)


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=3000)
    | st.lists(
        st.sampled_from([*combined(REQUESTS).splitlines(keepends=True), b"\x00\xff\n", b'"\n', b"a" * 9000 + b"\n"]),
        max_size=12,
    ).map(b"".join)
)
def test_garbage_is_read_without_a_mistake(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("garbage") / "log"
    path.write_bytes(data)
    reading = read(path)
    assert reading.lines <= data.count(b"\n") + 1
    count_load(reading.events, reading.ledger)


def test_hostile_lines_neither_stop_nor_split(tmp_path: Path) -> None:
    odd = [b"\x00\x01\x02\n", b'"' * 50 + b"\n", b"x" * 20_000 + b"\n", b"\xff\xfe GET\r\n", b"\n"]
    lines = combined(REQUESTS).splitlines(keepends=True)
    mixed = b"".join(piece for pair in zip(lines, [*odd, b"\n"], strict=True) for piece in pair)
    (tmp_path / "plain").write_bytes(combined(REQUESTS))
    (tmp_path / "odd").write_bytes(combined([REQUESTS[0]] * 40) + mixed)
    assert told(read(tmp_path / "odd")) == told(read(tmp_path / "plain"))


LOOKALIKES = (
    "/default.htm?X", "/docs/cmd.exe-explained.html", "/shop/root.exe.txt", "/remote.php/webdav/Documents",
    "/.well-known/acme-challenge/abc", "/robots.txt", "/favicon.ico", "/wp-content/uploads/a.jpg", "/git/tutorial",
    "/blog/phpunit-in-ten-minutes", "/search?q=log4j", "/index.php?page=..", "/server/status", "/env",
    "/HNAP-explained",
)  # fmt: skip


def test_sync_clients_search_engines_and_broken_links_are_no_attacks(tmp_path: Path) -> None:
    rows = [("192.0.2.7", "GET", target, 404) for target in LOOKALIKES]
    rows += [
        ("192.0.2.8", method, "/remote.php/dav/files/me/", 207) for method in ("PROPFIND", "OPTIONS", "MKCOL", "LOCK")
    ]
    (tmp_path / "log").write_bytes(combined(rows))
    reading = read(tmp_path / "log")
    assert told(reading) == Counter()
    assert reading.lines == len(rows)


def test_visits_end_after_half_an_hour_and_sources_count_once_a_day(tmp_path: Path) -> None:
    at = [(0, 0), (0, 20), (0, 50), (1, 19), (1, 50)]
    lines = "".join(
        f'192.0.2.1 - - [01/Aug/2004:{hour:02}:{minute:02}:00 +0000] "GET /sumthin HTTP/1.0" 404 9\n'
        for hour, minute in at
    )
    (tmp_path / "log").write_text(lines + '192.0.2.5 - - [04/Aug/2004:00:00:00 +0000] "GET / HTTP/1.0" 200 9\n')
    found = whole(read(tmp_path / "log"))["sumthin"]
    assert (found.requests, found.visits, found.sources, found.days) == (5, 2, 1, 2)
    assert (found.requests_a_day, found.visits_a_day, found.sources_a_day) == (2.5, 1.0, 0.5)
    assert found.top_source == 1.0


def test_sources_are_kept_as_the_policy_says_and_near_ones_are_told(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(combined(REQUESTS))
    assert {source for _, _, source in told(read(tmp_path / "log", policy=SourcePolicy(Keeping.PREFIX)))} == {
        "192.0.2.0/24",
        "198.51.100.0/24",
    }
    hashed = told(read(tmp_path / "log", policy=SourcePolicy(Keeping.HASH, b"k" * 32)))
    assert all(source and "." not in source for _, _, source in hashed)
    found = whole(read(tmp_path / "log", own="192.0.3.3"))["all"]
    assert (found.near_16, found.near_8) == (2, 0)
    assert Neighbourhood("198.0.0.1").of("198.51.100.4") is Nearness.SAME_8
    for own, policy in (("odd", Keeping.RAW), ("", Keeping.HASH)):
        with pytest.raises(PressureError):
            read(tmp_path / "log", own=own, policy=SourcePolicy(policy))


@pytest.mark.parametrize("text", ["x", "[[signature]]\nid = 1", "[[odd]]\n"])
def test_a_broken_file_of_signatures_is_told(text: str) -> None:
    with pytest.raises(PressureError, match="cannot be read"):
        list(read_signatures(text.encode(), "mine.toml"))


def test_the_strip_is_never_blank_where_something_was() -> None:
    assert strip([None, 0, 1, 100]) == "· ▁█"
    assert strip([]) == ""
    assert strip([None, 0]) == "· "


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    path.write_bytes(combined(REQUESTS) + combined(REQUESTS, 3))
    found = ebbtide("pressure", path, "--json").document()
    assert (found["lines"], found["observed_days"], found["calendar_days"]) == (12, 2, 3)
    assert found["gaps"] == [{"first": "2004-08-02", "last": "2004-08-02"}]
    assert found["whole"][0]["requests"] == 8
    assert "192.0.2" not in str(found)
    shown = ebbtide("pressure", path, "--months")
    assert (shown.returncode, "4.0 times a day" in shown.stdout) == (0, True)
    (tmp_path / "odd").write_bytes(b"hello\nworld\n")
    beside = ebbtide("pressure", tmp_path / "odd", path)
    assert (beside.returncode, "odd: its lines are in no dialect that is known" in beside.stderr) == (0, True)
    (tmp_path / "empty").touch()
    assert ebbtide("pressure", tmp_path / "empty").returncode == 0
    for words, sentence in (
        ((tmp_path / "none",), "none"),
        ((tmp_path / "odd",), "odd: the lines are in no dialect that is known"),
        ((path, "--own", "odd"), "no IPv4 address"),
        ((path, "--sources", "odd"), "cannot be kept as 'odd'"),
    ):
        told_of = ebbtide("pressure", *words)
        assert (told_of.returncode, sentence in told_of.stderr) == (2, True), told_of.stderr
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert ebbtide("pressure", "-", "--json").document()["lines"] == 12
