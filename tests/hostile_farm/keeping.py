"""Servers that lie about the connection: what comes after the first answer is not what was said."""

from ebbtide.model.transcripts import Deviation
from hostile_farm.lines import Handler, answer, break_off, end, keep_answering, leave, speak, stay
from hostile_farm.records import HEAD, Hostile, Place, Seen, http, whole

OK = HEAD + b"Content-Length: 5\r\n\r\nhello"
_CLOSING = HEAD + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello"
_KEEPING = HEAD + b"Connection: keep-alive\r\nKeep-Alive: timeout=60\r\nContent-Length: 5\r\n\r\nhello"


def _twice(name: str, does: str, handler: Handler, *seen: Seen, place: Place = Place.OPEN) -> Hostile:
    """Asked twice."""
    return http(name, does, handler, *seen, place=place)


SERVERS = (
    _twice("keeps its word", "answers twice on one connection", keep_answering(OK, OK), whole(), whole()),
    _twice("says keep-alive and closes", "promises to stay and closes", answer(_KEEPING, then=leave), whole(), whole()),
    _twice(
        "says keep-alive and resets", "promises to stay and resets", answer(_KEEPING, then=break_off), whole(), whole()
    ),
    _twice("says close and stays", "says that it closes and stays", answer(_CLOSING), whole(), whole()),
    _twice(
        "stops listening",
        "answers once and listens no more",
        answer(_CLOSING, then=end),
        whole(),
        Seen("connect/refused"),
        place=Place.ONCE,
    ),
    _twice(
        "never answers again",
        "answers once and then reads for ever",
        keep_answering(OK, then=stay),
        whole(),
        Seen("response/timed_out"),
    ),
    _twice(
        "garbles the second answer",
        "answers once and then with noise",
        keep_answering(OK, b"\xff\xfe\n", then=end),
        whole(),
        Seen("response/protocol_error", body=b"\xff\xfe\n"),
    ),
    _twice(
        "breaks the second answer",
        "resets within the second answer",
        keep_answering(OK, HEAD, then=break_off),
        whole(),
        Seen("response/reset", 200, fields=(b"Server",)),
    ),
    _twice(
        "answers too often",
        "sends three answers to one request",
        answer(OK * 3),
        whole(Deviation.EXTRA_AFTER_BODY),
        whole(Deviation.EXTRA_AFTER_BODY),
    ),
    _twice("answers before it is asked", "sends its answer as soon as it is called", speak(OK), whole(), whole()),
)
