"""What happens to the machines, month by month: upgrades, leavers, absences, holes."""

from collections.abc import Iterator, Sequence

import msgspec

from ebbtide.lab.drawing import apportion, deal, round_share, shuffle
from ebbtide.lab.happenings import CertificateId, Condition, Happenings, arms_of
from ebbtide.lab.holes import HoleLedger
from ebbtide.lab.population import Machine, Traits, give_traits
from ebbtide.lab.scenario_records import BASE_FAMILY, EVERY_FAMILY, Absence, Leaving, Scenario, Upgrade

ANSWERED = "answered"
REFUSED = "refused"
SILENT = "silent"
COMPETITOR = "competitor"


class MachineMonth(msgspec.Struct, frozen=True):
    """A machine as it is in one month.

    Attributes:
        presence: ``answered``, ``refused`` or ``silent``.
        has_left: It was taken down or filtered for good, and not for this month alone.
        version: Id of the family's version.
        holes: Checks that it would show, were it seen well; always without ``any-hole``.
        address: Where it is.
        is_listed: It is in the list of names that are asked, and it is served only then.
        hidden_from: Address from which whoever asks is cut off; empty if nobody is.
        certificate: ``None`` without TLS.
    """

    presence: str
    has_left: bool
    traits: Traits
    version: str
    holes: frozenset[str] = frozenset()
    address: str = ""
    is_listed: bool = True
    hidden_from: str = ""
    certificate: CertificateId | None = None


class _Life(msgspec.Struct):
    """Where a machine stands while its history is written."""

    machine: Machine
    traits: Traits
    version: str
    gone: str = ""
    condition: Condition = msgspec.field(default_factory=Condition)


def write_history(
    scenario: Scenario, seed: int, machines: Sequence[Machine]
) -> Iterator[tuple[str, tuple[MachineMonth, ...]]]:
    """Play the scenario.

    Yields:
        Label of the month and the state of every machine, in the order of ``machines``; months by their dates.

    Raises:
        ScenarioError: A rate cannot be reached.
    """
    history = _History(scenario, seed, machines)
    for month in scenario.month_labels():
        yield month, history.play(month)


class _History:
    def __init__(self, scenario: Scenario, seed: int, machines: Sequence[Machine]) -> None:
        self._scenario = scenario
        self._seed = seed
        self._ledger = HoleLedger(scenario, seed)
        traits: dict[str, Traits] = {}
        versions: dict[str, str] = {}
        for family in sorted({machine.family for machine in machines}):
            members = [machine for machine in machines if machine.family == family]
            traits |= give_traits(scenario, seed, members, family)
            versions |= self._versions(members, family, "")
        self._lives = [_Life(machine, traits[machine.id], versions[machine.id]) for machine in machines]
        self._happenings = Happenings(scenario, seed, arms_of(scenario, seed, machines), self._ledger)
        self._happenings.begin(self._lives)

    def play(self, month: str) -> tuple[MachineMonth, ...]:
        for index, upgrade in enumerate(self._scenario.upgrades.get(month, ())):
            self._upgrade(f"upgrade {month} {index}", upgrade)
        for index, leaving in enumerate(self._scenario.leavers.get(month, ())):
            self._leave(f"leave {month} {index}", month, leaving)
        self._happenings.play(month, self._lives)
        absent: dict[str, str] = {}
        for index, absence in enumerate(self._scenario.absences.get(month, ())):
            absent |= self._absent(f"absence {month} {index}", absence, absent)
        answering = [
            life for life in self._lives if life.condition.is_listed and not life.gone and life.machine.id not in absent
        ]
        holes = self._ledger.advance(
            month, [(life.machine, life.traits) for life in answering if life.traits.family == BASE_FAMILY]
        )
        return tuple(
            _month_of(life, absent.get(life.machine.id, ANSWERED), holes.get(life.machine.id, frozenset()))
            for life in self._lives
        )

    def _versions(self, machines: Sequence[Machine], family: str, month: str) -> dict[str, str]:
        shares = {version.id: version.share for version in self._scenario.families[family].versions}
        ordered = shuffle(machines, self._seed, f"version {family} {month}", lambda m: m.id, lambda m: len(m.names))
        return {machine.id: version for machine, version in deal(ordered, shares)}

    def _upgrade(self, purpose: str, upgrade: Upgrade) -> None:
        members = [life for life in self._living(upgrade.family) if life.version == upgrade.from_version]
        for life in self._shuffled(members, purpose)[: round_share(upgrade.share, len(members))]:
            life.version = upgrade.to_version

    def _leave(self, purpose: str, month: str, leaving: Leaving) -> None:
        members = self._living(leaving.family)
        leavers = self._shuffled(members, purpose)[: round_share(leaving.share, len(members))]
        ways = {COMPETITOR: leaving.competitor, REFUSED: leaving.refused, SILENT: leaving.silent}
        changed: list[_Life] = []
        for life, way in deal(self._shuffled(leavers, f"{purpose} ways"), ways):
            if way == COMPETITOR:
                changed.append(life)
            else:
                life.gone = way
        if changed:
            self._change(f"{purpose} change", month, leaving, changed)

    def _change(self, purpose: str, month: str, leaving: Leaving, lives: Sequence[_Life]) -> None:
        """Put another family on the addresses: a new installation, without the oddities of the old one."""
        ordered = self._shuffled(lives, purpose)
        start = 0
        for family, count in apportion(len(lives), leaving.competitors).items():
            group = ordered[start : start + count]
            start += count
            machines = [life.machine for life in group]
            traits = give_traits(self._scenario, self._seed, machines, family, since=purpose)
            versions = self._versions(machines, family, month)
            for life in group:
                life.traits, life.version = traits[life.machine.id], versions[life.machine.id]

    def _absent(self, purpose: str, absence: Absence, already: dict[str, str]) -> dict[str, str]:
        members = [
            life
            for life in self._living(absence.family)
            if life.condition.is_listed and (not absence.strata or life.machine.stratum in absence.strata)
        ]
        refused, silent = (round_share(share, len(members)) for share in (absence.refused, absence.silent))
        free = [life.machine.id for life in self._shuffled(members, purpose) if life.machine.id not in already]
        return {
            **dict.fromkeys(free[:refused], REFUSED),
            **dict.fromkeys(free[refused : refused + silent], SILENT),
        }

    def _living(self, family: str) -> list[_Life]:
        return [life for life in self._lives if not life.gone and family in {EVERY_FAMILY, life.traits.family}]

    def _shuffled(self, lives: Sequence[_Life], purpose: str) -> list[_Life]:
        return shuffle(
            lives,
            self._seed,
            purpose,
            lambda life: life.machine.id,
            lambda life: (life.traits.is_masked, len(life.machine.names)),
        )


def _month_of(life: _Life, presence: str, holes: frozenset[str]) -> MachineMonth:
    condition, machine = life.condition, life.machine
    return MachineMonth(
        presence=life.gone or presence,
        has_left=bool(life.gone),
        traits=life.traits,
        version=life.version,
        holes=holes,
        address=machine.later_address if condition.has_moved else machine.address,
        is_listed=condition.is_listed,
        hidden_from=condition.hidden_from,
        certificate=condition.certificate,
    )
