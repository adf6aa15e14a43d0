"""Certificates of the lab: the same one has the same octets, and a server can speak TLS with it."""

import contextlib
import datetime as dt
import hashlib
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ebbtide.lab.certificates import Made, make_certificate, server_context
from ebbtide.lab.happenings import CertificateId

DAY = dt.date(2002, 1, 15)
OWN = CertificateId("m1", "2002-01", "m1")


def made(wanted: CertificateId = OWN, seed: int = 1, day: dt.date = DAY) -> Made:
    return make_certificate(seed, wanted, ("www.one.example", "www.two.example"), day)


def test_the_same_certificate_has_the_same_octets_and_another_seed_another_key() -> None:
    assert made() == made()
    assert made().key_sha256 != made(seed=2).key_sha256


def test_a_renewal_with_the_same_key_is_another_certificate_of_one_key() -> None:
    renewed = made(CertificateId("m1", "2002-05", "m1"), day=dt.date(2002, 5, 15))
    assert renewed.sha256 != made().sha256
    assert renewed.key_sha256 == made().key_sha256
    assert made(CertificateId("m1 2002-10", "2002-05", "m1")).key_sha256 != made().key_sha256


def test_the_hashes_are_those_of_the_certificate_and_of_its_key() -> None:
    read = x509.load_pem_x509_certificate(made().certificate)
    assert hashlib.sha256(read.public_bytes(serialization.Encoding.DER)).hexdigest() == made().sha256
    point = read.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert hashlib.sha256(point).hexdigest() == made().key_sha256
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["www.one.example", "www.two.example"]
    assert read.not_valid_before_utc.date() == DAY


def test_a_server_and_a_client_shake_hands_with_it() -> None:
    server_in, server_out, client_in, client_out = (ssl.MemoryBIO() for _ in range(4))
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False
    client_context.verify_mode = ssl.CERT_NONE
    client = client_context.wrap_bio(client_in, client_out)
    server = server_context(made()).wrap_bio(server_in, server_out, server_side=True)
    for _ in range(4):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
            server_in.write(client_out.read())
            client_in.write(server_out.read())
    certificate = client.getpeercert(binary_form=True)
    assert certificate is not None
    assert hashlib.sha256(certificate).hexdigest() == made().sha256
