"""What a server's certificates say, for JSON and in one line."""

from datetime import UTC, datetime, timedelta

import msgspec

from ebbtide.certificates.fitness import covers, is_expired, is_not_yet_valid
from ebbtide.certificates.reading import read_certificate
from ebbtide.model.rows import CertificateSummaryRow
from ebbtide.model.transcripts import Exchange, TlsSummary, Transcript

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def tls_view(tls: TlsSummary | None) -> dict[str, object] | None:
    """A handshake as plain values."""
    if tls is None:
        return None
    chain = [sha256.hex() for sha256 in tls.chain_sha256]
    return {**msgspec.structs.asdict(tls), "chain_sha256": chain}


def certificate_views(transcript: Transcript) -> list[dict[str, object]]:
    """Each certificate that was sent, read closely; the leaf first, and held against host and hour."""
    host, at_ns = transcript.target.host, transcript.started_at_ns
    return [_view(read_certificate(each.der), host, at_ns) for each in transcript.certificates]


def certificate_line(transcript: Transcript) -> str:
    """The handshake and the server's own certificate in one line; empty without TLS."""
    asked = next((exchange for exchange in transcript.exchanges if exchange.tls is not None), None)
    if asked is None or asked.tls is None:
        return ""
    settled = " ".join(part for part in (asked.tls.version, asked.tls.group) if part)
    if not transcript.certificates:
        return f"{settled}, no certificate"
    return f"{settled}, {_leaf_line(read_certificate(transcript.certificates[0].der), transcript, asked)}"


def _leaf_line(leaf: CertificateSummaryRow, transcript: Transcript, asked: Exchange) -> str:
    names = leaf.dns_names or leaf.ip_addresses or [leaf.common_name or "no name"]
    words = [names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")]
    words += [f"{leaf.key_type} {leaf.key_bits}"] if leaf.key_type else []
    words += [f"until {_date(leaf.not_after_s)}"] if leaf.not_after_s is not None else []
    faults = {
        "self-signed": leaf.is_self_signed,
        "expired": is_expired(leaf, asked.asked_at_ns),
        "not yet valid": is_not_yet_valid(leaf, asked.asked_at_ns),
        "for another name": not covers(leaf, transcript.target.host),
        "not all of it can be read": bool(leaf.error),
    }
    return ", ".join(words + [fault for fault, is_so in faults.items() if is_so])


def _view(read: CertificateSummaryRow, host: str, at_ns: int) -> dict[str, object]:
    return {
        **msgspec.structs.asdict(read),
        "sha256": read.sha256.hex(),
        "spki_sha256": read.spki_sha256.hex(),
        "not_before": _date(read.not_before_s),
        "not_after": _date(read.not_after_s),
        "is_expired": is_expired(read, at_ns),
        "covers_host": covers(read, host),
    }


def _date(seconds: int | None) -> str | None:
    return None if seconds is None else (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%d")
