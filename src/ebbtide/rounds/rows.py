"""From transcripts to rows."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from ebbtide.frame.ids import endpoint_id
from ebbtide.model.outcomes import Answered, Failed, Outcome, Skipped
from ebbtide.model.rows import BodyRow, CertificateRow, ExchangeRow, OutcomeRow, TargetRow, TlsRow
from ebbtide.model.targets import Scheme, Target, default_port
from ebbtide.model.transcripts import Deviation, Exchange, Purpose, Transcript, own_exchanges

ANSWERED, FAILED, SKIPPED = "answered", "failed", "skipped"


def target_row(target: Target) -> TargetRow:
    """The row of a planned target."""
    return TargetRow(
        target_id=target.target_id,
        site_id=target.site_id,
        host=target.host,
        address=target.address,
        port=target.port,
        scheme=str(target.scheme),
        stratum=target.stratum,
        weight=target.weight,
        fallback=target.fallback,
    )


def outcome_row(transcript: Transcript) -> OutcomeRow:
    """The row of one attempt."""
    kind, stage, fault, reason, detail = outcome_parts(transcript.outcome)
    target, said = transcript.target, transcript.resolution
    own = own_exchanges(transcript.exchanges)
    port = _other_port(own)
    return OutcomeRow(
        target_id=target.target_id,
        site_id=target.site_id,
        endpoint_id=endpoint_id(transcript.address, port or target.port) if transcript.address else 0,
        attempt=transcript.attempt,
        kind=kind,
        stage=stage,
        fault=fault,
        reason=reason,
        detail=detail,
        address=transcript.address,
        status=_root_status(own),
        exchange_count=len(transcript.exchanges),
        failed_exchange_count=sum(map(_is_broken, own)),
        started_at_ns=transcript.started_at_ns,
        elapsed_s=transcript.elapsed_s,
        vantage=transcript.vantage,
        port=port,
        cnames=None if said is None else list(said.cnames),
        resolved_addresses=None if said is None else list(said.addresses),
        resolved_address_count=None if said is None else said.address_count,
    )


def _other_port(own: Sequence[Exchange]) -> int | None:
    """The port of the origin that they were asked at, if it is not the target's own."""
    if not own or not own[0].origin:
        return None
    parts = urlsplit(own[0].origin)
    return parts.port or default_port(Scheme(parts.scheme))


def _is_broken(exchange: Exchange) -> bool:
    """It failed, or its body ended before the length that was announced: a dropped connection looks like this too.

    What became of robots.txt is about our own manners, not about the target.
    """
    if exchange.request.purpose is Purpose.ROBOTS:
        return False
    return isinstance(exchange.outcome, Failed) or Deviation.BODY_SHORTER_THAN_LENGTH in exchange.deviations


def exchange_rows(transcript: Transcript) -> list[ExchangeRow]:
    """The rows of its exchanges, without bodies."""
    return [_exchange_row(exchange) for exchange in transcript.exchanges]


def with_hashes(transcript: Transcript) -> Transcript:
    """The same transcript, its bodies named by their hashes."""
    exchanges = tuple(
        msgspec.structs.replace(each, body_sha256=hashlib.sha256(each.body).digest())
        if each.body and not each.body_sha256
        else each
        for each in transcript.exchanges
    )
    return msgspec.structs.replace(transcript, exchanges=exchanges)


def body_rows(transcripts: Iterable[Transcript]) -> Iterator[BodyRow]:
    """Each distinct body once."""
    seen: set[bytes] = set()
    for transcript in transcripts:
        for exchange in transcript.exchanges:
            if exchange.body_sha256 and exchange.body_sha256 not in seen:
                seen.add(exchange.body_sha256)
                yield BodyRow(exchange.body_sha256, exchange.body)


def certificate_rows(transcripts: Iterable[Transcript]) -> Iterator[CertificateRow]:
    """Each distinct certificate once."""
    seen: set[bytes] = set()
    for transcript in transcripts:
        for certificate in transcript.certificates:
            if certificate.sha256 not in seen:
                seen.add(certificate.sha256)
                yield CertificateRow(certificate.sha256, certificate.der)


def outcome_parts(outcome: Outcome) -> tuple[str, str, str, str, str]:
    """Kind, stage, fault, reason and detail, empty where they do not apply."""
    match outcome:
        case Answered():
            return ANSWERED, "", "", "", ""
        case Failed():
            return FAILED, str(outcome.stage), str(outcome.fault), "", outcome.detail
        case Skipped():
            return SKIPPED, "", "", str(outcome.reason), outcome.detail


def _root_status(exchanges: Iterable[Exchange]) -> int | None:
    for exchange in exchanges:
        if exchange.request.purpose is Purpose.ROOT:
            return exchange.status if isinstance(exchange.outcome, Answered) else None
    return None


def _exchange_row(exchange: Exchange) -> ExchangeRow:
    kind, stage, fault, reason_skipped, detail = outcome_parts(exchange.outcome)
    request, tls = exchange.request, exchange.tls
    return ExchangeRow(
        target_id=exchange.target_id,
        site_id=exchange.site_id,
        attempt=exchange.attempt,
        ordinal=exchange.ordinal,
        parent=exchange.parent,
        purpose=str(request.purpose),
        method=str(request.method),
        path=request.path,
        request_fields=list(request.fields),
        asked_at_ns=exchange.asked_at_ns,
        kind=kind,
        stage=stage,
        fault=fault,
        reason_skipped=reason_skipped,
        detail=detail,
        status=exchange.status,
        http_version=exchange.http_version,
        reason=exchange.reason,
        fields=list(exchange.fields),
        body_sha256=exchange.body_sha256,
        body_bytes=exchange.body_bytes,
        received_bytes=exchange.received_bytes,
        is_truncated=exchange.is_truncated,
        deviations=[str(deviation) for deviation in exchange.deviations],
        connect_s=exchange.connect_s,
        tls_s=exchange.tls_s,
        first_byte_s=exchange.first_byte_s,
        total_s=exchange.total_s,
        address=exchange.address,
        sni=exchange.sni,
        vantage=exchange.vantage,
        tls=None if tls is None else TlsRow(tls.version, tls.cipher, tls.alpn, tls.chain_sha256),
        origin=exchange.origin or None,
        handed_on=exchange.handed_on or None,
        tls_group=None if tls is None else tls.group,
        tls_chain_count=None if tls is None else tls.chain_count,
        masked=list(exchange.masked) or None,
    )
