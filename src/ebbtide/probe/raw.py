"""What was read, before its secrets are masked: all that asking itself needs, and the way to the records that are kept.

Masking, and the record of an exchange, are made when somebody keeps or judges it: what waits for the network does not
wait for them. Nothing but ``probe`` sees a raw exchange; judges and journals take ``Exchange`` and ``Transcript``.
"""

import msgspec

from ebbtide.model.outcomes import Outcome
from ebbtide.model.transcripts import Certificate, Deviation, Exchange, TlsSummary, Transcript
from ebbtide.probe.masking import Fields, usual_masker
from ebbtide.probe.settings import Assignment
from ebbtide.probe.stops import Stop
from ebbtide.wire.misplaced import misplaced


class Asking(msgspec.Struct, gc=False):
    """What is known of one request while it is under way. Unknown stays ``None``."""

    stop: Stop
    asked_at_ns: int
    started_s: float
    connect_s: float | None = None
    tls_s: float | None = None
    first_byte_s: float | None = None


class RawExchange(msgspec.Struct, gc=False):
    """One request and its answer as received; see ``Exchange``.

    Attributes:
        body: Decoded, at most the cap; secrets and all.
        deviations: Those of the octets; what the body says of itself is told when it is masked.
        handed_on: As in ``Exchange``.
    """

    assignment: Assignment
    asking: Asking
    ordinal: int
    outcome: Outcome
    status: int | None
    http_version: str
    reason: bytes
    fields: Fields
    body: bytes
    received_bytes: int
    is_truncated: bool
    deviations: tuple[Deviation, ...]
    total_s: float
    address: str
    vantage: str
    tls: TlsSummary | None
    handed_on: str = ""
    _masked: Exchange | None = None

    @property
    def parent(self) -> int | None:
        """As in ``Exchange``."""
        return self.asking.stop.parent

    @property
    def origin(self) -> str:
        """As in ``Exchange``."""
        return self.asking.stop.origin.label

    def masked(self) -> Exchange:
        """The record that may be judged and kept, made once."""
        if self._masked is None:
            self._masked = self._mask()
        elif self._masked.handed_on != self.handed_on:
            self._masked = msgspec.structs.replace(self._masked, handed_on=self.handed_on)
        return self._masked

    def _mask(self) -> Exchange:
        target, asking, stop, body = self.assignment.target, self.asking, self.asking.stop, self.body
        masked = usual_masker().mask(self.fields, body)
        return Exchange(
            target_id=target.target_id,
            site_id=target.site_id,
            ordinal=self.ordinal,
            parent=stop.parent,
            attempt=self.assignment.attempt,
            request=stop.request,
            asked_at_ns=asking.asked_at_ns,
            outcome=self.outcome,
            status=self.status,
            http_version=self.http_version,
            reason=self.reason,
            fields=masked.fields,
            body=masked.body,
            body_bytes=len(body),
            received_bytes=self.received_bytes,
            is_truncated=self.is_truncated,
            deviations=self.deviations if self.tls else self.deviations + misplaced(self.status, body),
            connect_s=asking.connect_s,
            tls_s=asking.tls_s,
            first_byte_s=asking.first_byte_s,
            total_s=self.total_s,
            address=self.address,
            sni=stop.origin.server_name,
            vantage=self.vantage,
            tls=self.tls,
            origin=stop.origin.label,
            handed_on=self.handed_on,
            masked=masked.told,
        )


class RawTranscript(msgspec.Struct, frozen=True, gc=False):
    """All exchanges of one attempt at a target as received; see ``Transcript``."""

    assignment: Assignment
    outcome: Outcome
    exchanges: tuple[RawExchange, ...] = ()
    address: str = ""
    started_at_ns: int = 0
    elapsed_s: float = 0.0
    certificates: tuple[Certificate, ...] = ()
    vantage: str = ""

    def masked(self) -> Transcript:
        """The record that may be judged and kept."""
        assignment = self.assignment
        return Transcript(
            target=assignment.target,
            attempt=assignment.attempt,
            outcome=self.outcome,
            exchanges=tuple([exchange.masked() for exchange in self.exchanges]),
            address=self.address,
            started_at_ns=self.started_at_ns,
            elapsed_s=self.elapsed_s,
            certificates=self.certificates,
            vantage=self.vantage,
            follows=None if assignment.hop is None else assignment.hop.parent,
            resolution=assignment.resolution,
        )
