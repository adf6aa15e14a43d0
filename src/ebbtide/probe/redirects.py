"""Redirects: what an answer points at, and whether a survey may go there. Pure decisions on hostile text."""

import string
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import msgspec

from ebbtide.frame.domains import registrable_domain
from ebbtide.frame.ids import canonical_host
from ebbtide.model.configuration import RedirectRule
from ebbtide.model.errors import FrameError
from ebbtide.model.outcomes import Failed, Fault, Skipped, SkipReason, Stage
from ebbtide.model.targets import Scheme
from ebbtide.model.transcripts import Exchange, Purpose, Request
from ebbtide.probe.origins import DEFAULT_PORTS, Origin, origin_at

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FOLLOWED = frozenset({Purpose.ROOT, Purpose.REDIRECT})
_MOST_LOCATION_BYTES = 2048
_KEPT_AS_IT_STANDS = "!$%&'()*+,/:;=?@[]~"
_PLAIN = frozenset(string.ascii_letters + string.digits + "/._~-")
_MOST_PLAIN_PATH = 256


class Hop(msgspec.Struct, frozen=True):
    """A redirect to follow.

    Attributes:
        origin: Where it leads.
        path: Path and query, as they can be sent.
        parent: Ordinal of the exchange that redirected.
        visited: URLs of the chain so far, this one excluded.
        first_ordinal: For the hop's own exchange, where it is asked in a conversation of its own.
        most_redirects: As in the request that began the chain.
    """

    origin: Origin
    path: str
    parent: int
    visited: tuple[str, ...]
    first_ordinal: int = 0
    most_redirects: int = 0

    @property
    def url(self) -> str:
        """The absolute URL."""
        return f"{self.origin.scheme}://{self.origin.host_field}{self.path}"

    @property
    def request(self) -> Request:
        """What to send."""
        return Request(self.path, Purpose.REDIRECT, most_redirects=self.most_redirects)


class Dead(msgspec.Struct, frozen=True):
    """A redirect that is not followed, and why; it is kept as an exchange that was not asked."""

    outcome: Failed | Skipped
    path: str
    parent: int


def next_hop(
    exchange: Exchange, origin: Origin, visited: tuple[str, ...], rule: RedirectRule, most: int
) -> Hop | Dead | None:
    """What follows an answer.

    Args:
        exchange: The answer.
        origin: Where it came from.
        visited: URLs of the chain before it.
        rule: How far the survey follows.
        most: Hops in one chain.

    Returns:
        ``None`` if it is no redirect, points at nothing that can be read, or the rule leaves it alone; ``Dead`` if
        it must not or cannot be followed: a loop, too long a chain, another kind of URL, credentials in it.
    """
    asked = exchange.request
    if exchange.status not in _REDIRECTS or rule is RedirectRule.NONE:
        return None
    if asked.purpose not in _FOLLOWED and not asked.most_redirects:
        return None
    here = f"{origin.scheme}://{origin.host_field}{exchange.request.path}"
    pointed = _pointed_at(here, exchange)
    if pointed is None:
        return None
    refusal = _refusal(pointed)
    if refusal:
        return Dead(Skipped(SkipReason.OUT_OF_SCOPE, f"the redirect {refusal}"), "/", exchange.ordinal)
    scheme = Scheme(pointed.scheme)
    there = origin_at(scheme, canonical_host(pointed.hostname or ""), pointed.port or DEFAULT_PORTS[scheme])
    path = _sendable("/" + pointed.path.removeprefix("/") + (f"?{pointed.query}" if pointed.query else ""))
    hop = Hop(there, path, exchange.ordinal, (*visited, here), most_redirects=asked.most_redirects)
    return _admitted(hop, origin, rule, min(most, asked.most_redirects or most))


def _pointed_at(here: str, exchange: Exchange) -> SplitResult | None:
    """The absolute URL that an answer names; ``None`` if it cannot be read as one."""
    location = _location(exchange)
    if location is None:
        return None
    try:
        pointed = urlsplit(urljoin(here, location))
        _ = pointed.port
    except ValueError:
        return None
    return pointed


def _refusal(pointed: SplitResult) -> str:
    """Why nobody is asked for this, whatever the survey's rule; empty for a plain web address."""
    if pointed.scheme not in DEFAULT_PORTS:
        return f"is no web address ({pointed.scheme[:20]}:)"
    if pointed.username is not None:
        return "carries credentials"
    if pointed.port == 0 or not _is_host(pointed.hostname or ""):
        return "names no host"
    return ""


def _admitted(hop: Hop, origin: Origin, rule: RedirectRule, most: int) -> Hop | Dead | None:
    is_same_host = hop.origin.host == origin.host
    if not is_same_host and not _rule_admits(rule, origin.host, hop.origin.host):
        return None
    if hop.url in hop.visited:
        return Dead(Failed(Stage.RESPONSE, Fault.REDIRECT_LOOP, hop.url[:200]), hop.path, hop.parent)
    if len(hop.visited) > most:
        detail = f"more than {most} redirects"
        return Dead(Failed(Stage.RESPONSE, Fault.REDIRECT_LIMIT, detail), hop.path, hop.parent)
    if not is_same_host and not _is_plain(hop.path):
        detail = "the redirect carries more than a plain path to another host"
        return Dead(Skipped(SkipReason.LEVEL, detail), "/", hop.parent)
    return hop


def _rule_admits(rule: RedirectRule, here: str, there: str) -> bool:
    if rule is RedirectRule.SAME_DOMAIN:
        return registrable_domain(here) == registrable_domain(there)
    return rule is RedirectRule.IN_SCOPE


def _is_plain(path: str) -> bool:
    """Whether a path can do no harm at a host that did not ask for it: a server's words are not carried to others."""
    return len(path) <= _MOST_PLAIN_PATH and _PLAIN.issuperset(path) and ".." not in path


def _location(exchange: Exchange) -> str | None:
    values = exchange.field_values(b"location")
    if not values or not values[0].strip() or len(values[0]) > _MOST_LOCATION_BYTES:
        return None
    try:
        return values[0].decode("utf-8").strip()
    except UnicodeDecodeError:
        return values[0].decode("latin-1").strip()


def _is_host(text: str) -> bool:
    try:
        return bool(text and canonical_host(text))
    except FrameError:
        return False


def _sendable(path: str) -> str:
    """A path with what cannot stand in a request line escaped (RFC 3986, 2.1)."""
    return quote(path, safe=_KEPT_AS_IT_STANDS, errors="replace")
