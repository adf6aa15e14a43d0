"""Targets as plain tuples, which is what a frame is while it is read and merged; and those of silent lines."""

import msgspec

from ebbtide.frame.entries import Defaults
from ebbtide.frame.ids import site_id, target_id
from ebbtide.model.targets import Scheme, Target

Row = tuple[bytes, int, str, str, int, str, str, float, bool]
"""The attributes of a ``Target``, in its order; a record for each of ten million lines would cost more than reading.

The target's id may be empty: it follows from the rest, see ``with_id``, and a plan needs none.
"""

_SCHEMES = {str(scheme): scheme for scheme in Scheme}


def row_of(target: Target) -> Row:
    """The row of a target."""
    row: Row = msgspec.structs.astuple(target)
    return row


def with_id(row: Row) -> Row:
    """A row with its target's id."""
    identity, _, host, address, port, scheme, *_ = row
    return row if identity else (target_id(host, address, port, scheme), *row[1:])


def target_of(row: Row) -> Target:
    """The target of a row."""
    identity, site, host, address, port, scheme, stratum, weight, falls_back = with_id(row)
    return Target(identity, site, host, address, port, _SCHEMES[scheme], stratum, weight, falls_back)


class SilentRows:
    """Makes the rows of hosts whose lines say nothing of port, scheme, stratum and weight.

    Args:
        defaults: What holds instead.
    """

    def __init__(self, defaults: Defaults) -> None:
        self._origins = tuple((defaults.port_for(scheme), str(scheme)) for scheme in defaults.policy.schemes)
        self._stratum = defaults.stratum
        self._falls_back = defaults.policy.falls_back

    def of(self, host: str, address: str) -> tuple[Row, ...]:
        """One row, or two where both schemes are asked; without the ids of targets.

        Args:
            host: Canonical.
            address: Canonical, the host itself if that is one; empty if the name is to be resolved.
        """
        site, stratum, falls_back = site_id(host), self._stratum, self._falls_back
        return tuple(
            [(b"", site, host, address, port, scheme, stratum, 1.0, falls_back) for port, scheme in self._origins]
        )
