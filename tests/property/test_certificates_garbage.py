"""Whatever a server sends as its certificate is recorded: garbage never raises."""

import hashlib

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ebbtide.certificates.fitness import covers, is_expired
from ebbtide.certificates.reading import read_certificate
from ebbtide.model.rows import CertificateSummaryRow
from ebbtide.rounds.tables import arrow_table
from tls_servers import write_certificate

PATIENT = settings(deadline=None)  # nothing is timed in a test


@pytest.fixture(scope="module")
def der(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("der") / "server.pem"
    names = [x509.DNSName("a.test"), x509.DNSName("*.b.test")]
    return write_certificate(path, names=names).public_bytes(Encoding.DER)


def check(octets: bytes) -> CertificateSummaryRow:
    """It reads as something that the tables can hold and that can be held against a time and a name."""
    read = read_certificate(octets)
    assert read.sha256 == hashlib.sha256(octets).digest()
    assert arrow_table(CertificateSummaryRow, [read]).to_pylist() == [msgspec.structs.asdict(read)]
    assert covers(read, "www.a.test") in {True, False}
    assert is_expired(read, 0) in {True, False, None}
    return read


@PATIENT
@given(st.binary(max_size=400))
@example(b"\x30\x00")
def test_any_octets_are_recorded_with_an_error(octets: bytes) -> None:
    assert check(octets).error


@PATIENT
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_certificate_with_some_octets_changed_is_recorded(der: bytes, changes: list[tuple[int, int]]) -> None:
    octets = bytearray(der)
    for place, octet in changes:
        octets[place % len(octets)] = octet
    check(bytes(octets))


@PATIENT
@given(st.integers(0, 10_000), st.integers(0, 40), st.binary(max_size=40))
def test_a_certificate_with_a_piece_cut_out_or_put_in_is_recorded(
    der: bytes, place: int, cut: int, piece: bytes
) -> None:
    start = place % len(der)
    check(der[:start] + piece + der[start + cut :])


@PATIENT
@given(st.integers(0, 10_000))
def test_a_certificate_cut_short_is_an_error(der: bytes, end: int) -> None:
    assert check(der[: end % len(der)]).error
