"""The declared cubes: which metric is told by which unit of count through which lens, one lens at a time."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

MOST_FACTS = 2_000_000
"""Facts of one round; more is refused before anything is written."""

LENSES: Mapping[str, str] = MappingProxyType(
    {
        "family": "family of the server; of who did not answer the last that it told",
        "stratum": "stratum of the frame",
        "tld": "top-level domain of the name",
        "transport": "tls or plain, as the target was planned",
        "front": "front or origin: whether the answers name a cache, proxy or balancer before the server",
        "operator": "who runs the network, by [limits] operators; the 500 with the most sites, and others together",
        "country": "country of the address, by [lenses] countries",
    }
)
"""Every lens with what its values are. One value a unit: ``several`` where its targets differ, ``none`` without one."""

OPERATORS = "operators"
"""Metric of the effective number of operators."""

CUBES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"outcome": tuple(LENSES), "prevalence": tuple(LENSES), OPERATORS: ("all",)}
)
"""Metric to the lenses that it is told through, beside ``all``; each by site and by address."""

NEVER_PUBLISHED = frozenset({"operator"})
"""A cell of this lens is one operator's alone: it is for whoever runs the survey."""

Naming = Callable[[str], str]
"""From an address to a name; empty for none."""


class AddressTables(msgspec.Struct, frozen=True):
    """Tables of the operator that say something of addresses; ``None`` where there is none."""

    operator: Naming | None = None
    country: Naming | None = None

    def named(self) -> tuple[tuple[str, Naming], ...]:
        """The lenses that there is a table for."""
        pairs = (("operator", self.operator), ("country", self.country))
        return tuple((lens, naming) for lens, naming in pairs if naming is not None)


NO_TABLES = AddressTables()
