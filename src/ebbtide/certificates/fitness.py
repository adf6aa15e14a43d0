"""Whether a certificate fits the moment and the host that it was shown for: pure, on what was recorded."""

from ipaddress import ip_address

from ebbtide.model.rows import CertificateSummaryRow

_NS_PER_S = 1_000_000_000


def is_expired(certificate: CertificateSummaryRow, at_ns: int) -> bool | None:
    """Whether its validity had ended (RFC 5280, 4.1.2.5: the last second belongs to it).

    Args:
        certificate: As read.
        at_ns: When it was shown: ``asked_at_ns`` of the exchange.

    Returns:
        ``None`` if its end cannot be read.
    """
    return None if certificate.not_after_s is None else at_ns // _NS_PER_S > certificate.not_after_s


def is_not_yet_valid(certificate: CertificateSummaryRow, at_ns: int) -> bool | None:
    """Whether its validity had not begun; ``None`` if its beginning cannot be read."""
    return None if certificate.not_before_s is None else at_ns // _NS_PER_S < certificate.not_before_s


def covers(certificate: CertificateSummaryRow, host: str) -> bool:
    """Whether it was issued for a host.

    A name is held against the alternative names; against the common name only if there are no alternative names
    (RFC 6125, 6.4.4; RFC 9525 has given that up, old servers have not). A wildcard counts as the whole leftmost label
    and stands for exactly one label (RFC 9525, 6.3). An address is held against addresses only, never against a name.

    Args:
        certificate: As read.
        host: Canonical host: a lower-case name of A-labels, or an address.
    """
    try:
        address = ip_address(host)
    except ValueError:
        names = certificate.dns_names
        if not names and not certificate.ip_addresses and certificate.common_name:
            names = [certificate.common_name]
        return any(_matches(name, host) for name in names)
    return str(address) in certificate.ip_addresses


def _matches(presented: str, host: str) -> bool:
    presented, host = presented.lower().removesuffix("."), host.lower().removesuffix(".")
    if not presented.startswith("*."):
        return presented == host and "*" not in presented
    label, _, parent = host.partition(".")
    return bool(label) and parent == presented[2:] and "*" not in parent
