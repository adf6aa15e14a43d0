import tracemalloc
from collections.abc import Sequence

import pytest

from ebbtide.model.configuration import CapsSection
from ebbtide.model.outcomes import Fault
from ebbtide.model.transcripts import Deviation
from ebbtide.wire.records import Response
from ebbtide.wire.response import ResponseReader

CAPS = CapsSection()
SMALL = CapsSection(head_bytes=200, body_bytes=10, fields=3)


def read(octets: bytes, *, method: str = "GET", caps: CapsSection = CAPS, has_end: bool = False) -> Response:
    reader = ResponseReader(method, caps)
    reader.feed(octets)
    if has_end:
        reader.feed_eof()
    assert reader.is_complete
    return reader.response()


def test_a_plain_response_is_read_as_it_stands() -> None:
    response = read(b"HTTP/1.1 200 OK\r\nServer:  Microsoft-IIS/5.0 \r\nContent-Length: 5\r\n\r\nhello")
    assert (response.status, response.http_version, response.reason) == (200, "1.1", b"OK")
    assert response.fields == ((b"Server", b"Microsoft-IIS/5.0"), (b"Content-Length", b"5"))
    assert (response.raw_body, response.is_truncated, response.deviations) == (b"hello", False, ())
    assert response.keeps_alive
    assert response.fault is None
    assert response.received_bytes == 72


def test_chunks_are_taken_off_and_trailers_are_read_over() -> None:
    response = read(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6 \r\n world\r\n0\r\nX: y\r\n\r\n"
    )
    assert response.raw_body == b"hello world"
    assert response.deviations == ()
    assert response.keeps_alive


def test_without_a_length_the_body_lasts_until_the_connection_closes() -> None:
    response = read(b"HTTP/1.0 200 OK\r\n\r\nall of it", has_end=True)
    assert response.raw_body == b"all of it"
    assert not response.keeps_alive
    assert response.deviations == ()


@pytest.mark.parametrize("status", [204, 304])
def test_no_body_follows_a_status_that_has_none(status: int) -> None:
    response = read(b"HTTP/1.1 %d Nothing\r\nContent-Length: 9\r\n\r\n" % status)
    assert response.raw_body == b""
    assert response.keeps_alive


def test_the_answer_to_head_has_no_body() -> None:
    response = read(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", method="HEAD")
    assert (response.raw_body, response.is_truncated) == (b"", False)


def test_interim_responses_are_read_over() -> None:
    response = read(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: a\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"
    )
    assert response.status == 404
    assert response.fields == ((b"Content-Length", b"0"),)
    assert response.deviations == ()


def test_a_switch_of_protocols_is_final_and_ends_the_connection() -> None:
    response = read(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n\0\0\0")
    assert response.status == 101
    assert not response.keeps_alive


@pytest.mark.parametrize(
    ("octets", "deviations"),
    [
        (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", [Deviation.BARE_LF]),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\n\r\n", [Deviation.BARE_LF]),
        (b"ICY 200 OK\r\nContent-Length: 0\r\n\r\n", [Deviation.ICY]),
        (b"HTTP/7.3 200 OK\r\nContent-Length: 0\r\n\r\n", [Deviation.ODD_VERSION]),
        (b"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [Deviation.ODD_VERSION]),
        (b"HTTP 200 OK\r\nContent-Length: 0\r\n\r\n", [Deviation.ODD_VERSION]),
        (b"HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n", [Deviation.ODD_STATUS]),
        (b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n", [Deviation.ODD_STATUS]),
        (b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n", [Deviation.ODD_STATUS]),
        (b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [Deviation.GARBAGE_BEFORE_STATUS]),
        (b"Warning: x in y\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [Deviation.GARBAGE_BEFORE_STATUS]),
        (b"junkHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [Deviation.GARBAGE_BEFORE_STATUS]),
        (b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 0\r\n\r\n", [Deviation.FIELD_WITHOUT_COLON]),
        (b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n", [Deviation.SPACE_BEFORE_COLON]),
        (b"HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 0\r\n\r\n", [Deviation.EMPTY_FIELD_NAME]),
        (b"HTTP/1.1 200 OK\r\nA: \0\r\nContent-Length: 0\r\n\r\n", [Deviation.CONTROL_IN_FIELD]),
        (b"HTTP/1.1 200 OK\r\nA: b\rc\r\nContent-Length: 0\r\n\r\n", [Deviation.CONTROL_IN_FIELD]),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n", [Deviation.OBSOLETE_FOLD]),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1x\r\nContent-Length: 0\r\n\r\n", [Deviation.BAD_CONTENT_LENGTH]),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 7\r\n\r\n", [Deviation.CONFLICTING_CONTENT_LENGTH]),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            [Deviation.LENGTH_AND_CHUNKED],
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", [Deviation.BAD_CHUNK]),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\na\n0\n\n", [Deviation.BARE_LF]),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc", [Deviation.EXTRA_AFTER_BODY]),
        (b"HTTP/1.1 304 Same\r\n\r\nabc", [Deviation.BODY_WITHOUT_RIGHT]),
        (b"HTTP/1.1 101 Switch\r\n\r\nabc", [Deviation.UNASKED_SWITCH]),
        (b"HTTP/1.1 100 C\r\n\r\n" * 9 + b"HTTP/1.1 204 No\r\n\r\n", [Deviation.INFORMATIONAL_FLOOD]),
    ],
)
def test_each_deviation_is_named_and_read_all_the_same(octets: bytes, deviations: Sequence[Deviation]) -> None:
    response = read(octets)
    assert list(response.deviations) == deviations
    assert response.fault is None


@pytest.mark.parametrize(
    ("octets", "deviation", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Deviation.BODY_SHORTER_THAN_LENGTH, b"abc"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", Deviation.BAD_CHUNK, b"abc"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n<p>not chunked",
            Deviation.BAD_CHUNK,
            b"<p>not chunked",
        ),
        (b"<html>old</html>", Deviation.HTTP_09, b"<html>old</html>"),
        (b" \n<HTML>old", Deviation.HTTP_09, b" \n<HTML>old"),
    ],
)
def test_a_body_that_the_close_ends_is_kept(octets: bytes, deviation: Deviation, body: bytes) -> None:
    response = read(octets, has_end=True)
    assert response.deviations == (deviation,)
    assert response.raw_body == body
    assert response.fault is None
    assert not response.keeps_alive


def test_a_body_cut_by_its_server_says_so() -> None:
    assert read(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", has_end=True).is_truncated
    assert read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", has_end=True).is_truncated
    assert not read(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", has_end=True
    ).is_truncated


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0123456789a",
        b"HTTP/1.1 200 OK\r\n\r\n0123456789a",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n6789ab\r\n0\r\n\r\n",
    ],
)
def test_a_body_over_the_cap_is_truncated_and_no_error(octets: bytes) -> None:
    response = read(octets, caps=SMALL)
    assert response.raw_body == b"0123456789"
    assert response.is_truncated
    assert response.fault is None
    assert not response.keeps_alive
    assert response.deviations == ()


def test_a_body_as_long_as_the_cap_is_whole() -> None:
    assert not read(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", caps=SMALL).is_truncated
    assert not read(b"HTTP/1.1 200 OK\r\n\r\n0123456789", caps=SMALL, has_end=True).is_truncated


def test_an_endless_head_is_too_large_and_its_beginning_is_kept() -> None:
    response = read(b"HTTP/1.1 200 OK\r\nServer: x\r\n" + b"A: b\r\n" * 100, caps=SMALL)
    assert response.fault is Fault.TOO_LARGE
    assert response.status == 200
    assert response.fields[0] == (b"Server", b"x")


def test_endless_interim_responses_are_too_large() -> None:
    assert read(b"HTTP/1.1 100 Continue\r\n\r\n" * 100, caps=SMALL).fault is Fault.TOO_LARGE


def test_endless_chunk_lines_end() -> None:
    endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1;%s\r\nx\r\n" % (b"e" * 50) * 20
    assert read(endless, caps=SMALL).is_truncated


def test_more_fields_than_the_cap_are_dropped_and_named() -> None:
    response = read(b"HTTP/1.1 204 No\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n", caps=SMALL)
    assert len(response.fields) == 3
    assert response.deviations == (Deviation.TOO_MANY_FIELDS,)


@pytest.mark.parametrize(
    ("octets", "detail"),
    [(b"Welcome to the tide\r\n", "no status line"), (b"\x15\x03\x01\0\x02\x02\x46", "a TLS record instead of HTTP")],
)
def test_what_is_no_http_is_a_protocol_error_and_kept(octets: bytes, detail: str) -> None:
    response = read(octets, has_end=True)
    assert (response.fault, response.detail, response.raw_body) == (Fault.PROTOCOL_ERROR, detail, octets)


def test_much_garbage_is_a_protocol_error_before_the_end() -> None:
    assert read(b"\xff" * 600).fault is Fault.PROTOCOL_ERROR


@pytest.mark.parametrize("octets", [b"", b"HTTP/1.1 200 OK\r\nServer: IIS\r\nConten", b"HTT"])
def test_an_end_within_the_head_is_closed_early(octets: bytes) -> None:
    assert read(octets, has_end=True).fault in {Fault.CLOSED_EARLY, Fault.PROTOCOL_ERROR}


def test_the_whole_lines_of_a_head_that_breaks_off_are_kept() -> None:
    response = read(b"HTTP/1.1 200 OK\r\nServer: IIS\r\nConten", has_end=True)
    assert response.fault is Fault.CLOSED_EARLY
    assert (response.status, response.fields) == (200, ((b"Server", b"IIS"),))


def test_prose_about_http_is_no_status_line() -> None:
    response = read(b"<p>A server says HTTP/1.1 200 OK and then more.</p>", has_end=True)
    assert response.deviations == (Deviation.HTTP_09,)


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (b"HTTP/1.1 204 No\r\n\r\n", True),
        (b"HTTP/1.1 204 No\r\nConnection: Close\r\n\r\n", False),
        (b"HTTP/1.0 204 No\r\n\r\n", False),
        (b"HTTP/1.0 204 No\r\nConnection: keep-alive, x\r\n\r\n", True),
    ],
)
def test_whether_the_connection_stays_is_told(head: bytes, *, keeps: bool) -> None:
    assert read(head).keeps_alive is keeps


def test_codings_are_told_in_the_order_in_which_they_were_applied() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nTransfer-Encoding: GZIP, chunked\r\n\r\n0\r\n\r\n"
    assert read(head).codings == (b"deflate", b"gzip")


def read_unfinished(octets: bytes, caps: CapsSection = CAPS) -> Response:
    """What is kept when a reset or a clock ends the answer."""
    reader = ResponseReader("GET", caps)
    reader.feed(octets)
    assert not reader.is_complete
    return reader.response()


def test_of_a_head_that_never_ended_the_whole_lines_are_kept() -> None:
    response = read_unfinished(b"HTTP/1.1 200 OK\r\nServer: x\nX-Half: of")
    assert (response.status, response.fields, response.raw_body) == (200, ((b"Server", b"x"),), b"")
    assert (response.received_bytes, response.deviations) == (37, (Deviation.BARE_LF,))
    assert not response.keeps_alive


@pytest.mark.parametrize(
    "octets", [b"HTTP/1.1 20", b"HT", b"\xff\xfd\x18login: ", b"<html>", b"SSH-2.0-x", b"\x15\x03"]
)
def test_where_not_one_line_is_whole_the_octets_are_kept(octets: bytes) -> None:
    response = read_unfinished(octets)
    assert (response.status, response.raw_body, response.received_bytes) == (None, octets, len(octets))


@pytest.mark.parametrize(
    ("rest", "body", "is_truncated"),
    [
        (b"\r\nabc", b"abc", True),
        (b"Content-Length: 9\r\n\r\nabc", b"abc", True),
        (b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc", b"abc", True),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n", b"abc", False),
    ],
)
def test_a_body_that_never_ended_is_kept_and_said_to_be_cut(rest: bytes, body: bytes, *, is_truncated: bool) -> None:
    response = read_unfinished(b"HTTP/1.1 200 OK\r\n" + rest)
    assert (response.raw_body, response.is_truncated) == (body, is_truncated)


def test_an_interim_answer_before_an_unfinished_one_stays_evidence() -> None:
    response = read_unfinished(b"HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\nHTTP/1")
    assert (response.status, response.fields, response.raw_body) == (103, ((b"Link", b"</a>"),), b"HTTP/1")


def test_a_status_line_without_end_is_kept_as_it_came() -> None:
    response = read(b"HTTP/1.1 200 " + b"x" * 500, caps=CapsSection(head_bytes=200, body_bytes=1000, fields=3))
    assert response.fault is Fault.TOO_LARGE
    assert response.raw_body == b"HTTP/1.1 200 " + b"x" * 187
    assert response.received_bytes == 200


@pytest.mark.parametrize(
    ("greeting", "more", "detail"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", b"kex", "SSH instead of HTTP"),
        (b"220 mail.test ESMTP\r\n", b"", "FTP or SMTP instead of HTTP"),
        (b"220-ftp.test\r\n", b"220 ready\r\n", "FTP or SMTP instead of HTTP"),
        (b"+OK ready\r\n", b"", "POP3 instead of HTTP"),
        (b"* OK ready\r\n", b"", "IMAP instead of HTTP"),
        (b"RFB 003.008\n", b"", "VNC instead of HTTP"),
        (b"\x15\x03\x03\0\x02\x02\x28", b"", "a TLS record instead of HTTP"),
        (b"\x16\x03\x03\0\x7a\x02\0", b"\0\x76", "a TLS record instead of HTTP"),
        (b"\0\0\x06\x04\0\0\0\0\0", b"\0\x03\0\0\0\x64", "HTTP/2 instead of HTTP/1.1"),
    ],
)
def test_the_greeting_of_another_protocol_is_told_at_once(greeting: bytes, more: bytes, detail: str) -> None:
    response = read(greeting + more)
    assert (response.fault, response.detail, response.raw_body) == (Fault.PROTOCOL_ERROR, detail, greeting)
    assert read_unfinished(greeting[:-1]).raw_body == greeting[:-1]


def test_a_body_of_tiny_pieces_weighs_little_more_than_its_octets() -> None:
    reader = ResponseReader("GET", CAPS)
    reader.feed(b"HTTP/1.1 200 OK\r\n\r\n")
    pieces = [bytes([number % 251, 7]) for number in range(100_000)]
    tracemalloc.start()
    for piece in pieces:
        reader.feed(piece[:1] + piece[1:])
    weight, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(reader.response().raw_body) == 200_000
    assert weight < 3 * 200_000
