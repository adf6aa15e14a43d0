"""Names to addresses against a name server on loopback."""

from collections.abc import Iterator
from itertools import islice

import pytest

from ebbtide.model.outcomes import Failed, Fault, Stage
from ebbtide.probe.resolve import resolve_hosts
from hostile_servers import name_server

pytestmark = pytest.mark.live


def test_an_address_stands_for_itself_without_a_question() -> None:
    assert dict(resolve_hosts(["127.0.0.1", "::1"])) == {"127.0.0.1": ("127.0.0.1",), "::1": ("::1",)}


def test_a_name_has_all_its_addresses_ipv4_first() -> None:
    with name_server(0, v4="127.0.0.9", v6="::9") as server:
        assert list(resolve_hosts(["tide.test"], nameservers=[server])) == [("tide.test", ("127.0.0.9", "::9"))]


def test_a_name_without_addresses_is_not_found() -> None:
    with name_server(0) as server:
        ((_, outcome),) = resolve_hosts(["tide.test"], nameservers=[server])
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.fault) == (Stage.RESOLVE, Fault.NAME_NOT_FOUND)


def test_what_cannot_be_a_name_is_not_found() -> None:
    with name_server(3) as server:
        ((_, outcome),) = resolve_hosts(["a" * 300 + ".test"], nameservers=[server])
    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.NAME_NOT_FOUND


def test_every_host_comes_back_once_and_hosts_are_pulled_lazily() -> None:
    taken: list[str] = []

    def hosts() -> Iterator[str]:
        for number in range(100):
            taken.append(f"h{number}.test")
            yield taken[-1]

    with name_server(0, v4="127.0.0.9") as server:
        found = resolve_hosts(hosts(), nameservers=[server], in_flight=10)
        first = list(islice(found, 5))
        assert len(taken) <= 20
        rest = list(found)
    assert sorted(host for host, _ in first + rest) == sorted(taken)
    assert len(taken) == 100


def test_a_caller_that_stops_early_leaves_nothing_behind() -> None:
    with name_server(None) as server:
        found = resolve_hosts(["127.0.0.1", "slow.test"], nameservers=[server])
        assert next(found) == ("127.0.0.1", ("127.0.0.1",))
        found.close()  # type: ignore[attr-defined]  # it is a generator
