"""What a target says of itself, as people read it: its server, what stands before it, where answers disagree."""

from collections.abc import Sequence

import msgspec

from ebbtide.judge.software.fronts import FRONT_ROLE
from ebbtide.model.verdicts import UNKNOWN_FAMILY, Software

_SERVER_FIELD = "server"


class Naming(msgspec.Struct, frozen=True):
    """Who answered, in order of nearness.

    Attributes:
        servers: Different servers that Server fields name, each with its version; two or more contradict each other.
        others: Whatever else the answers name.
        fronts: Networks of caches, proxies and balancers before it.
    """

    servers: tuple[str, ...]
    others: tuple[str, ...]
    fronts: tuple[str, ...]

    @property
    def is_contradictory(self) -> bool:
        """Whether the answers name more than one server."""
        return len(self.servers) > 1


def naming_of(software: Sequence[Software]) -> Naming:
    """Put the rows of one target in order.

    Args:
        software: Rows of one assessment.
    """
    servers: dict[str, None] = {}
    others: dict[str, None] = {}
    fronts: dict[str, None] = {}
    for row in software:
        name = " ".join(filter(None, (row.product, row.version)))
        if row.role == FRONT_ROLE:
            fronts[name] = None
        elif row.role == "server" and row.part == _SERVER_FIELD:
            servers.update({name: None} if row.family != UNKNOWN_FAMILY and name else {})
        elif name:
            others[name] = None
    return Naming(tuple(servers), tuple(others), tuple(fronts))
