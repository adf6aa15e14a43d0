import pickle
from datetime import date
from ipaddress import ip_network

import pytest

from ebbtide.conduct.opt_outs import OptOut
from ebbtide.conduct.scope import Scope, build_scope
from ebbtide.conduct.special_ranges import IPV4_SPECIAL_RANGES, IPV6_SPECIAL_RANGES
from ebbtide.model.configuration import Identity, ScopeSection
from ebbtide.model.errors import ConductError
from ebbtide.model.outcomes import Skipped, SkipReason

KNOWN = Identity("Example University", "https://survey.example.org/", "survey@example.org")
DAY = date(2026, 5, 1)


def scope_of(
    *opened: str, exclude: tuple[str, ...] = (), opt_outs: tuple[OptOut, ...] = (), identity: Identity = KNOWN
) -> Scope:
    section = ScopeSection(open=opened, exclude=exclude)
    return build_scope(section, identity, opt_outs, "survey.toml", today=DAY)


def reason(decision: Skipped | None) -> SkipReason | None:
    return decision.reason if decision else None


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.31.255.255",
        "192.168.1.1",
        "198.19.255.255",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2001:db8::1",
        "2002:808:808::1",
        "3fff::1",
        "fc00::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_what_is_set_aside_is_closed(address: str) -> None:
    assert reason(scope_of().decide_address(address)) is SkipReason.OUT_OF_SCOPE


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.32.0.0", "11.0.0.0", "126.255.255.255", "128.0.0.0", "2606:4700::1111", "2a00::1"]
)
def test_ordinary_addresses_are_asked_when_we_say_who_we_are(address: str) -> None:
    assert scope_of().decide_address(address) is None


def test_without_an_identity_only_opened_loopback_is_asked() -> None:
    scope = scope_of("127.0.0.0/8", "::1/128", "10.0.0.0/8", "::ffff:0:0/96", identity=Identity())
    assert scope.decide_address("127.0.0.1") is None
    assert scope.decide_address("::1") is None
    assert scope.decide_address("::ffff:127.0.0.1") is None
    for outside in ("8.8.8.8", "10.0.0.1", "2a00::1", "::ffff:8.8.8.8"):
        assert scope.decide_address(outside) == Skipped(SkipReason.OUT_OF_SCOPE, "no identity")


@pytest.mark.parametrize(
    ("outer", "address"),
    [
        ("::ffff:0:0/96", "::ffff:127.0.0.1"),
        ("2002::/16", "2002:7f00:1::"),
        ("64:ff9b::/96", "64:ff9b::7f00:1"),
        ("64:ff9b:1::/48", "64:ff9b:1::a00:1"),
        ("::/96", "::10.0.0.1"),
        ("2001::/32", "2001:0:0808:0808:0:0:80ff:fffe"),
        ("2001::/32", "2001:0:7f00:1:0:0:f7f7:f7f7"),
    ],
)
def test_an_opened_translation_range_does_not_open_the_address_inside(outer: str, address: str) -> None:
    decision = scope_of(outer).decide_address(address)
    assert decision is not None
    assert decision.detail.startswith("embeds ")


def test_the_address_inside_a_translated_one_is_asked_when_both_are_opened() -> None:
    assert scope_of("2002::/16").decide_address("2002:808:808::1") is None
    assert scope_of("64:ff9b::/96", "10.0.0.0/8").decide_address("64:ff9b::a00:1") is None


def test_opening_a_range_leaves_a_narrower_special_range_closed() -> None:
    scope = scope_of("240.0.0.0/4", "192.0.0.0/24")
    assert scope.decide_address("240.0.0.1") is None
    assert scope.decide_address("255.255.255.255") is not None
    assert scope.decide_address("192.0.0.100") is None
    assert scope.decide_address("192.0.0.170") is not None


def test_a_part_of_a_range_can_be_opened_alone() -> None:
    scope = scope_of("127.10.0.0/16")
    assert scope.decide_address("127.10.255.255") is None
    assert scope.decide_address("127.11.0.0") is not None
    assert scope.decide_address("127.9.255.255") is not None


def test_an_exclusion_closes_what_was_opened() -> None:
    scope = scope_of("127.0.0.0/8", exclude=("127.0.0.9", "127.3.0.0/16", "93.184.0.0/16", "2a00:1::/32"))
    assert scope.decide_address("127.0.0.8") is None
    for address in ("127.0.0.9", "127.3.2.1", "93.184.216.34", "2a00:1::5"):
        decision = scope.decide_address(address)
        assert reason(decision) is SkipReason.OUT_OF_SCOPE
        assert decision is not None
        assert "excluded by the operator" in decision.detail


def test_opt_outs_of_addresses_and_names_are_honoured_until_they_expire() -> None:
    scope = scope_of(
        opt_outs=(
            OptOut("93.184.216.0/24", DAY),
            OptOut("94.0.0.1", date(2026, 4, 30)),
            OptOut("www.example.org"),
            OptOut(".Bücher.example"),
        )
    )
    assert reason(scope.decide_address("93.184.216.34")) is SkipReason.OPTED_OUT
    assert scope.decide_address("94.0.0.1") is None
    assert reason(scope.decide_host("www.example.org")) is SkipReason.OPTED_OUT
    assert scope.decide_host("example.org") is None
    assert reason(scope.decide_host("xn--bcher-kva.example")) is SkipReason.OPTED_OUT
    assert reason(scope.decide_host("shop.xn--bcher-kva.example")) is SkipReason.OPTED_OUT
    assert scope.decide_host("notxn--bcher-kva.example") is None


def test_an_opted_out_address_inside_a_translated_one_is_opted_out() -> None:
    scope = scope_of("64:ff9b::/96", opt_outs=(OptOut("93.184.216.34"),))
    assert reason(scope.decide_address("64:ff9b::5db8:d822")) is SkipReason.OPTED_OUT


def test_a_host_that_is_an_address_is_decided_on_as_an_address() -> None:
    assert reason(scope_of().decide_host("127.0.0.1")) is SkipReason.OUT_OF_SCOPE
    assert scope_of("127.0.0.0/8").decide_host("127.0.0.1") is None


@pytest.mark.parametrize("text", ["", "127.1", "0x7f.0.0.1", "2130706433", "localhost", "127.0.0.1 ", "[::1]"])
def test_odd_spellings_of_an_address_never_pass(text: str) -> None:
    assert scope_of("127.0.0.0/8", "::1/128").decide_address(text) is not None


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        (ScopeSection(open=("127.0.0.0/8", "10.0.0.0/33")), "scope.open[1]", "10.0.0.0/33"),
        (ScopeSection(open=("127.0.0.1/8",)), "scope.open[0]", "127.0.0.1/8"),
        (ScopeSection(open=("0.0.0.0/0",)), "scope.open[0]", "0.0.0.0/0"),
        (ScopeSection(open=("8.8.8.0/24",)), "scope.open[0]", "8.8.8.0/24"),
        (ScopeSection(exclude=("a.example", "10.0.0.0/")), "scope.exclude[1]", "10.0.0.0/"),
        (ScopeSection(exclude=("300.1.1.1",)), "scope.exclude[0]", "300.1.1.1"),
        (ScopeSection(exclude=("*.example.org",)), "scope.exclude[0]", "*.example.org"),
    ],
)
def test_a_bad_prefix_names_the_dotted_key_and_the_value(section: ScopeSection, key: str, value: str) -> None:
    with pytest.raises(ConductError) as caught:
        build_scope(section, KNOWN, (), "survey.toml")
    assert caught.value.where == f"survey.toml: {key}"
    assert value in caught.value.what
    assert caught.value.remedy


def test_an_opt_out_that_names_nothing_stops_the_survey_even_when_expired() -> None:
    with pytest.raises(ConductError, match=r"opt-outs\.csv:7"):
        scope_of(opt_outs=(OptOut("300.1.1.1/8", date(2020, 1, 1), where="opt-outs.csv:7"),))


def test_a_scope_survives_pickling() -> None:
    scope = scope_of("127.0.0.0/8", exclude=("a.example", "127.0.0.9"))
    again = pickle.loads(pickle.dumps(scope))  # noqa: S301  # our own value
    assert again == scope
    assert again.decide_address("127.0.0.9") == scope.decide_address("127.0.0.9")


def test_each_special_range_stands_once_with_its_document() -> None:
    entries = (*IPV4_SPECIAL_RANGES, *IPV6_SPECIAL_RANGES)
    assert len({ip_network(entry.prefix) for entry in entries}) == len(entries)
    assert {ip_network(entry.prefix).version for entry in IPV4_SPECIAL_RANGES} == {4}
    assert {ip_network(entry.prefix).version for entry in IPV6_SPECIAL_RANGES} == {6}
    assert all(entry.rfc.startswith("RFC ") and entry.rfc[4:].isdigit() and entry.name for entry in entries)


REGISTRY_OF_2026 = """
0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.0.0/29
192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/32 192.0.0.171/32 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24
192.88.99.0/24 192.88.99.2/32 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4
255.255.255.255/32
::1/128 ::/128 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32 2001:1::1/128
2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28
2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10
"""
"""Both registries of IANA, as a copy of 2026-07-18 has them."""


def test_every_row_of_the_registries_is_there_and_what_is_more_is_said_by_other_documents() -> None:
    ours = {entry.prefix: entry.rfc for entry in (*IPV4_SPECIAL_RANGES, *IPV6_SPECIAL_RANGES)}
    registry = set(REGISTRY_OF_2026.split())
    assert registry <= set(ours)
    more = {prefix: rfc for prefix, rfc in ours.items() if prefix not in registry}
    assert more == {
        "224.0.0.0/4": "RFC 5771",
        "::/3": "RFC 4291",
        "::/96": "RFC 4291",
        "4000::/2": "RFC 4291",
        "8000::/1": "RFC 4291",
        "fec0::/10": "RFC 3879",
        "ff00::/8": "RFC 4291",
    }


def test_an_address_translated_by_siit_does_not_open_the_address_inside() -> None:
    decision = scope_of("::/3").decide_address("::ffff:0:127.0.0.1")
    assert decision is not None
    assert decision.detail.startswith("embeds 127.0.0.1")
