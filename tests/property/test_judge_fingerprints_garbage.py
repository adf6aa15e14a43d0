"""A file of fingerprints from a stranger, and banners from hostile servers, do nothing but be read or be refused."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.judge.fingerprints.reading import parse_fingerprints
from ebbtide.judge.fingerprints.sets import OWN_PACK, FingerprintSet
from ebbtide.judge.software.identification import identify, own_identifier
from ebbtide.model.errors import FingerprintError
from ebbtide.model.outcomes import Answered
from ebbtide.model.transcripts import Exchange, Purpose, Request

SEEDS = (
    (OWN_PACK / "via.xml").read_bytes(),
    (OWN_PACK / "generators.xml").read_bytes(),
    (
        b'<fingerprints matches="a"><fingerprint pattern="^(x)" flags="REG_ICASE" certainty="0.5">'
        b'<description>d</description><example _encoding="base64" a.b="x">eA==</example>'
        b'<param pos="1" name="a.b"/></fingerprint></fingerprints>'
    ),
)
SHARDS = st.sampled_from(
    [b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#0;", b"<![CDATA[", b"<?x y?>", b"<!--", b"\x00", b"\xff",
     b'pattern="(?=x)"',
     b'pos="99"', b'pos="\xc2\xb2"', b"<param/>", b"</fingerprint>", b'_filename="/etc/passwd"', b"{", b"\xef\xbb\xbf",
     b'<?xml version="1.0" encoding="utf-16"?>', b"xmlns:a='b'", b"<xi:include href='x'/>", b'certainty="nan"', b"\\"]
)  # fmt: skip
SMALL = st.binary(max_size=4) | SHARDS


@st.composite
def mutated_files(draw: st.DrawFn) -> bytes:
    """A good file with pieces cut out, doubled, or put in."""
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 30)))
        data = data[:start] + draw(SMALL | st.just(data[start:end] * 2)) + data[end:]
    return data


@settings(max_examples=200, deadline=None)
@given(mutated_files(), st.binary(max_size=30))
def test_a_mutated_file_is_read_or_refused_with_a_place(data: bytes, value: bytes) -> None:
    try:
        file = parse_fingerprints(data, Path("mutated.xml"))
    except FingerprintError as mistake:
        where = mistake.where
    else:
        FingerprintSet([file]).match(file.key, value)
        where = file.path
    assert where.startswith("mutated.xml")


FIELDS = st.tuples(
    st.sampled_from([b"Server", b"X-Powered-By", b"Via", b"Set-Cookie", b"WWW-Authenticate", b"Date"]),
    st.binary(max_size=40)
    | st.sampled_from([b"Apache/1.3.20 (Unix)", b"PHP/4.0.6", b"1.1 varnish", b"(((", b"a/b/c d/1"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(FIELDS, max_size=8), st.binary(max_size=60))
def test_any_answer_has_exactly_one_family_and_is_told_the_same_twice(
    fields: list[tuple[bytes, bytes]], body: bytes
) -> None:
    page = b"<title>" + body + b'<meta name="generator" content="' + body + b'">'
    exchange = Exchange(
        bytes(16), 1, 0, 1, Request("/", Purpose.ROOT), 0, Answered(), status=200, fields=tuple(fields), body=page
    )
    found = identify([exchange])
    assert found.family
    assert found.software[0].family == found.family
    assert found.software[0].version == found.version
    assert all("\n" not in row.product and "\x00" not in row.version for row in found.software)
    assert own_identifier().identify([exchange, exchange]) == found
