"""One certificate read closely: each part by itself, so that an odd one hides nothing of the others."""

import hashlib
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from ebbtide.model.rows import CertificateSummaryRow

MOST_NAMES = 500
"""So many alternative names of each kind are kept; the certificate itself is kept whole."""
_MOST_TEXT = 1000
_MOST_ERROR = 200
REFUSED = (
    ArithmeticError,
    LookupError,
    NotImplementedError,
    TypeError,
    UnsupportedAlgorithm,
    ValueError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What ``cryptography`` raises for certificates that it does not like."""
_SIGNATURE_NAMES = {
    "1.2.840.113549.1.1.2": "md2WithRSAEncryption",
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.10": "rsassaPss",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.113549.1.1.14": "sha224WithRSAEncryption",
    "1.2.840.10040.4.3": "dsa-with-sha1",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "1.3.14.3.2.29": "sha1WithRSAEncryption",
    "1.3.101.112": "ed25519",
    "1.3.101.113": "ed448",
}
"""Source: RFC 3279, RFC 4055, RFC 5758, RFC 8410; 1.3.14.3.2.29 is OIW's identifier of the same."""

Part = TypeVar("Part")


def read_certificate(der: bytes) -> CertificateSummaryRow:
    """Read a certificate.

    Args:
        der: As sent; may be anything at all.

    Returns:
        What it says. What cannot be read is empty or ``None``, and ``error`` names the part and the reason; nothing
        raises.
    """
    faults: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd serial numbers and lengths: they are kept as they are
        certificate = _tried("certificate", lambda: x509.load_der_x509_certificate(der), faults)
        return _read(certificate, der, faults) if certificate is not None else _unreadable(der, faults)


def _read(certificate: x509.Certificate, der: bytes, faults: list[str]) -> CertificateSummaryRow:
    subject = _tried("subject", lambda: certificate.subject, faults)
    issuer = _tried("issuer", lambda: certificate.issuer, faults)
    key = _tried("key", certificate.public_key, faults)
    names = _tried("names", lambda: _alternative_names(certificate), faults)
    is_self_issued = _tried("self-issued", lambda: subject is not None and subject == issuer, faults)
    return CertificateSummaryRow(
        sha256=hashlib.sha256(der).digest(),
        der_bytes=len(der),
        subject=_tried("subject", lambda: _text(subject), faults) or "",
        issuer=_tried("issuer", lambda: _text(issuer), faults) or "",
        common_name=_tried("common name", lambda: _common_name(subject), faults) or "",
        dns_names=_tried("names", lambda: _dns_names(names), faults) or [],
        ip_addresses=_tried("addresses", lambda: _ip_addresses(names), faults) or [],
        spki_sha256=_tried("key", lambda: _spki_sha256(key), faults) or b"",
        not_before_s=_tried("not before", lambda: _seconds(certificate.not_valid_before_utc), faults),
        not_after_s=_tried("not after", lambda: _seconds(certificate.not_valid_after_utc), faults),
        key_type="" if key is None else _key_type(key),
        key_bits=_tried("key", lambda: _key_bits(key), faults),
        key_curve=key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else "",
        signature_algorithm=_tried("signature", lambda: _signature_algorithm(certificate), faults) or "",
        serial=_tried("serial", lambda: f"{certificate.serial_number:x}", faults) or "",
        is_ca=_tried("constraints", lambda: _is_ca(certificate), faults),
        is_self_issued=is_self_issued,
        is_self_signed=_tried("own signature", lambda: _verifies_itself(certificate, key), faults)
        if is_self_issued
        else is_self_issued,
        error=_joined(faults),
    )


def _unreadable(der: bytes, faults: list[str]) -> CertificateSummaryRow:
    return CertificateSummaryRow(
        sha256=hashlib.sha256(der).digest(),
        der_bytes=len(der),
        subject="",
        issuer="",
        common_name="",
        dns_names=[],
        ip_addresses=[],
        spki_sha256=b"",
        not_before_s=None,
        not_after_s=None,
        key_type="",
        key_bits=None,
        key_curve="",
        signature_algorithm="",
        serial="",
        is_ca=None,
        is_self_issued=None,
        is_self_signed=None,
        error=_joined(faults),
    )


def _tried(part: str, read: Callable[[], Part], faults: list[str]) -> Part | None:
    try:
        return read()
    except REFUSED as error:
        faults.append(f"{part}: {type(error).__name__}: {error}"[:_MOST_ERROR])
        return None


def _joined(faults: list[str]) -> str:
    return _printable("; ".join(dict.fromkeys(faults)))


def _text(name: x509.Name | None) -> str:
    return "" if name is None else _printable(name.rfc4514_string())


def _printable(text: str) -> str:
    """Text that every table and terminal can hold: cut, and without lone surrogates."""
    return text[:_MOST_TEXT].encode("utf-8", "backslashreplace").decode("utf-8")


def _common_name(subject: x509.Name | None) -> str:
    found = [] if subject is None else subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not found:
        return ""
    value = found[-1].value
    return _printable(value if isinstance(value, str) else value.decode("latin-1"))


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _dns_names(names: x509.SubjectAlternativeName | None) -> list[str]:
    sent = [] if names is None else names.get_values_for_type(x509.DNSName)
    return [_printable(name) for name in sent[:MOST_NAMES]]


def _ip_addresses(names: x509.SubjectAlternativeName | None) -> list[str]:
    sent = [] if names is None else names.get_values_for_type(x509.IPAddress)
    return [str(address) for address in sent[:MOST_NAMES]]


def _spki_sha256(key: CertificatePublicKeyTypes | None) -> bytes:
    """Of the key as the standard writes it, which for all but odd certificates is as it was sent."""
    if key is None:
        return b""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def _key_type(key: CertificatePublicKeyTypes) -> str:
    match key:
        case rsa.RSAPublicKey():
            return "rsa"
        case dsa.DSAPublicKey():
            return "dsa"
        case ec.EllipticCurvePublicKey():
            return "ec"
        case ed25519.Ed25519PublicKey():
            return "ed25519"
        case ed448.Ed448PublicKey():
            return "ed448"
        case _:
            return type(key).__name__


def _key_bits(key: CertificatePublicKeyTypes | None) -> int | None:
    match key:
        case rsa.RSAPublicKey() | dsa.DSAPublicKey() | ec.EllipticCurvePublicKey():
            return key.key_size
        case ed25519.Ed25519PublicKey():
            return 256
        case ed448.Ed448PublicKey():
            return 456
        case _:
            return None


def _signature_algorithm(certificate: x509.Certificate) -> str:
    dotted = certificate.signature_algorithm_oid.dotted_string
    return _SIGNATURE_NAMES.get(dotted, dotted)


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _verifies_itself(certificate: x509.Certificate, key: CertificatePublicKeyTypes | None) -> bool | None:
    """By the key's own method, since ``verify_directly_issued_by`` refuses SHA-1 and older."""
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    hashed, parameters = certificate.signature_hash_algorithm, certificate.signature_algorithm_parameters
    try:
        match key:
            case rsa.RSAPublicKey() if hashed and isinstance(parameters, PKCS1v15 | PSS):
                key.verify(signature, signed, parameters, hashed)
            case ec.EllipticCurvePublicKey() if isinstance(parameters, ec.ECDSA):
                key.verify(signature, signed, parameters)
            case dsa.DSAPublicKey() if hashed:
                key.verify(signature, signed, hashed)
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
                key.verify(signature, signed)
            case _:
                return None
    except InvalidSignature:
        return False
    return True


def _seconds(moment: datetime) -> int:
    return int((moment - _EPOCH).total_seconds())


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
