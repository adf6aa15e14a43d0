"""However octets arrive, the response is the same; and nothing that arrives makes the reader raise."""

import gzip
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.model.configuration import CapsSection
from ebbtide.wire.content import decode_body
from ebbtide.wire.records import Response
from ebbtide.wire.response import ResponseReader

CAPS = CapsSection(head_bytes=300, body_bytes=60, fields=6)

STATUS_LINES = st.sampled_from(
    [b"HTTP/1.1 200 OK", b"HTTP/1.0 404 No", b"HTTP/1.1 204", b"ICY 200 OK", b"HTTP/1.1  20 x", b"HTTP/x 1", b"junk",
     b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK", b"\r\n\r\nHTTP/1.1 200 OK", b"xx\nHTTP/1.1 200 OK", b"<html>",
     b"HTTP/1.1 101 Switch", b"http/1.1 200 ok", b"HTTP 200"]
)  # fmt: skip
FIELD_LINES = st.sampled_from(
    [b"Content-Length: 5", b"Content-Length: 70", b"Content-Length: 5, 6", b"content-length : x", b"A: b", b" fold",
     b"Transfer-Encoding: chunked", b"Content-Encoding: gzip", b"Connection: close", b"nothing", b": empty", b"A: \0",
     b"Connection: keep-alive"]
)  # fmt: skip
LINE_ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"])
BODIES = st.sampled_from(
    [b"", b"hello", b"hello and more of it", b"x" * 100, b"5\r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n", b"zz\r\n",
     b"5\r\nhello", b"5\r\nhelloX", b"3;ext=1\r\nabc\r\n0\r\nT: r\r\n\r\nextra", b"\r\n" * 40, gzip.compress(b"packed")]
)  # fmt: skip


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    end = draw(LINE_ENDS)
    lines = [draw(STATUS_LINES), *draw(st.lists(FIELD_LINES, max_size=8)), b""]
    body = draw(BODIES) + draw(st.binary(max_size=8))
    return end.join(lines) + end + body


def read(pieces: list[bytes], method: str) -> tuple[Response, bool]:
    reader = ResponseReader(method, CAPS)
    for piece in pieces:
        reader.feed(piece)
    reader.feed_eof()
    return reader.response(), reader.is_complete


def cut(octets: bytes, places: list[int]) -> list[bytes]:
    borders = [0, *sorted(place % (len(octets) + 1) for place in places), len(octets)]
    return [octets[start:end] for start, end in pairwise(borders) if start != end]


@settings(max_examples=200)
@given(answers(), st.lists(st.integers(0, 1000), max_size=6), st.sampled_from(["GET", "HEAD"]))
def test_any_split_equals_the_whole(octets: bytes, places: list[int], method: str) -> None:
    assert read(cut(octets, places), method) == read([octets], method)


@settings(max_examples=100)
@given(answers(), st.sampled_from(["GET", "HEAD"]))
def test_octet_by_octet_equals_the_whole(octets: bytes, method: str) -> None:
    assert read([octets[at : at + 1] for at in range(len(octets))], method) == read([octets], method)


@settings(max_examples=200)
@given(st.one_of(st.binary(max_size=700), st.binary(max_size=200).map(lambda tail: b"HTTP/1.1 200 OK\r\n" + tail)))
def test_garbage_never_raises_and_an_early_end_ends(octets: bytes) -> None:
    response, is_complete = read([octets], "GET")
    assert is_complete
    assert len(response.raw_body) <= CAPS.body_bytes
    assert response.received_bytes <= len(octets)
    assert len(response.fields) <= CAPS.fields


@settings(max_examples=100)
@given(answers(), st.integers(0, 400))
def test_every_prefix_of_an_answer_ends(octets: bytes, length: int) -> None:
    response, is_complete = read([octets[:length]], "GET")
    assert is_complete
    assert len(set(response.deviations)) == len(response.deviations)


@settings(max_examples=200)
@given(
    raw=st.one_of(st.binary(max_size=300), st.binary(max_size=100).map(gzip.compress)),
    codings=st.lists(st.sampled_from([b"gzip", b"deflate", b"br", b"zstd", b"compress", b"x-gzip"]), max_size=3),
    cap=st.integers(1, 50),
    is_cut=st.booleans(),
)
def test_decoding_garbage_never_raises_and_keeps_the_cap(
    raw: bytes, codings: list[bytes], cap: int, *, is_cut: bool
) -> None:
    decoded = decode_body(raw, codings, cap, is_truncated=is_cut)
    assert len(decoded.body) <= cap
