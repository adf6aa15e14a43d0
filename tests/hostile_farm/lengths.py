"""Servers that are wrong about the length of what they send."""

from ebbtide.model.transcripts import Deviation
from hostile_farm.lines import answer, end
from hostile_farm.records import HEAD, Hostile, Seen, cut, http, whole

_BAD = Deviation.BAD_CONTENT_LENGTH


def _closing(name: str, does: str, fields: bytes, body: bytes, seen: Seen) -> Hostile:
    """Closes behind what it sends."""
    return http(name, does, answer(HEAD + fields + b"\r\n" + body, then=end), seen)


def _staying(name: str, does: str, fields: bytes, body: bytes, seen: Seen) -> Hostile:
    """Stays, so that a wrong length can cost us the whole clock."""
    return http(name, does, answer(HEAD + fields + b"\r\n" + body), seen)


SERVERS = (
    _closing(
        "length too long",
        "announces more than it sends",
        b"Content-Length: 50\r\n",
        b"hello",
        cut("answered", Deviation.BODY_SHORTER_THAN_LENGTH, body=b"hello"),
    ),
    _staying(
        "length too long and stays",
        "announces more than it sends, and stays",
        b"Content-Length: 50\r\n",
        b"hello",
        cut("response/timed_out", body=b"hello"),
    ),
    _staying(
        "length too short",
        "sends more than it announces",
        b"Content-Length: 5\r\n",
        b"hello and more",
        whole(Deviation.EXTRA_AFTER_BODY),
    ),
    _staying(
        "length zero",
        "announces nothing and sends a page",
        b"Content-Length: 0\r\n",
        b"<html>",
        whole(Deviation.EXTRA_AFTER_BODY, body=b""),
    ),
    _staying(
        "length twice",
        "announces the same length twice",
        b"Content-Length: 5\r\nContent-Length: 5\r\n",
        b"hello",
        whole(),
    ),
    _staying(
        "two lengths",
        "announces two lengths",
        b"Content-Length: 5\r\nContent-Length: 50\r\n",
        b"hello",
        whole(Deviation.CONFLICTING_CONTENT_LENGTH),
    ),
    _staying("length list", "lists the same length twice", b"Content-Length: 5, 5\r\n", b"hello", whole()),
    _staying(
        "list of lengths",
        "lists two lengths",
        b"Content-Length: 5, 50\r\n",
        b"hello",
        whole(Deviation.CONFLICTING_CONTENT_LENGTH),
    ),
    _closing("negative length", "announces -5", b"Content-Length: -5\r\n", b"hello", whole(_BAD)),
    _closing("signed length", "announces +5", b"Content-Length: +5\r\n", b"hello", whole(_BAD)),
    _closing(
        "length that overflows",
        "announces 2 to the 64th and 5",
        b"Content-Length: 18446744073709551621\r\n",
        b"hello",
        whole(_BAD),
    ),
    _closing("hexadecimal length", "announces 0x5", b"Content-Length: 0x5\r\n", b"hello", whole(_BAD)),
    _closing("empty length", "announces no number", b"Content-Length:\r\n", b"hello", whole(_BAD)),
    _closing("length in words", "announces five", b"Content-Length: five\r\n", b"hello", whole(_BAD)),
    _closing("length with a space", "announces 5 0", b"Content-Length: 5 0\r\n", b"hello", whole(_BAD)),
    _staying(
        "good and bad length",
        "announces -1 and 5",
        b"Content-Length: -1\r\nContent-Length: 5\r\n",
        b"hello",
        whole(_BAD),
    ),
    _staying(
        "length and chunks",
        "announces a length and sends chunks",
        b"Content-Length: 50\r\nTransfer-Encoding: chunked\r\n",
        b"5\r\nhello\r\n0\r\n\r\n",
        whole(Deviation.LENGTH_AND_CHUNKED),
    ),
    _closing(
        "length of folds",
        "folds the length into a second line",
        b"Content-Length:\r\n 5\r\n",
        b"hello",
        whole(Deviation.OBSOLETE_FOLD),
    ),
    _closing(
        "a length per field",
        "announces ninety lengths",
        b"".join(b"Content-Length: %d\r\n" % n for n in range(5, 95)),
        b"hello",
        whole(Deviation.CONFLICTING_CONTENT_LENGTH),
    ),
    _staying(
        "neither length nor end",
        "sends a page without length and stays",
        b"",
        b"hello",
        cut("response/timed_out", body=b"hello"),
    ),
    _staying(
        "answers as if to HEAD",
        "announces a length and sends no body",
        b"Content-Length: 5\r\n",
        b"",
        cut("response/timed_out"),
    ),
)
