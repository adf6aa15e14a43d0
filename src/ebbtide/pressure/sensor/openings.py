"""What a connection begins with that is no HTTP, told from its first octets."""

from ebbtide.pressure.sensor.records import Kind

_METHOD_BYTES = 32
_TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""Characters of a method (RFC 9110, 5.6.2)."""
_HANDSHAKE = b"\x16\x03"
_RECORD_HEAD = 5
_MOST_HELLO = 4_096
_MOST_BINARY = 512
_PROXY_2 = b"\x00\r\nQUIT\n"
"""The signature of the PROXY protocol's second version, without the empty lines that it begins with."""
_HTTP_2 = b"PRI * HTTP/2.0"


def is_method(octets: bytes) -> bool:
    """Whether they could be a method."""
    return 0 < len(octets) <= _METHOD_BYTES and not octets.translate(None, _TOKEN)


def measure_opening(octets: bytes | bytearray, start: int) -> int:
    """How many octets tell all about an opening that is not text.

    Args:
        octets: What came so far; at least one behind ``start``.
        start: Where it begins.

    Returns:
        Counted from the first octet of all; 0 for text, which ends with its line. More than came so far while the head
        of a record, which tells its length, is not there.
    """
    if octets[start] != _HANDSHAKE[0]:
        is_binary = octets[start] < 0x20 or octets[start] >= 0x7F  # noqa: PLR2004  printable ASCII lies between
        return start + _MOST_BINARY if is_binary else 0
    if len(octets) - start < _RECORD_HEAD:
        return start + _RECORD_HEAD
    size = _RECORD_HEAD + int.from_bytes(octets[start + 3 : start + 5], "big")
    return start + min(size, _MOST_HELLO)


def name_kind(octets: bytes) -> Kind:
    """What it is that begins so and is no HTTP/1."""
    if octets.startswith(_HANDSHAKE):
        return Kind.TLS
    if octets.startswith(_HTTP_2):
        return Kind.HTTP2
    return Kind.PROXY if octets.startswith((b"PROXY ", _PROXY_2)) else Kind.OTHER
