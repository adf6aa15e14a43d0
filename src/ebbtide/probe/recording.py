"""Raw exchanges and transcripts from what was read."""

from collections.abc import Sequence
from typing import Final

from ebbtide.model.configuration import CapsSection
from ebbtide.model.outcomes import Answered, Failed, Fault, Outcome, Skipped, Stage
from ebbtide.model.transcripts import Certificate, TlsSummary, own_exchanges
from ebbtide.probe.raw import Asking, RawExchange, RawTranscript
from ebbtide.probe.settings import Assignment
from ebbtide.wire.content import decode_body
from ebbtide.wire.records import NOTHING_READ, Response

_ANSWERED: Final = Answered()


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
) -> RawExchange:
    """One request and what came of it.

    ``response`` is what was read so far, ``None`` if the request was not even sent; ``failure`` is what ended it,
    ``None`` if the response itself decides. ``address`` is whom the connection was with, if there was one.
    """
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
    return RawExchange(
        assignment,
        asking,
        ordinal,
        outcome or _ANSWERED,
        response.status,
        response.http_version,
        response.reason,
        response.fields,
        body,
        response.received_bytes,
        is_truncated,
        deviations,
        now_s - asking.started_s,
        address,
        vantage,
        tls,
    )


def make_transcript(
    assignment: Assignment,
    exchanges: Sequence[RawExchange],
    outcome: Outcome | None,
    *,
    address: str,
    started_at_ns: int = 0,
    elapsed_s: float = 0.0,
    certificates: tuple[Certificate, ...] = (),
    vantage: str = "",
) -> RawTranscript:
    """One attempt at a target; ``outcome`` is ``None`` where the exchanges decide."""
    if outcome is None:
        outcome = _first_own(exchanges).outcome
    return RawTranscript(
        assignment, outcome, tuple(exchanges), address, started_at_ns, elapsed_s, certificates, vantage
    )


def _first_own(exchanges: Sequence[RawExchange]) -> RawExchange:
    """That of ``/``; where it was not asked, the first of the target's own."""
    if len(exchanges) == 1:
        return exchanges[0]
    own = own_exchanges(exchanges) or exchanges
    return next((exchange for exchange in own if exchange.asking.stop.request.path == "/"), own[0])
