"""Whatever is sent to the sensor, and however it is cut: one record, the same, that can be read back without loss."""

import hashlib
import itertools

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from ebbtide.pressure.dialects.sensor_lines import SensorLines
from ebbtide.pressure.normalising import unescape_log
from ebbtide.pressure.sensor.answers import choose_status, encode_answer
from ebbtide.pressure.sensor.records import Kind, Outcome, escape_octets
from ebbtide.pressure.sensor.requests import Received, RequestReader
from ebbtide.pressure.sensor.settings import RequestLimits

SMALL = RequestLimits(head_bytes=200, body_bytes=24, target_bytes=40, value_bytes=12, most_fields=4)
LARGE = RequestLimits()

METHODS = st.sampled_from((b"GET", b"HEAD", b"POST", b"CONNECT", b"PRI", b"get", b"M\xe9TH", b"", b"PROXY", b"X" * 40))
TARGETS = st.sampled_from((b"/", b"*", b"http://a.example/", b"a:443", b"/a b", b"/\xff\x00", b"", b"/" + b"A" * 300))
VERSIONS = st.sampled_from((b" HTTP/1.1", b" HTTP/1.0", b" HTTP/2.0", b" http/1.1", b" RTSP/1.0", b"", b" HTTP/"))
LINE_ENDS = st.sampled_from((b"\r\n", b"\n", b"\r", b"\r\n\r\n"))
FIELD_LINES = st.sampled_from(
    (
        b"Host: a", b"User-Agent: ${jndi:ldap://x}", b"Cookie: secret=1", b"Authorization: Basic eHg=",
        b"Content-Length: 5", b"Content-Length: 50", b"Content-Length: x", b"Transfer-Encoding: chunked",
        b"no colon", b": empty", b" folded", b"X\xff: \xfe", b"A: " + b"b" * 90,
    )
)  # fmt: skip
BODIES = st.sampled_from(
    (b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\n", b"19\r\n" + b"x" * 25 + b"\r\n", b"a" * 60)
)


@st.composite
def almost_requests(draw: st.DrawFn) -> bytes:
    end = draw(LINE_ENDS)
    line = draw(METHODS) + b" " + draw(TARGETS) + draw(VERSIONS)
    fields = draw(st.lists(FIELD_LINES, max_size=6))
    return draw(st.sampled_from((b"", b"\r\n", b"\n\n"))) + end.join((line, *fields, b"")) + end + draw(BODIES)


STREAMS = st.one_of(
    st.binary(max_size=600),
    almost_requests(),
    st.binary(max_size=60).map(lambda rest: b"\x16\x03\x01\x00\x20" + rest),
    st.binary(max_size=300).map(lambda rest: b"\r\n\r\n\x00\r\nQUIT\n" + rest),
)
LIMITS = st.sampled_from((SMALL, LARGE))
ENDS = st.sampled_from((Outcome.TIMED_OUT, Outcome.CLOSED, Outcome.RESET, Outcome.STOPPED))


def read(pieces: list[bytes], limits: RequestLimits, end: Outcome = Outcome.CLOSED) -> Received:
    reader = RequestReader(limits)
    for piece in pieces:
        if reader.feed(piece):
            break
    return reader.close(end)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[begin:end] for begin, end in itertools.pairwise(bounds) if end > begin]


@given(STREAMS, st.lists(st.integers(0, 700), max_size=12), LIMITS, ENDS)
@example(b"GET /x HTTP/1.1\r\nA: b\r\n\r\n", [20, 21, 22, 23, 24], LARGE, Outcome.CLOSED)
def test_any_cut_of_a_stream_gives_the_same_record(
    stream: bytes, places: list[int], limits: RequestLimits, end: Outcome
) -> None:
    whole = read([stream] if stream else [], limits, end)
    assert read(cut(stream, places), limits, end) == whole
    assert read([stream[place : place + 1] for place in range(len(stream))], limits, end) == whole


@given(STREAMS, LIMITS, ENDS)
def test_every_cap_holds_and_every_answer_is_the_page(stream: bytes, limits: RequestLimits, end: Outcome) -> None:
    received = read([stream] if stream else [], limits, end)
    assert received.octets <= len(stream)
    assert received.octets <= limits.head_bytes + 3 * limits.body_bytes + 2 * 1024
    assert len(unescape_log(received.target.encode())) <= limits.target_bytes
    assert all(len(unescape_log(value.encode())) <= limits.value_bytes for value in received.fields.values())
    assert len(received.fields) + len(received.names) <= limits.most_fields
    assert received.body_bytes <= limits.body_bytes
    assert len(received.begun) <= 4 * 256
    status = choose_status(received)
    assert bool(status) == (
        received.kind is Kind.HTTP and received.outcome in {Outcome.COMPLETE, Outcome.CUT, Outcome.MALFORMED}
    )
    if status:
        answer = encode_answer(status, 0)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert not any(value.encode() in answer for value in received.fields.values() if len(value) > 11)


@given(STREAMS, LIMITS)
def test_secrets_are_named_and_never_kept(stream: bytes, limits: RequestLimits) -> None:
    received = read([stream] if stream else [], limits)
    assert not {"cookie", "authorization", "proxy-authorization"} & set(received.fields)
    assert "secret=1" not in "".join(received.fields.values())
    assert "eHg=" not in "".join((*received.fields.values(), *received.names))


@given(st.binary(max_size=100))
def test_octets_are_escaped_without_loss_into_plain_ascii(octets: bytes) -> None:
    text = escape_octets(octets)
    assert text.isascii()
    assert text.isprintable()
    assert '"' not in text
    assert unescape_log(text.encode()) == octets


@given(st.binary(max_size=24), st.lists(st.integers(0, 200), max_size=5))
def test_a_body_is_hashed_as_it_was_sent_in_one_piece_or_in_chunks(body: bytes, places: list[int]) -> None:
    digest = hashlib.sha256(body).hexdigest() if body else ""
    plain = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:]) if part)
    chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    for stream in (plain, chunked):
        received = read(cut(stream, places), SMALL)
        assert (received.outcome, received.octets) == (Outcome.COMPLETE, len(stream))
        assert (received.body_bytes, received.body_sha256) == (len(body), digest)


GARBAGE_LINES = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=80).map(lambda rest: b'{"at":"' + rest),
    st.binary(max_size=80).map(lambda rest: b'{"sensor":"' + rest),
    st.sampled_from(
        (
            b'{"sensor":"start","at":"2026-11-27T00:00:00Z","run":"a","every_s":1e308}',
            b'{"sensor":"stop","at":"9999-99-99T00:00:00Z","run":"a","every_s":-1}',
            b'{"at":"2026-11-27T00:00:00Z","on":"","source":"","kind":"http","outcome":"complete","octets":0,"near":77}',
        )
    ),
)


@given(st.lists(GARBAGE_LINES, max_size=8))
def test_the_dialect_reads_past_garbage(lines: list[bytes]) -> None:
    dialect = SensorLines()
    for line in lines:
        dialect.direct(line)
        dialect.read(line)
        assert dialect.day(line) >= 0
    assert all(span.begin_s <= span.end_s for span in dialect.spans or ())


@given(STREAMS, ENDS)
def test_what_is_received_goes_into_one_line_of_json(stream: bytes, end: Outcome) -> None:
    line = msgspec.json.encode(read([stream] if stream else [], LARGE, end))
    assert b"\n" not in line
    assert line.isascii()
