from ipaddress import ip_address, ip_network

import pytest

from ebbtide.frame.ids import canonical_host, endpoint_id, prefix_of, shard_of, site_id, target_id
from ebbtide.model.errors import FrameError


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("example.org", "example.org"),
        (" WWW.Example.ORG. ", "www.example.org"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("faß.de", "xn--fa-hia.de"),
        ("日本語。jp", "xn--wgv71a119e.jp"),
        ("☃.net", "xn--n3h.net"),
        ("my_shop.example.org", "my_shop.example.org"),
        ("-odd-.example.org", "-odd-.example.org"),
        ("xn--zz--.com", "xn--zz--.com"),
        ("localhost", "localhost"),
        ("7.example", "7.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("[::1]", "::1"),
    ],
)
def test_a_host_has_one_canonical_form(written: str, canonical: str) -> None:
    assert canonical_host(written) == canonical


@pytest.mark.parametrize(
    "written",
    [
        "",
        ".",
        "a..b",
        ".example.org",
        "a b.example",
        "a/b",
        "a@b",
        "256.0.0.1",
        "1.2.3",
        "192.0.02.1",
        "0x7f.0.0.1",
        "a.0x7f",
        "[::1",
        "::1]",
        ":",
        "fe80::1%eth0",
        "a\x00.example",
        "a\nb.example",
        "\u202egro.elpmaxe",
        "x" * 64 + ".org",
        ".".join(["abcdefgh"] * 30),
        "ü" * 2000,
        "*.example.org",
    ],
)
def test_what_is_no_host_is_refused_with_its_place_and_a_remedy(written: str) -> None:
    with pytest.raises(FrameError) as caught:
        canonical_host(written, "hosts.txt:7")
    assert caught.value.where == "hosts.txt:7"
    assert caught.value.remedy
    assert str(caught.value).isprintable()


def test_ids_never_change() -> None:
    assert site_id("example.org") == 17537913335197928227
    assert target_id("example.org", "*", 80, "http").hex() == "32c259f1c0296c5b0b7ed92cdf91971e"
    assert endpoint_id("192.0.2.7", 80) == 9361327289627329403


def test_every_part_of_a_target_enters_its_id() -> None:
    ids = {
        target_id("a.example", "*", 80, "http"),
        target_id("b.example", "*", 80, "http"),
        target_id("a.example", "192.0.2.7", 80, "http"),
        target_id("a.example", "*", 8080, "http"),
        target_id("a.example", "*", 80, "https"),
    }
    assert len(ids) == 5
    assert target_id("a.example", "", 80, "http") == target_id("a.example", "*", 80, "http")


@pytest.mark.parametrize("site", [0, 1, 2**63, 2**64 - 1, site_id("example.org")])
def test_doubling_the_shards_splits_each_shard_in_two(site: int) -> None:
    assert shard_of(site, 1) == 0
    for shards in (1, 2, 16, 64):
        assert shard_of(site, 2 * shards) // 2 == shard_of(site, shards) < shards


@pytest.mark.parametrize("shards", [0, 3, 12, -16])
def test_a_number_of_shards_that_is_no_power_of_two_is_our_mistake(shards: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        shard_of(1, shards)


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("255.255.255.255", "255.255.255.0/24"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("::1", "::/48"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
    ],
)
def test_limits_are_shared_by_a_24_or_a_48(address: str, prefix: str) -> None:
    assert prefix_of(address) == prefix
    assert "ffff" in address or ip_address(address) in ip_network(prefix)


def test_what_is_no_address_has_no_prefix() -> None:
    with pytest.raises(FrameError):
        prefix_of("example.org")
