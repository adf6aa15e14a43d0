"""Who is asked: one planned unit of a round."""

from enum import StrEnum

import msgspec


class Scheme(StrEnum):
    """The two schemes of the web."""

    HTTP = "http"
    HTTPS = "https"


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
    """

    target_id: bytes
    site_id: int
    host: str
    address: str
    port: int
    scheme: Scheme
    stratum: str = ""
    weight: float = 1.0

    @property
    def base_url(self) -> str:
        """The URL of the target without a path, without the scheme's default port."""
        default = 80 if self.scheme is Scheme.HTTP else 443
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" if self.port == default else f"{self.scheme}://{host}:{self.port}"

    @property
    def host_field(self) -> str:
        """What goes into the Host field (RFC 9110, 7.2)."""
        return self.base_url.removeprefix(f"{self.scheme}://")
