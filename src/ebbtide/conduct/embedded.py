"""IPv4 addresses that hide inside IPv6 ones: a packet to the outer address may reach the inner one."""

from ipaddress import IPv6Address

_LAST_32_BITS = (1 << 32) - 1
_V4_COMPATIBLE = 0
_V4_MAPPED = 0xFFFF
_V4_TRANSLATED = 0xFFFF_0000
_NAT64 = 0x0064_FF9B << 64
_NAT64_LOCAL = 0x0064_FF9B_0001
_SIX_TO_FOUR = 0x2002
_TEREDO = 0x2001_0000


def is_v4_mapped(address: int) -> bool:
    """Whether the IPv6 address is ``::ffff:a.b.c.d``, for which the kernel speaks plain IPv4."""
    return address >> 32 == _V4_MAPPED


def embedded_v4(address: IPv6Address) -> tuple[int, ...]:
    """The IPv4 addresses inside an IPv6 address, as integers.

    Args:
        address: Any IPv6 address.

    Returns:
        Empty for most; one for IPv4-mapped, IPv4-compatible, IPv4-translated, NAT64 and 6to4; two (server and client)
        for Teredo.

    Source:
        RFC 4291 (2.5.5), RFC 2765 (2.1), RFC 6052, RFC 8215 (read as /96), RFC 3056, RFC 4380.
    """
    number = int(address)
    if number >> 32 in {_V4_COMPATIBLE, _V4_MAPPED, _V4_TRANSLATED, _NAT64} or number >> 80 == _NAT64_LOCAL:
        return (number & _LAST_32_BITS,)
    if number >> 112 == _SIX_TO_FOUR:
        return (number >> 80 & _LAST_32_BITS,)
    if number >> 96 == _TEREDO:
        return (number >> 64 & _LAST_32_BITS, ~number & _LAST_32_BITS)
    return ()
