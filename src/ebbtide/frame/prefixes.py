"""Prefixes as a source: every address a target, one after the other, never a list of them."""

from collections.abc import Iterator
from ipaddress import ip_network

from ebbtide.frame.entries import Defaults, make_targets
from ebbtide.frame.ids import shown
from ebbtide.frame.lines import Line
from ebbtide.model.errors import FrameError
from ebbtide.model.targets import Target

MOST_ADDRESSES = 1 << 24


def prefix_targets(lines: Iterator[Line], defaults: Defaults) -> Iterator[Target]:
    """Every address of every prefix, in order; the first and last address of a prefix are addresses too.

    Raises:
        FrameError: A line is no prefix, has bits behind its length, or holds more than 2**24 addresses.
    """
    for line in lines:
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
        for address in network:
            yield from make_targets(str(address), line, defaults)


def _remedy(text: str) -> str:
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        return "Write for example 192.0.2.0/24 or 2001:db8::/120."
    return f"It has bits behind its length; write {meant}."
