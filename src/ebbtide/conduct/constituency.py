"""Who is responsible for whom: a CSV table of domains and prefixes to organisations; the longest match wins."""

import csv
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path

import msgspec

from ebbtide.conduct.names import canonical_name
from ebbtide.conduct.segments import Network, Row, Segments, flatten
from ebbtide.model.errors import ConductError

HEADER = ["match", "organisation", "sector", "contact"]
MOST_BYTES = 64 << 20
_IPV4, _IPV6 = 4, 6


class Member(msgspec.Struct, frozen=True):
    """An organisation of the constituency.

    Attributes:
        match: The domain or prefix by which it was found.
        contact: Where letters go; may be empty.
    """

    match: str
    organisation: str
    sector: str
    contact: str


class Constituency(msgspec.Struct, frozen=True):
    """The table.

    Attributes:
        domains: Canonical domain to its member.
        v4, v6: Prefixes to their members.
        entries: All, in the order of the file.
    """

    domains: Mapping[str, Member]
    v4: Segments[Member]
    v6: Segments[Member]
    entries: tuple[Member, ...]

    def member(self, host: str, address: str) -> Member | None:
        """Whose a server is: by the longest domain that its name ends with, else by the longest prefix of its address.

        Args:
            host: Canonical name, or an address.
            address: Where it was asked; empty if that is not known.
        """
        labels = host.split(".")
        for start in range(len(labels)):
            found = self.domains.get(".".join(labels[start:]))
            if found is not None:
                return found
        return self._of_address(address) or self._of_address(host)

    def _of_address(self, text: str) -> Member | None:
        try:
            parsed = ip_address(text)
        except ValueError:
            return None
        mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else parsed
        return self.v6.decide(int(parsed)) if mapped is None else self.v4.decide(int(mapped))


def read_constituency(path: Path) -> Constituency:
    """Read a CSV file with the header ``match,organisation,sector,contact``.

    Args:
        path: The file, UTF-8. Blank lines and lines that start with ``#`` are passed over; ``*.`` before a domain is.

    Raises:
        ConductError: The file cannot be read, has another header, or a line cannot be used; file and line are named.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ConductError(f"the table is longer than {MOST_BYTES >> 20} MiB.", where=str(path))
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise ConductError(f"the table of the constituency cannot be read ({why}).", where=str(path)) from error
    named = [(number, [cell.strip() for cell in row]) for number, row in enumerate(rows, 1)]
    used = [(number, row) for number, row in named if any(row) and not row[0].startswith("#")]
    if not used or [cell.lower() for cell in used[0][1]] != HEADER:
        remedy = f"Write the line {','.join(HEADER)} at the top."
        raise ConductError("the table of the constituency has no header.", where=f"{path}:1", remedy=remedy)
    domains: dict[str, Member] = {}
    prefixes: list[Row[Member]] = []
    for number, row in used[1:]:
        _take(row, f"{path}:{number}", domains, prefixes)
    of_prefixes = [member for _, member in prefixes if member is not None]
    entries = (*domains.values(), *of_prefixes)
    return Constituency(
        domains,
        flatten(row for row in prefixes if row[0].version == _IPV4),
        flatten(row for row in prefixes if row[0].version == _IPV6),
        entries,
    )


def _take(cells: list[str], where: str, domains: dict[str, Member], prefixes: list[Row[Member]]) -> None:
    if len(cells) != len(HEADER) or not cells[0] or not cells[1]:
        remedy = "Write for example: example.org,Town of Example,government,cert@example.org"
        raise ConductError("the line is not a match and an organisation.", where=where, remedy=remedy)
    try:
        network: Network | None = ip_network(cells[0])
    except ValueError:
        network = None
    if network is not None:
        if any(each == network for each, _ in prefixes):
            raise ConductError(f"{network} stands there twice.", where=where)
        prefixes.append((network, Member(str(network), *cells[1:])))
        return
    try:
        name = canonical_name(cells[0].removeprefix("*."))
    except ValueError as error:
        raise ConductError(f"{cells[0][:60]!r} is neither a domain nor a prefix: {error}.", where=where) from error
    if name in domains:
        raise ConductError(f"{name} stands there twice.", where=where)
    domains[name] = Member(name, *cells[1:])
