"""Requests as octets (RFC 9112, 3)."""

from collections.abc import Sequence


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
