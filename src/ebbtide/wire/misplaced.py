"""One protocol where another was expected: told by the first octets, or by a server's own words."""

from ebbtide.model.transcripts import Deviation
from ebbtide.wire.greetings import name_protocol

_HTTP = (b"HTTP/", b"<")
_BAD_REQUEST = 400
_COMPLAINTS = (
    b"plain http request was sent to https port",
    b"speaking plain http to an ssl-enabled server port",
    b"client sent an http request to an https server",
    b"this combination of host and port requires tls",
)
"""nginx and its kin; Apache; Go; Tomcat. Lower case."""
_SEARCHED_BYTES = 4096


def other_protocol(first: bytes) -> str:
    """What a server speaks that should have spoken TLS.

    Args:
        first: The first octets that it sent.

    Returns:
        Its name; empty if it cannot be told, or is TLS.
    """
    return "HTTP" if first.lstrip(b"\r\n").startswith(_HTTP) else name_protocol(first)


def misplaced(status: int | None, body: bytes) -> tuple[Deviation, ...]:
    """Whether an answer says that we asked in plain words where TLS is spoken.

    Args:
        status: Of the answer.
        body: Decoded.

    Returns:
        ``PLAIN_HTTP_TO_TLS_PORT`` alone, or nothing.
    """
    if status != _BAD_REQUEST:
        return ()
    text = body[:_SEARCHED_BYTES].lower()
    return (Deviation.PLAIN_HTTP_TO_TLS_PORT,) if any(words in text for words in _COMPLAINTS) else ()
