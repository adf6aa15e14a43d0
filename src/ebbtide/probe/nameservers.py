"""Name servers as the operator writes them."""

from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address

from ebbtide.model.configuration import NamesSection
from ebbtide.model.errors import ConfigurationError

_DEFAULT_PORT = 53
_MOST_PORT = 65_535
_MOST_PORT_DIGITS = 5
_MOST_SHOWN = 80


def check_nameservers(names: NamesSection, where: str) -> None:
    """Refuse a name server that is no address.

    Args:
        names: The section ``[names]``.
        where: The configuration file, for the error.

    Raises:
        ConfigurationError: Names file, dotted key and value.
    """
    for key in ("nameservers", "second_nameservers"):
        for index, text in enumerate(getattr(names, key)):
            parse_nameserver(text, f"{where}: names.{key}[{index}]")


def parse_nameserver(text: str, where: str = "") -> str:
    """The address and port of a name server, in the one form that c-ares reads: ``192.0.2.1:53``, ``[2001:db8::1]:53``.

    Args:
        text: ``192.0.2.1``, ``192.0.2.1:5353``, ``2001:db8::1`` or ``[2001:db8::1]:5353``.
        where: Dotted key, for the error.

    Raises:
        ConfigurationError: It is none of these, or has a zone.
    """
    host, port = _split(text)
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= _MOST_PORT_DIGITS else 0
    if address is None or "%" in host or not 1 <= number <= _MOST_PORT:
        raise ConfigurationError(
            f"{text[:_MOST_SHOWN]!r} is no address of a name server.",
            where=where,
            remedy="Write for example 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353.",
        )
    return f"[{address}]:{number}" if isinstance(address, IPv6Address) else f"{address}:{number}"


def nameserver_sets(names: NamesSection, of_the_system: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Whom to ask, and whom to ask before a name is given up.

    Args:
        names: The section ``[names]``.
        of_the_system: The machine's own name servers.

    Returns:
        One set or two; the second is left out where it is the first.
    """
    first = tuple(_distinct(names.nameservers)) or of_the_system
    second = tuple(_distinct(names.second_nameservers)) or of_the_system
    return (first,) if set(first) == set(second) or not second else (first, second)


def _distinct(texts: tuple[str, ...]) -> Iterator[str]:
    yield from dict.fromkeys(parse_nameserver(text, "names") for text in texts)


def _split(text: str) -> tuple[str, str]:
    default = str(_DEFAULT_PORT)
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        return (host, port.removeprefix(":") if port else default) if bracket else ("", "")
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, default
