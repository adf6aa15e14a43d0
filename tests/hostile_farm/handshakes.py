"""Servers that do not shake hands on a port where TLS is expected."""

from hostile_farm.lines import Handler, Line, break_off, drip, end, pour, stay
from hostile_farm.records import Hostile, Seen, https

_HELLO_HEAD = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"
"""A record of 16,384 octets with a server's hello of 16,380."""


def _to_hello(octets: bytes, then: Handler) -> Handler:
    """Read what comes of the hello, send ``octets``, go on with ``then``."""

    async def handler(line: Line) -> None:
        await line.read()
        await line.send(octets)
        await then(line)

    return handler


def _hello(name: str, does: str, octets: bytes, then: Handler, outcome: str) -> Hostile:
    return https(name, does, _to_hello(octets, then), Seen(outcome))


SERVERS = (
    _hello("silent to a hello", "takes the TLS hello and says nothing", b"", stay, "tls/timed_out"),
    _hello("closes at a hello", "closes at the TLS hello", b"", end, "tls/closed_early"),
    _hello("resets at a hello", "resets at the TLS hello", b"", break_off, "tls/reset"),
    _hello(
        "alert at a hello", "answers the TLS hello with an alert", b"\x15\x03\x03\0\x02\x02\x28", end, "tls/tls_alert"
    ),
    _hello(
        "goodbye at a hello",
        "answers the TLS hello with close_notify",
        b"\x15\x03\x03\0\x02\x01\0",
        end,
        "tls/tls_alert",
    ),
    _hello(
        "plain answer to a hello",
        "answers the TLS hello in plain HTTP",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        end,
        "tls/tls_protocol",
    ),
    _hello(
        "SSH to a hello",
        "answers the TLS hello as an SSH server",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        stay,
        "tls/tls_protocol",
    ),
    _hello("noise to a hello", "answers the TLS hello with noise for ever", b"", pour(b"\xff\0"), "tls/tls_protocol"),
    _hello("half a hello", "sends half of a TLS hello and stays", _HELLO_HEAD + bytes(100), stay, "tls/timed_out"),
    _hello("dripping hello", "sends its TLS hello one octet at a time", _HELLO_HEAD, drip(b"\0"), "tls/timed_out"),
    _hello(
        "endless hello",
        "sends a TLS handshake message without end",
        b"",
        pour(b"\x16\x03\x03\0\x05\x02\xff\xff\xff\0"),
        "tls/tls_protocol",
    ),
)
