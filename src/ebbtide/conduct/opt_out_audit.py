"""What each opt-out does: in force or over, needed or covered by another, and how many of the frame it closes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from ebbtide.conduct.exclusions import parse_excluded
from ebbtide.conduct.opt_outs import OptOut
from ebbtide.conduct.places import Entry, make_places


class AuditedOptOut(msgspec.Struct, frozen=True):
    """One line of the file, and what becomes of it.

    Attributes:
        is_in_force: Its last day has not passed.
        shadowed_by: Another line in force that closes all of this and lasts as long; empty if there is none.
        targets: Targets of the frame that it names, counted while it is in force.
    """

    what: str
    who: str
    reason: str
    expires: str
    proof: str
    where: str
    is_in_force: bool
    shadowed_by: str
    targets: int


class OptOutAudit:
    """Holds opt-outs against a frame, target by target.

    Args:
        opt_outs: As read.
        day: The present day.

    Raises:
        ConductError: One names no address, prefix or host.
    """

    def __init__(self, opt_outs: Sequence[OptOut], day: date) -> None:
        self._opt_outs = opt_outs
        self._day = day
        self._whats = [parse_excluded(each.what, each.where) for each in opt_outs]
        in_force = ((what, at) for at, what in enumerate(self._whats) if opt_outs[at].holds_on(day))
        self._places = make_places(in_force)
        self._targets: Counter[int] = Counter()

    def note(self, host: str, addresses: Iterable[str]) -> None:
        """Take one target: its canonical host, and its addresses as far as they are known."""
        found = set(self._places.of_host(host))
        for address in addresses:
            found.update(self._places.of_address(address))
        self._targets.update(found)

    def results(self) -> tuple[AuditedOptOut, ...]:
        """Every line, in the file's order."""
        return tuple(
            AuditedOptOut(
                what=each.what,
                who=each.who,
                reason=each.reason,
                expires="" if each.expires is None else each.expires.isoformat(),
                proof=each.proof,
                where=each.where,
                is_in_force=each.holds_on(self._day),
                shadowed_by=self._shadow(at),
                targets=self._targets[at],
            )
            for at, each in enumerate(self._opt_outs)
        )

    def _shadow(self, at: int) -> str:
        if not self._opt_outs[at].holds_on(self._day):
            return ""
        for other in self._covering(self._whats[at]):
            if other != at and self._lasts_as_long(other, at) and not (other > at and self._is_equal(other, at)):
                return self._opt_outs[other].what
        return ""

    def _covering(self, what: Entry) -> Sequence[int]:
        if not isinstance(what, str):
            return self._places.of_network(what)
        if not what.startswith("."):
            return self._places.of_host(what)
        return [at for at in self._places.of_host(what[1:]) if str(self._whats[at]).startswith(".")]

    def _lasts_as_long(self, other: int, than: int) -> bool:
        ours, theirs = self._opt_outs[than].expires, self._opt_outs[other].expires
        return theirs is None or (ours is not None and theirs >= ours)

    def _is_equal(self, one: int, other: int) -> bool:
        return self._whats[one] == self._whats[other] and self._opt_outs[one].expires == self._opt_outs[other].expires
