import msgspec
import pytest

from ebbtide.certificates.fitness import covers, is_expired, is_not_yet_valid
from ebbtide.certificates.reading import read_certificate
from ebbtide.model.rows import CertificateSummaryRow

NOTHING = read_certificate(b"")
NS = 1_000_000_000


def named(*names: str, common_name: str = "", addresses: tuple[str, ...] = ()) -> CertificateSummaryRow:
    return msgspec.structs.replace(
        NOTHING, dns_names=list(names), common_name=common_name, ip_addresses=list(addresses)
    )


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("a.test", "a.test"),
        ("A.Test", "a.test"),
        ("a.test.", "a.test"),
        ("*.a.test", "www.a.test"),
        ("*.A.test", "www.a.test"),
        ("xn--bcher-kva.test", "xn--bcher-kva.test"),
    ],
)
def test_a_name_covers_a_host(name: str, host: str) -> None:
    assert covers(named("other.test", name), host)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("a.test", "b.test"),
        ("a.test", "www.a.test"),
        ("*.a.test", "a.test"),
        ("*.a.test", "b.www.a.test"),
        ("w*.a.test", "www.a.test"),
        ("*w.a.test", "www.a.test"),
        ("*.*.test", "www.a.test"),
        ("www.*.test", "www.a.test"),
        ("*", "test"),
        ("*.", "test."),
        ("", "a.test"),
        ("*.a.test", ".a.test"),
        ("192.0.2.7", "192.0.2.7"),
        ("*.0.2.7", "192.0.2.7"),
    ],
)
def test_a_name_does_not_cover_a_host(name: str, host: str) -> None:
    assert not covers(named(name), host)


def test_an_address_is_covered_by_the_same_address_only() -> None:
    certificate = named(addresses=("192.0.2.7", "2001:db8::7"), common_name="192.0.2.8")
    assert covers(certificate, "192.0.2.7")
    assert covers(certificate, "2001:db8:0::7")
    assert not covers(certificate, "192.0.2.8")


def test_the_common_name_counts_only_without_alternative_names() -> None:
    assert covers(named(common_name="*.a.test"), "www.a.test")
    assert not covers(named("b.test", common_name="a.test"), "a.test")
    assert not covers(named(addresses=("192.0.2.7",), common_name="a.test"), "a.test")


def test_the_last_second_belongs_to_the_validity() -> None:
    certificate = msgspec.structs.replace(NOTHING, not_before_s=100, not_after_s=200)
    assert [is_expired(certificate, at) for at in (200 * NS, 201 * NS - 1, 201 * NS)] == [False, False, True]
    assert [is_not_yet_valid(certificate, at) for at in (100 * NS - 1, 100 * NS)] == [True, False]
    assert is_expired(NOTHING, 0) is None
    assert is_not_yet_valid(NOTHING, 0) is None
