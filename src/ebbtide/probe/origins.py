"""Where a request goes: scheme, host and port (RFC 9110, 4.3.1), and how it is named on the way."""

from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from ebbtide.model.targets import Scheme, Target

DEFAULT_PORTS = {Scheme.HTTP: 80, Scheme.HTTPS: 443}


class Origin(msgspec.Struct, frozen=True, gc=False):
    """A server as a request names it.

    Attributes:
        host_field: For the field Host (RFC 9110, 7.2): no port where it is the scheme's own.
        server_name: For the handshake (RFC 6066, 3); empty over plain HTTP, and for an address.
        label: As in ``Exchange.origin``: empty at the target's own place.
    """

    scheme: Scheme
    host: str
    port: int
    host_field: str
    server_name: str
    label: str = ""


def home_of(target: Target) -> Origin:
    """The target's own place."""
    return _origin(target.scheme, target.host, target.port, "")


def origin_at(scheme: Scheme, host: str, port: int) -> Origin:
    """Another place.

    Args:
        scheme: http or https.
        host: Canonical host.
        port: 1 to 65535.
    """
    return _origin(scheme, host, port, f"{scheme}://{_host_field(scheme, host, port)}")


def origin_of(url: str) -> Origin:
    """The place that an absolute URL of our own making names; see ``Hop.url``."""
    parts = urlsplit(url)
    scheme = Scheme(parts.scheme)
    return origin_at(scheme, parts.hostname or "", parts.port or DEFAULT_PORTS[scheme])


def path_of(url: str) -> str:
    """Path and query of an absolute URL of our own making."""
    return "/" + url.partition("://")[2].partition("/")[2]


def server_name_of(host: str) -> str:
    """The name for the handshake: RFC 6066 admits no addresses."""
    try:
        ip_address(host)
    except ValueError:
        return host
    return ""


def _origin(scheme: Scheme, host: str, port: int, label: str) -> Origin:
    server_name = server_name_of(host) if scheme is Scheme.HTTPS else ""
    return Origin(scheme, host, port, _host_field(scheme, host, port), server_name, label)


def _host_field(scheme: Scheme, host: str, port: int) -> str:
    named = f"[{host}]" if ":" in host else host
    return named if port == DEFAULT_PORTS[scheme] else f"{named}:{port}"
