"""Which question comes next: pure, without a packet."""

import pytest

from ebbtide.model.configuration import NamesSection
from ebbtide.model.errors import ConfigurationError
from ebbtide.model.outcomes import Failed, Fault, Stage
from ebbtide.probe import unfound
from ebbtide.probe.answers import Answer
from ebbtide.probe.lookup import Lookup, Resolved
from ebbtide.probe.nameservers import nameserver_sets, parse_nameserver
from ebbtide.probe.unfound import Unfound

A, AAAA = 1, 28
FIRST, SECOND = ("f0", "f1"), ("s0",)


def lookup(*, kinds: tuple[int, ...] = (A, AAAA), tries: int = 3, turn: int = 0) -> Lookup:
    return Lookup("h.test", "h.test", kinds, (FIRST, SECOND), tries, turn)


def fault_of(failure: Failed | None) -> Fault:
    assert failure is not None
    return failure.fault


def test_silence_goes_round_the_first_set_until_its_tries_are_used_up_and_then_to_the_second() -> None:
    one = lookup()
    asked = [one.server]
    while (failure := one.on_silence()) is None:
        asked.append(one.server)
    assert asked == ["f0", "f1", "f0", "s0", "s0", "s0"]
    assert (fault_of(failure), failure.detail) == (Fault.TIMED_OUT, "no answer; second opinion: no answer")


def test_refusal_goes_to_each_server_of_a_set_once() -> None:
    one = lookup(turn=1)
    asked = [one.server]
    while (failure := one.on_refusal("SERVFAIL")) is None:
        asked.append(one.server)
    assert asked == ["f1", "f0", "s0"]
    assert (fault_of(failure), failure.detail) == (Fault.DNS_FAILED, "SERVFAIL; second opinion: SERVFAIL")


def test_a_refusal_says_more_than_a_silence() -> None:
    one = lookup(tries=2)
    assert one.on_refusal("SERVFAIL") is None
    assert one.on_silence() is None
    assert one.on_silence() is None
    failure = one.on_silence()
    assert fault_of(failure) is Fault.DNS_FAILED


def test_the_second_set_is_stayed_with_for_the_other_family() -> None:
    one = lookup(tries=1)
    assert one.on_silence() is None
    assert one.on_answer(Answer()) is None
    assert (one.kind, one.server) == (AAAA, "s0")


def test_what_has_an_address_ends_well_whatever_becomes_of_the_other_family() -> None:
    for event in (lambda one: one.on_silence(), lambda one: one.on_refusal("x"), lambda one: one.on_not_found("x")):
        one = lookup()
        assert one.on_answer(Answer(("192.0.2.1",), ("a.test",))) is None
        assert not one.is_over
        assert event(one) is None
        assert one.is_over
        assert one.result(None, v6_first=False) == Resolved("h.test", ("192.0.2.1",), ("a.test",), None, 1)


def test_the_chain_is_kept_beside_a_failure() -> None:
    one = lookup(tries=1)
    assert one.on_answer(Answer(cnames=("a.test",), broken="a circle")) is None
    failure = one.on_refusal("SERVFAIL")
    assert one.result(failure, v6_first=False).cnames == ("a.test",)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("192.0.2.1", "192.0.2.1:53"),
        ("192.0.2.1:5353", "192.0.2.1:5353"),
        ("2001:DB8::1", "[2001:db8::1]:53"),
        ("[2001:db8::1]", "[2001:db8::1]:53"),
        ("[2001:db8::1]:5353", "[2001:db8::1]:5353"),
    ],
)
def test_a_name_server_is_read_with_or_without_a_port(text: str, read: str) -> None:
    assert parse_nameserver(text) == read
    assert parse_nameserver(read) == read


@pytest.mark.parametrize(
    "text",
    ["", "dns.example", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2", "fe80::1%eth0", "[::1", "[::1]x"],
)
def test_a_name_server_that_cannot_be_one_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(ConfigurationError, match="Write for example"):
        parse_nameserver(text)


def test_the_systems_servers_stand_in_for_a_set_that_is_not_named_and_one_set_is_never_asked_twice() -> None:
    own, other = NamesSection(nameservers=("192.0.2.1", "192.0.2.1:53")), ("192.0.2.1",)
    system = ("127.0.0.53:53",)
    assert nameserver_sets(NamesSection(), system) == (system,)
    assert nameserver_sets(own, system) == (("192.0.2.1:53",), system)
    assert nameserver_sets(NamesSection(second_nameservers=other), system) == (system, ("192.0.2.1:53",))
    assert nameserver_sets(NamesSection(nameservers=other, second_nameservers=other), system) == (("192.0.2.1:53",),)


def test_no_more_failures_are_remembered_than_were_agreed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfound, "MOST_REMEMBERED", 3)
    memory = Unfound()
    for number in range(5):
        memory.note(Resolved(f"h{number}", failure=Failed(Stage.RESOLVE, Fault.NAME_NOT_FOUND)))
        memory.note(Resolved(f"ok{number}", ("192.0.2.1",)))
    remembered = [number for number in range(5) if memory.recall(f"h{number}") is not None]
    assert remembered == [2, 3, 4]
    assert memory.recall("ok4") is None
