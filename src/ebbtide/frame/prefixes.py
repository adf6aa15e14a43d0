"""Prefixes as a source: every address a target, one after the other, never a list of them."""

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network

from ebbtide.frame.ids import shown
from ebbtide.frame.lines import Line
from ebbtide.frame.rows import Row, SilentRows
from ebbtide.model.errors import FrameError

MOST_ADDRESSES = 1 << 24
_OCTETS = tuple(map(str, range(256)))


def prefix_rows(line: Line, silent: SilentRows) -> Iterator[Row]:
    """Every address of the prefix of a line, in order; the first and last address of a prefix are addresses too.

    Raises:
        FrameError: The line is no prefix, has bits behind its length, or holds more than 2**24 addresses.
    """
    text = line.text.partition("#")[0].strip()
    try:
        network = ip_network(text)
    except ValueError as error:
        raise FrameError(f"{shown(text)} is no prefix.", where=line.where, remedy=_remedy(text)) from error
    if network.num_addresses > MOST_ADDRESSES:
        raise FrameError(
            f"{shown(text)} holds more than {MOST_ADDRESSES} addresses.",
            where=line.where,
            remedy="Name smaller prefixes, or list hosts.",
        )
    for address in _v4_addresses(network) if isinstance(network, IPv4Network) else map(str, network):
        yield from silent.of(address, address)


def _v4_addresses(network: IPv4Network) -> Iterator[str]:
    """The addresses of a network as written: what 256 neighbours share is written once."""
    first, last = int(network.network_address), int(network.broadcast_address)
    for block in range(first >> 8, (last >> 8) + 1):
        shared = f"{block >> 16}.{block >> 8 & 255}.{block & 255}."
        low, high = max(first - (block << 8), 0), min(last - (block << 8), 255)
        for octet in _OCTETS[low : high + 1]:
            yield shared + octet


def _remedy(text: str) -> str:
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        return "Write for example 192.0.2.0/24 or 2001:db8::/120."
    return f"It has bits behind its length; write {meant}."
