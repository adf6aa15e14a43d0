"""What exclusions and opt-outs name: an address, a prefix, a host, or a domain and all below it."""

from ipaddress import ip_network

from ebbtide.conduct.names import canonical_name
from ebbtide.conduct.segments import Network
from ebbtide.model.errors import ConductError


def parse_excluded(text: str, where: str) -> Network | str:
    """Read one entry.

    Args:
        text: ``192.0.2.7``, ``192.0.2.0/24``, ``www.example.org`` or ``.example.org``.
        where: Dotted key, or file and line, for the error.

    Returns:
        A network, or a canonical name; with a leading dot if everything below it is meant too.

    Raises:
        ConductError: It is none of these.
    """
    entry = text.strip()
    if "/" in entry or ":" in entry:
        return parse_prefix(entry, where)
    try:
        return ip_network(entry)
    except ValueError:
        pass
    try:
        return ("." if entry.startswith(".") else "") + canonical_name(entry.removeprefix("."))
    except ValueError as error:
        raise ConductError(
            f"{entry[:80]!r} is no address, prefix or host name: {error}.",
            where=where,
            remedy="Write for example 192.0.2.0/24, www.example.org, or .example.org for all below it.",
        ) from error


def parse_prefix(text: str, where: str) -> Network:
    """Read an address or a prefix in CIDR form.

    Args:
        text: For example ``127.0.0.0/8``.
        where: Dotted key, or file and line, for the error.

    Returns:
        The network; an address alone is a prefix of full length.

    Raises:
        ConductError: It is no prefix, or has bits behind its length.
    """
    try:
        return ip_network(text.strip())
    except ValueError:
        pass
    try:
        meant = ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise ConductError(
            f"{text[:80]!r} is no prefix.", where=where, remedy="Write for example 127.0.0.0/8 or fd00::/8."
        ) from error
    raise ConductError(f"{text[:80]!r} has bits behind its length.", where=where, remedy=f"Write {meant}.")
