"""The special-purpose ranges of IPv4 and IPv6, as data: closed unless a survey opens them by name.

Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190); multicast from RFC 5771 and
RFC 4291; what lies outside the global unicast space of IPv6 from RFC 4291 and RFC 3879. Held row by row against a
copy of both registries of 2026-07-18; a test keeps that copy.
"""

import msgspec


class SpecialRange(msgspec.Struct, frozen=True):
    """One row of a registry.

    Attributes:
        prefix: In CIDR form.
        name: As the registry calls it.
        rfc: The document that set it aside.
    """

    prefix: str
    name: str
    rfc: str


IPV4_SPECIAL_RANGES: tuple[SpecialRange, ...] = (
    SpecialRange("0.0.0.0/8", "this network", "RFC 791"),
    SpecialRange("0.0.0.0/32", "this host on this network", "RFC 1122"),
    SpecialRange("10.0.0.0/8", "private use", "RFC 1918"),
    SpecialRange("100.64.0.0/10", "shared address space", "RFC 6598"),
    SpecialRange("127.0.0.0/8", "loopback", "RFC 1122"),
    SpecialRange("169.254.0.0/16", "link local", "RFC 3927"),
    SpecialRange("172.16.0.0/12", "private use", "RFC 1918"),
    SpecialRange("192.0.0.0/24", "IETF protocol assignments", "RFC 6890"),
    SpecialRange("192.0.0.0/29", "IPv4 service continuity prefix", "RFC 7335"),
    SpecialRange("192.0.0.8/32", "IPv4 dummy address", "RFC 7600"),
    SpecialRange("192.0.0.9/32", "port control protocol anycast", "RFC 7723"),
    SpecialRange("192.0.0.10/32", "TURN anycast", "RFC 8155"),
    SpecialRange("192.0.0.170/32", "NAT64/DNS64 discovery", "RFC 7050"),
    SpecialRange("192.0.0.171/32", "NAT64/DNS64 discovery", "RFC 7050"),
    SpecialRange("192.0.2.0/24", "documentation (TEST-NET-1)", "RFC 5737"),
    SpecialRange("192.31.196.0/24", "AS112-v4", "RFC 7535"),
    SpecialRange("192.52.193.0/24", "automatic multicast tunnelling", "RFC 7450"),
    SpecialRange("192.88.99.0/24", "deprecated 6to4 relay anycast", "RFC 7526"),
    SpecialRange("192.88.99.2/32", "6a44 relay anycast", "RFC 6751"),
    SpecialRange("192.168.0.0/16", "private use", "RFC 1918"),
    SpecialRange("192.175.48.0/24", "direct delegation AS112 service", "RFC 7534"),
    SpecialRange("198.18.0.0/15", "benchmarking", "RFC 2544"),
    SpecialRange("198.51.100.0/24", "documentation (TEST-NET-2)", "RFC 5737"),
    SpecialRange("203.0.113.0/24", "documentation (TEST-NET-3)", "RFC 5737"),
    SpecialRange("224.0.0.0/4", "multicast", "RFC 5771"),
    SpecialRange("240.0.0.0/4", "reserved", "RFC 1112"),
    SpecialRange("255.255.255.255/32", "limited broadcast", "RFC 919"),
)

IPV6_SPECIAL_RANGES: tuple[SpecialRange, ...] = (
    SpecialRange("::/3", "outside global unicast, reserved by the IETF", "RFC 4291"),
    SpecialRange("::/96", "deprecated IPv4-compatible addresses", "RFC 4291"),
    SpecialRange("::/128", "unspecified address", "RFC 4291"),
    SpecialRange("::1/128", "loopback", "RFC 4291"),
    SpecialRange("::ffff:0:0/96", "IPv4-mapped addresses", "RFC 4291"),
    SpecialRange("64:ff9b::/96", "IPv4-IPv6 translation (NAT64)", "RFC 6052"),
    SpecialRange("64:ff9b:1::/48", "local-use IPv4-IPv6 translation (NAT64)", "RFC 8215"),
    SpecialRange("100::/64", "discard only", "RFC 6666"),
    SpecialRange("100:0:0:1::/64", "dummy prefix", "RFC 9780"),
    SpecialRange("2001::/23", "IETF protocol assignments", "RFC 2928"),
    SpecialRange("2001::/32", "Teredo", "RFC 4380"),
    SpecialRange("2001:1::1/128", "port control protocol anycast", "RFC 7723"),
    SpecialRange("2001:1::2/128", "TURN anycast", "RFC 8155"),
    SpecialRange("2001:1::3/128", "DNS-SD service registration anycast", "RFC 9665"),
    SpecialRange("2001:2::/48", "benchmarking", "RFC 5180"),
    SpecialRange("2001:3::/32", "automatic multicast tunnelling", "RFC 7450"),
    SpecialRange("2001:4:112::/48", "AS112-v6", "RFC 7535"),
    SpecialRange("2001:10::/28", "deprecated ORCHID", "RFC 4843"),
    SpecialRange("2001:20::/28", "ORCHIDv2", "RFC 7343"),
    SpecialRange("2001:30::/28", "drone remote identification", "RFC 9374"),
    SpecialRange("2001:db8::/32", "documentation", "RFC 3849"),
    SpecialRange("2002::/16", "6to4", "RFC 3056"),
    SpecialRange("2620:4f:8000::/48", "direct delegation AS112 service", "RFC 7534"),
    SpecialRange("3fff::/20", "documentation", "RFC 9637"),
    SpecialRange("4000::/2", "outside global unicast, reserved by the IETF", "RFC 4291"),
    SpecialRange("5f00::/16", "segment routing identifiers", "RFC 9602"),
    SpecialRange("8000::/1", "outside global unicast, reserved by the IETF", "RFC 4291"),
    SpecialRange("fc00::/7", "unique local", "RFC 4193"),
    SpecialRange("fe80::/10", "link local", "RFC 4291"),
    SpecialRange("fec0::/10", "deprecated site local", "RFC 3879"),
    SpecialRange("ff00::/8", "multicast", "RFC 4291"),
)
