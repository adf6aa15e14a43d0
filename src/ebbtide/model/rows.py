"""What lies in the tables of a round: one flat record a row. ``rounds`` derives its Arrow schemas from these."""

import msgspec

from ebbtide.model.transcripts import TlsSummary


class TargetRow(msgspec.Struct, frozen=True):
    """Table ``targets``: who was planned. Shard by ``site_id``."""

    target_id: bytes
    site_id: int
    host: str
    address: str
    port: int
    scheme: str
    stratum: str
    weight: float


class OutcomeRow(msgspec.Struct, frozen=True):
    """Table ``outcomes``: one row an attempt.

    The attempt that counts is the answered one with the fewest failed exchanges, the latest of equals; without an
    answered one, the last.

    Attributes:
        endpoint_id: 64-bit hash of (address, port); 0 if no address was known.
        kind: ``answered``, ``failed`` or ``skipped``.
        stage, fault: Of a failure; empty otherwise.
        reason: Of a skip; empty otherwise.
        status: Status code of the answer to ``/``; ``None`` without one.
        failed_exchange_count: Exchanges that failed, or whose body ended before its announced length; hops of redirects
            are not counted.
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


class ExchangeRow(msgspec.Struct, frozen=True):
    """Table ``exchanges``: one request and its answer; the body lies in ``bodies`` under its hash."""

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
    tls: TlsSummary | None
    origin: str | None = None
    handed_on: str | None = None


class BodyRow(msgspec.Struct, frozen=True):
    """Table ``bodies``: each distinct body of a shard, once a file."""

    sha256: bytes
    body: bytes


class CertificateRow(msgspec.Struct, frozen=True):
    """Table ``certificates``: each distinct certificate of a shard, once a file."""

    sha256: bytes
    der: bytes


class AddressUnitRow(msgspec.Struct, frozen=True):
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


class SoftwareRow(msgspec.Struct, frozen=True):
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


class VerdictRow(msgspec.Struct, frozen=True):
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
