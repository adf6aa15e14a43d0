"""Who operates which networks: a table that lets limits hold for all networks of one company."""

from pathlib import Path

import msgspec

from ebbtide.conduct.prefix_names import PrefixNames, Wanted, read_prefix_names

WANTED = Wanted("operator", "limits.operators", (24, 48))
"""A prefix narrower than /24 (IPv6: /48) is refused: a limit per prefix would then belong to two operators."""


class Operators(msgspec.Struct, frozen=True):
    """Operators by address; the narrowest prefix that holds an address tells."""

    names: PrefixNames

    def operator_of(self, address: str) -> str:
        """The operator of an address; empty if the table names none."""
        return self.names.name_of(address)


def read_operators(path: Path) -> Operators:
    """Read a CSV file with the header ``prefix,operator``; see ``prefix_names``.

    Raises:
        ConductError: The file cannot be read, has another header, or a line cannot be used.
    """
    return Operators(read_prefix_names(path, WANTED))
