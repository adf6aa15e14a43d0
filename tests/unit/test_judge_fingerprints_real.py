"""The fingerprints that come with Ebbtide, and a large public collection in the same format."""

from pathlib import Path

import pytest

from ebbtide.judge.fingerprints.sets import OWN_PACK, list_fingerprints, load_own_fingerprints, verify
from ebbtide.judge.software.slugs import slug

RECOG = Path(__file__).parents[2].parent / "shared" / "data" / "recog"
needs_recog = pytest.mark.skipif(not RECOG.is_dir(), reason="the public fingerprints are not in ../shared/data/recog")


@needs_recog
def test_every_example_of_the_public_collection_holds() -> None:
    summary = verify(RECOG)
    assert (summary.files, summary.fingerprints, summary.examples, summary.expected_values) == (5, 1281, 1765, 1067)
    assert summary.failures == ()
    assert summary.refused == ()


def test_every_example_of_our_own_pack_holds_and_none_is_taken_by_another_fingerprint() -> None:
    summary = verify(OWN_PACK)
    assert summary.failures == ()
    assert summary.refused == ()
    assert summary.shadowed == ()
    assert summary.fingerprints > 200


def test_every_fingerprint_of_ours_has_two_examples() -> None:
    assert [line.id for line in list_fingerprints(load_own_fingerprints()) if line.example_count < 2] == []


def test_every_fingerprint_of_a_server_field_names_a_family_that_is_a_slug() -> None:
    lines = [line for line in list_fingerprints(load_own_fingerprints()) if line.key == "http_header.server"]
    assert [line.id for line in lines if not line.family or line.family != slug(line.family)] == []


def test_ids_of_our_pack_are_unique() -> None:
    ids = [line.id for line in list_fingerprints(load_own_fingerprints())]
    assert len(ids) == len(set(ids))


def test_the_pack_lists_its_files() -> None:
    text = (OWN_PACK / "pack.toml").read_text(encoding="utf-8")
    assert all(f'"{path.name}"' in text for path in OWN_PACK.glob("*.xml"))
