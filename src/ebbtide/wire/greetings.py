"""What servers of other protocols say first: no status line will follow, so nobody need wait for one."""

WINDOW = 512
"""Octets that are searched for a greeting or a status line."""
TLS_GREETING = "a TLS record instead of HTTP"

_LINES = {
    b"SSH-": "SSH",
    b"220 ": "FTP or SMTP",
    b"220-": "FTP or SMTP",
    b"421 ": "FTP or SMTP",
    b"554 ": "FTP or SMTP",
    b"+OK ": "POP3",
    b"* OK": "IMAP",
    b"RFB ": "VNC",
}
_PREFIX = 4
_TLS_ALERT, _TLS_HANDSHAKE = b"\x15\x03", b"\x16\x03"
_ALERT = 7
"""Octets of an alert with its record; of a longer record the first so many tell enough."""
_FRAME = 9
_SETTINGS = b"\x04"
"""Octets of the head of a frame of HTTP/2, and the type of the one that a server sends first (RFC 9113, 3.4)."""


def name_protocol(octets: bytes) -> str:
    """Which protocol's server greets in a line that begins as ``octets`` do; empty if it is none that we know."""
    return _LINES.get(octets[:_PREFIX], "")


def name_greeting(octets: bytes) -> str:
    """Which protocol begins as ``octets`` do; empty if it is none that we know."""
    prefix = octets[:_PREFIX]
    if prefix in _LINES:
        return f"{_LINES[prefix]} instead of HTTP"
    if prefix[:2] in {_TLS_ALERT, _TLS_HANDSHAKE}:
        return TLS_GREETING
    is_frame = octets[:1] == b"\0" and octets[3:4] == _SETTINGS and octets[4:_FRAME] == bytes(_FRAME - _PREFIX)
    return "HTTP/2 instead of HTTP/1.1" if is_frame else ""


def measure_greeting(window: bytes) -> int:
    """How many octets of a greeting that was named tell what it is: its first line, or the head of its binary record.

    Returns:
        The number; -1 while they are not all there.
    """
    if window[:_PREFIX] in _LINES:
        end = window.find(b"\n") + 1
        return end or (WINDOW if len(window) >= WINDOW else -1)
    size = _FRAME if window[:1] == b"\0" else _ALERT
    return size if len(window) >= size else -1
