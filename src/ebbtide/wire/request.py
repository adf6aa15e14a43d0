"""Requests as octets (RFC 9112, 3)."""

from collections.abc import Sequence
from typing import Final

_HEAD_LINES: Final = 2


def encode_request(method: str, path: str, fields: Sequence[tuple[str, str]]) -> bytes:
    """The octets of a request without a body.

    Args:
        method: ``GET`` or ``HEAD``.
        path: Origin-form request target.
        fields: Names and values in the order in which they are sent.

    Raises:
        ValueError: A part holds a character that would end it early (a line break, a space in the path), or one
            outside Latin-1. These parts come from our own plan, so this is our mistake.
    """
    lines = [f"{method} {path} HTTP/1.1", *[f"{name}: {value}" for name, value in fields], "", ""]
    encoded = "\r\n".join(lines).encode("latin-1")
    if encoded.count(b"\n") != len(lines) - 1 or encoded.count(b"\r") != len(lines) - 1 or " " in path:
        raise ValueError(f"a line break or a space in the request for {path[:80]!r}")
    return encoded


class RequestEncoder:
    """Encodes requests that share most of their fields.

    Args:
        fields: Sent after Host with every request.
    """

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self._fields = tuple(fields)
        self._tail = encode_request("GET", "/", fields).removeprefix(b"GET / HTTP/1.1\r\n")

    def encode(self, method: str, path: str, host: str, fields: Sequence[tuple[str, str]] = ()) -> bytes:
        """The octets of a request to ``host`` with further ``fields`` behind the shared ones.

        Raises:
            ValueError: As ``encode_request``.
        """
        if fields:
            return encode_request(method, path, (("Host", host), *self._fields, *fields))
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n"
        if head.count("\n") != _HEAD_LINES or head.count("\r") != _HEAD_LINES or " " in path:
            raise ValueError(f"a line break or a space in the request for {path[:80]!r}")
        return head.encode("latin-1") + self._tail
