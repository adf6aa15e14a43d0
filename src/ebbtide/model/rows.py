"""What lies in the tables of a round: one flat record a row. ``rounds`` derives its Arrow schemas from these."""

import msgspec


class TargetRow(msgspec.Struct, frozen=True, gc=False):
    """Table ``targets``: who was planned. Shard by ``site_id``.

    Attributes:
        fallback: Asked in the other scheme if this one cannot be spoken; ``None`` in older rounds.
    """

    target_id: bytes
    site_id: int
    host: str
    address: str
    port: int
    scheme: str
    stratum: str
    weight: float
    fallback: bool | None = None


class OutcomeRow(msgspec.Struct, frozen=True, gc=False):
    """Table ``outcomes``: one row an attempt.

    The attempt that counts is the answered one with the fewest failed exchanges, the latest of equals; without an
    answered one, the last.

    Attributes:
        endpoint_id: 64-bit hash of (address, port); 0 if no address was known.
        kind: ``answered``, ``failed`` or ``skipped``.
        stage, fault: Of a failure; empty otherwise.
        reason: Of a skip; empty otherwise.
        status: Status code of the answer to ``/``; ``None`` without one.
        port: Where the exchanges that count were asked, if not at the target's own port (see ``TargetRow.fallback``).
        failed_exchange_count: Exchanges that failed, or whose body ended before its announced length; hops of redirects
            and robots.txt are not counted.
        cnames: Names that the host is an alias of, in order; ``None`` if the name system was not asked.
        resolved_addresses: Addresses of the host, those included that the scope closes, at most 64; ``None`` as before.
        resolved_address_count: Addresses in the answer, those included that were too many to be kept.
    """

    target_id: bytes
    site_id: int
    endpoint_id: int
    attempt: int
    kind: str
    stage: str
    fault: str
    reason: str
    detail: str
    address: str
    status: int | None
    exchange_count: int
    failed_exchange_count: int
    started_at_ns: int
    elapsed_s: float
    vantage: str
    port: int | None = None
    cnames: list[str] | None = None
    resolved_addresses: list[str] | None = None
    resolved_address_count: int | None = None


class TlsRow(msgspec.Struct, frozen=True, gc=False):
    """The column ``tls`` of ``exchanges``; what came later has columns of its own, so that old files stay readable."""

    version: str
    cipher: str
    alpn: str
    chain_sha256: tuple[bytes, ...]


class ExchangeRow(msgspec.Struct, frozen=True, gc=False):
    """Table ``exchanges``: one request and its answer; the body lies in ``bodies`` under its hash.

    Attributes:
        tls_group: Group of the key exchange, empty for plain RSA; ``None`` without TLS and in older rounds.
        tls_chain_count: Certificates that were sent, of which ``tls`` names the first 16; ``None`` as before.
        masked: Which secrets were masked before anything was kept or judged, each as ``where/rule:count``;
            null if none were.
    """

    target_id: bytes
    site_id: int
    attempt: int
    ordinal: int
    parent: int | None
    purpose: str
    method: str
    path: str
    request_fields: list[tuple[str, str]]
    asked_at_ns: int
    kind: str
    stage: str
    fault: str
    reason_skipped: str
    detail: str
    status: int | None
    http_version: str
    reason: bytes
    fields: list[tuple[bytes, bytes]]
    body_sha256: bytes
    body_bytes: int
    received_bytes: int
    is_truncated: bool
    deviations: list[str]
    connect_s: float | None
    tls_s: float | None
    first_byte_s: float | None
    total_s: float | None
    address: str
    sni: str
    vantage: str
    tls: TlsRow | None
    origin: str | None = None
    handed_on: str | None = None
    tls_group: str | None = None
    tls_chain_count: int | None = None
    masked: list[str] | None = None


class BodyRow(msgspec.Struct, frozen=True, gc=False):
    """Table ``bodies``: each distinct body of a shard, once a file."""

    sha256: bytes
    body: bytes


class CertificateRow(msgspec.Struct, frozen=True, gc=False):
    """Table ``certificates``: each distinct certificate of a shard, once a file."""

    sha256: bytes
    der: bytes


class CertificateSummaryRow(msgspec.Struct, frozen=True, gc=False):
    """Table ``certificate_summaries``: each certificate of a round read closely, once; written at sealing.

    Shard by the first octets of ``sha256``. What could not be read is empty or ``None``, and ``error`` says why.

    Attributes:
        sha256: As in ``certificates``.
        subject, issuer: Distinguished names as RFC 4514 writes them.
        common_name: The subject's last; empty if there is none.
        dns_names, ip_addresses: Of the subject's alternative names, as sent and in canonical form.
        spki_sha256: SHA-256 of the public key with its algorithm (SubjectPublicKeyInfo).
        not_before_s, not_after_s: Validity, both ends included; seconds since 1970, UTC.
        key_type: ``rsa``, ``dsa``, ``ec``, ``ed25519``, ``ed448`` or the class of another key.
        key_bits: Its length; that of the curve.
        key_curve: Name of an ``ec`` key's curve.
        signature_algorithm: Name as in its RFC (``sha256WithRSAEncryption``), or the identifier in dots.
        serial: Hexadecimal, with a minus sign if negative.
        is_ca: It may sign others (basicConstraints); false if it does not say.
        is_self_issued: Issuer and subject are the same octets.
        is_self_signed: Self-issued, and its own key verifies its signature; ``None`` if that could not be tried.
        error: What could not be read, part by part.
    """

    sha256: bytes
    der_bytes: int
    subject: str
    issuer: str
    common_name: str
    dns_names: list[str]
    ip_addresses: list[str]
    spki_sha256: bytes
    not_before_s: int | None
    not_after_s: int | None
    key_type: str
    key_bits: int | None
    key_curve: str
    signature_algorithm: str
    serial: str
    is_ca: bool | None
    is_self_issued: bool | None
    is_self_signed: bool | None
    error: str


class AddressUnitRow(msgspec.Struct, frozen=True, gc=False):
    """Table ``units/address``: written at sealing, shard by ``endpoint_id``.

    Attributes:
        weight: Mean weight of its names.
        kind: ``answered`` if any name answered, else as its names ended.
    """

    endpoint_id: int
    address: str
    port: int
    name_count: int
    stratum: str
    weight: float
    kind: str


class SoftwareRow(msgspec.Struct, frozen=True, gc=False):
    """Table ``judgements/<id>/software``: products named by an answer.

    Attributes:
        is_family: This row gives the target's family; an answered target has exactly one, ``unknown`` if need be.
    """

    target_id: bytes
    site_id: int
    family: str
    role: str
    vendor: str
    product: str
    version: str
    cpe: str
    source: str
    part: str
    is_family: bool


class VerdictRow(msgspec.Struct, frozen=True, gc=False):
    """Table ``judgements/<id>/verdicts``: sparse.

    Not stored, because implied: ``not_shown`` for an answered target whose family is in the check's base,
    ``not_asked(gate_closed)`` for an answered target of another known family, ``not_asked(unreachable)`` for one that
    did not answer.
    """

    target_id: bytes
    site_id: int
    check: str
    kind: str
    reason: str
    ordinal: int | None
    part: str
    excerpt: str
    matcher: str
