"""Looking an entry up by its place finds what a walk through the whole list finds."""

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from ebbtide.conduct.places import Entry, make_places

LABELS = st.sampled_from(["a", "b", "www", "example"])
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
ADDRESSES = st.one_of(
    st.integers(0, 0xFFFF).map(lambda low: str(ip_address(0x7F000000 + low))),
    st.integers(0, 0xFFFF).map(lambda low: str(ip_address((0xFD << 120) + low))),
)
NETWORKS = st.builds(
    lambda address, length: ip_network(f"{address}/{ip_address(address).max_prefixlen - length}", strict=False),
    ADDRESSES,
    st.integers(0, 16),
)
ENTRIES = st.lists(st.one_of(NAMES, NAMES.map(lambda name: f".{name}"), NETWORKS), max_size=12)


def names(entry: Entry, host: str) -> bool:
    if not isinstance(entry, str):
        return False
    return host == entry or (entry.startswith(".") and f".{host}".endswith(entry))


@given(ENTRIES, NAMES)
def test_of_names(entries: list[Entry], host: str) -> None:
    found = make_places((entry, number) for number, entry in enumerate(entries)).of_host(host)
    assert found == tuple(number for number, entry in enumerate(entries) if names(entry, host))


@given(ENTRIES, ADDRESSES)
def test_of_addresses(entries: list[Entry], address: str) -> None:
    found = make_places((entry, number) for number, entry in enumerate(entries)).of_address(address)
    expected = (n for n, entry in enumerate(entries) if not isinstance(entry, str) and ip_address(address) in entry)
    assert found == tuple(expected)
