import hashlib

from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request, Transcript
from ebbtide.rounds.rows import body_rows, with_hashes

TARGET = Target(b"t" * 16, 1, "tide.test", "", 80, Scheme.HTTP)


def exchange(ordinal: int, body: bytes) -> Exchange:
    return Exchange(TARGET.target_id, TARGET.site_id, ordinal, 1, Request("/", Purpose.ROOT), 0, Answered(), body=body)


def test_each_body_is_named_by_its_hash_and_stored_once_and_no_body_has_no_name() -> None:
    bodies = (b"the tide", b"the tide", b"")
    told = with_hashes(Transcript(TARGET, 1, Answered(), tuple(exchange(*each) for each in enumerate(bodies))))
    name = hashlib.sha256(b"the tide").digest()
    assert [each.body_sha256 for each in told.exchanges] == [name, name, b""]
    assert [(row.sha256, row.body) for row in body_rows([told])] == [(name, b"the tide")]
