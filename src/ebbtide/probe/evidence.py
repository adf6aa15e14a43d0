"""What was seen of one target in one attempt, kept as it comes, and where its itinerary stands."""

from ebbtide.model.outcomes import Failed, Outcome, Skipped
from ebbtide.model.transcripts import Certificate, TlsSummary
from ebbtide.probe.itinerary import CLOSED_BY_ROBOTS, Itinerary
from ebbtide.probe.network import Network
from ebbtide.probe.raw import Asking, RawExchange, RawTranscript
from ebbtide.probe.recording import make_exchange, make_transcript
from ebbtide.probe.settings import Assignment, ProbeSettings
from ebbtide.probe.stops import Stop
from ebbtide.wire.records import Response


class Evidence:
    """Exchanges and certificates of one attempt.

    Args:
        assignment: Whom it is about.
        itinerary: What is asked; it is told of every exchange.
        settings: How is asked.
        network: Tells the time.

    Attributes:
        exchanges: In the order in which they ended.
    """

    __slots__ = (
        "_assignment", "_certificates", "_first_ordinal", "_itinerary", "_network", "_settings", "_started_ns",
        "_started_s", "exchanges"
    )  # fmt: skip

    def __init__(self, assignment: Assignment, itinerary: Itinerary, settings: ProbeSettings, network: Network) -> None:
        self._assignment = assignment
        self._itinerary = itinerary
        self._settings = settings
        self._network = network
        self._started_ns = network.now_ns()
        self._started_s = network.now_s()
        self._first_ordinal = 0 if assignment.hop is None else assignment.hop.first_ordinal
        self._certificates: dict[bytes, Certificate] | None = None
        self.exchanges: list[RawExchange] = []

    def keep_certificates(self, certificates: tuple[Certificate, ...]) -> None:
        """Keep what a handshake showed, each certificate once."""
        if self._certificates is None:
            self._certificates = {}
        for certificate in certificates:
            self._certificates.setdefault(certificate.sha256, certificate)

    def record(
        self,
        asking: Asking,
        response: Response | None,
        failure: Failed | Skipped | None,
        address: str,
        tls: TlsSummary | None,
    ) -> RawExchange:
        """Keep what came of one request; see ``make_exchange``."""
        exchange = make_exchange(
            self._assignment,
            asking,
            response,
            failure,
            address,
            tls,
            ordinal=self._first_ordinal + len(self.exchanges),
            now_s=self._network.now_s(),
            caps=self._settings.caps,
            vantage=self._settings.vantage,
        )
        self._itinerary.pass_on(exchange)
        self.exchanges.append(exchange)
        return exchange

    def next_stop(self) -> Stop | None:
        """Where to go next; what must not be asked is recorded on the way."""
        itinerary = self._itinerary
        stop = itinerary.next_stop
        while stop is not None and stop.dead is not None:
            self._record_dead(stop, stop.dead)
            stop = itinerary.next_stop
        return stop

    def _record_dead(self, stop: Stop, why: Failed | Skipped) -> None:
        asking = Asking(stop, self._network.now_ns(), self._network.now_s())
        self.record(asking, None, why, "", None)

    def transcript(self, outcome: Outcome | None, address: str) -> RawTranscript:
        """The whole record, with the named paths that stay closed; ``outcome`` is ``None`` where the exchanges decide.

        Args:
            outcome: What ended the attempt besides its exchanges.
            address: For an attempt without any.
        """
        while outcome is None and (closed := self._itinerary.closed_stop) is not None:
            self._record_dead(closed, CLOSED_BY_ROBOTS)
        return make_transcript(
            self._assignment,
            self.exchanges,
            outcome,
            address=self.exchanges[0].address if self.exchanges else address,
            started_at_ns=self._started_ns,
            elapsed_s=self._network.now_s() - self._started_s,
            certificates=tuple(self._certificates.values()) if self._certificates else (),
            vantage=self._settings.vantage,
        )
