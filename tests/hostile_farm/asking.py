"""Asking the farm: who, where, and what of it comes back."""

from collections.abc import Sequence
from ipaddress import IPv4Address

from asking_examples import make_target
from ebbtide.model.outcomes import Failed, Outcome, Skipped
from ebbtide.model.targets import Level, Target
from ebbtide.model.transcripts import Exchange, Request
from ebbtide.probe.settings import Assignment
from hostile_farm.records import ROOT, Hostile
from hostile_farm.servers import SERVERS

_ASKS = {server.host: server.asks for server in SERVERS}
_FIRST_ADDRESS = int(IPv4Address("127.1.0.1"))


class FarmPlan:
    """Asks every server what its record says; an unknown one for its first page."""

    def next_requests(self, target: Target, seen: Sequence[Exchange], _level: Level) -> Sequence[Request]:
        """One request after the other."""
        return _ASKS.get(target.host, (ROOT,))[len(seen) : len(seen) + 1]


def address_of(server: Hostile, number: int) -> str:
    """An address of its own, so that nobody waits for another; there is only one on loopback by IPv6."""
    return "::1" if server.is_v6 else str(IPv4Address(_FIRST_ADDRESS + number))


def assign(server: Hostile, port: int, number: int) -> Assignment:
    """One target."""
    target = make_target(server.host, port, server.scheme)
    return Assignment(target, (address_of(server, number),), 1, Level.PASSIVE)


def told(outcome: Outcome) -> str:
    """An outcome as the table writes it."""
    if isinstance(outcome, Failed):
        return f"{outcome.stage}/{outcome.fault}"
    return f"skipped/{outcome.reason}" if isinstance(outcome, Skipped) else "answered"
