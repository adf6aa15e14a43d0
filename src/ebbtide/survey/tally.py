"""What is counted while the frame of a plan passes by; it can be made in several processes and added up."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from ebbtide.conduct.authority import Authorities, is_loopback, level_for
from ebbtide.conduct.scope import Scope
from ebbtide.frame.ids import is_address
from ebbtide.frame.merging import MergedFrame
from ebbtide.frame.rows import Row
from ebbtide.model.outcomes import Skipped
from ebbtide.model.targets import Level
from ebbtide.survey.effort import Networks

_NO_NAME = "(none)"


class Tally:
    """Who would be asked, by whose leave, and who is left out and why.

    Args:
        scope: What may be asked.
        wanted: The level that the plan asks for.
        authorities: Who allows it.
        day: The present day.

    Attributes:
        skipped: Targets that our rules forbid, by reason.
        strata: All targets by stratum.
        active: Targets that are asked actively, by authority, if the plan is active.
        networks: In which the known addresses lie that may be asked.
        to_resolve: Targets that may be asked once their name is resolved.
        outside: Somebody outside loopback may be asked.
    """

    def __init__(self, scope: Scope, wanted: Level, authorities: Authorities, day: date) -> None:
        self.skipped: Counter[str] = Counter()
        self.strata: Counter[str] = Counter()
        self.active: Counter[str] = Counter()
        self.networks = Networks()
        self.to_resolve = 0
        self.outside = False
        self._scope = scope
        self._wanted = wanted
        self._authorities = authorities
        self._day = day

    def take(self, rows: Iterable[Row]) -> None:
        """Count distinct targets."""
        decide, strata, add = self._scope.decide_canonical, self.strata, self.networks.add
        is_active = self._wanted is Level.ACTIVE
        for _, _, host, pinned, _, _, stratum, _, _ in rows:
            strata[stratum or _NO_NAME] += 1
            address = pinned or (host if is_address(host) else "")
            closed = decide(host, address)
            if closed is not None:
                self.skipped[_reason(closed)] += 1
                continue
            if address:
                add(address)
                self.outside = self.outside or not is_loopback(address)
            else:
                self.to_resolve += 1
                self.outside = True
            if is_active:
                self._authorise(host, (address,) if address else ())

    def add(self, other: "Tally") -> None:
        """Count what another one counted."""
        self.skipped += other.skipped
        self.strata += other.strata
        self.active += other.active
        self.networks.add_all(other.networks)
        self.to_resolve += other.to_resolve
        self.outside = self.outside or other.outside

    def _authorise(self, host: str, addresses: tuple[str, ...]) -> None:
        grant = level_for(host, addresses, self._wanted, self._scope, self._authorities, self._day)
        self.active[grant.by or "nobody"] += 1


def _reason(closed: Skipped) -> str:
    return f"{closed.reason} ({closed.detail})" if closed.detail else str(closed.reason)


def tallied(
    scope: Scope, wanted: Level, authorities: Authorities, day: date, merged: MergedFrame, shards: range
) -> Tally:
    """A tally of some shards of a frame; see ``Tally``."""
    tally = Tally(scope, wanted, authorities, day)
    for shard in shards:
        tally.take(merged.rows(shard))
    return tally
