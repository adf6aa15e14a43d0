"""Servers of other protocols on a port where HTTP is expected."""

from ebbtide.model.transcripts import Deviation
from hostile_farm.lines import Handler, Line, answer, end, speak, stay
from hostile_farm.records import Hostile, Seen, http


def _greeting(
    name: str, does: str, octets: bytes, kept: bytes | None = None, then: Handler = stay, *, is_tls: bool = False
) -> Hostile:
    """Greets as soon as it is called, and waits for us to go on."""
    kept = octets if kept is None else kept
    deviations = (Deviation.PLAIN_HTTP_TO_TLS_PORT,) if is_tls else ()
    return http(name, does, speak(octets, then=then), Seen("response/protocol_error", None, deviations, kept))


async def _echo(line: Line) -> None:
    """Send back whatever comes."""
    while octets := await line.read():
        await line.send(octets)


SERVERS = (
    _greeting("SSH", "greets as an SSH server and waits", b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    http(
        "SSH that complains",
        "greets as an SSH server and refuses what we say",
        speak(b"SSH-2.0-OpenSSH_9.2p1\r\n", then=answer(b"Invalid SSH identification string.\r\n", then=end)),
        Seen("response/protocol_error", body=b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    ),
    _greeting("SMTP", "greets as a mail server and waits", b"220 mail.test ESMTP Postfix\r\n"),
    _greeting("FTP", "greets as an FTP server over two lines", b"220-Welcome\r\n220 ready\r\n", b"220-Welcome\r\n"),
    _greeting("SMTP that refuses", "refuses us as a mail server", b"554 no SMTP service here\r\n", then=end),
    _greeting("POP3", "greets as a POP3 server", b"+OK POP3 ready\r\n"),
    _greeting("IMAP", "greets as an IMAP server", b"* OK IMAP4rev1 ready\r\n"),
    _greeting("VNC", "greets as a VNC server", b"RFB 003.008\n"),
    _greeting("TLS alert", "answers plain words with a TLS alert", b"\x15\x03\x03\x00\x02\x02\x46", is_tls=True),
    _greeting(
        "TLS hello",
        "answers plain words with a TLS handshake",
        b"\x16\x03\x03\x00\x7a\x02\x00" + bytes(120),
        b"\x16\x03\x03\x00\x7a\x02\x00",
        is_tls=True,
    ),
    _greeting(
        "HTTP2 settings", "speaks HTTP/2 at once", b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64", b"\0\0\x06\x04\0\0\0\0\0"
    ),
    http(
        "MySQL",
        "greets as a MySQL server and waits",
        speak(b"J\0\0\0\x0a8.0.33\0\x08\0\0\0", then=stay),
        Seen("response/timed_out", body=b"J\0\0\0\x0a8.0.33\0\x08\0\0\0"),
    ),
    http(
        "Telnet",
        "negotiates as a Telnet server",
        speak(b"\xff\xfd\x18\xff\xfd\x20login: ", then=stay),
        Seen("response/timed_out", body=b"\xff\xfd\x18\xff\xfd\x20login: "),
    ),
    http(
        "Redis",
        "answers as a Redis server and closes",
        answer(b"-ERR unknown command 'GET'\r\n", then=end),
        Seen("response/protocol_error", body=b"-ERR unknown command 'GET'\r\n"),
    ),
    http(
        "RTSP",
        "answers as an RTSP server",
        answer(b"RTSP/1.0 400 Bad Request\r\nCSeq: 1\r\n\r\n", then=end),
        Seen("response/protocol_error", body=b"RTSP/1.0 400 Bad Request\r\nCSeq: 1\r\n\r\n"),
    ),
    http(
        "SIP",
        "answers as a SIP server",
        answer(b"SIP/2.0 400 Bad Request\r\n\r\n", then=end),
        Seen("response/protocol_error", body=b"SIP/2.0 400 Bad Request\r\n\r\n"),
    ),
    http(
        "echo", "sends our own request back", _echo, Seen("response/timed_out", body=None, starts=b"GET / HTTP/1.1\r\n")
    ),
    http(
        "old page",
        "sends a page without a status line",
        answer(b"<html>old</html>", then=end),
        Seen("answered", None, (Deviation.HTTP_09,), b"<html>old</html>"),
    ),
    http(
        "old text",
        "sends text without a status line",
        answer(b"It is three o'clock.\r\n", then=end),
        Seen("response/protocol_error", body=b"It is three o'clock.\r\n"),
    ),
    http(
        "UTF-16 instead of a head",
        "sends a page in UTF-16 without a status line",
        answer("<html>".encode("utf-16"), then=end),
        Seen("response/protocol_error", body="<html>".encode("utf-16")),
    ),
    http(
        "noise",
        "sends two hundred octets of noise and closes",
        answer(bytes(range(50, 250)), then=end),
        Seen("response/protocol_error", body=bytes(range(50, 250))),
    ),
    http(
        "nothing but a line end",
        "sends one empty line and closes",
        answer(b"\r\n", then=end),
        Seen("response/protocol_error", body=b"\r\n"),
    ),
)
