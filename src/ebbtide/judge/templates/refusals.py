"""The rules of conduct for templates: what may not be asked, whatever it would show."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from ebbtide.judge.templates.placeholders import path_without_address, without_own_address

OTHER_PROTOCOLS = frozenset(
    {"dns", "ssl", "tcp", "network", "headless", "javascript", "code", "file", "websocket", "whois", "workflows"}
)
"""Top keys of templates that speak something else than HTTP."""

OWN_FIELDS = frozenset({"host", "user-agent", "accept-encoding", "connection"})
"""Fields that a template may name, but we always send our own."""

_CREDENTIAL_FIELDS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "api-key",
        "apikey",
        "x-auth-token",
        "x-token",
        "token",
    }
)
_FORGED_FIELDS = frozenset(
    {
        "referer",
        "origin",
        "forwarded",
        "via",
        "client-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "x-real-ip",
        "x-client-ip",
        "x-host",
        "x-original-url",
        "x-rewrite-url",
        "x-originating-ip",
        "x-remote-ip",
        "x-remote-addr",
        "x-cluster-client-ip",
        "x-custom-ip-authorization",
    }
)
_FORBIDDEN_TAGS = {"intrusive": "tag-intrusive", "dos": "tag-dos", "fuzz": "tag-fuzz"}
_METHODS = frozenset({"GET", "HEAD"})
_DECODINGS = 3

_ATTACK = re.compile(
    r"""
    \.\.[/\\;] | [/\\=;\s]\.\.(?:$|[?&])      # a way up
    | ["'<>`|] | \$[{(]                      # quotes, markup, commands
    | [\x00-\x1f\x7f]                        # control characters
    | [\xc0\xc1][\x80-\xbf] | \xe0[\x80-\x9f][\x80-\xbf] | %u[0-9a-f]{4}   # the same, spelled to slip through
    | /etc/passwd | win\.ini | /(?:cmd|root)\.exe | jndi:
    | \bunion\s+(?:all\s+)?select\b | \bselect\b.*\bfrom\b | \b(?:sleep|updatexml|extractvalue|benchmark)\s*\(
    | [=?&](?:[a-z][a-z0-9+.-]*:)?//[^/]     # the address of somebody else as a value
    | ^//[^/?]*\.
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CREDENTIAL_QUERY = re.compile(
    r"[?&](?:password|passwd|pwd|pass|passphrase|secret|access_token|api_?key)=[^&]", re.IGNORECASE
)
_USERINFO = re.compile(r"^[a-z{}]+://[^/]*@", re.IGNORECASE)


def path_refusals(path: str) -> Iterator[str]:
    """Why a path of a template may not be asked.

    Args:
        path: As it stands in the template, with its address and placeholders.
    """
    if "interactsh" in path.lower():
        yield "oast"
    if _USERINFO.search(path) or _CREDENTIAL_QUERY.search(path):
        yield "credentials"
    elif path_without_address(path) is None and not without_own_address(path).startswith("{{"):
        yield "foreign-host"
    if any(_ATTACK.search(form) for form in _decoded_forms(without_own_address(path))):
        yield "attack-path"


def _decoded_forms(path: str) -> Iterator[str]:
    """The path as it stands and with its percent signs read once, twice, three times."""
    for _ in range(_DECODINGS):
        yield path
        decoded = unquote(path, encoding="latin-1")
        if decoded == path:
            return
        path = decoded
    yield path


def method_refusals(method: str) -> Iterator[str]:
    """Why a method may not be used."""
    if method not in _METHODS:
        yield "non-get"


def field_refusals(name: str, value: str) -> Iterator[str]:
    """Why a field may not be sent."""
    lowered = name.strip().lower()
    if "interactsh" in value.lower():
        yield "oast"
    if lowered in _CREDENTIAL_FIELDS:
        yield "credentials"
    elif lowered in _FORGED_FIELDS or lowered.startswith("x-forwarded"):
        yield "forged-origin"
    elif lowered == "host" and without_own_address(f"http://{value.strip()}"):
        yield "foreign-host"


def tag_refusals(tags: Iterable[str]) -> Iterator[str]:
    """Why a template with these tags may not be run."""
    for tag in tags:
        reason = _FORBIDDEN_TAGS.get(tag.lower())
        if reason:
            yield reason


def raw_refusals(raw: str) -> Iterator[str]:
    """Why a request that is written out whole may not be sent; without reasons it may still be unsupported."""
    lines = raw.replace("\r\n", "\n").lstrip("\n").split("\n")
    while lines and lines[0].lstrip().startswith("@"):
        lines.pop(0)
    method, _, rest = (lines[0] if lines else "").strip().partition(" ")
    yield from method_refusals(method)
    yield from path_refusals(rest.rpartition(" HTTP/")[0] or rest)
    for number, line in enumerate(lines[1:], 1):
        if not line.strip():
            if any(text.strip() for text in lines[number:]):
                yield "body"
            return
        name, _, value = line.partition(":")
        yield from field_refusals(name, value)
