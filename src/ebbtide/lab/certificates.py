"""Certificates of the lab's servers: keys and signatures follow from the seed, so the same one has the same octets.

Nobody trusts their issuer. Keys are of the curve P-256; the issuer signs with Ed25519, whose signatures need no lots.
"""

import datetime as dt
import hashlib
import ssl
import tempfile
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from ebbtide.lab.happenings import CertificateId

VALID_DAYS = 397
_ISSUER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Miniature Internet Issuer")])


class Made(msgspec.Struct, frozen=True):
    """A certificate with its key.

    Attributes:
        sha256: Hexadecimal, of the certificate.
        key_sha256: Hexadecimal, of the public key with its algorithm.
    """

    certificate: bytes
    key: bytes
    sha256: str
    key_sha256: str


def make_certificate(seed: int, wanted: CertificateId, names: tuple[str, ...], issued: dt.date) -> Made:
    """Make a certificate; the same arguments make the same octets.

    Args:
        seed: Of the world.
        wanted: Which.
        names: For which names it is, the first its subject.
        issued: First day of its validity.
    """
    key = ec.derive_private_key(_number(seed, "key", wanted.key), ec.SECP256R1())
    start = dt.datetime(issued.year, issued.month, issued.day, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])]))
        .issuer_name(_ISSUER)
        .public_key(key.public_key())
        .serial_number(_number(seed, "serial", wanted.owner, wanted.issued) >> 100)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(_issuer_key(seed), None)
    )
    point = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Made(
        made.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        made.fingerprint(hashes.SHA256()).hex(),
        hashlib.sha256(point).hexdigest(),
    )


def server_context(made: Made) -> ssl.SSLContext:
    """What a server needs to speak TLS with it. Its files are gone when this returns."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "both.pem"
        path.touch(mode=0o600)
        path.write_bytes(made.certificate + made.key)
        context.load_cert_chain(path)
    return context


def _issuer_key(seed: int) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(_digest(seed, "issuer"))


def _number(seed: int, *parts: str) -> int:
    """A number below the order of the curve, and above 0."""
    return (int.from_bytes(_digest(seed, *parts), "big") >> 1) + 1


def _digest(seed: int, *parts: str) -> bytes:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=32, key=str(seed).encode()[:64]).digest()
