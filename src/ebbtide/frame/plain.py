"""Lines as nearly all of them are: canonical already, and silent on everything but host and address.

One expression says so of the whole line, its end included: what it matches is UTF-8, short enough, without NUL, white
space or remark, and comes out of the long way of ``entries`` as it stands. Whatever it does not match goes that way.
"""

import re

from ebbtide.frame.ids import is_address

_NAME = rb"(?:[a-z0-9_-]{1,63}\.)*+[a-z][a-z0-9_-]{0,62}"
_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_V4 = rb"(?:" + _OCTET + rb"\.){3}" + _OCTET
_HOST = rb"(" + _NAME + rb"|" + _V4 + rb")"
_END = rb"()\r?\n?"

PLAIN_HOST = re.compile(_HOST + _END)
PLAIN_RANKED = re.compile(rb"[0-9]{1,18}," + _HOST + _END)
PLAIN_PINNED = re.compile(_HOST + rb"(?:,(" + _V4 + rb")?)?\r?\n?")
_FEWER_OCTETS = 254
"""A shorter line holds no name of more than 253 characters."""


def plain_parts(raw: bytes, pattern: re.Pattern[bytes]) -> tuple[str, str] | None:
    """Host and pinned address of a plain line.

    Args:
        raw: The line with its end.
        pattern: One of those above.

    Returns:
        Both canonical, the address empty if the name is to be resolved; ``None`` if the line must go the long way.
    """
    if len(raw) >= _FEWER_OCTETS or b"xn--" in raw:
        return None
    found = pattern.fullmatch(raw)
    if found is None:
        return None
    host, pinned = found.groups()
    name = host.decode("ascii")
    if pinned:
        return name, pinned.decode("ascii")
    return name, name if is_address(name) else ""
