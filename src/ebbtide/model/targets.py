"""Who is asked: one planned unit of a round."""

from enum import StrEnum

import msgspec


class Scheme(StrEnum):
    """The two schemes of the web."""

    HTTP = "http"
    HTTPS = "https"


class SchemePolicy(StrEnum):
    """What is asked of a host whose line names no scheme.

    ``both`` makes two targets. ``https_first`` and ``http_first`` make one, which is asked in the other scheme if
    connecting or the handshake fails.
    """

    HTTP = "http"
    HTTPS = "https"
    HTTPS_FIRST = "https_first"
    HTTP_FIRST = "http_first"
    BOTH = "both"

    @property
    def schemes(self) -> tuple[Scheme, ...]:
        """The schemes of the targets that a silent line makes."""
        match self:
            case SchemePolicy.HTTP | SchemePolicy.HTTP_FIRST:
                return (Scheme.HTTP,)
            case SchemePolicy.HTTPS | SchemePolicy.HTTPS_FIRST:
                return (Scheme.HTTPS,)
            case SchemePolicy.BOTH:
                return (Scheme.HTTP, Scheme.HTTPS)

    @property
    def falls_back(self) -> bool:
        """Whether the other scheme is asked where the first cannot be spoken."""
        return self in {SchemePolicy.HTTPS_FIRST, SchemePolicy.HTTP_FIRST}


def default_port(scheme: Scheme) -> int:
    """80 or 443."""
    return 80 if scheme is Scheme.HTTP else 443


class Level(StrEnum):
    """How much may be asked of a target; ``ACTIVE`` (named paths) needs an authority."""

    PASSIVE = "passive"
    ACTIVE = "active"


class Target(msgspec.Struct, frozen=True, gc=False):
    """One planned unit: host name, address, port, scheme.

    Attributes:
        target_id: 16 bytes, hash of (host, pinned address or ``*``, port, scheme); see ``frame.ids``.
        site_id: 64-bit unsigned hash of the canonical host; the same under http and https.
        host: Canonical host name (lower-case A-labels, no trailing dot) or canonical address.
        address: The pinned address, canonical; empty if the name is to be resolved.
        port: 1 to 65535.
        scheme: http or https.
        stratum: Name of the sampling stratum; empty in a census.
        weight: How many units of the population this one stands for; 1.0 in a census.
        fallback: Ask in the other scheme, at ``fallback_origin``, if this one cannot be spoken there.
    """

    target_id: bytes
    site_id: int
    host: str
    address: str
    port: int
    scheme: Scheme
    stratum: str = ""
    weight: float = 1.0
    fallback: bool = False

    @property
    def fallback_origin(self) -> tuple[Scheme, int] | None:
        """Scheme and port that are asked if this scheme cannot be spoken; ``None`` if nothing else is.

        From a scheme's default port to the other's; at any other port the port stays.
        """
        if not self.fallback:
            return None
        other = Scheme.HTTPS if self.scheme is Scheme.HTTP else Scheme.HTTP
        return other, default_port(other) if self.port == default_port(self.scheme) else self.port

    @property
    def base_url(self) -> str:
        """The URL of the target without a path, without the scheme's default port."""
        default = default_port(self.scheme)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" if self.port == default else f"{self.scheme}://{host}:{self.port}"

    @property
    def host_field(self) -> str:
        """What goes into the Host field (RFC 9110, 7.2)."""
        return self.base_url.removeprefix(f"{self.scheme}://")
