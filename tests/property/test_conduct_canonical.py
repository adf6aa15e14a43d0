"""What a line of a frame is decided by is what its host and its address are decided by, one after the other."""

from hypothesis import example, given
from hypothesis import strategies as st

from ebbtide.conduct.scope import Scope, build_scope
from ebbtide.frame.ids import canonical_host, is_address
from ebbtide.model.configuration import Identity, ScopeSection
from ebbtide.model.errors import FrameError

SCOPES = [
    build_scope(ScopeSection(open=opened, exclude=exclude), identity, (), "survey.toml")
    for opened in ((), ("127.0.0.0/8", "10.0.0.0/8"))
    for exclude in ((), ("b.example", ".c.example", "8.8.0.0/16", "10.1.0.0/16", "2600::/16"))
    for identity in (Identity(), Identity("Example", "https://survey.example/", "it@survey.example"))
]
ADDRESSES = st.one_of(
    st.sampled_from(["", "8.8.8.8", "127.0.0.1", "10.1.2.3", "::1", "::ffff:8.8.8.8", "2600::1", "224.0.0.1"]),
    st.ip_addresses().map(str),
)
HOSTS = st.one_of(
    st.lists(st.sampled_from(["a", "b", "c", "example", "xn--", "7", "0x1f", "\u00fc", "A", ""]), max_size=5).map(
        ".".join
    ),
    st.text(max_size=10),
    ADDRESSES,
)


@given(st.sampled_from(SCOPES), HOSTS, ADDRESSES)
@example(SCOPES[-1], "8.8.8.8", "10.1.2.3")
@example(SCOPES[-1], "a.c.example", "")
def test_a_line_is_decided_as_its_host_and_then_its_address(scope: Scope, host: str, address: str) -> None:
    try:
        canonical = canonical_host(host)
        pinned = canonical_host(address) if address else ""
    except FrameError:
        return
    for pin in (pinned, canonical) if is_address(canonical) else (pinned,):
        expected = scope.decide_host(canonical) or (scope.decide_address(pin) if pin else None)
        assert scope.decide_canonical(canonical, pin) == expected
