import datetime as dt
import hashlib
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from ebbtide.certificates.reading import MOST_NAMES, read_certificate

Key = (
    rsa.RSAPrivateKey
    | dsa.DSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)
EC = ec.generate_private_key(ec.SECP384R1())


def make(
    key: Key = EC,
    *,
    extensions: tuple[x509.ExtensionType, ...] = (),
    signer: Key | None = None,
    end: dt.datetime = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
    common_name: str = "a.test",
    issuer: str = "a.test",
) -> bytes:
    subject, parent = (
        x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tide"), x509.NameAttribute(NameOID.COMMON_NAME, each)]
        )
        for each in (common_name, issuer)
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(parent)
        .public_key(key.public_key())
        .serial_number(0xABCDEF)
        .not_valid_before(dt.datetime(2001, 7, 15, tzinfo=dt.UTC))
        .not_valid_after(end)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    is_edwards = isinstance(signer or key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return builder.sign(signer or key, None if is_edwards else hashes.SHA256()).public_bytes(Encoding.DER)


def test_every_part_of_a_certificate_is_read() -> None:
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("a.test"),
            x509.DNSName("*.b.test"),
            x509.IPAddress(ipaddress.ip_address("2001:db8::7")),
            x509.RFC822Name("post@a.test"),
        ]
    )
    der = make(extensions=(names, x509.BasicConstraints(ca=True, path_length=None)))
    read = read_certificate(der)
    assert (read.sha256, read.der_bytes) == (hashlib.sha256(der).digest(), len(der))
    assert (read.subject, read.issuer, read.common_name) == ("CN=a.test,O=Tide", "CN=a.test,O=Tide", "a.test")
    assert (read.dns_names, read.ip_addresses) == (["a.test", "*.b.test"], ["2001:db8::7"])
    spki = EC.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert read.spki_sha256 == hashlib.sha256(spki).digest()
    assert (read.not_before_s, read.not_after_s) == (995_155_200, 1_893_553_445)
    assert (read.key_type, read.key_bits, read.key_curve) == ("ec", 384, "secp384r1")
    assert (read.signature_algorithm, read.serial) == ("ecdsa-with-SHA256", "abcdef")
    assert (read.is_ca, read.is_self_issued, read.is_self_signed, read.error) == (True, True, True, "")


@pytest.mark.parametrize(
    ("key", "kind", "bits", "signature"),
    [
        (rsa.generate_private_key(65537, 1024), "rsa", 1024, "sha256WithRSAEncryption"),  # noqa: S505  # as weak as met
        (dsa.generate_private_key(1024), "dsa", 1024, "2.16.840.1.101.3.4.3.2"),  # noqa: S505  # as weak as met
        (ed25519.Ed25519PrivateKey.generate(), "ed25519", 256, "ed25519"),
        (ed448.Ed448PrivateKey.generate(), "ed448", 456, "ed448"),
    ],
    ids=["rsa", "dsa", "ed25519", "ed448"],
)
def test_every_kind_of_key_is_named_and_tried_on_its_own_signature(
    key: Key, kind: str, bits: int, signature: str
) -> None:
    read = read_certificate(make(key))
    assert (read.key_type, read.key_bits, read.signature_algorithm) == (kind, bits, signature)
    assert (read.is_ca, read.is_self_signed, read.error) == (False, True, "")


def test_a_certificate_of_another_issuer_is_neither_self_issued_nor_self_signed() -> None:
    read = read_certificate(make(issuer="root.test", signer=ec.generate_private_key(ec.SECP256R1())))
    assert (read.is_self_issued, read.is_self_signed) == (False, False)


def test_self_issued_with_the_signature_of_another_key_is_not_self_signed() -> None:
    read = read_certificate(make(signer=ec.generate_private_key(ec.SECP256R1())))
    assert (read.is_self_issued, read.is_self_signed) == (True, False)


def test_a_validity_to_the_end_of_time_has_its_second() -> None:
    assert (
        read_certificate(make(end=dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC))).not_after_s == 253_402_300_799
    )


def test_very_many_names_are_cut() -> None:
    many = x509.SubjectAlternativeName([x509.DNSName(f"{number}.test") for number in range(MOST_NAMES + 10)])
    assert len(read_certificate(make(extensions=(many,))).dns_names) == MOST_NAMES


@pytest.mark.parametrize(
    "der", [b"", b"\x30\x82\xff\xff", b"<html>", b"\x30" * 100_000], ids=["none", "cut", "html", "huge"]
)
def test_what_is_no_certificate_is_kept_with_the_reason(der: bytes) -> None:
    read = read_certificate(der)
    assert (read.sha256, read.der_bytes) == (hashlib.sha256(der).digest(), len(der))
    assert read.error.startswith("certificate: ")
    assert (read.subject, read.not_after_s, read.is_ca) == ("", None, None)


def test_an_odd_part_hides_nothing_of_the_others() -> None:
    der = make(extensions=(x509.SubjectAlternativeName([x509.DNSName("abc.test")]),))
    read = read_certificate(der.replace(b"abc.test", b"ab\xff.test"))
    assert read.error.startswith("names: ")
    assert read.dns_names == []
    assert (read.common_name, read.key_bits, read.serial) == ("a.test", 384, "abcdef")


def test_a_negative_serial_number_is_kept_with_its_sign() -> None:
    read = read_certificate(make().replace(b"\x02\x04\x00\xab\xcd\xef", b"\x02\x04\xfe\xab\xcd\xef"))
    assert read.serial == f"-{0x1543211:x}"
    assert read.is_self_signed is False
