"""A request target as a server that was told to look closely would read it.

Percent codes are read up to three times, with ``%uXXXX``; so are UTF-8 sequences longer than they need be, the escapes
that the log itself put in, and look-ups that hide letters. The form is for finding names in, not for opening files.
"""

MOST_BYTES = 16_384
_ROUNDS = 3
_LOOKUP_ROUNDS = 12
_HEX = {b"%02x" % byte: bytes((byte,)) for byte in range(256)}
_HEX.update({code.upper(): byte for code, byte in tuple(_HEX.items())})
_HEX.update({(code[:1].upper() + code[1:]): byte for code, byte in tuple(_HEX.items())})
_HEX.update({(code[:1] + code[1:].upper()): byte for code, byte in tuple(_HEX.items())})
_FULLWIDTH = range(0xFF01, 0xFF5F)
_FULLWIDTH_TO_ASCII = 0xFEE0
_LEADS_THREE, _LEADS_FOUR = 0xE0, 0xF0
"""First octets of overlong sequences of three and of four."""


def normalise(target: bytes) -> bytes:
    r"""The normalised form: decoded, in lower case, with ``/`` for ``\\`` and for runs of ``/`` and ``/./``.

    Args:
        target: As logged; what is beyond ``MOST_BYTES`` is left out.
    """
    text = unescape_log(target[:MOST_BYTES])
    for _ in range(_ROUNDS):
        decoded = shorten_overlong(decode_percent(text))
        if decoded == text:
            break
        text = decoded
    text = resolve_lookups(text).lower().replace(b"\\", b"/")
    while b"/./" in text:
        text = text.replace(b"/./", b"/")
    while b"//" in text:
        text = text.replace(b"//", b"/")
    return text


def unescape_log(text: bytes) -> bytes:
    r"""Undo what a server wrote instead of bytes that would break its log: ``\\xNN`` and backslashes before a sign."""
    if b"\\" not in text:
        return text
    parts = text.split(b"\\")
    out = [parts[0]]
    rest = iter(parts[1:])
    for part in rest:
        if part[:1] == b"x" and part[1:3] in _HEX:
            out.append(_HEX[part[1:3]] + part[3:])
        elif not part:
            out.append(b"\\" + next(rest, b""))
        elif part[:1] == b'"':
            out.append(part)
        else:
            out.append(b"\\" + part)
    return b"".join(out)


def decode_percent(text: bytes) -> bytes:
    """Undo percent codes once; what is no code stays."""
    if b"%" not in text:
        return text
    parts = text.split(b"%")
    out = [parts[0]]
    for part in parts[1:]:
        byte = _HEX.get(part[:2])
        if byte is not None:
            out.append(byte + part[2:])
        elif part[:1] in {b"u", b"U"} and part[1:3] in _HEX and part[3:5] in _HEX:
            out.append(_character(int(part[1:5], 16)) + part[5:])
        else:
            out.append(b"%" + part)
    return b"".join(out)


def _character(code: int) -> bytes:
    if code in _FULLWIDTH:
        code -= _FULLWIDTH_TO_ASCII
    return chr(code).encode("utf-8", "replace")


def shorten_overlong(text: bytes) -> bytes:
    """ASCII characters written in two, three or four octets, as one each.

    The last octet counts by its low bits alone, as the servers did whose fault this was.
    """
    if not any(lead in text for lead in (b"\xc0", b"\xc1", b"\xe0\x80", b"\xe0\x81", b"\xf0\x80\x80")):
        return text
    out = bytearray()
    place, end = 0, len(text)
    while place < end:
        octet = text[place]
        if octet in {0xC0, 0xC1} and place + 1 < end:
            out.append((octet & 1) << 6 | text[place + 1] & 0x3F)
            place += 2
        elif octet == _LEADS_THREE and text[place + 1 : place + 2] in {b"\x80", b"\x81"} and place + 2 < end:
            out.append((text[place + 1] & 1) << 6 | text[place + 2] & 0x3F)
            place += 3
        elif octet == _LEADS_FOUR and text[place + 1 : place + 3] in {b"\x80\x80", b"\x80\x81"} and place + 3 < end:
            out.append((text[place + 2] & 1) << 6 | text[place + 3] & 0x3F)
            place += 4
        else:
            out.append(octet)
            place += 1
    return bytes(out)


def resolve_lookups(text: bytes) -> bytes:
    """Undo look-ups that only hide letters, from the inside out: ``${lower:j}``, ``${env:x:-j}``, ``${::-j}``.

    Look-ups that mean something, such as ``${jndi:...}``, stay; those inside them are undone.
    """
    if b"${" not in text:
        return text
    for _ in range(_LOOKUP_ROUNDS):
        resolved = _resolve_innermost(text)
        if resolved == text:
            break
        text = resolved
    return text


def _resolve_innermost(text: bytes) -> bytes:
    """One pass from left to right: each look-up that holds no other is undone."""
    parts = text.split(b"${")
    out = [parts[0]]
    for part in parts[1:]:
        inside, closed, after = part.partition(b"}")
        meaning = _meaning(inside) if closed else None
        out.append(b"${" + part if meaning is None else meaning + after)
    return b"".join(out)


def _meaning(inside: bytes) -> bytes | None:
    """What a look-up gives; ``None`` if that is not known from it alone."""
    _, default, value = inside.partition(b":-")
    if default:
        return value
    name, colon, value = inside.partition(b":")
    if colon and name.lower() in {b"lower", b"upper"}:
        return value
    return None
