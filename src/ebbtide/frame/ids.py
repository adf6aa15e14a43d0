"""Canonical names and the ids made of them: computed here, stored, and the same on every machine."""

from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address

from ebbtide.conduct.names import canonical_name
from ebbtide.model.errors import FrameError

_SITE_HASH = blake2b(digest_size=8, person=b"ebbtide site")
_TARGET_HASH = blake2b(digest_size=16, person=b"ebbtide target")
"""To be copied, which takes a third of the time of setting one up."""
_ENDPOINT = b"ebbtide endpt"
SITE_ID_BITS = 64
_V4_PREFIX_BITS = 24
_V6_PREFIX_BITS = 48
_MOST_SHOWN = 80


def canonical_host(text: str, where: str = "") -> str:
    """The canonical form of a host name or an address.

    Args:
        text: As written by people; IPv6 with or without brackets.
        where: File and line, for the error.

    Returns:
        A lower-case ASCII name without a trailing dot, or an address as RFC 5952 writes it.

    Raises:
        FrameError: It is neither.
    """
    host = text.strip()
    if ":" in host:
        return canonical_address(host[1:-1] if host[0] == "[" and host[-1] == "]" else host, where)
    if host[-1:].isdigit():
        try:
            return str(IPv4Address(host))
        except ValueError:
            pass
    try:
        return canonical_name(host)
    except ValueError as error:
        raise FrameError(
            f"{shown(text)} is no host: {error}.", where=where, remedy="Write a host name or an IP address."
        ) from error


def canonical_address(text: str, where: str = "") -> str:
    """The canonical form of an address.

    Args:
        text: IPv4 or IPv6, without brackets.
        where: File and line, for the error.

    Returns:
        The address as RFC 5952 writes it.

    Raises:
        FrameError: It is no address, or has a zone, which means something on one machine only.
    """
    try:
        address = ip_address(text.strip())
    except ValueError as error:
        raise FrameError(
            f"{shown(text)} is no address.", where=where, remedy="Write for example 192.0.2.7 or 2001:db8::7."
        ) from error
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise FrameError(f"{shown(text)} has a zone.", where=where, remedy="Leave out what stands behind the %.")
    return str(address)


def is_address(host: str) -> bool:
    """Whether a canonical host is an address and not a name: no name has a colon or ends in a digit label."""
    return ":" in host or (host[-1:].isdigit() and host.rpartition(".")[2].isdigit())


def site_id(host: str) -> int:
    """The id of a site, the same under http and https.

    Args:
        host: Canonical host.

    Returns:
        64 bits, unsigned.
    """
    hashing = _SITE_HASH.copy()
    hashing.update(host.encode("ascii"))
    return int.from_bytes(hashing.digest(), "big")


def target_id(host: str, address: str, port: int, scheme: str) -> bytes:
    """The id of one planned unit.

    Args:
        host: Canonical host.
        address: Canonical pinned address; ``*`` (or empty) if the name is to be resolved.
        port: 1 to 65535.
        scheme: ``http`` or ``https``.

    Returns:
        16 bytes.
    """
    hashing = _TARGET_HASH.copy()
    hashing.update("\0".join((host, address or "*", str(port), scheme)).encode("ascii"))
    return hashing.digest()


def endpoint_id(address: str, port: int) -> int:
    """The id of an address and port, the unit of count ``address``.

    Args:
        address: Canonical address.
        port: 1 to 65535.

    Returns:
        64 bits, unsigned; 0 is never returned, since it stands for no known address.
    """
    digest = blake2b(f"{address}\0{port}".encode("ascii"), digest_size=8, person=_ENDPOINT).digest()
    return int.from_bytes(digest, "big") or 1


def shard_of(site: int, shards: int) -> int:
    """Which shard keeps a site: the top bits of its id, so that shards can be doubled without rewriting.

    Args:
        site: As ``site_id`` gives it.
        shards: Number of shards, a power of two.

    Returns:
        0 to ``shards - 1``.

    Raises:
        ValueError: ``shards`` is no power of two.
    """
    if shards < 1 or shards & (shards - 1):
        raise ValueError(f"{shards} shards are not a power of two")
    return site >> (SITE_ID_BITS + 1 - shards.bit_length())


def prefix_of(address: str) -> str:
    """The network that shares limits with an address: its /24 or /48.

    Args:
        address: IPv4 or IPv6; an IPv4-mapped address belongs to the IPv4 network that the kernel speaks to.

    Returns:
        In CIDR form.

    Raises:
        FrameError: It is no address.
    """
    try:
        parsed = ip_address(address)
    except ValueError as error:
        raise FrameError(f"{shown(address)} is no address.") from error
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is None:
            spare = 128 - _V6_PREFIX_BITS
            return f"{IPv6Address(int(parsed) >> spare << spare)}/{_V6_PREFIX_BITS}"
        parsed = parsed.ipv4_mapped
    spare = 32 - _V4_PREFIX_BITS
    return f"{IPv4Address(int(parsed) >> spare << spare)}/{_V4_PREFIX_BITS}"


def shown(text: str) -> str:
    """A piece of a source as it can be shown in an error: cut, and without control characters."""
    return repr(text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "...")
