"""Names to addresses against scripted name servers on loopback."""

import ipaddress
import time
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec
import pytest

from ebbtide.model.configuration import NamesSection
from ebbtide.model.errors import ConfigurationError
from ebbtide.model.outcomes import Fault, Stage
from ebbtide.probe import nameserver
from ebbtide.probe.lookup import Resolved
from ebbtide.probe.resolve import resolve_hosts
from ebbtide.probe.unfound import Unfound
from name_servers import (
    AAAA,
    FORMAT_ERROR,
    NO_SUCH_NAME,
    REFUSED,
    SERVER_FAILURE,
    A,
    Query,
    Script,
    address_record,
    alias,
    always,
    name_server,
    names_section,
    reply,
    silence,
    zone,
)

pytestmark = pytest.mark.live

TIDE = {"tide.test": ("127.0.0.9", "::9")}


def look_up(script: Script, *hosts: str, **how: object) -> list[Resolved]:
    with name_server(script) as server:
        return list(resolve_hosts(hosts or ("tide.test",), names_section(server.at, **how)))  # type: ignore[arg-type]  # handed on as it came


def one(script: Script, **how: object) -> Resolved:
    (resolved,) = look_up(script, **how)
    return resolved


def fault_of(resolved: Resolved) -> Fault:
    assert resolved.failure is not None
    assert resolved.failure.stage is Stage.RESOLVE
    assert resolved.addresses == ()
    return resolved.failure.fault


def test_an_address_stands_for_itself_without_a_question() -> None:
    with name_server(silence) as server:
        found = list(resolve_hosts(["127.0.0.1", "::1", "2001:DB8::0:7"], names_section(server.at)))
        assert server.asked == []
    assert [each.addresses for each in found] == [("127.0.0.1",), ("::1",), ("2001:db8::7",)]


def test_localhost_is_this_machine_and_onion_nobody_without_a_question() -> None:
    with name_server(silence) as server:
        found = list(resolve_hosts(["localhost", "a.localhost", "x.onion"], names_section(server.at)))
        assert server.asked == []
    assert [each.addresses for each in found] == [("127.0.0.1", "::1"), ("127.0.0.1", "::1"), ()]
    assert fault_of(found[2]) is Fault.NAME_NOT_FOUND


@pytest.mark.parametrize(
    ("families", "addresses", "kinds"),
    [
        ("ipv4_first", ("127.0.0.9", "::9"), [A, AAAA]),
        ("ipv6_first", ("::9", "127.0.0.9"), [A, AAAA]),
        ("ipv4", ("127.0.0.9",), [A]),
        ("ipv6", ("::9",), [AAAA]),
    ],
)
def test_a_name_has_the_addresses_of_the_wanted_families(
    families: str, addresses: tuple[str, ...], kinds: list[int]
) -> None:
    with name_server(zone(TIDE)) as server:
        assert list(resolve_hosts(["tide.test"], names_section(server.at, families=families))) == [
            Resolved("tide.test", addresses, address_count=len(addresses))
        ]
        assert [query.kind for query in server.asked] == kinds


def test_a_name_with_ipv6_alone_has_its_address() -> None:
    assert one(zone({"tide.test": ("::9",)})).addresses == ("::9",)


def test_name_servers_are_asked_over_ipv6_too() -> None:
    with name_server(zone(TIDE), "::1") as server:
        assert server.at.startswith("[::1]:")
        (resolved,) = resolve_hosts(["tide.test"], names_section(server.at))
    assert resolved.addresses == ("127.0.0.9", "::9")


def test_the_chain_of_aliases_is_kept_in_order_and_only_the_name_at_its_end_counts() -> None:
    def script(query: Query) -> Iterable[bytes]:
        stray = address_record("other.test", "127.0.0.66")
        chain = alias("edge.test", "Front.CDN.test"), alias("tide.test", "edge.test")
        return [reply(query, stray, *chain, *([address_record("front.cdn.test", "127.0.0.9")] * (query.kind == A)))]

    resolved = one(script)
    assert resolved.cnames == ("edge.test", "front.cdn.test")
    assert resolved.addresses == ("127.0.0.9",)


def test_a_name_that_does_not_exist_is_not_found_after_one_question_and_no_second_opinion() -> None:
    with name_server(always(NO_SUCH_NAME)) as first, name_server(zone(TIDE)) as second:
        (resolved,) = resolve_hosts(["tide.test"], names_section(first.at, second.at))
        assert (len(first.asked), second.asked) == (1, [])
    assert fault_of(resolved) is Fault.NAME_NOT_FOUND


def test_a_name_without_addresses_is_not_found_and_its_chain_is_kept() -> None:
    resolved = one(lambda query: [reply(query, alias("tide.test", "dangling.test"))])
    assert fault_of(resolved) is Fault.NAME_NOT_FOUND
    assert resolved.cnames == ("dangling.test",)
    with name_server(zone({"tide.test": ()})) as first, name_server(zone(TIDE)) as second:
        (resolved,) = resolve_hosts(["tide.test"], names_section(first.at, second.at))
        assert second.asked == []
    assert fault_of(resolved) is Fault.NAME_NOT_FOUND


@pytest.mark.parametrize("code", [SERVER_FAILURE, REFUSED, FORMAT_ERROR])
def test_a_refusal_is_taken_to_the_second_resolver_at_once_and_its_word_counts(code: int) -> None:
    with name_server(always(code)) as first, name_server(zone(TIDE)) as second:
        settings = names_section(first.at, second.at, timeout_s=5)
        found = list(resolve_hosts(["tide.test", "gone.test"], settings))
        assert {query.name for query in first.asked} == {"tide.test", "gone.test"}
    by_host = {each.host: each for each in found}
    assert by_host["tide.test"].addresses == ("127.0.0.9", "::9")
    assert fault_of(by_host["gone.test"]) is Fault.NAME_NOT_FOUND


def test_a_silent_resolver_is_asked_as_often_as_was_said_and_then_the_second() -> None:
    with name_server(silence) as first, name_server(zone(TIDE)) as second:
        (resolved,) = resolve_hosts(["tide.test"], names_section(first.at, second.at, tries=2))
        assert [query.kind for query in first.asked] == [A, A]
    assert resolved.addresses == ("127.0.0.9", "::9")


def test_a_name_of_which_nobody_tells_failed_and_one_of_which_nobody_speaks_timed_out() -> None:
    with name_server(always(SERVER_FAILURE)) as refusing, name_server(silence) as silent:
        (failed,) = resolve_hosts(["tide.test"], names_section(silent.at, refusing.at))
        (timed_out,) = resolve_hosts(["tide.test"], names_section(silent.at))
    assert fault_of(failed) is Fault.DNS_FAILED
    assert failed.failure is not None
    assert failed.failure.detail.startswith("no answer; second opinion: ")
    assert fault_of(timed_out) is Fault.TIMED_OUT


def test_one_family_is_enough_when_nobody_tells_of_the_other() -> None:
    def script(query: Query) -> Iterable[bytes]:
        return zone(TIDE)(query) if query.kind == A else [reply(query, code=SERVER_FAILURE)]

    with name_server(script) as first, name_server(zone(TIDE)) as second:
        (resolved,) = resolve_hosts(["tide.test"], names_section(first.at, second.at))
        assert second.asked == []
    assert resolved.addresses == ("127.0.0.9",)


def test_no_address_of_one_family_does_not_hide_that_nobody_tells_of_the_other() -> None:
    def script(query: Query) -> Iterable[bytes]:
        return [reply(query)] if query.kind == A else [reply(query, code=SERVER_FAILURE)]

    assert fault_of(one(script)) is Fault.DNS_FAILED


def test_the_name_servers_of_a_set_take_turns() -> None:
    hosts = [f"h{number}.test" for number in range(10)]
    script = zone(dict.fromkeys(hosts, ("127.0.0.9",)))
    with name_server(script) as one_server, name_server(script) as other:
        found = list(resolve_hosts(hosts, names_section((one_server.at, other.at))))
        assert (len(one_server.asked), len(other.asked)) == (10, 10)
    assert all(each.addresses for each in found)


def test_a_truncated_answer_is_fetched_whole_over_tcp() -> None:
    def script(query: Query) -> Iterable[bytes]:
        many = [address_record("tide.test", f"127.1.{number // 200}.{number % 200}") for number in range(2000)]
        if not query.is_over_tcp:
            return [reply(query, is_truncated=True)]
        return [reply(query, *(many if query.kind == A else ()))]

    resolved = one(script, timeout_s=2)
    assert (len(resolved.addresses), resolved.address_count) == (64, 2000)
    assert resolved.addresses == tuple(f"127.1.0.{number}" for number in range(64))


def test_an_answer_under_another_number_or_to_another_question_is_not_believed() -> None:
    def forged(query: Query) -> Iterable[bytes]:
        evil = address_record("tide.test", "127.0.0.66")
        other = msgspec.structs.replace(query, name="other.test")
        return [reply(query, evil, id_shift=1), reply(other, address_record("other.test", "127.0.0.66"))]

    assert fault_of(one(forged)) is Fault.TIMED_OUT
    honest = one(lambda query: [*forged(query), *zone(TIDE)(query)])
    assert honest.addresses == ("127.0.0.9", "::9")


@pytest.mark.parametrize(
    "junk",
    [b"", b"\0", b"\xff" * 12, b"\xff" * 600, b"HTTP/1.1 400 Bad Request\r\n\r\n"],
    ids=["nothing", "short", "head", "long", "http"],
)
def test_garbage_is_no_answer(junk: bytes) -> None:
    assert fault_of(one(lambda _query: [junk])) in {Fault.TIMED_OUT, Fault.DNS_FAILED}


def test_garbage_under_the_right_number_is_no_answer() -> None:
    resolved = one(lambda query: [query.octets[:2] + b"\x81\x80\0\1\xff\xff\xff\xff\xff\xff" + b"\xc0\x0c" * 30])
    assert fault_of(resolved) in {Fault.TIMED_OUT, Fault.DNS_FAILED}


def test_aliases_that_lead_in_a_circle_fail_and_say_so() -> None:
    circle = alias("tide.test", "a.test"), alias("a.test", "b.test"), alias("b.test", "a.test")
    resolved = one(lambda query: [reply(query, *circle)])
    assert fault_of(resolved) is Fault.DNS_FAILED
    assert resolved.failure is not None
    assert "its aliases lead back to a.test" in resolved.failure.detail


def test_a_very_long_chain_of_aliases_fails_and_says_so() -> None:
    chain = [alias("tide.test", "c0.test"), *(alias(f"c{n}.test", f"c{n + 1}.test") for n in range(15))]
    end = address_record("c15.test", "127.0.0.9")
    assert one(lambda query: [reply(query, *chain, end)]).addresses == ("127.0.0.9",)
    longer = [*chain, alias("c15.test", "c16.test")]
    resolved = one(lambda query: [reply(query, *longer, address_record("c16.test", "127.0.0.9"))])
    assert fault_of(resolved) is Fault.DNS_FAILED
    assert len(resolved.cnames) == 16


def test_a_mapped_address_stays_what_it_is_and_duplicates_count_once() -> None:
    def script(query: Query) -> Iterable[bytes]:
        if query.kind == A:
            return [reply(query, *[address_record("tide.test", "127.0.0.9")] * 30)]
        return [reply(query, address_record("tide.test", "::ffff:10.0.0.1"))]

    resolved = one(script)
    assert resolved.addresses == ("127.0.0.9", str(ipaddress.ip_address("::ffff:10.0.0.1")))
    assert resolved.address_count == 2


@pytest.mark.parametrize(
    "host", ["_dmarc.a_b.test", "xn--bcher-kva.test", "-x-.test", "1.2.3.4.test", "x" * 63 + ".test"]
)
def test_odd_names_are_asked_as_they_stand(host: str) -> None:
    with name_server(zone({host: ("127.0.0.9",)})) as server:
        (resolved,) = resolve_hosts([host], names_section(server.at))
        assert server.names_asked() == [host]
    assert (resolved.host, resolved.addresses) == (host, ("127.0.0.9",))


def test_a_name_in_unicode_is_asked_by_its_a_labels_and_comes_back_as_it_was() -> None:
    (resolved,) = look_up(zone({"xn--bcher-kva.test": ("127.0.0.9",)}), "Bücher.test")
    assert (resolved.host, resolved.addresses) == ("Bücher.test", ("127.0.0.9",))


@pytest.mark.parametrize(
    "host", ["a" * 300 + ".test", "a..test", "", "a\0b.test", "a b.test", r"a\046b.test", "1.2.3", ":"]
)
def test_what_cannot_be_a_name_is_not_found_without_a_question(host: str) -> None:
    with name_server(silence) as server:
        (resolved,) = resolve_hosts([host], names_section(server.at))
        assert server.asked == []
    assert fault_of(resolved) is Fault.NAME_NOT_FOUND


def test_every_host_comes_back_once_and_hosts_are_pulled_lazily() -> None:
    taken: list[str] = []

    def hosts() -> Iterator[str]:
        for number in range(100):
            taken.append(f"h{number}.test")
            yield taken[-1]

    with name_server(lambda query: [reply(query, address_record(query.name, "127.0.0.9"))]) as server:
        settings = msgspec.structs.replace(names_section(server.at), in_flight=10)
        found = resolve_hosts(hosts(), settings)
        first = list(islice(found, 5))
        assert len(taken) <= 20
        rest = list(found)
    assert sorted(each.host for each in first + rest) == sorted(taken)
    assert len(taken) == 100


def test_a_slow_name_holds_up_no_other() -> None:
    def script(query: Query) -> Iterable[bytes]:
        return () if query.name == "slow.test" else zone({query.name: ("127.0.0.9",)})(query)

    hosts = ["slow.test", *(f"h{number}.test" for number in range(50))]
    found = look_up(script, *hosts, timeout_s=1, tries=1)
    assert found[-1].host == "slow.test"
    assert len(found) == 51


def test_channels_are_renewed_and_no_question_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nameserver, "RENEWED_AFTER", 7)
    hosts = [f"h{number}.test" for number in range(100)]
    found = look_up(zone(dict.fromkeys(hosts, ("127.0.0.9", "::9"))), *hosts)
    assert sorted(each.host for each in found if each.addresses == ("127.0.0.9", "::9")) == sorted(hosts)


def test_questions_keep_to_their_rate_repeated_ones_included() -> None:
    hosts = [f"h{number}.test" for number in range(10)]
    with name_server(silence) as server:
        settings = msgspec.structs.replace(names_section(server.at, timeout_s=0.05), questions_per_s=50)
        began_s = time.monotonic()
        list(resolve_hosts(hosts, settings))
        took_s = time.monotonic() - began_s
        assert len(server.asked) == 20
    assert took_s >= 19 / 50 - 0.05


def test_a_failure_is_remembered_for_the_run_and_one_that_may_pass_for_the_pass() -> None:
    def script(query: Query) -> Iterable[bytes]:
        return [reply(query, code=NO_SUCH_NAME if query.name == "gone.test" else SERVER_FAILURE)]

    unfound = Unfound()
    with name_server(script) as server:
        settings = names_section(server.at)
        first = {each.host: each for each in resolve_hosts(["gone.test", "ill.test"], settings, unfound)}
        again = {each.host: each for each in resolve_hosts(["gone.test", "ill.test"], settings, unfound)}
        assert sorted(server.names_asked()) == ["gone.test", "ill.test"]
        unfound.begin_pass()
        list(resolve_hosts(["gone.test", "ill.test"], settings, unfound))
        assert sorted(server.names_asked()) == ["gone.test", "ill.test", "ill.test"]
    assert first == again


def test_a_caller_that_stops_early_leaves_nothing_behind() -> None:
    with name_server(silence) as server:
        found = resolve_hosts(["127.0.0.1", "slow.test"], names_section(server.at))
        assert next(found).addresses == ("127.0.0.1",)
        found.close()  # type: ignore[attr-defined]  # it is a generator


def test_a_closed_port_is_a_failure_and_not_a_crash() -> None:
    with name_server(silence) as server:
        at = server.at
    (resolved,) = resolve_hosts(["tide.test"], names_section(at))
    assert fault_of(resolved) in {Fault.DNS_FAILED, Fault.TIMED_OUT}


def test_a_name_server_that_is_no_address_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="is no address of a name server"):
        list(resolve_hosts(["tide.test"], NamesSection(nameservers=("dns.example.org",))))
