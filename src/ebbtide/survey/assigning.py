"""From planned targets to assignments: names resolved, scope and level decided, the rest settled without a packet."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from ebbtide.conduct.authority import NO_AUTHORITIES, Authorities, level_for
from ebbtide.conduct.scope import Scope
from ebbtide.frame.ids import prefix_of
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.outcomes import Failed, Fault, Outcome, SkipReason, Stage
from ebbtide.model.transcripts import Resolution, Transcript
from ebbtide.probe.resolve import resolve_hosts
from ebbtide.probe.settings import Assignment
from ebbtide.probe.unfound import Unfound
from ebbtide.survey.attempts import Step
from ebbtide.survey.conduct import decide_target, known_addresses
from ebbtide.survey.standing import Standing

Next = Assignment | Transcript
"""An assignment, or the outcome of a target that needs no packet."""


class Desk(msgspec.Struct, frozen=True):
    """Decides for each target whether and how it is asked.

    Attributes:
        unfound: Names that had no address in this run.
    """

    config: SurveyConfig
    scope: Scope
    authorities: Authorities = NO_AUTHORITIES
    unfound: Unfound = msgspec.field(default_factory=Unfound)

    def assign(self, standings: Iterable[Standing]) -> Iterator[Next]:
        """What follows for the targets of one shard that are to be asked or given up.

        Args:
            standings: Held in memory only as far as their names must be resolved.
        """
        to_resolve: dict[str, list[Standing]] = defaultdict(list)
        for standing in standings:
            target, decision = standing.target, standing.decision
            if decision.step is Step.GIVE_UP:
                yield self._settled(standing, interrupted_outcome(decision.attempt))
            elif decision.step is Step.ASK:
                closed = decide_target(target, self.scope)
                if closed is not None:
                    yield self._settled(standing, closed)
                elif addresses := known_addresses(target):
                    yield self._assignment(standing, addresses)
                else:
                    to_resolve[target.host].append(standing)
        if to_resolve:
            yield from self._resolve(to_resolve)

    def _resolve(self, waiting: dict[str, list[Standing]]) -> Iterator[Next]:
        for resolved in resolve_hosts(waiting, self.config.names, self.unfound):
            said = Resolution(resolved.addresses, resolved.cnames, resolved.address_count)
            for standing in waiting[resolved.host]:
                if resolved.failure is not None:
                    yield self._settled(standing, resolved.failure, said=said)
                else:
                    yield self._open_addresses(standing, said)

    def _open_addresses(self, standing: Standing, said: Resolution) -> Next:
        """Ask at those addresses that the scope admits; if it admits none, say why."""
        decided = [(address, self.scope.decide_address(address)) for address in said.addresses]
        admitted = [address for address, closed in decided if closed is None]
        if admitted:
            return self._assignment(standing, neighbours(admitted, standing.decision.attempt), said)
        closed = [(address, why) for address, why in decided if why is not None]
        address, why = next((each for each in closed if each[1].reason is SkipReason.OPTED_OUT), closed[0])
        return self._settled(standing, why, address, said)

    def _assignment(self, standing: Standing, addresses: tuple[str, ...], said: Resolution | None = None) -> Assignment:
        today = datetime.now(UTC).date()
        host, wanted = standing.target.host, self.config.plan.level
        grant = level_for(host, addresses, wanted, self.scope, self.authorities, today)
        return Assignment(standing.target, addresses, standing.decision.attempt, grant.level, resolution=said)

    def _settled(
        self, standing: Standing, outcome: Outcome, address: str = "", said: Resolution | None = None
    ) -> Transcript:
        known = known_addresses(standing.target)
        return Transcript(
            target=standing.target,
            attempt=standing.decision.attempt,
            outcome=outcome,
            exchanges=(),
            address=address or (known[0] if known else ""),
            started_at_ns=time.time_ns(),
            vantage=self.config.survey.vantage,
            resolution=said,
        )


def interrupted_outcome(attempts: int) -> Failed:
    """The outcome of a target whose attempts were all cut short by us."""
    detail = f"each of its {attempts} attempts was interrupted by the death of our own process"
    return Failed(Stage.CONNECT, Fault.INTERNAL_ERROR, detail)


def neighbours(addresses: list[str], attempt: int) -> tuple[str, ...]:
    """The addresses for one attempt: begin with another each time, and stay within the prefix of the first.

    Another prefix may belong to another worker, which alone keeps that prefix's limits.
    """
    turn = (attempt - 1) % len(addresses)
    turned = addresses[turn:] + addresses[:turn]
    home = prefix_of(turned[0])
    return tuple(address for address in turned if prefix_of(address) == home)
