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
    elif _leads_elsewhere(path):
        yield "foreign-host"
    if any(_ATTACK.search(form) for form in _decoded_forms(without_own_address(path))):
        yield "attack-path"


def _leads_elsewhere(path: str) -> bool:
    """Whether a path goes to another host or port, or holds an address that the target may ask for us."""
    rest = without_own_address(path)
    is_elsewhere = path_without_address(path) is None and not rest.startswith("{{")
    return is_elsewhere or any("://" in form for form in _decoded_forms(rest))


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
