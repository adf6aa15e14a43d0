"""A list of whom somebody wants to know about, matched with the targets of a round."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec

from ebbtide.frame.entries import Defaults, list_targets
from ebbtide.frame.ids import is_address, shard_of, site_id
from ebbtide.frame.lines import parse_line, raw_lines
from ebbtide.model.errors import FrameError
from ebbtide.model.targets import Target

Ports = frozenset[int]

ANY_PORT: Ports = frozenset()
_SILENT = Defaults(port=0)
"""No port is 0, so that one can tell a line that names none."""


class WantedOfShard(msgspec.Struct, frozen=True):
    """Hosts and addresses, each with the ports that were named; none means any.

    Attributes:
        hosts: Of one shard.
        addresses: Of all shards, since an address says nothing of the name behind which it stands.
    """

    hosts: dict[str, Ports]
    addresses: dict[str, Ports]

    def match(self, target: Target, asked_at: str) -> str:
        """The host or address that names a target; empty if none does.

        Args:
            target: Of the shard.
            asked_at: The address at which it was asked; empty if there is none.
        """
        for name, known in ((target.host, self.hosts), (target.address, self.addresses), (asked_at, self.addresses)):
            ports = known.get(name)
            if ports is not None and (not ports or target.port in ports):
                return name
        return ""


class WantedList(msgspec.Struct, frozen=True):
    """A whole list, divided as the round is."""

    by_shard: tuple[dict[str, Ports], ...]
    addresses: dict[str, Ports]

    def of(self, shard: int) -> WantedOfShard:
        """What concerns one shard."""
        return WantedOfShard(self.by_shard[shard], self.addresses)

    def missing(self, matched: Iterable[str]) -> list[str]:
        """Those that nothing of the round has matched, sorted."""
        found = set(matched)
        named = (*(host for hosts in self.by_shard for host in hosts), *self.addresses)
        return sorted(name for name in named if name not in found)


def wanted_host(host: str, shards: int) -> WantedList:
    """One host or address, at any port.

    Args:
        host: In canonical form.
        shards: Of the survey.
    """
    by_shard: list[dict[str, Ports]] = [{} for _ in range(shards)]
    if is_address(host):
        return WantedList(tuple(by_shard), {host: ANY_PORT})
    by_shard[shard_of(site_id(host), shards)][host] = ANY_PORT
    return WantedList(tuple(by_shard), {})


def read_wanted(path: Path, shards: int) -> WantedList:
    """Read a list: a host, host:port, address or URL a line; blank lines and those that begin with ``#`` do not count.

    Args:
        path: File.
        shards: Of the survey.

    Raises:
        FrameError: It cannot be read, a line names nobody, or all lines are blank.
    """
    hosts: list[dict[str, set[int]]] = [defaultdict(set) for _ in range(shards)]
    addresses: dict[str, set[int]] = defaultdict(set)
    open_to_all: set[str] = set()
    for host, port in _entries(path):
        known = addresses if is_address(host) else hosts[shard_of(site_id(host), shards)]
        if port is None:
            open_to_all.add(host)
        known[host].update(() if port is None else (port,))
    if not (addresses or any(hosts)):
        raise FrameError("the list names nobody.", where=str(path), remedy="Write a host or an address a line.")
    return WantedList(
        tuple(_frozen(each, open_to_all) for each in hosts),
        _frozen(addresses, open_to_all),
    )


def _entries(path: Path) -> Iterable[tuple[str, int | None]]:
    try:
        stream = path.open("rb")
    except OSError as error:
        raise FrameError(
            f"{path} cannot be read ({error.strerror or type(error).__name__}).", remedy="Name a file with --list."
        ) from error
    with stream:
        for number, raw in enumerate(raw_lines(stream), 1):
            line = parse_line(raw, number, str(path))
            if line is not None:
                target = list_targets(line, _SILENT)[0]
                yield target.host, target.port or None


def _frozen(known: dict[str, set[int]], open_to_all: set[str]) -> dict[str, Ports]:
    return {host: ANY_PORT if host in open_to_all else frozenset(ports) for host, ports in known.items()}
