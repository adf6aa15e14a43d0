"""From planned targets to assignments: names resolved, scope and level decided, the rest settled without a packet."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from ebbtide.conduct.authority import NO_AUTHORITIES, Authorities, level_for
from ebbtide.conduct.scope import Scope
from ebbtide.frame.ids import is_address, prefix_of
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.outcomes import Failed, Fault, Outcome, Skipped, SkipReason, Stage
from ebbtide.model.targets import Level
from ebbtide.model.transcripts import Resolution, Transcript
from ebbtide.probe.lookup import Resolved
from ebbtide.probe.resolve import resolve_hosts
from ebbtide.probe.settings import Assignment
from ebbtide.probe.unfound import Unfound
from ebbtide.survey.attempts import Step
from ebbtide.survey.conduct import decide_target, known_addresses
from ebbtide.survey.hops import PendingHop, unasked
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

    def follow(self, pending: Iterable[PendingHop]) -> Iterator[Next]:
        """What follows for redirects that lead to other hosts: held against the scope as any target is.

        Args:
            pending: Held in memory only as far as their hosts must be resolved.
        """
        to_resolve: dict[str, list[PendingHop]] = defaultdict(list)
        for each in pending:
            host = each.hop.origin.host
            closed = self.scope.decide_host(host)
            if closed is not None:
                yield unasked(each, closed, self.config.survey.vantage)
            elif is_address(host):
                yield Assignment(each.target, (host,), each.attempt, Level.PASSIVE, each.hop)
            else:
                to_resolve[host].append(each)
        for resolved in resolve_hosts(to_resolve, self.config.names, self.unfound) if to_resolve else ():
            for each in to_resolve[resolved.host]:
                yield self._follow_resolved(each, resolved)

    def _follow_resolved(self, pending: PendingHop, resolved: Resolved) -> Next:
        vantage = self.config.survey.vantage
        if resolved.failure is not None:
            return unasked(pending, resolved.failure, vantage)
        admitted, address, why = self._admitted(resolved.addresses)
        if why is not None:
            return unasked(pending, why, vantage, address)
        return Assignment(pending.target, neighbours(admitted, 1), pending.attempt, Level.PASSIVE, pending.hop)

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
        admitted, address, why = self._admitted(said.addresses)
        if why is not None:
            return self._settled(standing, why, address, said)
        return self._assignment(standing, neighbours(admitted, standing.decision.attempt), said)

    def _admitted(self, addresses: Iterable[str]) -> tuple[list[str], str, Skipped | None]:
        """The addresses that the scope admits; if it admits none, one of them and why not."""
        decided = [(address, self.scope.decide_address(address)) for address in addresses]
        admitted = [address for address, closed in decided if closed is None]
        closed = [(address, why) for address, why in decided if why is not None]
        if admitted or not closed:
            return admitted, "", None
        return [], *next((each for each in closed if each[1].reason is SkipReason.OPTED_OUT), closed[0])

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
