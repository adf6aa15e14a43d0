from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.probe.masking import usual_masker
from ebbtide.probe.masking_rules import ANYWHERE, read_rules

SECRETS = [told.encode() for rule in read_rules() if rule.where == ANYWHERE for told, _ in rule.secrets]
PIECES = st.one_of(
    st.binary(max_size=12), st.sampled_from([b"\n", b"'", b'"', b"=", b"://", b"@", b"password", b"SECRET", b"***"])
)
TEXTS = st.lists(st.one_of(st.sampled_from(SECRETS), PIECES), max_size=12).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS)
def test_masking_keeps_every_length_and_changes_nothing_but_into_stars(body: bytes, value: bytes) -> None:
    found = usual_masker().mask(((b"Set-Cookie", value), (b"X", value)), body)
    for before, after in ((body, found.body), (value, found.fields[0][1]), (value, found.fields[1][1])):
        assert len(before) == len(after)
        assert all(new in (old, ord("*")) for old, new in zip(before, after, strict=True))
    assert bool(found.told) == ((found.body, found.fields) != (body, ((b"Set-Cookie", value), (b"X", value))))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SECRETS), st.binary(max_size=6000), st.binary(max_size=200))
def test_hostile_octets_on_the_lines_around_hide_no_secret(secret: bytes, before: bytes, after: bytes) -> None:
    body = before + b"\n" + secret + b"\n" + after
    found = usual_masker().mask((), body)
    assert found.told
    assert found.body[len(before) : len(before) + len(secret) + 2] != body[len(before) : len(before) + len(secret) + 2]
