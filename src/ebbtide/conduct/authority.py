"""How much may be asked of a target, and who allows it."""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from ipaddress import IPv6Address, ip_address

import msgspec

from ebbtide.conduct.exclusions import parse_excluded
from ebbtide.conduct.places import Places, make_places
from ebbtide.conduct.scope import Scope
from ebbtide.model.targets import Level

LOOPBACK = "loopback"
ALL_CHECKS = "*"


class AuthorityKind(StrEnum):
    """The three kinds of authority for the active level outside loopback."""

    PROOF = "proof"
    CONSENT = "consent"
    MANDATE = "mandate"


class Authority(msgspec.Struct, frozen=True):
    """Somebody's word that named paths may be asked for.

    Attributes:
        name: Kind and whose, for example ``consent:letters/acme.toml``; stands in the log and in the plan.
        who: Owner, or body of the mandate.
        scope: Addresses, prefixes, host names, or ``.domain`` with all below it.
        level: The highest that it allows.
        checks: Ids of the checks that it allows; ``*`` for all.
        expires: The last day on which it holds.
        record: All that was written of it, for those who ask later.
        problem: Why it does not hold in spite of its date; empty if nothing is known.
    """

    kind: AuthorityKind
    name: str
    who: str
    scope: tuple[str, ...]
    level: Level
    checks: tuple[str, ...]
    expires: date
    record: dict[str, str] = {}
    problem: str = ""

    def refusal(self, day: date, checks: Iterable[str]) -> str:
        """Why it does not allow these checks on a day; empty if it does."""
        if self.problem:
            return self.problem
        if day > self.expires:
            return f"it expired on {self.expires}"
        if self.level is not Level.ACTIVE:
            return "it is for the passive level only"
        lacking = [] if ALL_CHECKS in self.checks else sorted(set(checks) - set(self.checks))
        return f"it does not allow {', '.join(lacking[:3])}{', ...' if len(lacking) > 3 else ''}" if lacking else ""  # noqa: PLR2004  # enough to see which


class Authorities(msgspec.Struct, frozen=True):
    """All authorities of a survey; made by ``make_authorities``.

    Attributes:
        checks: Ids of the survey's checks that ask for named paths: an authority must allow them all.
    """

    known: tuple[Authority, ...]
    checks: frozenset[str]
    places: Places

    def refusals(self, day: date) -> dict[str, str]:
        """The authorities that do not hold on a day, with the reason."""
        told = ((each.name, each.refusal(day, self.checks)) for each in self.known)
        return {name: why for name, why in told if why}


class Grant(msgspec.Struct, frozen=True):
    """The level of one target.

    Attributes:
        by: Name of the authority, or ``loopback``; empty at the passive level.
        lapsed: Why authorities that name the target do not hold, as ``name: reason``; empty if one does.
    """

    level: Level
    by: str = ""
    lapsed: tuple[str, ...] = ()


_PASSIVE = Grant(Level.PASSIVE)
_LOOPBACK = Grant(Level.ACTIVE, LOOPBACK)


def make_authorities(known: Iterable[Authority], checks: Iterable[str]) -> Authorities:
    """Put authorities together.

    Args:
        known: In the order in which they are looked at.
        checks: Ids of the survey's checks that ask for named paths.

    Raises:
        ConductError: The scope of one names no address, prefix or host.
    """
    kept = tuple(known)
    entries = [
        (parse_excluded(text, f"{each.name}: scope[{index}]"), number)
        for number, each in enumerate(kept)
        for index, text in enumerate(each.scope)
    ]
    return Authorities(kept, frozenset(checks), make_places(entries))


NO_AUTHORITIES = make_authorities((), ())


def level_for(
    host: str, addresses: Sequence[str], wanted: Level, scope: Scope, authorities: Authorities, day: date
) -> Grant:
    """The level at which a target may be asked, never more than is wanted.

    Args:
        host: Canonical host name or address.
        addresses: Those that may be connected to; empty while the name is not resolved.
        wanted: The level that the plan asks for.
        scope: What is open; what it closes has no level above passive.
        authorities: Who allows named paths.
        day: The present day.

    Returns:
        ``ACTIVE`` if every address is loopback, or if one authority that holds names the host itself or all of its
        addresses; ``PASSIVE`` otherwise.
    """
    if wanted is not Level.ACTIVE or scope.decide_host(host) is not None:
        return _PASSIVE
    if any(scope.decide_address(address) is not None for address in addresses):
        return _PASSIVE
    if addresses and all(map(is_loopback, addresses)):
        return _LOOPBACK
    lapsed = []
    for number in _naming(host, addresses, authorities.places):
        authority = authorities.known[number]
        why = authority.refusal(day, authorities.checks)
        if not why:
            return Grant(Level.ACTIVE, authority.name)
        lapsed.append(f"{authority.name}: {why}")
    return Grant(Level.PASSIVE, lapsed=tuple(lapsed)) if lapsed else _PASSIVE


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own, in IPv6's dress too; False for what is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped.is_loopback
    return parsed.is_loopback


def _naming(host: str, addresses: Sequence[str], places: Places) -> list[int]:
    """The authorities that name the host, or every one of its addresses."""
    found = set(places.of_host(host))
    if addresses:
        found |= set.intersection(*(set(places.of_address(address)) for address in addresses))
    return sorted(found)
