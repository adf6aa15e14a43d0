"""What the checks before a run look at outside this process; tests hand in a world of their own."""

from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from ebbtide.model.configuration import SurveyConfig
from ebbtide.probe.fetching import Resolve
from ebbtide.probe.network import Network
from ebbtide.probe.records import look_up_names, look_up_texts
from ebbtide.probe.resolve import resolve_hosts
from ebbtide.probe.sockets import SocketNetwork
from ebbtide.probe.vantage import source_address

_NOBODY = ("192.0.2.1", "2001:db8::1")
"""Documentation addresses: the way to them is the way to anybody, and nothing is ever sent there."""


class Outside(msgspec.Struct, frozen=True):
    """The doors to the network.

    Attributes:
        resolve: Names to addresses.
        names_of: Addresses to the names of their reverse DNS.
        texts_of: Names to their TXT records.
        source: From which address we would ask a given one.
        network: Makes a network for one run of the probe.
    """

    resolve: Resolve = resolve_hosts
    names_of: Callable[[Iterable[str]], dict[str, tuple[str, ...]]] = look_up_names
    texts_of: Callable[[Iterable[str]], dict[str, tuple[bytes, ...]]] = look_up_texts
    source: Callable[[str], str] = source_address
    network: Callable[[], Network] = SocketNetwork

    def vantage(self) -> tuple[str, ...]:
        """The addresses from which this machine asks, as it knows itself."""
        found = (self.source(towards) for towards in _NOBODY)
        return tuple(address for address in found if address)


def outside_for(config: SurveyConfig) -> Outside:
    """The real network, as a survey uses it."""
    servers, source = config.names.nameservers, config.survey.source
    return Outside(
        source=(lambda _towards: source) if source else source_address,
        resolve=partial(resolve_hosts, settings=config.names),
        names_of=partial(look_up_names, nameservers=servers),
        texts_of=partial(look_up_texts, nameservers=servers),
        network=partial(SocketNetwork, source),
    )
