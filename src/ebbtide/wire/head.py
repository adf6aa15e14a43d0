"""The head of a response: its end, its status line, its fields. Everything odd is read and named."""

from itertools import islice
from typing import Final

from ebbtide.model.transcripts import Deviation
from ebbtide.wire.records import Fields, StatusLine

_CONTROLS: Final = bytes(number for number in range(32) if number not in b"\t\r\n") + b"\x7f"
_CONTROLS_AND_ENDS: Final = _CONTROLS + b"\r\n"
_PLAIN_STARTS: Final = {b"HTTP/1.1 ": "1.1", b"HTTP/1.0 ": "1.0"}
_SPACE_OR_END: Final = (b" ", b"")
_PLAIN_VERSIONS: Final = {b"HTTP/1.1": "1.1", b"HTTP/1.0": "1.0"}
_BLANKS: Final = b" \t"
_MOST_STATUS_DIGITS: Final = 3
_VERSION_CHARACTERS: Final = 16
_KNOWN: Final[dict[bytes, tuple[bytes, bytes]]] = {}
"""Plain field lines read before: servers repeat themselves, and so share their records. Bounded by what follows."""
_MOST_KNOWN: Final = 2048
_KNOWN_LINE: Final = 128
_LOWEST_STATUS: Final = 100
_HIGHEST_STATUS: Final = 599


def find_head_end(octets: bytes | bytearray, start: int) -> int:
    """Where the first empty line after ``start`` ends, or -1 if it is not there yet."""
    end = octets.find(b"\n\r\n", start)
    bare = octets.find(b"\n\n", start, end + 1 if end >= 0 else len(octets))
    if bare >= 0:
        return bare + 2
    return end + 3 if end >= 0 else -1


def split_lines(head: bytes) -> tuple[list[bytes], list[Deviation]]:
    """The lines of a head without their ends and without the empty one, and what is odd about its characters."""
    plain = split_plain_lines(head)
    if plain is not None:
        return plain, []
    deviations: list[Deviation] = []
    ends = head.count(b"\r\n")
    has_bare = head.count(b"\n") != ends
    if has_bare:
        deviations.append(Deviation.BARE_LF)
    if head.count(b"\r") != ends or len(head.translate(None, _CONTROLS)) != len(head):
        deviations.append(Deviation.CONTROL_IN_FIELD)
    if not has_bare:
        return head.rstrip(b"\r\n").split(b"\r\n"), deviations
    return [line.removesuffix(b"\r") for line in head.rstrip(b"\r\n").split(b"\n")], deviations


def split_plain_lines(head: bytes) -> list[bytes] | None:
    """The lines of a head that ends in CRLF throughout and holds no control character; ``None`` for any other."""
    lines = head[:-4].split(b"\r\n")
    is_plain = len(head) - len(head.translate(None, _CONTROLS_AND_ENDS)) == 2 * len(lines) + 2
    return lines if is_plain and head.endswith(b"\r\n\r\n") else None


def parse_status_line(line: bytes) -> StatusLine:
    """Read a status line that starts with ``HTTP`` or ``ICY`` in any case."""
    plain, code = _PLAIN_STARTS.get(line[:9]), line[9:12]
    if plain is not None and line[12:13] in _SPACE_OR_END and code.isdigit() and code[0] in b"12345" and code[2:]:
        return StatusLine(int(code), plain, line[13:])
    return _parse_odd_status_line(line)


def _parse_odd_status_line(line: bytes) -> StatusLine:
    version, code, reason = _three_parts(line)
    deviations = []
    name = _PLAIN_VERSIONS.get(version)
    if version.upper() == b"ICY":
        deviations.append(Deviation.ICY)
        name = "ICY"
    elif name is None:
        deviations.append(Deviation.ODD_VERSION)
        told = version[5:] if version[:5].upper() == b"HTTP/" else version
        name = told[:_VERSION_CHARACTERS].decode("latin-1")
    status = int(code) if code.isdigit() and len(code) <= _MOST_STATUS_DIGITS else None
    is_usual = status is not None and _LOWEST_STATUS <= status <= _HIGHEST_STATUS
    if not is_usual or not line.startswith(b" ".join((version, code))):
        deviations.append(Deviation.ODD_STATUS)
    return StatusLine(status, name, reason, tuple(deviations))


def _three_parts(line: bytes) -> tuple[bytes, bytes, bytes]:
    parts = line.split(None, 2)
    version = parts[0] if parts else b""
    code = parts[1] if len(parts) > 1 else b""
    return version, code, parts[2] if len(parts) > 2 else b""  # noqa: PLR2004  (version, code, reason)


def parse_fields(lines: list[bytes], most: int) -> tuple[Fields, list[Deviation]]:
    """Read field lines.

    Args:
        lines: The head's lines without their ends, the status line among them.
        most: Fields that are kept; a further one is a deviation.

    Returns:
        Names and values as received, and what was odd. A line without a colon becomes a name without a value.
    """
    if len(lines) > most + 1:
        return _parse_odd_fields(lines, most)
    fields: list[tuple[bytes, bytes]] = []
    for line in islice(lines, 1, None):
        field = _KNOWN.get(line)
        if field is None:
            name, colon, value = line.partition(b":")
            if not colon or not name or name[0] in _BLANKS or name[-1] in _BLANKS:
                return _parse_odd_fields(lines, most)
            field = name, value.strip(b" \t")
            if len(line) <= _KNOWN_LINE:
                if len(_KNOWN) >= _MOST_KNOWN:
                    _KNOWN.clear()
                _KNOWN[line] = field
        fields.append(field)
    return tuple(fields), []


def _parse_odd_fields(lines: list[bytes], most: int) -> tuple[Fields, list[Deviation]]:
    names: list[bytes] = []
    values: list[list[bytes]] = []
    odd: list[Deviation] = []
    for line in islice(lines, 1, None):
        name, colon, value = line.partition(b":")
        if name[:1] and name[0] in _BLANKS:
            odd.append(Deviation.OBSOLETE_FOLD)
            if values:
                values[-1].append(line.strip(b" \t"))
        elif len(names) >= most:
            odd.append(Deviation.TOO_MANY_FIELDS)
            break
        else:
            odd.extend(_name_deviations(name, colon))
            names.append(name.rstrip(b" \t"))
            values.append([value.strip(b" \t")])
    unfolded = [b" ".join(parts).strip(b" \t") for parts in values]
    return tuple(zip(names, unfolded, strict=True)), odd


def _name_deviations(name: bytes, colon: bytes) -> tuple[Deviation, ...]:
    if not colon:
        return (Deviation.FIELD_WITHOUT_COLON,)
    if not name:
        return (Deviation.EMPTY_FIELD_NAME,)
    return (Deviation.SPACE_BEFORE_COLON,) if name[-1] in _BLANKS else ()
