"""Who operates which networks: a table that lets limits hold for all networks of one company."""

import csv
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path

import msgspec

from ebbtide.conduct.segments import Network, Row, Segments, flatten
from ebbtide.model.errors import ConductError

HEADER = ["prefix", "operator"]
_MOST_BITS = {4: 24, 6: 48}


class Operators(msgspec.Struct, frozen=True):
    """Operators by address; the narrowest prefix that holds an address tells."""

    v4: Segments[str]
    v6: Segments[str]

    def operator_of(self, address: str) -> str:
        """The operator of an address; empty if the table names none."""
        parsed = ip_address(address)
        mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else parsed
        found = self.v6.decide(int(parsed)) if mapped is None else self.v4.decide(int(mapped))
        return found or ""


def read_operators(path: Path) -> Operators:
    """Read a CSV file with the header ``prefix,operator``.

    Args:
        path: The file, UTF-8. Blank lines and lines that start with ``#`` are passed over.

    Returns:
        The table. A prefix may lie within another one of another operator.

    Raises:
        ConductError: The file cannot be read, has another header, or a line cannot be used; a prefix that is narrower
            than /24 (IPv6: /48) among them, since a limit per prefix would then belong to two operators.
    """
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConductError(
            f"the table of operators cannot be read ({getattr(error, 'strerror', None) or type(error).__name__}).",
            where=str(path),
            remedy="Name a UTF-8 file in limits.operators, or leave limits.operators empty.",
        ) from error
    named = [(number, [cell.strip() for cell in row]) for number, row in enumerate(rows, 1)]
    used = [(number, row) for number, row in named if any(row) and not row[0].startswith("#")]
    if not used or [cell.lower() for cell in used[0][1]] != HEADER:
        raise ConductError(
            "the table of operators has no header.",
            where=f"{path}:1",
            remedy=f"Write the line {','.join(HEADER)} at the top.",
        )
    table = [_row(row, f"{path}:{number}") for number, row in used[1:]]
    return Operators(
        flatten(row for row in table if row[0].version == 4),  # noqa: PLR2004  a version of the protocol
        flatten(row for row in table if row[0].version == 6),  # noqa: PLR2004  a version of the protocol
    )


def _row(cells: list[str], where: str) -> Row[str]:
    if len(cells) != len(HEADER) or not cells[1]:
        raise ConductError("the line is not a prefix and an operator.", where=where, remedy="Write 192.0.2.0/24,name.")
    try:
        network: Network = ip_network(cells[0])
    except ValueError as error:
        raise ConductError(
            f"{cells[0][:60]!r} is no prefix.", where=where, remedy="Write for example 192.0.2.0/24."
        ) from error
    most = _MOST_BITS[network.version]
    if network.prefixlen > most:
        raise ConductError(
            f"{network} is narrower than a /{most}.",
            where=where,
            remedy=f"Name the whole /{most}: it shares one limit.",
        )
    return network, cells[1]
