from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

from hypothesis import given
from hypothesis import strategies as st

from ebbtide.conduct.scope import Scope, build_scope
from ebbtide.conduct.special_ranges import SPECIAL_RANGES, PrefixTable
from ebbtide.model.configuration import Identity, ScopeSection

SOMEBODY = Identity(organisation="o", page="p", contact="c")
CLOSED = build_scope(ScopeSection(), SOMEBODY, (), "survey.toml")
special = st.sampled_from([ip_network(line.prefix) for line in SPECIAL_RANGES])


@given(prefix=special, offset=st.integers(min_value=0))
def test_no_address_of_a_special_range_passes_unopened(prefix: IPv4Network | IPv6Network, offset: int) -> None:
    assert CLOSED.decide_address(str(prefix[offset % prefix.num_addresses])) is not None


@given(st.text(max_size=60))
def test_garbage_is_out_of_scope_and_never_raises(text: str) -> None:
    assert Scope(has_identity=True).decide_address(text) is None or CLOSED.decide_address(text) is not None


@given(
    st.lists(st.ip_addresses(v=4), min_size=1, max_size=8),
    st.lists(st.integers(8, 32), min_size=8, max_size=8),
    st.ip_addresses(v=4),
)
def test_the_table_finds_the_innermost_prefix(
    addresses: list[IPv4Address], lengths: list[int], wanted: IPv4Address
) -> None:
    prefixes = [ip_network(f"{a}/{n}", strict=False) for a, n in zip(addresses, lengths, strict=False)]
    holding = [prefix for prefix in prefixes if wanted in prefix]
    expected = max(holding, key=lambda prefix: prefix.prefixlen, default=None)
    assert PrefixTable(prefixes).find(wanted) == expected
