"""How much may be asked of an address."""

from ipaddress import ip_address

from ebbtide.conduct.scope import Scope
from ebbtide.model.targets import Level


def level_for(address: str, wanted: Level, scope: Scope) -> Level:
    """The level that an address's authority allows, never more than is wanted.

    In this release the only authority is that loopback belongs to the operator, who opened it by name.

    Args:
        address: The resolved address.
        wanted: The level that the plan asks for.
        scope: What is opened.

    Returns:
        ``ACTIVE`` on loopback that the scope admits, if wanted; ``PASSIVE`` everywhere else.
    """
    if wanted is Level.ACTIVE and _is_loopback(address) and scope.decide_address(address) is None:
        return Level.ACTIVE
    return Level.PASSIVE


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
