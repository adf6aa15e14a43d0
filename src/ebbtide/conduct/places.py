"""Who named a host or an address: entries of lists, found by exact name, by domain and by prefix."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

import msgspec

from ebbtide.conduct.segments import Network

Entry = Network | str
"""A network, a canonical name, or with a leading dot a domain and all below it; see ``exclusions.parse_excluded``."""

Numbers = tuple[int, ...]


class Places(msgspec.Struct, frozen=True):
    """Entries by what they name; a plain value that can be handed to workers.

    Attributes:
        hosts: Name to the numbers of the entries that name exactly it.
        domains: Domain, without the leading dot, to the entries for it and all below it.
        prefixes: IP version to prefix length to network as an integer to entries.
    """

    hosts: dict[str, Numbers]
    domains: dict[str, Numbers]
    prefixes: dict[int, dict[int, dict[int, Numbers]]]

    def of_host(self, host: str) -> Numbers:
        """The numbers of all entries that name a host or a domain above it, rising."""
        found = set(self.hosts.get(host, ()))
        rest = host
        while self.domains and rest:
            found.update(self.domains.get(rest, ()))
            rest = rest.partition(".")[2]
        return tuple(sorted(found))

    def of_address(self, address: str) -> Numbers:
        """The numbers of all entries whose prefix holds an address, rising; none for what is no address."""
        try:
            return self.of_network(ip_network(ip_address(address)))
        except ValueError:
            return ()

    def of_network(self, network: Network) -> Numbers:
        """The numbers of all entries whose prefix holds a whole network, rising."""
        found: set[int] = set()
        number = int(network.network_address)
        for length, networks in self.prefixes.get(network.version, {}).items():
            if length <= network.prefixlen:
                spare = network.max_prefixlen - length
                found.update(networks.get(number >> spare, ()))
        return tuple(sorted(found))


def make_places(entries: Iterable[tuple[Entry, int]]) -> Places:
    """Lay out entries; the number that comes with one is what look-ups give back."""
    hosts: dict[str, Numbers] = {}
    domains: dict[str, Numbers] = {}
    prefixes: dict[int, dict[int, dict[int, Numbers]]] = {}
    for what, number in entries:
        if isinstance(what, str):
            names = domains if what.startswith(".") else hosts
            name = what.removeprefix(".")
            names[name] = (*names.get(name, ()), number)
        else:
            networks = prefixes.setdefault(what.version, {}).setdefault(what.prefixlen, {})
            key = int(what.network_address) >> (what.max_prefixlen - what.prefixlen)
            networks[key] = (*networks.get(key, ()), number)
    return Places(hosts, domains, prefixes)
