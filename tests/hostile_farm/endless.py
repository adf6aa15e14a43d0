"""Servers that never come to an end: as fast as they can, or one octet at a time."""

from ebbtide.model.transcripts import Deviation
from hostile_farm.lines import Handler, answer, drip, pour, speak
from hostile_farm.records import CAPS, HEAD, Hostile, Seen, cut, http

_CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
_SERVER = (b"Server",)
_MANY = Deviation.TOO_MANY_FIELDS


def _endless(name: str, does: str, octets: bytes, again: bytes, seen: Seen) -> Hostile:
    return http(name, does, answer(octets, then=pour(again)), seen)


def _dripping(name: str, does: str, octets: bytes, again: bytes, seen: Seen) -> Hostile:
    return http(name, does, answer(octets, then=drip(again)), seen)


def _much(octets: bytes, count: int) -> Handler:
    """So much of it, and the end."""
    return speak(octets * count)


POURING = (
    _endless(
        "endless head",
        "sends fields for ever",
        HEAD,
        b"X-More: and more\r\n",
        Seen("response/too_large", 200, (_MANY,), fields=_SERVER),
    ),
    http(
        "million fields",
        "sends a million fields",
        answer(HEAD, then=_much(b"a:b\r\n", 1_000_000)),
        Seen("response/too_large", 200, (_MANY,), fields=(b"Server", b"a")),
    ),
    http(
        "line of ten megabytes",
        "sends one field of ten megabytes",
        answer(HEAD + b"X-Long: ", then=_much(b"x" * 1000, 10_000)),
        Seen("response/too_large", 200, fields=_SERVER),
    ),
    _endless(
        "endless status line",
        "sends a reason phrase for ever",
        b"HTTP/1.1 200 ",
        b"OK and ",
        Seen("response/too_large", body=(b"HTTP/1.1 200 " + b"OK and " * 2000)[: CAPS.head_bytes]),
    ),
    _endless(
        "endless fold",
        "folds one field for ever",
        HEAD,
        b" and more\r\n",
        Seen("response/too_large", 200, (Deviation.OBSOLETE_FOLD,), fields=_SERVER),
    ),
    _endless(
        "endless bare line ends",
        "sends fields with bare line ends for ever",
        HEAD,
        b"a:b\n",
        Seen("response/too_large", 200, (Deviation.BARE_LF, _MANY), fields=_SERVER),
    ),
    _endless(
        "endless NUL",
        "sends NUL in a field for ever",
        HEAD + b"X-Nul: ",
        b"\0",
        Seen("response/too_large", 200, fields=_SERVER),
    ),
    _endless(
        "endless interim",
        "sends 103 Early Hints for ever",
        b"",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        Seen("response/too_large", 103, (Deviation.INFORMATIONAL_FLOOD,)),
    ),
    _endless(
        "endless line ends",
        "sends empty lines for ever",
        b"",
        b"\r\n",
        Seen("response/protocol_error", body=b"\r\n" * 256),
    ),
    _endless("endless noise", "sends 0xff for ever", b"", b"\xff", Seen("response/protocol_error", body=b"\xff" * 512)),
    _endless(
        "chargen",
        "sends lines of text for ever",
        b"",
        b"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEF\r\n",
        Seen("response/protocol_error", body=None, starts=b"!\"#$%&'()*"),
    ),
    _endless(
        "endless body",
        "sends a body without length for ever",
        HEAD + b"\r\n",
        b"tide ",
        cut(body=(b"tide " * 4000)[: CAPS.body_bytes]),
    ),
    _endless(
        "terabyte",
        "announces a terabyte and sends it",
        HEAD + b"Content-Length: 1000000000000\r\n\r\n",
        b"tide ",
        cut(body=(b"tide " * 4000)[: CAPS.body_bytes]),
    ),
    _endless(
        "endless old page",
        "sends a page without a status line for ever",
        b"<html>",
        b"<p>",
        Seen("answered", None, (Deviation.HTTP_09,), (b"<html>" + b"<p>" * 6000)[: CAPS.body_bytes], is_truncated=True),
    ),
    _endless(
        "endless chunk",
        "sends one chunk without end",
        _CHUNKED + b"FFFFFFFFFFFFFFFF\r\n",
        b"tide ",
        cut(body=(b"tide " * 4000)[: CAPS.body_bytes]),
    ),
    _endless(
        "endless chunks", "sends chunks for ever", _CHUNKED, b"5\r\ntide \r\n", cut(body=None, starts=b"tide tide ")
    ),
    _endless(
        "endless small chunks",
        "wraps each octet in a chunk with an extension",
        _CHUNKED,
        b"1;x=y\r\nx\r\n",
        cut("answered", Deviation.BAD_CHUNK, body=None, starts=b"xxxx"),
    ),
    _endless(
        "endless chunk extension",
        "sends an extension of a chunk for ever",
        _CHUNKED + b"5\r\nhello\r\n5;",
        b"e=f;",
        cut("answered", Deviation.BAD_CHUNK, body=b"hello"),
    ),
    _endless(
        "endless first extension",
        "sends an extension of the first chunk for ever",
        _CHUNKED + b"5;",
        b"e=f;",
        cut("answered", Deviation.BAD_CHUNK, body=(b"5;" + b"e=f;" * 5000)[: CAPS.body_bytes]),
    ),
    _endless(
        "endless chunk size",
        "sends zeros before a chunk's size for ever",
        _CHUNKED + b"5\r\nhello\r\n",
        b"0",
        cut("answered", Deviation.BAD_CHUNK, body=b"hello"),
    ),
    _endless(
        "endless trailer",
        "sends trailer fields for ever",
        _CHUNKED + b"5\r\nhello\r\n0\r\n",
        b"X-More: more\r\n",
        Seen("answered", 200, (Deviation.BAD_CHUNK,), b"hello"),
    ),
    _endless(
        "endless trailer line",
        "sends one trailer field for ever",
        _CHUNKED + b"5\r\nhello\r\n0\r\nX: ",
        b"more ",
        Seen("answered", 200, (Deviation.BAD_CHUNK,), b"hello"),
    ),
)

DRIPPING = (
    _dripping(
        "drips a status line",
        "sends its status line one octet at a time",
        b"HTTP/1.1 ",
        b"2",
        Seen("response/timed_out", body=None, starts=b"HTTP/1.1 2"),
    ),
    _dripping(
        "drips a head",
        "sends a field one octet at a time",
        HEAD + b"X-Slow: ",
        b"x",
        Seen("response/timed_out", 200, fields=_SERVER),
    ),
    _dripping(
        "drips fields",
        "sends short fields one octet at a time",
        HEAD,
        b"a:b\r\n",
        Seen("response/timed_out", 200, fields=_SERVER),
    ),
    _dripping(
        "drips a body",
        "sends its body one octet at a time",
        HEAD + b"\r\n",
        b"x",
        cut("response/timed_out", body=None, starts=b"x"),
    ),
    _dripping(
        "drips a long body",
        "announces a length and sends one octet at a time",
        HEAD + b"Content-Length: 500\r\n\r\n",
        b"x",
        cut("response/timed_out", body=None, starts=b"x"),
    ),
    _dripping(
        "drips chunks",
        "sends chunks of one octet, slowly",
        _CHUNKED + b"1\r\nx\r\n",
        b"1\r\nx\r\n",
        cut("response/timed_out", body=None, starts=b"x"),
    ),
    _dripping(
        "drips a chunk size",
        "sends zeros before a chunk's size, slowly",
        _CHUNKED + b"5\r\nhello\r\n",
        b"0",
        cut("response/timed_out", body=b"hello"),
    ),
    _dripping(
        "drips a trailer",
        "sends trailer fields, slowly",
        _CHUNKED + b"5\r\nhello\r\n0\r\n",
        b"a:b\r\n",
        Seen("response/timed_out", 200, (), b"hello"),
    ),
    _dripping(
        "drips an old page",
        "sends a page without a status line, slowly",
        b"<html>",
        b"x",
        Seen("response/timed_out", body=None, starts=b"<html>x"),
    ),
)

SERVERS = (*POURING, *DRIPPING)
