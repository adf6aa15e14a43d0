"""A sealed, judged round of format 1 stays readable for ever: tests/fixtures/round-format-1 is never rewritten."""

import shutil
from pathlib import Path

import pytest

from ebbtide.model.outcomes import Answered, Failed, Fault, Skipped, SkipReason, Stage
from ebbtide.model.targets import Scheme
from ebbtide.model.transcripts import Deviation, TlsSummary
from ebbtide.rounds.database import ask
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.log import RoundState

RELEASED = Path(__file__).parents[1] / "fixtures" / "round-format-1"


@pytest.fixture
def folder(tmp_path: Path) -> SurveyFolder:
    return SurveyFolder.open(shutil.copytree(RELEASED, tmp_path / "survey"))


def test_its_round_is_sealed_and_judged(folder: SurveyFolder) -> None:
    assert (folder.labels(), folder.shards, folder.salt) == (
        ("2001-07",),
        16,
        bytes.fromhex("00112233445566778899aabbccddeeff"),
    )
    made = folder.round("2001-07")
    assert (made.state, made.reference_date, made.judgement) == (RoundState.SEALED, "2001-07-15", "0123456789abcdef")
    manifest = made.manifest()
    assert manifest.parameters == (("server-path.mark", "x"),)
    assert [(check.id, check.families, check.words) for check in manifest.checks] == [
        ("server-path", ("microsoft-iis",), "A path is told.")
    ]


def test_its_transcripts_are_what_they_were(folder: SurveyFolder) -> None:
    made = folder.round("2001-07")
    transcripts = {each.target.host: each for shard in range(16) for each in made.transcripts(shard)}
    assert {host: each.outcome for host, each in transcripts.items()} == {
        "answered.example": Answered(),
        "silent.example": Failed(Stage.CONNECT, Fault.TIMED_OUT),
        "closed.example": Skipped(SkipReason.OPTED_OUT),
    }
    answered = transcripts["answered.example"]
    (front,) = answered.exchanges
    assert (answered.attempt, answered.target.scheme, answered.target.weight) == (2, Scheme.HTTPS, 1.5)
    assert (front.body, front.status, front.reason) == (b"<title>front \xff</title>", 200, b"OK")
    assert front.fields == ((b"Server", b"Microsoft-IIS/5.0"),)
    assert front.deviations == (Deviation.BARE_LF,)
    assert front.tls == TlsSummary("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", "http/1.1", (b"\x01" * 32,))


def test_its_views_answer(folder: SurveyFolder) -> None:
    query = "SELECT host, kind, attempt FROM final_outcomes JOIN targets USING (round, target_id) ORDER BY host"
    assert ask(folder, query)[1] == [
        ("answered.example", "answered", 2),
        ("closed.example", "skipped", 1),
        ("silent.example", "failed", 2),
    ]
    assert ask(folder, "SELECT count(*) FROM outcomes")[1] == [(5,)]
    assert ask(folder, "SELECT family, version FROM software WHERE is_family")[1] == [("microsoft-iis", "5.0")]
    assert ask(folder, 'SELECT "check", kind, excerpt FROM verdicts')[1] == [("server-path", "shown", "C:\\")]
    assert ask(folder, "SELECT address, port, kind, weight FROM address_units ORDER BY address")[1] == [
        ("192.0.2.1", 443, "answered", 1.5),
        ("192.0.2.2", 80, "failed", 1.5),
        ("192.0.2.3", 80, "skipped", 1.5),
    ]
