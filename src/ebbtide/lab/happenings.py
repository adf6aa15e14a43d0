"""What the events of a scenario do to its servers: who is in the list, where, with which holes and certificate."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, assert_never

import msgspec

from ebbtide.lab.drawing import deal, round_share, shuffle
from ebbtide.lab.holes import ADMIN, BACKDOOR, IDA, PATH, REACHABLE, SCRIPT, HoleLedger
from ebbtide.lab.population import Machine, Traits
from ebbtide.lab.scenario_events import (
    AnyEvent,
    Detector,
    Entry,
    Event,
    Exit,
    Firewall,
    Letters,
    Mending,
    Patch,
    Renewal,
    Renumbering,
    Worm,
)
from ebbtide.lab.scenario_records import BASE_FAMILY, Scenario

SHARED = "shared"
_OF_THE_FILTER = (REACHABLE, IDA, PATH)


class CertificateId(msgspec.Struct, frozen=True):
    """What makes a certificate: the same values are the same octets.

    Attributes:
        key: Which key.
        issued: Month label.
        owner: Machine's id, or that of the event that made many share it.
        is_shared: It is one wildcard for many.
    """

    key: str
    issued: str
    owner: str
    is_shared: bool = False


class Condition(msgspec.Struct):
    """What events change of a machine, as it stands in the month that is played.

    Attributes:
        is_listed: It is in the list of names that are asked.
        has_moved: It has its later address.
        hidden_from: Address from which whoever asks is cut off; empty if nobody is.
        certificate: ``None`` without TLS.
    """

    is_listed: bool = True
    has_moved: bool = False
    hidden_from: str = ""
    certificate: CertificateId | None = None


class Life(Protocol):
    """A machine while its history is written, as far as it matters here."""

    machine: Machine
    traits: Traits
    condition: Condition


def arms_of(scenario: Scenario, seed: int, machines: Sequence[Machine]) -> dict[str, str]:
    """The arm of every server of the base family, drawn by lot within its stratum."""
    if not scenario.arms:
        return {}
    members = [machine for machine in machines if machine.family == BASE_FAMILY]
    found: dict[str, str] = {}
    for stratum in sorted({machine.stratum for machine in members}):
        own = [machine for machine in members if machine.stratum == stratum]
        ordered = shuffle(own, seed, f"arms {stratum}", lambda machine: machine.id, lambda machine: len(machine.names))
        found |= {machine.id: arm for machine, arm in deal(ordered, scenario.arms)}
    return found


class Happenings:
    """Plays the events, month by month, on the machines and the ledger of their holes."""

    def __init__(self, scenario: Scenario, seed: int, arms: Mapping[str, str], ledger: HoleLedger) -> None:
        self._scenario = scenario
        self._seed = seed
        self._arms = arms
        self._ledger = ledger
        self._first = scenario.month_labels()[0]

    def begin(self, lives: Sequence[Life]) -> None:
        """Put everybody where they are before the first month."""
        entering = {
            stratum
            for event in self._scenario.events
            if isinstance(event, Entry)
            for stratum in event.strata or self._scenario.strata
        }
        for life in lives:
            machine = life.machine
            life.condition.is_listed = machine.stratum not in entering
            if self._scenario.strata[machine.stratum].is_tls:
                life.condition.certificate = CertificateId(machine.id, self._first, machine.id)
        self._give_holes([life for life in lives if life.condition.is_listed])

    def play(self, month: str, lives: Sequence[Life]) -> None:
        """Do what happens in a month, in the order of the file."""
        for event in self._scenario.events:
            if isinstance(event, Firewall) and event.until == month:
                for life in self._of(event, lives):
                    life.condition.hidden_from = ""
        for event in self._scenario.events:
            if event.month == month:
                self._happen(event, self._of(event, lives))

    def _happen(self, event: AnyEvent, lives: list[Life]) -> None:
        match event:
            case Patch() | Letters() | Worm():
                self._mend(event, event.mends, lives)
                self._infect(event, lives)
            case Entry() | Exit():
                self._list(event, lives)
            case Renumbering() | Renewal():
                for life in lives:
                    _alter(event, life.condition, life.machine)
            case Firewall():
                self._hide(event, lives)
            case Detector():
                pass  # It changes who looks, and nobody who is looked at.
            case _:
                assert_never(event)

    def _infect(self, event: Event, lives: Sequence[Life]) -> None:
        if isinstance(event, Worm):
            still = self._with_hole(IDA, lives)
            self._ledger.open_up(BACKDOOR, self._some(f"{event.id} infects", event.infects, still))

    def _list(self, event: Entry | Exit, lives: Sequence[Life]) -> None:
        for life in lives:
            life.condition.is_listed = isinstance(event, Entry)
        if isinstance(event, Entry):
            self._give_holes(lives)

    def _hide(self, event: Firewall, lives: Sequence[Life]) -> None:
        hidden = set(self._some(event.id, event.share, lives))
        for life in lives:
            if life.machine.id in hidden:
                life.condition.hidden_from = event.source

    def _of(self, event: Event, lives: Sequence[Life]) -> list[Life]:
        return [life for life in lives if not event.strata or life.machine.stratum in event.strata]

    def _mend(self, event: Event, mends: Sequence[Mending], lives: Sequence[Life]) -> None:
        for place, mending in enumerate(mends):
            concerned = [
                life
                for life in self._with_hole(mending.check, lives)
                if not mending.arm or self._arms.get(life.machine.id) == mending.arm
            ]
            self._ledger.mend(mending.check, self._some(f"{event.id} mends {place}", mending.share, concerned))

    def _with_hole(self, check: str, lives: Sequence[Life]) -> list[Life]:
        open_here = self._ledger.having(check)
        return [life for life in lives if life.condition.is_listed and life.machine.id in open_here]

    def _give_holes(self, lives: Sequence[Life]) -> None:
        """Give newcomers the holes of their stratum; those that only the filter reveals lie within the reachable."""
        for stratum_id in sorted({life.machine.stratum for life in lives}):
            rates = self._scenario.strata[stratum_id].holes
            members = [
                life for life in lives if (life.machine.stratum, life.traits.family) == (stratum_id, BASE_FAMILY)
            ]
            for check in (*_OF_THE_FILTER, ADMIN, SCRIPT, BACKDOOR):
                if check in rates:
                    purpose = f"begins {stratum_id} {'filter' if check in _OF_THE_FILTER else check}"
                    self._ledger.open_up(check, self._some(purpose, rates[check], members))

    def _some(self, purpose: str, share: float, lives: Iterable[Life]) -> list[str]:
        ordered = shuffle(
            list(lives),
            self._seed,
            purpose,
            lambda life: life.machine.id,
            lambda life: (life.machine.stratum, life.traits.is_masked, len(life.machine.names)),
        )
        return [life.machine.id for life in ordered[: round_share(share, len(ordered))]]


def _alter(event: Renumbering | Renewal, condition: Condition, machine: Machine) -> None:
    held = condition.certificate
    if isinstance(event, Renumbering):
        condition.has_moved = True
    elif event.way == SHARED:
        condition.certificate = CertificateId(event.id, event.month, event.id, is_shared=True)
    elif held is not None:
        key = held.key if event.way == "same_key" else f"{machine.id} {event.month}"
        condition.certificate = CertificateId(key, event.month, machine.id)
