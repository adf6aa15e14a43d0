"""Whom a certificate names: subject and issuer, in the spelling that collections of fingerprints expect."""

import functools
import warnings

from cryptography import x509

from ebbtide.certificates.reading import REFUSED

REMEMBERED = 4096
"""Certificates whose names are remembered; many hosts send the same."""

_SPELLED = {
    x509.NameOID.SERIAL_NUMBER: "SERIALNUMBER",
    x509.NameOID.EMAIL_ADDRESS: "EMAILADDRESS",
    x509.NameOID.TITLE: "T",
}


@functools.lru_cache(maxsize=REMEMBERED)
def distinguished_names(der: bytes) -> tuple[str, str]:
    """Subject and issuer as RFC 4514 writes them, with the names of attributes that it leaves as numbers spelled out.

    Args:
        der: A certificate as sent; no bytes at all can make this fail.

    Returns:
        Each empty if it cannot be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(der)
    except REFUSED:
        return "", ""
    return _name(certificate, "subject"), _name(certificate, "issuer")


def _name(certificate: x509.Certificate, whose: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            name: x509.Name = getattr(certificate, whose)
            return name.rfc4514_string(_SPELLED)
    except REFUSED:
        return ""
