"""Sources: how an address is written, how near it lies, and how it is kept."""

import enum
import hashlib
import ipaddress
from functools import lru_cache

import msgspec

from ebbtide.pressure.records import PressureError

LEAST_KEY_BYTES = 16
_PREFIX_V4, _PREFIX_V6 = 24, 48
UNKNOWN = "unknown"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Keeping(enum.Enum):
    """How sources are kept."""

    RAW = "raw"
    """As addresses."""
    PREFIX = "prefix"
    """As the /24 or /48 that they lie in. Sources that share one count as one."""
    HASH = "hash"
    """As a keyed hash. Within a month the same source has the same hash; the next month has another key."""


class Nearness(enum.IntEnum):
    """How near a source lies to our own address."""

    FAR = 0
    SAME_8 = 1
    SAME_16 = 2


NEARNESS_BY_BLOCK = {0: Nearness.FAR, 8: Nearness.SAME_8, 16: Nearness.SAME_16}
"""By the block of ours in which a source lies, 0 for none."""


class SourcePolicy(msgspec.Struct, frozen=True):
    """What is kept of sources.

    Attributes:
        keeping: How.
        key: Secret octets, at least 16, for ``HASH``; else empty.
    """

    keeping: Keeping = Keeping.RAW
    key: bytes = b""

    def __post_init__(self) -> None:
        """Refuse a short key."""
        if self.keeping is Keeping.HASH and len(self.key) < LEAST_KEY_BYTES:
            raise PressureError(f"the key for hashed sources has fewer than {LEAST_KEY_BYTES} octets.")

    def keep(self, source: str, month: str) -> str:
        """What is kept of a source.

        Args:
            source: As ``write_source`` gives it.
            month: As ``2004-05``; the hash of one month cannot be linked to that of another.
        """
        if self.keeping is Keeping.RAW or source == UNKNOWN:
            return source
        if self.keeping is Keeping.PREFIX:
            return prefix_of(source)
        return _keyed(source, month, self.key)


@lru_cache(maxsize=16_384)
def _keyed(source: str, month: str, key: bytes) -> str:
    monthly = hashlib.blake2b(month.encode(), key=key[:64], digest_size=32).digest()
    return hashlib.blake2b(source.encode(), key=monthly, digest_size=8).hexdigest()


def forget_hashes() -> None:
    """Forget which source has which hash, and the keys with it."""
    _keyed.cache_clear()


@lru_cache(maxsize=16_384)
def prefix_of(source: str) -> str:
    """The /24 or /48 in which an address lies; of a name, what follows its first label."""
    if source == UNKNOWN:
        return source
    address = read_address(source)
    if address is None:
        return source if "/" in source else source.partition(".")[2] or source
    width = _PREFIX_V4 if address.version == _V4 else _PREFIX_V6
    return str(ipaddress.ip_network((address, width), strict=False))


_V4 = 4


@lru_cache(maxsize=16_384)
def write_source(source: bytes) -> str:
    """A source in its one spelling: without port and brackets, IPv4 inside IPv6 as IPv4, names in lower case."""
    text = source.decode("ascii", "replace").strip().lower()
    if text in {"", "-"}:
        return UNKNOWN
    text = text.partition(",")[0]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    address = read_address(text)
    return text[:255] if address is None else str(address)


def read_address(text: str) -> Address | None:
    """An address; ``None`` if it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


class Neighbourhood:
    """Tells how near sources lie to an address of ours. Only IPv4 has a neighbourhood that worms know.

    Args:
        own: Our address as text; empty if it is not given.

    Raises:
        PressureError: It is no IPv4 address.
    """

    def __init__(self, own: str) -> None:
        address = read_address(own) if own else None
        if own and (address is None or address.version != _V4):
            raise PressureError(f"{own} is no IPv4 address.", remedy="Give the address that the log's server has.")
        self.own = own
        self.is_known = address is not None
        self._packed = address.packed if address is not None else b""

    def of(self, source: str) -> Nearness:
        """How near a source lies."""
        if not self.is_known:
            return Nearness.FAR
        address = read_address(source)
        if address is None or address.version != _V4 or address.packed[:1] != self._packed[:1]:
            return Nearness.FAR
        return Nearness.SAME_16 if address.packed[1] == self._packed[1] else Nearness.SAME_8
