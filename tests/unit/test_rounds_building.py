from pathlib import Path

import msgspec
import pytest

from ebbtide.frame.ids import endpoint_id, site_id, target_id
from ebbtide.model.errors import RoundError, SurveyFolderError
from ebbtide.model.outcomes import Answered
from ebbtide.model.rows import BodyRow, ExchangeRow, OutcomeRow, SoftwareRow, TargetRow, TlsRow, VerdictRow
from ebbtide.model.targets import Level
from ebbtide.model.transcripts import TlsSummary
from ebbtide.model.verdicts import CheckInfo, JudgementManifest
from ebbtide.rounds.building import write_round
from ebbtide.rounds.database import ask, open_database
from ebbtide.rounds.folder import SurveyFolder

HOSTS = tuple(f"h{number}.example" for number in range(40))
SHA = b"s" * 32
MANIFEST = JudgementManifest(
    "00ff00ff00ff00ff",
    "1",
    ("iis-2001",),
    (CheckInfo("server-path", "a" * 16, "Server path", Level.PASSIVE, "low", ("microsoft-iis",), "mend", ("src",)),),
)


def target(host: str) -> TargetRow:
    return TargetRow(target_id(host, "127.0.0.1", 80, "http"), site_id(host), host, "127.0.0.1", 80, "http", "", 1.0)


def outcome(row: TargetRow, attempt: int = 1, kind: str = "answered", failed: int = 0, fault: str = "") -> OutcomeRow:
    return OutcomeRow(
        target_id=row.target_id,
        site_id=row.site_id,
        endpoint_id=endpoint_id("127.0.0.1", 80),
        attempt=attempt,
        kind=kind,
        stage="connect" if fault else "",
        fault=fault,
        reason="out_of_scope" if kind == "skipped" else "",
        detail="",
        address="127.0.0.1",
        status=200 if kind == "answered" else None,
        exchange_count=1,
        failed_exchange_count=failed,
        started_at_ns=10 * attempt,
        elapsed_s=0.5,
        vantage="",
    )


def exchange(row: TargetRow, attempt: int = 1, *, tls: TlsRow | None = None) -> ExchangeRow:
    return ExchangeRow(
        *(row.target_id, row.site_id, attempt, 0, None, "root", "GET", "/", [("X-A", "b")], 7),
        *("answered", "", "", "", "", 200, "1.1", b"O\xffK", [(b"Server", b"x\x00")], SHA, 4, 90, False, ["bare_lf"]),
        *(0.1, None, 0.2, 0.3, "127.0.0.1", "", "here", tls),
    )


@pytest.fixture
def folder(tmp_path: Path) -> SurveyFolder:
    return SurveyFolder.create(tmp_path / "survey")


def test_views_have_their_columns_before_there_is_any_round(folder: SurveyFolder) -> None:
    for view, record in (("targets", TargetRow), ("outcomes", OutcomeRow), ("exchanges", ExchangeRow)):
        columns, rows = ask(folder, f"FROM {view}")
        assert (columns, rows) == (["round", *record.__struct_fields__], [])
    assert ask(folder, "FROM verdicts")[0] == ["round", "judgement", *VerdictRow.__struct_fields__]
    assert ask(folder, "FROM rounds") == (["round", "reference_date", "state", "ordinal", "judgement"], [])


def test_a_built_round_is_read_back_as_it_was_written(folder: SurveyFolder) -> None:
    rows = [target(host) for host in HOSTS]
    tls = TlsRow("TLSv1.3", "X", "", (b"1" * 32,))
    software = [
        SoftwareRow(row.target_id, row.site_id, "zeus", "server", "", "", "3", "", "t", "b", True) for row in rows
    ]
    verdicts = [VerdictRow(rows[0].target_id, rows[0].site_id, "server-path", "shown", "", 1, "body", "C:\\", "m")]
    made = write_round(
        *(folder, "2001-07", "2001-07-15", rows, [outcome(row) for row in rows]),
        *([exchange(row, tls=tls) for row in rows], [BodyRow(SHA, b"body")], MANIFEST, software, verdicts),
    )
    assert (made.state, made.judgement, made.reference_date) == ("sealed", MANIFEST.id, "2001-07-15")
    transcripts = [each for shard in range(folder.shards) for each in folder.round("2001-07").transcripts(shard)]
    assert {each.target.host for each in transcripts} == set(HOSTS)
    (seen,) = transcripts[0].exchanges
    assert (seen.body, seen.reason) == (b"body", b"O\xffK")
    assert seen.tls == TlsSummary(tls.version, tls.cipher, tls.alpn, tls.chain_sha256)
    assert (seen.fields, seen.request.fields) == (((b"Server", b"x\x00"),), (("X-A", "b"),))
    assert transcripts[0].outcome == Answered()
    with open_database(folder) as db:
        assert db.execute("SELECT count(*), sum((family = 'zeus')::INT) FROM software").fetchall() == [(40, 40)]
        assert db.execute('SELECT round, judgement, "check", excerpt FROM verdicts').fetchall() == [
            ("2001-07", MANIFEST.id, "server-path", "C:\\")
        ]
        assert db.execute("SELECT name_count, weight, kind, port FROM address_units").fetchall() == [
            (40, 1.0, "answered", 80)
        ]
        assert db.execute('SELECT "check", families FROM checks').fetchall() == [("server-path", ["microsoft-iis"])]
        assert db.execute("SELECT site_id FROM targets WHERE host = 'h3.example'").fetchall() == [
            (site_id("h3.example"),)
        ]


def test_rounds_are_numbered_by_reference_date_and_not_by_label(folder: SurveyFolder) -> None:
    row = target("a.example")
    write_round(folder, "a", "2001-08-15", [row], [outcome(row)])
    write_round(folder, "b", "2001-07-15", [row], [outcome(row)])
    assert ask(folder, "SELECT round, ordinal FROM rounds ORDER BY ordinal")[1] == [("b", 1), ("a", 2)]


@pytest.mark.parametrize(
    ("attempts", "counts"),
    [
        ([("failed", 0), ("failed", 0)], 2),
        ([("answered", 1), ("failed", 0)], 1),
        ([("answered", 1), ("answered", 0), ("answered", 2)], 2),
        ([("answered", 1), ("answered", 1)], 2),
        ([("failed", 0), ("answered", 3)], 2),
    ],
)
def test_the_attempt_that_counts_is_the_best_answered_one_and_else_the_last(
    folder: SurveyFolder, attempts: list[tuple[str, int]], counts: int
) -> None:
    row = target("a.example")
    rows = [
        outcome(row, number, kind, failed, "timed_out" if kind == "failed" else "")
        for number, (kind, failed) in enumerate(attempts, 1)
    ]
    made = write_round(folder, "r", "2001-07-15", [row], rows, [exchange(row, each.attempt) for each in rows])
    assert ask(folder, "SELECT attempt FROM final_outcomes")[1] == [(counts,)]
    (transcript,) = (each for shard in range(16) for each in made.transcripts(shard))
    assert transcript.attempt == counts
    assert [each.attempt for each in transcript.exchanges] == [counts]


def test_sealing_refuses_a_round_in_which_somebody_has_no_outcome(folder: SurveyFolder) -> None:
    rows = [target(host) for host in HOSTS]
    with pytest.raises(RoundError, match="of 40 planned targets 1 have no outcome"):
        write_round(folder, "r", "2001-07-15", rows, [outcome(row) for row in rows[1:]])


def test_sealing_refuses_outcomes_of_nobody_planned(folder: SurveyFolder) -> None:
    rows = [target(host) for host in HOSTS]
    with pytest.raises(RoundError, match="1 outcomes belong to nobody planned"):
        write_round(folder, "r", "2001-07-15", rows[1:], [outcome(row) for row in rows])


def test_sealing_leaves_one_file_a_shard_and_no_other(folder: SurveyFolder) -> None:
    rows = [target(host) for host in HOSTS]
    made = write_round(folder, "r", "2001-07-15", rows, [outcome(row) for row in rows])
    listed = {made.path / file.path for file in made.log_state.files}
    assert listed == set(made.path.rglob("*.parquet"))
    assert len([file for file in made.log_state.files if file.table == "outcomes"]) <= folder.shards


def test_a_file_that_no_log_lists_is_never_read(folder: SurveyFolder) -> None:
    row = target("a.example")
    made = write_round(folder, "r", "2001-07-15", [row], [outcome(row)])
    (file,) = made.files("targets")
    (made.path / file.path).with_name("stray.parquet").write_bytes((made.path / file.path).read_bytes())
    assert ask(folder, "SELECT count(*) FROM targets")[1] == [(1,)]


def test_a_survey_of_a_newer_format_is_refused(folder: SurveyFolder) -> None:
    file = folder.path / "survey.json"
    file.write_bytes(msgspec.json.encode(msgspec.json.decode(file.read_bytes()) | {"format": 2}))
    with pytest.raises(SurveyFolderError, match="format 2; this version reads up to 1"):
        SurveyFolder.open(folder.path)


@pytest.mark.parametrize("label", ["", "-a", "a/b", "..", "a b", "2001-07\n"])
def test_a_label_that_is_no_label_is_refused(folder: SurveyFolder, label: str) -> None:
    with pytest.raises(RoundError, match="cannot be a round's label"):
        folder.create_round(label, "2001-07-15")


def test_a_folder_without_survey_json_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(SurveyFolderError, match="ebbtide survey init"):
        SurveyFolder.open(tmp_path)
