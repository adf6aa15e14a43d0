"""Tables of prefixes to names: who operates a network, which country it is in. The narrowest prefix tells."""

import csv
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path

import msgspec

from ebbtide.conduct.segments import Network, Row, Segments, flatten
from ebbtide.model.errors import ConductError

_IPV4, _IPV6 = 4, 6
_MOST_BYTES = 256 << 20


class PrefixNames(msgspec.Struct, frozen=True):
    """Names by address; the narrowest prefix that holds an address tells."""

    v4: Segments[str]
    v6: Segments[str]

    def name_of(self, address: str) -> str:
        """The name of an address; empty if the table has none, or if it is no address."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return ""
        mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else parsed
        found = self.v6.decide(int(parsed)) if mapped is None else self.v4.decide(int(mapped))
        return found or ""


class Wanted(msgspec.Struct, frozen=True):
    """What a table is about.

    Attributes:
        column: Head of the second column, for example ``operator``.
        key: Of survey.toml, for sentences.
        narrowest: The longest prefixes that are admitted, for IPv4 and for IPv6; ``None`` for any.
    """

    column: str
    key: str
    narrowest: tuple[int, int] | None = None


def read_prefix_names(path: Path, wanted: Wanted) -> PrefixNames:
    """Read a CSV file with the header ``prefix,<column>``.

    Args:
        path: The file, UTF-8. Blank lines and lines that start with ``#`` are passed over.
        wanted: What it is about.

    Returns:
        The table. A prefix may lie within another one of another name.

    Raises:
        ConductError: The file cannot be read, has another header, or a line cannot be used.
    """
    header = ["prefix", wanted.column]
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConductError(f"the table of {wanted.column} is too long.", where=str(path))
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        told = getattr(error, "strerror", None) or type(error).__name__
        raise ConductError(
            f"the table of {wanted.column} cannot be read ({told}).",
            where=str(path),
            remedy=f"Name a UTF-8 file in {wanted.key}, or leave {wanted.key} empty.",
        ) from error
    named = [(number, [cell.strip() for cell in row]) for number, row in enumerate(rows, 1)]
    used = [(number, row) for number, row in named if any(row) and not row[0].startswith("#")]
    if not used or [cell.lower() for cell in used[0][1]] != header:
        raise ConductError(
            f"the table of {wanted.column} has no header.",
            where=f"{path}:1",
            remedy=f"Write the line {','.join(header)} at the top.",
        )
    table = [_row(row, f"{path}:{number}", wanted) for number, row in used[1:]]
    return PrefixNames(
        flatten(row for row in table if row[0].version == _IPV4),
        flatten(row for row in table if row[0].version == _IPV6),
    )


def _row(cells: list[str], where: str, wanted: Wanted) -> Row[str]:
    if len(cells) != len(("prefix", "name")) or not cells[1]:
        raise ConductError(
            f"the line is not a prefix and its {wanted.column}.", where=where, remedy="Write 192.0.2.0/24,name."
        )
    try:
        network: Network = ip_network(cells[0])
    except ValueError as error:
        raise ConductError(
            f"{cells[0][:60]!r} is no prefix.", where=where, remedy="Write for example 192.0.2.0/24."
        ) from error
    if wanted.narrowest is not None and network.prefixlen > (most := wanted.narrowest[network.version == _IPV6]):
        raise ConductError(
            f"{network} is narrower than a /{most}.",
            where=where,
            remedy=f"Name the whole /{most}; it has one limit.",
        )
    return network, cells[1]
