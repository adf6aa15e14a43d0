"""Exchanges and transcripts from what was read."""

from collections.abc import Sequence

import msgspec

from ebbtide.model.configuration import CapsSection
from ebbtide.model.outcomes import Answered, Failed, Fault, Outcome, Skipped, Stage
from ebbtide.model.transcripts import Certificate, Exchange, TlsSummary, Transcript, own_exchanges
from ebbtide.probe.itinerary import Stop
from ebbtide.probe.masking import usual_masker
from ebbtide.probe.settings import Assignment
from ebbtide.wire.content import decode_body
from ebbtide.wire.misplaced import misplaced
from ebbtide.wire.response import NOTHING_READ, Response

_ANSWERED = Answered()


class Asking(msgspec.Struct, gc=False):
    """What is known of one request while it is under way. Unknown stays ``None``."""

    stop: Stop
    asked_at_ns: int
    started_s: float
    connect_s: float | None = None
    tls_s: float | None = None
    first_byte_s: float | None = None


def make_exchange(
    assignment: Assignment,
    asking: Asking,
    response: Response | None,
    failure: Failed | Skipped | None,
    address: str,
    tls: TlsSummary | None,
    *,
    ordinal: int,
    now_s: float,
    caps: CapsSection,
    vantage: str,
) -> Exchange:
    """The record of one request and what came of it.

    ``response`` is what was read so far, ``None`` if the request was not even sent; ``failure`` is what ended it,
    ``None`` if the response itself decides. ``address`` is whom the connection was with, if there was one.
    """
    target = assignment.target
    response = response or NOTHING_READ
    body, is_truncated, deviations = response.raw_body, response.is_truncated, response.deviations
    outcome: Outcome | None = failure
    if response.fault is not None and failure is None:
        outcome = Failed(Stage.RESPONSE, response.fault, response.detail)
    if response.codings:
        is_cut = is_truncated or outcome is not None
        decoded = decode_body(body, response.codings, caps.body_bytes, ratio=caps.decoded_ratio, is_truncated=is_cut)
        body, is_truncated, deviations = decoded.body, decoded.is_truncated, deviations + decoded.deviations
        if decoded.is_undecodable and outcome is None:
            codings = b", ".join(response.codings)[:80].decode("latin-1")
            outcome = Failed(Stage.RESPONSE, Fault.BAD_ENCODING, codings)
    if tls is None:
        deviations += misplaced(response.status, body)
    masked = usual_masker().mask(response.fields, body)
    return Exchange(
        target_id=target.target_id,
        site_id=target.site_id,
        ordinal=ordinal,
        parent=asking.stop.parent,
        attempt=assignment.attempt,
        request=asking.stop.request,
        asked_at_ns=asking.asked_at_ns,
        outcome=outcome or _ANSWERED,
        status=response.status,
        http_version=response.http_version,
        reason=response.reason,
        fields=masked.fields,
        body=masked.body,
        body_bytes=len(body),
        received_bytes=response.received_bytes,
        is_truncated=is_truncated,
        deviations=deviations,
        connect_s=asking.connect_s,
        tls_s=asking.tls_s,
        first_byte_s=asking.first_byte_s,
        total_s=now_s - asking.started_s,
        address=address,
        sni=asking.stop.origin.server_name,
        vantage=vantage,
        tls=tls,
        origin=asking.stop.origin.label,
        masked=masked.told,
    )


def make_transcript(
    assignment: Assignment,
    exchanges: Sequence[Exchange],
    outcome: Outcome | None,
    *,
    address: str,
    started_at_ns: int = 0,
    elapsed_s: float = 0.0,
    certificates: Sequence[Certificate] = (),
    vantage: str = "",
) -> Transcript:
    """The record of one attempt at a target; ``outcome`` is ``None`` where the exchanges decide."""
    if outcome is None:
        own = own_exchanges(exchanges) or exchanges
        first = own[0]
        if first.request.path != "/":
            first = next((exchange for exchange in own if exchange.request.path == "/"), first)
        outcome = first.outcome
    return Transcript(
        target=assignment.target,
        attempt=assignment.attempt,
        outcome=outcome,
        exchanges=tuple(exchanges),
        address=address,
        started_at_ns=started_at_ns,
        elapsed_s=elapsed_s,
        certificates=tuple(certificates),
        vantage=vantage,
        follows=None if assignment.hop is None else assignment.hop.parent,
        resolution=assignment.resolution,
    )
