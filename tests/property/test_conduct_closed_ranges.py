from ipaddress import IPv4Address, IPv6Address, ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.conduct.names import canonical_name
from ebbtide.conduct.scope import Scope, build_scope
from ebbtide.conduct.segments import Network, flatten
from ebbtide.conduct.special_ranges import IPV4_SPECIAL_RANGES, IPV6_SPECIAL_RANGES
from ebbtide.model.configuration import Identity, ScopeSection
from ebbtide.model.outcomes import Skipped, SkipReason

KNOWN = Identity("Example University", "https://survey.example.org/", "survey@example.org")
SPECIAL = [ip_network(entry.prefix) for entry in (*IPV4_SPECIAL_RANGES, *IPV6_SPECIAL_RANGES)]


def scope_of(*opened: str) -> Scope:
    return build_scope(ScopeSection(open=opened), KNOWN, (), "survey.toml")


CLOSED = scope_of()


@st.composite
def special_addresses(draw: st.DrawFn) -> str:
    network = draw(st.sampled_from(SPECIAL))
    last = network.num_addresses - 1
    offset = draw(st.one_of(st.just(0), st.just(last), st.integers(0, last)))
    return str(network.network_address + offset)


@given(special_addresses())
def test_no_address_of_a_special_range_passes_unless_opened(address: str) -> None:
    skipped = CLOSED.decide_address(address)
    assert skipped is not None
    assert skipped.reason is SkipReason.OUT_OF_SCOPE


@given(st.sampled_from(SPECIAL), special_addresses())
def test_opening_one_range_opens_no_address_outside_it(opened: Network, address: str) -> None:
    decision = scope_of(str(opened)).decide_address(address)
    inside = ip_network(address).version == opened.version and ip_network(address).subnet_of(opened)  # type: ignore[arg-type]  # versions agree
    assert inside or decision is not None


@given(st.integers(0, 2**32 - 1))
def test_an_address_passes_exactly_when_no_special_range_holds_it(number: int) -> None:
    address = IPv4Address(number)
    is_special = any(network.version == 4 and address in network for network in SPECIAL)
    assert (CLOSED.decide_address(str(address)) is not None) == is_special


@given(st.integers(0, 2**32 - 1), st.sampled_from(["::ffff:0:0/96", "64:ff9b::/96", "2002::/16", "64:ff9b:1::/48"]))
def test_an_embedded_address_never_passes_where_it_would_not_by_itself(number: int, outer: str) -> None:
    base = int(ip_network(outer).network_address)
    embedded = number << 80 if outer == "2002::/16" else number
    alone = CLOSED.decide_address(str(IPv4Address(number)))
    inside = scope_of(outer).decide_address(str(IPv6Address(base + embedded)))
    assert (inside is None) == (alone is None)


@given(st.text(st.characters(exclude_characters="0123456789"), max_size=60))
def test_text_that_names_no_public_address_never_passes(text: str) -> None:
    assert CLOSED.decide_address(text) is not None


@given(st.text(max_size=60))
def test_garbage_for_a_host_never_raises(text: str) -> None:
    decision = CLOSED.decide_host(text)
    assert decision is None or decision.reason is SkipReason.OUT_OF_SCOPE


prefixes = st.builds(
    lambda number, length: ip_network((number >> (32 - length) << (32 - length), length)),
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
)


@settings(max_examples=150)
@given(st.lists(prefixes, max_size=12, unique=True), st.lists(st.integers(0, 2**32 - 1), max_size=6))
def test_laid_flat_the_narrowest_prefix_still_decides(networks: list[Network], probes: list[int]) -> None:
    rows = [(network, Skipped(SkipReason.OUT_OF_SCOPE, str(network))) for network in networks]
    flat = flatten(rows)
    edges = [int(end) for network in networks for end in (network.network_address, network.broadcast_address)]
    for number in probes + edges:
        holders = [network for network in networks if IPv4Address(number) in network]
        narrowest = max(holders, key=lambda network: network.prefixlen, default=None)
        decision = flat.decide(number)
        assert (decision.detail if decision else None) == (str(narrowest) if narrowest else None)


@given(st.text(max_size=80))
def test_a_canonical_name_is_canonical_and_plain(text: str) -> None:
    try:
        name = canonical_name(text)
    except ValueError:
        return
    assert canonical_name(name) == name
    assert name == name.lower()
    assert name.isascii()
    assert not name.endswith(".")
