"""Streams of hostile parts: however they are cut and wherever they stop, the same is read, kept and bounded."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.model.configuration import CapsSection
from ebbtide.wire.records import Response
from ebbtide.wire.response import ResponseReader

SMALL = CapsSection(head_bytes=120, body_bytes=30, fields=4)
LARGE = CapsSection(head_bytes=4000, body_bytes=2000, fields=50)

INTERIM = st.sampled_from(
    [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n", b"HTTP/1.1 102 x\n\n"]
)
OPENINGS = st.sampled_from(
    [b"", b"", b"", b"\r\n", b"\r\n\r\n", b"junk\n", b"\xef\xbb\xbf", b"SSH-", b"SSH-2.0-x\r\n", b"220 ", b"220-x\r\n",
     b"\x15\x03\x03\0\x02\x02", b"\x16\x03", b"\0\0\x06\x04\0\0\0\0\0", b"RFB 003.008\n", b"<html>", b"HTTP", b"IC"]
)  # fmt: skip
STATUS_LINES = st.sampled_from(
    [b"HTTP/1.1 200 OK", b"HTTP/1.0 404 No", b"HTTP/1.1 204", b"HTTP/1.1 304 Same", b"HTTP/1.1 101 Up", b"ICY 200 OK",
     b"http/1.1 200 ok", b"HTTP/1.1\t200", b"HTTP/9 x", b"HTTP/1.1 200 " + b"r" * 90]
)  # fmt: skip
FIELDS = st.sampled_from(
    [b"A: b", b" folded", b"\tfolded again", b"no colon", b": no name", b"A : b", b"A: \0", b"A: b\rc",
     b"L: " + b"x" * 60, b"Connection: keep-alive", b"Connection: close", b"Content-Encoding: gzip", b"\xff: \xfe"]
)  # fmt: skip
FRAMING = st.sampled_from(
    [b"", b"Content-Length: 5", b"Content-Length: 40", b"Content-Length: 5, 6", b"Content-Length: -5",
     b"Content-Length: 0", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked",
     b"Transfer-Encoding: chunked\r\nContent-Length: 9", b"Transfer-Encoding: xchunked"]
)  # fmt: skip
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"])
SIZES = st.sampled_from(
    [b"5", b"5", b"1", b"20", b"0005 ", b"5;a=b", b'5;a="\r', b"5;" + b"e" * 1100, b"zz", b"-1", b"", b"0x5",
     b"FFFFFFFFFFFFFFFF", b"10000000000000000", b"0" * 1100]
)  # fmt: skip
DATA = st.sampled_from([b"hello", b"hello", b"x", b"hello" * 8, b"5\r\n", b""])
TRAILERS = st.sampled_from([b"X: y", b"no colon", b" fold", b"T: " + b"t" * 1100, b"\r"])


@st.composite
def chunked(draw: st.DrawFn) -> bytes:
    parts = [
        draw(SIZES) + draw(ENDS) + draw(DATA) + draw(st.sampled_from([b"\r\n", b"\r\n", b"\n", b"", b"x"]))
        for _ in range(draw(st.integers(0, 5)))
    ]
    last = draw(st.sampled_from([b"0\r\n", b"0\r\n", b"000;x\r\n", b"0\n", b""]))
    trailers = [line + draw(ENDS) for line in draw(st.lists(TRAILERS, max_size=6))]
    return b"".join([*parts, last, *trailers, draw(st.sampled_from([b"\r\n", b"\n", b"\r", b""]))])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    end = draw(ENDS)
    lines = [draw(STATUS_LINES), *draw(st.lists(FIELDS, max_size=7)), draw(FRAMING), b"", b""]
    body = draw(st.one_of(chunked(), chunked(), DATA, st.binary(max_size=50)))
    return end.join(line for line in lines[:-2] if line) + end * 2 + body


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Interim answers, an answer or two, and noise; cut off anywhere."""
    parts = [draw(OPENINGS), *draw(st.lists(INTERIM, max_size=12)), *draw(st.lists(messages(), min_size=1, max_size=2))]
    octets = b"".join(parts) + draw(st.binary(max_size=10))
    return octets[: draw(st.one_of(st.just(len(octets)), st.integers(0, len(octets))))]


def read(pieces: Iterable[bytes], method: str, caps: CapsSection, *, has_end: bool) -> Response:
    """As a conversation does: it stops as soon as the answer is complete."""
    reader = ResponseReader(method, caps)
    for piece in pieces:
        reader.feed(piece)
    if has_end:
        reader.feed_eof()
        assert reader.is_complete
    return reader.response()


def cut(octets: bytes, places: list[int]) -> list[bytes]:
    borders = [0, *sorted(place % (len(octets) + 1) for place in places), len(octets)]
    return [octets[start:end] for start, end in pairwise(borders) if start != end]


@settings(max_examples=300)
@given(
    octets=streams(),
    places=st.lists(st.integers(0, 4000), max_size=8),
    method=st.sampled_from(["GET", "GET", "HEAD"]),
    caps=st.sampled_from([SMALL, LARGE]),
    has_end=st.booleans(),
)
def test_any_cut_of_a_hostile_stream_reads_the_same(
    octets: bytes, places: list[int], method: str, caps: CapsSection, *, has_end: bool
) -> None:
    whole = read([octets], method, caps, has_end=has_end)
    assert read(cut(octets, places), method, caps, has_end=has_end) == whole


@settings(max_examples=100)
@given(octets=streams(), caps=st.sampled_from([SMALL, LARGE]), has_end=st.booleans())
def test_a_hostile_stream_reads_the_same_octet_by_octet(octets: bytes, caps: CapsSection, *, has_end: bool) -> None:
    whole = read([octets], "GET", caps, has_end=has_end)
    assert read([octets[at : at + 1] for at in range(len(octets))], "GET", caps, has_end=has_end) == whole


@settings(max_examples=150)
@given(octets=streams(), caps=st.sampled_from([SMALL, LARGE]), has_end=st.booleans())
def test_what_is_kept_of_a_hostile_stream_is_bounded_and_was_sent(
    octets: bytes, caps: CapsSection, *, has_end: bool
) -> None:
    response = read([octets], "GET", caps, has_end=has_end)
    assert len(response.raw_body) <= caps.body_bytes
    assert len(response.fields) <= caps.fields
    assert response.received_bytes <= len(octets)
    assert len(set(response.deviations)) == len(response.deviations)
    assert all(name in octets for name, _ in response.fields)


@settings(max_examples=150)
@given(octets=streams(), caps=st.sampled_from([SMALL, LARGE]))
def test_evidence_of_a_stream_that_stops_is_never_nothing(octets: bytes, caps: CapsSection) -> None:
    response = read([octets], "GET", caps, has_end=False)
    assert not octets or response.received_bytes > 0
    assert not octets or response.raw_body or response.status is not None or response.http_version or response.reason
