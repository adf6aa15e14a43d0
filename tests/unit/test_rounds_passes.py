"""Tables that do not fit into memory are sealed and read in passes, and say the same."""

import hashlib
import os
from pathlib import Path

import msgspec
import pytest

from ebbtide.frame.ids import endpoint_id, site_id, target_id
from ebbtide.model.rows import BodyRow, ExchangeRow, OutcomeRow, TargetRow
from ebbtide.model.transcripts import Transcript
from ebbtide.rounds import ranges, reading, sealing, units
from ebbtide.rounds.building import write_round
from ebbtide.rounds.database import ask
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.round import Round

HOSTS = tuple(f"h{number}.example" for number in range(300))
KINDS = ("answered", "failed", "skipped")
MEASURED = (
    *("received_bytes", "deviations", "connect_s", "tls_s", "first_byte_s", "total_s", "address", "sni", "vantage"),
    *("handed_on", "tls"),
)


def target(host: str) -> TargetRow:
    number = int(host[1:].removesuffix(".example"))
    return TargetRow(
        target_id(host, "", 80, "http"), site_id(host), host, "", 80, "http", f"s{number % 3}", 1.0 + number % 5
    )


def outcome(row: TargetRow, attempt: int, kind: str) -> OutcomeRow:
    address = f"192.0.2.{row.target_id[0] % 50}"
    return OutcomeRow(
        *(row.target_id, row.site_id, endpoint_id(address, 80), attempt, kind),
        *("connect" if kind == "failed" else "", "timed_out" if kind == "failed" else ""),
        *("out_of_scope" if kind == "skipped" else "", "", address, 200 if kind == "answered" else None),
        *(2, 0, attempt, 0.5, ""),
    )


def exchange(row: TargetRow, attempt: int, ordinal: int) -> tuple[ExchangeRow, BodyRow]:
    """Every third body is one that others have too."""
    body = b"shared" if row.target_id[1] % 3 == 0 else row.target_id + bytes([ordinal])
    sha256 = hashlib.sha256(body).digest()
    told = ExchangeRow(
        *(row.target_id, row.site_id, attempt, ordinal, None, "root", "GET", f"/{ordinal}", [], 7, "answered"),
        *("", "", "", "", 200, "1.1", b"OK", [(b"A", row.target_id)], sha256, len(body), 90, False, []),
        *(0.1, None, 0.2, 0.3, "192.0.2.1", "", "", None),
    )
    return told, BodyRow(sha256, body)


def build(path: Path) -> tuple[SurveyFolder, Round]:
    """A round in which a third of the targets was tried twice, the rows in no order."""
    rows = [target(host) for host in HOSTS]
    tries = [(row, KINDS[row.target_id[2] % 3], attempt) for attempt in (2, 1) for row in rows]
    tries = [(row, kind, attempt) for row, kind, attempt in tries if attempt == 1 or kind == "failed"]
    asked = [exchange(row, attempt, ordinal) for row, _, attempt in tries for ordinal in (1, 0)]
    folder = SurveyFolder.create(path)
    outcomes = [outcome(row, attempt, kind) for row, kind, attempt in tries]
    bodies = {body.sha256: body for _, body in asked}
    return folder, write_round(
        folder, "r", "2001-07-15", rows, outcomes, [told for told, _ in asked], list(bodies.values())
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> SurveyFolder:
    folder, _ = build(tmp_path_factory.mktemp("passes") / "survey")
    return folder


def transcripts(made: Round) -> list[Transcript]:
    return [each for shard in range(made.shards) for each in made.transcripts(shard)]


def test_passes_change_nothing(built: SurveyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = transcripts(built.round("r"))
    for module in (reading, sealing, units):
        monkeypatch.setattr(module, "ROWS_IN_MEMORY", 40)
    monkeypatch.setattr(reading, "BODY_BYTES_IN_MEMORY", 300)
    monkeypatch.setattr(reading, "_ROWS_AT_ONCE", 3)
    narrow_folder, narrow = build(tmp_path / "narrow")
    assert transcripts(narrow) == at_once
    everything = "SELECT * FROM address_units ORDER BY endpoint_id"
    assert ask(narrow_folder, everything) == ask(built, everything)


def test_each_target_has_its_own_exchanges_and_bodies_of_the_attempt_that_counts(built: SurveyFolder) -> None:
    read = transcripts(built.round("r"))
    assert sorted(each.target.host for each in read) == sorted(HOSTS)
    assert any(each.attempt == 2 for each in read)
    for each in read:
        row = target(each.target.host)
        expected = [exchange(row, each.attempt, ordinal) for ordinal in (0, 1)]
        assert [(told.ordinal, told.attempt, told.body) for told in each.exchanges] == [
            (told.ordinal, each.attempt, body.body) for told, body in expected
        ]
        assert all(told.fields == ((b"A", row.target_id),) for told in each.exchanges)


def test_an_open_round_is_read_like_a_sealed_one(built: SurveyFolder) -> None:
    """What was sealed is looked at as if only the attempts were known."""
    made = built.round("r")
    sealed = transcripts(made)
    made.log_state.files = [file for file in made.log_state.files if file.table != "final_outcomes"]
    made.log_state.seal = None
    assert transcripts(made) == sealed


def test_an_address_sums_up_its_names_as_sql_does(built: SurveyFolder) -> None:
    by_sql = """
        SELECT o.endpoint_id, min(o.address), min(t.port), count(*), min(t.stratum), round(avg(t.weight), 9),
            CASE WHEN bool_or(o.kind = 'answered') THEN 'answered' WHEN bool_or(o.kind = 'failed') THEN 'failed'
            ELSE 'skipped' END
        FROM final_outcomes o JOIN targets t USING (target_id) GROUP BY 1 ORDER BY 1
    """
    stored = "SELECT * EXCLUDE (round) REPLACE (round(weight, 9) AS weight) FROM address_units ORDER BY endpoint_id"
    units_now = ask(built, stored)
    assert units_now[1] == ask(built, by_sql)[1]
    assert len(units_now[1]) == 50


@pytest.mark.parametrize("passes", [1, 2, 3, 255, 256, 4000])
def test_ranges_cover_every_id_once(passes: int) -> None:
    parts = ranges.divide(passes)
    assert len(parts) == min(passes, 256)
    for first in range(256):
        identity = bytes([first]) + b"x" * 15
        assert sum(part.low <= identity and (part.high is None or identity < part.high) for part in parts) == 1


def test_answers_are_the_transcripts_without_what_was_measured(built: SurveyFolder) -> None:
    made = built.round("r")
    whole = transcripts(made)
    answers = [each for shard in range(made.shards) for each in made.answers(shard)]
    assert len(answers) == len(whole) > 0
    for answer, told in zip(answers, whole, strict=True):
        assert (answer.target, answer.outcome, answer.certificates) == (told.target, told.outcome, ())
        for seen, exchange in zip(answer.exchanges, told.exchanges, strict=True):
            measured = {name: getattr(seen, name) for name in MEASURED}
            assert seen == msgspec.structs.replace(exchange, **measured)
            assert set(measured.values()) <= {None, 0, "", ()}


def test_what_the_log_lists_is_on_the_disk_before_it_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        flushed.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    folder, _ = build(tmp_path / "survey")
    made = folder.round("r")
    log = [flushed.index(path.stat().st_ino) for path in (made.path / "log").iterdir()]
    files = [made.path / file.path for file in made.log_state.files]
    assert len(files) > 0
    for path in files:
        assert flushed.index(path.stat().st_ino) < max(log)
        assert flushed.index(path.parent.stat().st_ino) < max(log)
