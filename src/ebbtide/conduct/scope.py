"""Which addresses and names may be asked: decided on the resolved address, once a connection."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import msgspec

from ebbtide.conduct.embedded import embedded_v4, is_v4_mapped
from ebbtide.conduct.exclusions import parse_excluded, parse_prefix
from ebbtide.conduct.identity import is_complete
from ebbtide.conduct.names import canonical_name
from ebbtide.conduct.opt_outs import OptOut
from ebbtide.conduct.segments import Network, Row, Segments, flatten
from ebbtide.conduct.special_ranges import IPV4_SPECIAL_RANGES, IPV6_SPECIAL_RANGES, SpecialRange
from ebbtide.model.configuration import Identity, ScopeSection
from ebbtide.model.errors import ConductError
from ebbtide.model.outcomes import Skipped, SkipReason

_NO_IDENTITY = Skipped(SkipReason.OUT_OF_SCOPE, "no identity")
_NO_ADDRESS = Skipped(SkipReason.OUT_OF_SCOPE, "not an address")
_V4_LOOPBACK = 127
_V6_LOOPBACK = 1
_OCTETS = {str(octet): octet for octet in range(256)}
"""Canonical octets only, so that ``01.2.3.4`` is as little an address here as it is to the standard library."""


class Scope(msgspec.Struct, frozen=True):
    """What may be asked. A plain value: it can be pickled and handed to workers.

    Attributes:
        excluded_v4, excluded_v6: Exclusions and opt-outs; looked at first, so that opening a range never undoes them.
        special_v4, special_v6: Special-purpose ranges less those that are opened.
        hosts: Excluded host names.
        domains: Excluded domains, with all names below them; without the leading dot.
        has_identity: Whether anything outside loopback may be asked at all.
    """

    excluded_v4: Segments[Skipped]
    excluded_v6: Segments[Skipped]
    special_v4: Segments[Skipped]
    special_v6: Segments[Skipped]
    hosts: dict[str, Skipped]
    domains: dict[str, Skipped]
    has_identity: bool

    def decide_address(self, address: str) -> Skipped | None:
        """Decide on one address; called for every connection.

        Args:
            address: An IPv4 or IPv6 address in any of its written forms.

        Returns:
            ``None`` if it may be asked, else why not. An IPv6 address that embeds IPv4 ones must pass as all of them.
        """
        number = _v4_number(address)
        if number is None:
            return self._decide_v6(address)
        return self._decide_v4(number) or self._decide_identity(is_loopback=number >> 24 == _V4_LOOPBACK)

    def decide_host(self, host: str) -> Skipped | None:
        """Decide on a name before it is resolved; an address literal is decided on as an address.

        Args:
            host: Canonical host name or address.

        Returns:
            ``None`` if nothing forbids the name itself, else why not. The resolved address is decided on later.
        """
        if ":" not in host and not host[-1:].isdigit():
            return self._decide_name(host)
        try:
            ip_address(host)
        except ValueError:
            return self._decide_name(host)
        return self.decide_address(host)

    def decide_canonical(self, host: str, address: str) -> Skipped | None:
        """As ``decide_host`` and then ``decide_address``, for a line of a frame: nothing is parsed twice.

        Args:
            host: Canonical host name or address, as the frame has it.
            address: Canonical address that it is pinned to, the host itself if that is an address; empty if the name
                is to be resolved.
        """
        if host == address:
            return self.decide_address(address)
        if ":" in host or host[-1:].isdigit():
            return self.decide_host(host) or (self.decide_address(address) if address else None)
        closed = self._listed(host) if self.hosts or self.domains else None
        return self.decide_address(address) if closed is None and address else closed

    def _decide_v4(self, number: int) -> Skipped | None:
        return self.excluded_v4.decide(number) or self.special_v4.decide(number)

    def _decide_v6(self, address: str) -> Skipped | None:
        try:
            parsed = IPv6Address(address)
        except AddressValueError:
            return _NO_ADDRESS
        number = int(parsed)
        closed = self.excluded_v6.decide(number) or self.special_v6.decide(number)
        if closed is not None:
            return closed
        if number == _V6_LOOPBACK:
            return None
        inner = embedded_v4(parsed)
        for embedded in inner:
            closed = self._decide_v4(embedded)
            if closed is not None:
                return Skipped(closed.reason, f"embeds {IPv4Address(embedded)}: {closed.detail}")
        return self._decide_identity(is_loopback=is_v4_mapped(number) and inner[0] >> 24 == _V4_LOOPBACK)

    def _decide_identity(self, *, is_loopback: bool) -> Skipped | None:
        return None if self.has_identity or is_loopback else _NO_IDENTITY

    def _decide_name(self, host: str) -> Skipped | None:
        try:
            return self._listed(canonical_name(host))
        except ValueError as error:
            return Skipped(SkipReason.OUT_OF_SCOPE, f"not a host name: {error}")

    def _listed(self, name: str) -> Skipped | None:
        """What lists of names say of a canonical one."""
        closed = self.hosts.get(name)
        domains = self.domains
        while domains and closed is None and name:
            closed = domains.get(name)
            name = name.partition(".")[2]
        return closed


def _v4_number(address: str) -> int | None:
    """An IPv4 address as an integer; ``None`` for anything else. ``ip_address`` takes ten times as long."""
    parts = address.split(".")
    if len(parts) != 4:  # noqa: PLR2004  (octets)
        return None
    first, second, third, fourth = parts
    try:
        return _OCTETS[first] << 24 | _OCTETS[second] << 16 | _OCTETS[third] << 8 | _OCTETS[fourth]
    except KeyError:
        return None


def build_scope(
    section: ScopeSection, identity: Identity, opt_outs: Sequence[OptOut], where: str, *, today: date | None = None
) -> Scope:
    """Turn what the operator wrote into decisions.

    Args:
        section: The section ``[scope]``.
        identity: The section ``[identity]``; incomplete, it closes everything but loopback.
        opt_outs: As read by ``read_opt_outs``; expired ones no longer hold.
        where: The configuration file, for errors.
        today: The day on which opt-outs must hold; by default the present day in UTC.

    Returns:
        A frozen, picklable scope.

    Raises:
        ConductError: An entry is no prefix, address or name, or opens something that is not a special-purpose range;
            names the dotted key and the value.
    """
    day = datetime.now(UTC).date() if today is None else today
    special = [_special_row(entry) for entry in (*IPV4_SPECIAL_RANGES, *IPV6_SPECIAL_RANGES)]
    opened: list[Row[Skipped]] = [
        (_opened(text, f"{where}: scope.open[{i}]"), None) for i, text in enumerate(section.open)
    ]
    closed = [*_exclusions(section, where), *_opted_out(opt_outs, where, day)]
    networks = [(what, why) for what, why in closed if not isinstance(what, str)]
    names = [(what, why) for what, why in closed if isinstance(what, str)]
    return Scope(
        excluded_v4=flatten(_of_version(networks, 4)),
        excluded_v6=flatten(_of_version(networks, 6)),
        special_v4=flatten(_of_version([*special, *opened], 4)),
        special_v6=flatten(_of_version([*special, *opened], 6)),
        hosts={name: why for name, why in names if not name.startswith(".")},
        domains={name[1:]: why for name, why in names if name.startswith(".")},
        has_identity=is_complete(identity),
    )


def _special_row(entry: SpecialRange) -> Row[Skipped]:
    detail = f"{entry.prefix} {entry.name} ({entry.rfc}) is not opened"
    return ip_network(entry.prefix), Skipped(SkipReason.OUT_OF_SCOPE, detail)


def _of_version(rows: Iterable[tuple[Network, Skipped | None]], version: int) -> Iterator[Row[Skipped]]:
    return (row for row in rows if row[0].version == version)


def _opened(text: str, where: str) -> Network:
    network = parse_prefix(text, where)
    if not any(_is_inside(network, ip_network(entry.prefix)) for entry in (*IPV4_SPECIAL_RANGES, *IPV6_SPECIAL_RANGES)):
        raise ConductError(
            f"{text[:80]!r} lies in no special-purpose range, or is wider than one.",
            where=where,
            remedy="Ordinary addresses need not be opened; name special ranges one by one, as 127.0.0.0/8.",
        )
    return network


def _is_inside(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def _exclusions(section: ScopeSection, where: str) -> Iterator[tuple[Network | str, Skipped]]:
    for index, text in enumerate(section.exclude):
        what = parse_excluded(text, f"{where}: scope.exclude[{index}]")
        yield what, Skipped(SkipReason.OUT_OF_SCOPE, f"excluded by the operator: {what}")


def _opted_out(opt_outs: Sequence[OptOut], where: str, day: date) -> Iterator[tuple[Network | str, Skipped]]:
    for opt_out in opt_outs:
        what = parse_excluded(opt_out.what, opt_out.where or f"{where}: scope.opt_out")
        if opt_out.holds_on(day):
            until = f" until {opt_out.expires}" if opt_out.expires else ""
            yield what, Skipped(SkipReason.OPTED_OUT, f"{what} opted out{until}")
