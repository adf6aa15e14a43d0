"""What one answer of the name system says of a name: pure, bounded, and indifferent to garbage."""

import socket
from collections.abc import Iterable
from ipaddress import IPv6Address

import msgspec
import pycares

MOST_ALIASES = 16
"""Names that an alias may lead over; common resolvers follow no more."""
MOST_ADDRESSES = 64
"""Addresses of a name that are kept."""
_MOST_NAME_CHARACTERS = 255


class Answer(msgspec.Struct, frozen=True):
    """What an answer holds.

    Attributes:
        addresses: Distinct addresses at the end of the chain, IPv4 as written, IPv6 as RFC 5952 writes it.
        cnames: The names that the host is an alias of, in order, without the host itself.
        broken: Why the chain leads nowhere; empty if it does not.
    """

    addresses: tuple[str, ...] = ()
    cnames: tuple[str, ...] = ()
    broken: str = ""


def read_answer(host: str, records: Iterable[pycares.DNSRecord]) -> Answer:
    """Follow the chain of aliases from a host through an answer, to the addresses of the name at its end.

    Addresses of other names were not asked for and are left alone. An IPv4-mapped address stays the IPv6 address that
    it is, so that the scope can refuse it.

    Args:
        host: Canonical name that was asked for.
        records: The section ``answer``, in any order.
    """
    aliases: dict[str, str] = {}
    found: dict[str, dict[str, None]] = {}
    for record in records:
        name = _name(record.name)
        if isinstance(record.data, pycares.CNAMERecordData):
            aliases.setdefault(name, _name(record.data.cname))
        elif isinstance(record.data, pycares.ARecordData | pycares.AAAARecordData):
            address = _address(record.data.addr)
            if address:
                found.setdefault(name, {})[address] = None
    chain: list[str] = []
    name = host
    while name in aliases:
        name = aliases[name]
        if name == host or name in chain:
            return Answer(cnames=tuple(chain), broken=f"its aliases lead back to {name}")
        if len(chain) == MOST_ALIASES:
            return Answer(cnames=tuple(chain), broken=f"a chain of more than {MOST_ALIASES} aliases")
        chain.append(name)
    return Answer(tuple(found.get(name, ())), tuple(chain))


def _name(text: str | bytes) -> str:
    """A name as c-ares shows it: odd octets escaped, the case as the server liked it."""
    plain = text.decode("latin-1") if isinstance(text, bytes) else text
    return plain[:_MOST_NAME_CHARACTERS].lower().removesuffix(".")


def _address(text: str | bytes) -> str:
    """An address as ``ipaddress`` writes it, by way of the C library, which is several times faster."""
    plain = text.decode("latin-1") if isinstance(text, bytes) else text
    family = socket.AF_INET6 if ":" in plain else socket.AF_INET
    try:
        written = socket.inet_ntop(family, socket.inet_pton(family, plain))
    except (OSError, ValueError):
        return ""
    return str(IPv6Address(written)) if family == socket.AF_INET6 and "." in written else written
