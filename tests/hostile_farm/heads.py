"""Servers whose heads depart from the standard."""

from ebbtide.model.transcripts import Deviation
from hostile_farm.lines import answer, end
from hostile_farm.records import HEAD, Hostile, Seen, http, whole

_TAIL = b"Content-Length: 5\r\n\r\nhello"


def _field(name: str, does: str, line: bytes, *deviations: Deviation, kept: bytes = b"Server") -> Hostile:
    seen = Seen("answered", 200, deviations, b"hello", fields=(kept,))
    return http(name, does, answer(HEAD + line + _TAIL, then=end), seen)


def _status(name: str, does: str, line: bytes, *deviations: Deviation, status: int | None = 200) -> Hostile:
    return http(name, does, answer(line + _TAIL, then=end), Seen("answered", status, deviations, b"hello"))


FIELDS = (
    _field("NUL in a field", "puts NUL into a field", b"X-Nul: a\0b\r\n", Deviation.CONTROL_IN_FIELD, kept=b"X-Nul"),
    _field(
        "NUL in a name", "puts NUL into a field's name", b"X\0Nul: a\r\n", Deviation.CONTROL_IN_FIELD, kept=b"X\0Nul"
    ),
    _field(
        "CR in a field",
        "puts a bare CR into a field",
        b"X-Cr: a\rSet-Cookie: b\r\n",
        Deviation.CONTROL_IN_FIELD,
        kept=b"X-Cr",
    ),
    _field(
        "LF in a field", "splits a field by a bare LF", b"X-Lf: a\nInjected: b\r\n", Deviation.BARE_LF, kept=b"Injected"
    ),
    _field(
        "terminal escape",
        "puts an escape sequence into a field",
        b"X-Title: \x1b]0;tide\x07\r\n",
        Deviation.CONTROL_IN_FIELD,
        kept=b"X-Title",
    ),
    _field(
        "folded field",
        "folds a field over three lines",
        b"X-Fold: a\r\n b\r\n\tc\r\n",
        Deviation.OBSOLETE_FOLD,
        kept=b"X-Fold",
    ),
    _field(
        "no colon", "sends a line without a colon", b"nonsense\r\n", Deviation.FIELD_WITHOUT_COLON, kept=b"nonsense"
    ),
    _field(
        "space before the colon",
        "puts a space before a colon",
        b"X-Space : a\r\n",
        Deviation.SPACE_BEFORE_COLON,
        kept=b"X-Space",
    ),
    _field("no name", "sends a field without a name", b": a\r\n", Deviation.EMPTY_FIELD_NAME, kept=b""),
    _field("latin field", "sends octets that are no UTF-8", b"X-Caf\xe9: \xff\xfe\r\n", kept=b"X-Caf\xe9"),
    _field("too many fields", "sends a thousand short fields", b"a:b\r\n" * 1000, Deviation.TOO_MANY_FIELDS, kept=b"a"),
)

STATUS_LINES = (
    http(
        "first line folded",
        "begins with a folded line",
        answer(b"HTTP/1.1 200 OK\r\n folded\r\nServer: farm\r\n" + _TAIL, then=end),
        Seen("answered", 200, (Deviation.OBSOLETE_FOLD,), b"hello", fields=(b"Server",)),
    ),
    _status("bare line ends", "ends all lines with LF", b"HTTP/1.1 200 OK\nServer: farm\n", Deviation.BARE_LF),
    _status("no reason", "sends no reason phrase", b"HTTP/1.1 200\r\n"),
    _status(
        "escape in the reason",
        "puts an escape sequence into the reason",
        b"HTTP/1.1 200 \x1b[2J\r\n",
        Deviation.CONTROL_IN_FIELD,
    ),
    _status("status 0", "answers 000", b"HTTP/1.1 000 None\r\n", Deviation.ODD_STATUS, status=0),
    _status("status 999", "answers 999", b"HTTP/1.1 999 Denied\r\n", Deviation.ODD_STATUS, status=999),
    _status("status 1000", "answers 1000", b"HTTP/1.1 1000 Much\r\n", Deviation.ODD_STATUS, status=None),
    _status("negative status", "answers -200", b"HTTP/1.1 -200 No\r\n", Deviation.ODD_STATUS, status=None),
    _status("status in words", "answers OK without a number", b"HTTP/1.1 OK\r\n", Deviation.ODD_STATUS, status=None),
    _status("two spaces", "puts two spaces before the status", b"HTTP/1.1  200 OK\r\n", Deviation.ODD_STATUS),
    _status("tab", "puts a tab before the status", b"HTTP/1.1\t200 OK\r\n", Deviation.ODD_STATUS),
    _status("small letters", "writes http in small letters", b"http/1.1 200 ok\r\n", Deviation.ODD_VERSION),
    _status("version 9.9", "speaks HTTP/9.9", b"HTTP/9.9 200 OK\r\n", Deviation.ODD_VERSION),
    _status("no version", "names no version", b"HTTP 200 OK\r\n", Deviation.ODD_VERSION),
    _status("ICY", "answers ICY 200 OK", b"ICY 200 OK\r\nicy-name: tide\r\n", Deviation.ICY),
    _status(
        "words before the status line",
        "prints a warning before its status line",
        b"Warning: tide in farm.php\nHTTP/1.1 200 OK\r\n",
        Deviation.GARBAGE_BEFORE_STATUS,
    ),
    _status(
        "byte order mark",
        "begins with a byte order mark",
        b"\xef\xbb\xbfHTTP/1.1 200 OK\r\n",
        Deviation.GARBAGE_BEFORE_STATUS,
    ),
    _status(
        "empty lines first", "begins with empty lines", b"\r\n\r\nHTTP/1.1 200 OK\r\n", Deviation.GARBAGE_BEFORE_STATUS
    ),
)

INTERIM = (
    http(
        "interim answers",
        "sends 100 and 103 first",
        answer(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HEAD + _TAIL),
        whole(),
    ),
    http(
        "flood of interim answers",
        "sends fifty interim answers first",
        answer(b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + HEAD + _TAIL),
        whole(Deviation.INFORMATIONAL_FLOOD),
    ),
    http(
        "interim answer only",
        "sends 100 and closes",
        answer(b"HTTP/1.1 100 Continue\r\n\r\n", then=end),
        Seen("response/closed_early", 100),
    ),
    http(
        "switches unasked",
        "switches protocols unasked and sends binary octets",
        answer(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + bytes(100)),
        Seen("answered", 101, (Deviation.UNASKED_SWITCH,)),
    ),
    http(
        "204 with a body",
        "sends a body behind 204",
        answer(b"HTTP/1.1 204 No\r\n\r\nhello"),
        Seen("answered", 204, (Deviation.BODY_WITHOUT_RIGHT,)),
    ),
    http(
        "304 with a body",
        "sends a body behind 304",
        answer(b"HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\nhello"),
        Seen("answered", 304, (Deviation.BODY_WITHOUT_RIGHT,)),
    ),
    http(
        "205 with a body",
        "sends a body behind 205",
        answer(b"HTTP/1.1 205 Reset\r\nContent-Length: 5\r\n\r\nhello"),
        whole(status=205),
    ),
)

_PAGE = "<html>Gezeiten</html>".encode("utf-16")

PAGES = (
    http(
        "UTF-16 page",
        "sends a page in UTF-16",
        answer(HEAD + b"Content-Type: text/html; charset=utf-16\r\nContent-Length: %d\r\n\r\n" % len(_PAGE) + _PAGE),
        whole(body=_PAGE),
    ),
    http(
        "wrong charset",
        "says UTF-8 and sends noise",
        answer(HEAD + b"Content-Type: text/html; charset=utf-8\r\nContent-Length: 4\r\n\r\n\xff\xc0\x80\xff"),
        whole(body=b"\xff\xc0\x80\xff"),
    ),
    http(
        "absurd charset",
        "names a charset with line noise",
        answer(HEAD + b'Content-Type: text/html; charset="../../\xff"\r\n' + _TAIL),
        whole(),
    ),
)

SERVERS = (*FIELDS, *STATUS_LINES, *INTERIM, *PAGES)
