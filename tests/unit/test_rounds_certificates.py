"""Certificates of a round: each read closely once, however many servers sent it."""

import hashlib
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from asking_examples import make_target
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Scheme
from ebbtide.model.transcripts import Certificate, Exchange, Purpose, Request, TlsSummary, Transcript
from ebbtide.rounds import certificate_summaries
from ebbtide.rounds.batches import write_batch
from ebbtide.rounds.database import ask
from ebbtide.rounds.entries import BatchCommitted, Planned
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.round import Round
from ebbtide.rounds.rows import target_row
from ebbtide.rounds.sealing import seal
from ebbtide.rounds.tables import write_shard
from tls_servers import write_certificate

HOSTS = [f"h{number}.example" for number in range(30)]
GARBAGE = b"\x30\x03no"


def certificate(der: bytes) -> Certificate:
    return Certificate(hashlib.sha256(der).digest(), der)


def transcript(host: str, chain: list[bytes]) -> Transcript:
    target = msgspec.structs.replace(make_target(host, 443, Scheme.HTTPS), fallback=True)
    sent = tuple(map(certificate, chain))
    tls = TlsSummary("TLSv1.3", "X", "http/1.1", tuple(each.sha256 for each in sent), "x25519", len(chain))
    ids = (target.target_id, target.site_id)
    exchange = Exchange(*ids, 0, 1, Request("/", Purpose.ROOT), 1_000, Answered(), status=200, tls=tls)
    return Transcript(target, 1, Answered(), (exchange,), "127.0.0.1", certificates=sent)


@pytest.fixture
def sealed(tmp_path: Path) -> tuple[SurveyFolder, Round, list[Transcript]]:
    """Thirty servers in many shards: a certificate of each one's own, one that all share, and garbage."""
    shared = write_certificate(tmp_path / "shared.pem", common_name="shared.test").public_bytes(Encoding.DER)
    transcripts = []
    for host in HOSTS:
        names = [x509.DNSName(host)]
        own = write_certificate(tmp_path / "own.pem", common_name="own.test", names=names).public_bytes(Encoding.DER)
        transcripts.append(transcript(host, [own, shared, GARBAGE]))
    folder = SurveyFolder.create(tmp_path / "survey")
    made = folder.create_round("r", "2026-11-01")
    files = []
    for shard in range(made.shards):
        rows = [target_row(each.target) for each in transcripts if each.target.site_id >> 60 == shard]
        files += [write_shard(made.path, "targets", shard, rows)] if rows else []
    made.commit(Planned(tuple(files), len(HOSTS), len(HOSTS), 0, 0, 0, "f", "p", 1))
    tables = write_batch(made.path, made.shards, transcripts)
    made.commit(BatchCommitted("b", tables.files, tables.attempts, tables.outcomes, (), 2))
    seal(made)
    return folder, folder.round("r"), transcripts


def test_each_certificate_is_read_once_a_round(sealed: tuple[SurveyFolder, Round, list[Transcript]]) -> None:
    folder, made, _ = sealed
    assert made.shards == 16
    per_shard = ask(folder, "SELECT count(*), count(DISTINCT sha256) FROM certificates")[1]
    assert per_shard[0][0] > per_shard[0][1] == len(HOSTS) + 2, "the shared one lies in several shards"
    query = "SELECT common_name, count(*), sum((error = '')::INT) FROM certificate_summaries GROUP BY ALL ORDER BY ALL"
    assert ask(folder, query)[1] == [("", 1, 0), ("own.test", 30, 30), ("shared.test", 1, 1)]


def test_the_leaf_of_an_exchange_is_joined_by_its_hash(sealed: tuple[SurveyFolder, Round, list[Transcript]]) -> None:
    query = (
        "SELECT t.host FROM exchanges e JOIN targets t USING (round, target_id) JOIN certificate_summaries c "
        "ON c.round = e.round AND c.sha256 = e.tls.chain_sha256[1] WHERE c.dns_names = [t.host] "
        "AND e.tls_group = 'x25519'"
    )
    assert {host for (host,) in ask(sealed[0], query)[1]} == set(HOSTS)


def test_transcripts_come_back_with_all_that_was_recorded_of_tls(
    sealed: tuple[SurveyFolder, Round, list[Transcript]],
) -> None:
    _, made, transcripts = sealed
    before = {each.target.host: each for each in transcripts}
    after = {each.target.host: each for shard in range(made.shards) for each in made.transcripts(shard)}
    assert after == before
    assert {each.fallback for shard in range(made.shards) for each in made.targets(shard)} == {True}


def test_very_many_certificates_are_read_in_several_passes_and_none_twice(
    sealed: tuple[SurveyFolder, Round, list[Transcript]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, made, _ = sealed
    monkeypatch.setattr(certificate_summaries, "CERTIFICATES_IN_MEMORY", 7)
    files = certificate_summaries.write_certificate_summaries(made.path, made.shards, made.files("certificates"))
    assert sum(file.rows for file in files) == len(HOSTS) + 2


def test_a_round_without_certificates_has_no_summaries(tmp_path: Path) -> None:
    assert certificate_summaries.write_certificate_summaries(tmp_path, 16, []) == []
