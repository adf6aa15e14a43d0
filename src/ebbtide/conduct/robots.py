"""robots.txt, read as RFC 9309 says: which named paths an owner asks robots to leave alone. Pure, linear, never raises.

Written here because the time that the well-kept reader (Protego 0.7) takes grows with the square of a hostile file:
ten seconds for 60 KB of groups.
"""

import re
from collections.abc import Iterator

import msgspec

from ebbtide.model.outcomes import Answered
from ebbtide.model.transcripts import Deviation, Exchange

ROBOTS_PATH = "/robots.txt"
PRODUCT_TOKEN = b"ebbtide"
"""What a group for us names; letter case does not matter."""

MOST_ROBOTS_BYTES = 500 * 1024
"""As much as RFC 9309, 2.5, wants read; what stands behind it does not count."""

MOST_RULES = 5_000
"""A file with more for us closes everything: it is no honest one, and looking at all of them holds up the others."""

_SUCCESS, _REDIRECTION, _CLIENT_ERROR = 2, 3, 4
_BOM = b"\xef\xbb\xbf"
_TOKEN = re.compile(rb"[A-Za-z_-]+")
_ODD = re.compile(rb"%([0-9A-Fa-f]{2})|[^A-Za-z0-9._~/*-]")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Rule(msgspec.Struct, frozen=True, gc=False):
    """One line of a group.

    Attributes:
        is_allowed: Whether the line allows.
        weight: Octets of the pattern in its normal form: the longest that matches decides.
        parts: What stands between the stars, in its normal form.
        is_anchored: The pattern ends with ``$``: it matches whole paths only.
    """

    is_allowed: bool
    weight: int
    parts: tuple[bytes, ...]
    is_anchored: bool

    def matches(self, path: bytes) -> bool:
        """Whether a path in its normal form fits. Each part is looked for once, from left to right."""
        first, *middle = self.parts
        if not middle:
            return path == first if self.is_anchored else path.startswith(first)
        if not path.startswith(first):
            return False
        end = len(path)
        if self.is_anchored:
            last = middle.pop()
            end -= len(last)
            if not path.endswith(last):
                return False
        position = len(first)
        for part in middle:
            found = path.find(part, position, end)
            if found < 0:
                return False
            position = found + len(part)
        return position <= end


class Robots(msgspec.Struct, frozen=True):
    """What a server's robots.txt says to us.

    Attributes:
        rules: Those of our group, in the order in which they decide; none allows everything.
    """

    rules: tuple[Rule, ...] = ()

    def allows(self, path: str) -> bool:
        """Whether a path may be asked for.

        Args:
            path: With its query, as it would be sent.

        Returns:
            What the longest rule that matches says, an Allow before a Disallow of the same length; true if none does,
            and for robots.txt itself (RFC 9309, 2.2.2).
        """
        if path == ROBOTS_PATH:
            return True
        normal = _normal(path.encode("utf-8", "replace").replace(b"*", b"%2A"))
        return next((rule.is_allowed for rule in self.rules if rule.matches(normal)), True)


ALL_OPEN = Robots()
ALL_CLOSED = Robots((Rule(is_allowed=False, weight=1, parts=(b"/",), is_anchored=False),))


def robots_of(exchange: Exchange) -> Robots:
    """What follows from the answer to a request for robots.txt (RFC 9309, 2.3.1).

    Args:
        exchange: The request and what came of it.

    Returns:
        The rules of a file; everything is open where there is none (a status of 4xx, or a redirect: these are not
        followed), and closed where that cannot be known: no whole answer, a server error, or a file of which less was
        read than ``MOST_ROBOTS_BYTES`` and than there is.
    """
    if not isinstance(exchange.outcome, Answered):
        return ALL_CLOSED
    kind = _SUCCESS if exchange.status is None else exchange.status // 100
    if kind in (_REDIRECTION, _CLIENT_ERROR):
        return ALL_OPEN
    is_cut = exchange.is_truncated or Deviation.BODY_SHORTER_THAN_LENGTH in exchange.deviations
    if kind != _SUCCESS or (is_cut and len(exchange.body) < MOST_ROBOTS_BYTES):
        return ALL_CLOSED
    return parse_robots(exchange.body)


def parse_robots(octets: bytes) -> Robots:
    """Read a robots.txt (RFC 9309, 2.2).

    Args:
        octets: The file; anything at all.

    Returns:
        The rules of all groups that name ``PRODUCT_TOKEN``, else of those for ``*``; all is closed where there are
        more than ``MOST_RULES``.
    """
    ours: dict[tuple[bytes, bool], None] = {}
    others: dict[tuple[bytes, bool], None] = {}
    is_ours = is_for_all = is_named = has_rules = False
    for key, value in _lines(octets):
        if key == b"user-agent":
            if has_rules:
                is_ours = is_for_all = has_rules = False
            token = _TOKEN.match(value)
            is_this_ours = token is not None and token[0].lower() == PRODUCT_TOKEN
            is_ours = is_ours or is_this_ours
            is_for_all = is_for_all or value.startswith(b"*")
            is_named = is_named or is_this_ours
        elif key in (b"allow", b"disallow"):
            has_rules = True
            rule = (value, key == b"allow")
            if is_ours and value:
                ours[rule] = None
            if is_for_all and value:
                others[rule] = None
    chosen = ours if is_named else others
    if len(chosen) > MOST_RULES:
        return ALL_CLOSED
    rules = [_rule(value, is_allowed=is_allowed) for value, is_allowed in chosen]
    return Robots(tuple(sorted(rules, key=lambda rule: (-rule.weight, not rule.is_allowed))))


def _lines(octets: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each line that reads as ``key: value``; the last one is left out if it may be cut."""
    lines = octets[: MOST_ROBOTS_BYTES + 1].removeprefix(_BOM).splitlines()
    if len(octets) > MOST_ROBOTS_BYTES:
        lines = lines[:-1]
    for line in lines:
        key, colon, value = line.partition(b"#")[0].partition(b":")
        if colon:
            yield key.strip().lower(), value.strip()


def _rule(pattern: bytes, *, is_allowed: bool) -> Rule:
    is_anchored = pattern.endswith(b"$")
    normal = _normal(pattern[:-1] if is_anchored else pattern)
    first, *others = normal.split(b"*")
    ends = others[-1:] if is_anchored else []
    middle = [part for part in (others[:-1] if is_anchored else others) if part]
    parts = (first, *middle, *ends) if others and (middle or ends) else (first,)
    return Rule(is_allowed, len(normal) + is_anchored, parts, is_anchored)


def _normal(path: bytes) -> bytes:
    """One spelling for all that mean the same: octets are escaped if they are neither unreserved nor structure.

    Within a query a slash and a question mark are the same escaped and plain (RFC 9309, 2.2.2).
    """
    path, mark, query = path.partition(b"?")
    return _ODD.sub(_escaped, path) + mark + _ODD.sub(_escaped, query).replace(b"%2F", b"/").replace(b"%3F", b"?")


def _escaped(found: re.Match[bytes]) -> bytes:
    octet = int(found[1], 16) if found[1] else found[0][0]
    return bytes((octet,)) if octet in _UNRESERVED else b"%%%02X" % octet
