"""A scenario played with a seed: machines, their months, the frame, and what the survey must be told."""

import datetime as dt
from collections.abc import Iterator
from functools import cached_property

from msgspec.structs import replace

from ebbtide.lab.certificates import Made, make_certificate
from ebbtide.lab.errors import ScenarioError
from ebbtide.lab.happenings import CertificateId, arms_of
from ebbtide.lab.history import ANSWERED, MachineMonth, write_history
from ebbtide.lab.personas import PageShelf, Persona
from ebbtide.lab.population import Machine, populate
from ebbtide.lab.scenario_events import Detector
from ebbtide.lab.scenario_records import Assumption, Scenario

SCHEME, TLS_SCHEME = "http", "https"


class World:
    """All machines of a scenario in all months; a value that never changes.

    Attributes:
        scenario: What was played.
        seed: With which seed.
        scale: At what size.
        machines: Sorted by id.
        months: Labels, earliest first.
        arms: Machine's id to its arm, where there are arms.
        port: The port that the frame names.
    """

    def __init__(self, scenario: Scenario, seed: int, scale: float) -> None:
        self.scenario = scenario
        self.seed = seed
        self.scale = scale
        self.port = scenario.network.port
        self.machines: tuple[Machine, ...] = populate(scenario, seed, scale)
        self._states = dict(write_history(scenario, seed, self.machines))
        self.months: tuple[str, ...] = tuple(self._states)
        self.arms = arms_of(scenario, seed, self.machines)
        self._certificates: dict[CertificateId, Made] = {}

    def reference_date(self, month: str) -> str:
        """The round's reference date, as ``2001-07-15``."""
        self._require(month)
        return self.scenario.months[month].date

    def parameters(self) -> dict[str, dict[str, str]]:
        """Check to parameter to value, for ``[checks.parameters]`` of the survey."""
        told: dict[str, dict[str, str]] = {}
        for assumption in self.scenario.assumptions:
            if assumption.sets is not None:
                told.setdefault(assumption.sets.check, {})[assumption.sets.parameter] = assumption.sets.value
        return told

    def parameters_in(self, month: str) -> dict[str, dict[str, str]]:
        """What the checks were told in a month: the same, but for those that got better later."""
        self._require(month)
        told = {check: dict(values) for check, values in self.parameters().items()}
        for event in reversed(self.scenario.events):
            if isinstance(event, Detector):
                is_there = self._place(event.month) <= self._place(month)
                told.setdefault(event.check, {})[event.parameter] = event.value if is_there else event.before
        return told

    def _place(self, month: str) -> int:
        return self.months.index(month)

    def certificate(self, wanted: CertificateId) -> Made:
        """A certificate with its key; each is made once."""
        made = self._certificates.get(wanted)
        if made is None:
            names = self._names_on(wanted)
            issued = dt.date.fromisoformat(self.reference_date(wanted.issued))
            made = self._certificates[wanted] = make_certificate(self.seed, wanted, names, issued)
        return made

    def _names_on(self, wanted: CertificateId) -> tuple[str, ...]:
        """Its machine's names; a shared one has a wildcard for each parent domain of those that hold it."""
        if not wanted.is_shared:
            return next(machine.names for machine in self.machines if machine.id == wanted.owner)
        states = self.states(wanted.issued)
        held = (m.names for m, state in zip(self.machines, states, strict=True) if state.certificate == wanted)
        return tuple(sorted({f"*.{name.partition('.')[2]}" for names in held for name in names}))

    def assumptions(self) -> tuple[Assumption, ...]:
        """Everything that the scenario assumes and that is not on record."""
        return self.scenario.assumptions

    def states(self, month: str) -> tuple[MachineMonth, ...]:
        """The state of every machine, in the order of ``machines``."""
        self._require(month)
        return self._states[month]

    def personas(self, month: str) -> Iterator[Persona]:
        """Every machine in the list ready to answer, whether it may or not, in the order of ``machines``."""
        self._require(month)
        shelf = PageShelf(self.scenario, month)
        for machine, state in zip(self.machines, self._states[month], strict=True):
            if state.is_listed:
                there = machine if state.address == machine.address else replace(machine, address=state.address)
                yield Persona(shelf, there, state)

    def frame_rows(
        self, port: int | None = None, month: str | None = None
    ) -> Iterator[tuple[str, str, int, str, str, float]]:
        """Everybody who can be asked.

        Args:
            port: Where the lab will listen, if not on the scenario's port.
            month: Whose list it is; the first if not given.

        Yields:
            (host, address, port, scheme, stratum, weight), one for each name.
        """
        for machine, state in zip(self.machines, self.states(month or self.months[0]), strict=True):
            scheme = TLS_SCHEME if state.certificate else SCHEME
            for name in machine.names if state.is_listed else ():
                yield name, state.address, port or self.port, scheme, machine.stratum, self.weights[machine.stratum]

    @cached_property
    def weights(self) -> dict[str, float]:
        """Weight of each name by stratum; together the names weigh as much as they are many."""
        return _weights(self)

    def _require(self, month: str) -> None:
        if month not in self.scenario.months:
            raise ScenarioError(
                self.scenario.file, f"months.{month}", f"no such month; there are {', '.join(self.months)}"
            )


def build_world(scenario: Scenario, seed: int, scale: float = 1.0) -> World:
    """Play a scenario.

    Args:
        scenario: As loaded.
        seed: The same seed gives the same world.
        scale: Share of the scenario's servers, above 0 and at most 4.

    Returns:
        The world.

    Raises:
        ScenarioError: The scale is out of range, or a rate cannot be reached.
    """
    if not 0 < scale <= 4:  # noqa: PLR2004  the docstring's limit
        raise ScenarioError(None, "scale", f"{scale} is not above 0 and at most 4")
    return World(scenario, seed, scale)


def _weights(world: World) -> dict[str, float]:
    """Solve for weights so that each stratum with a wanted share of names has it in what can be seen.

    A published share is of what a survey could name, so masked servers count in the whole and in no family. With V the
    names of a stratum that name their family and N all of its answered names in the first month, the weight of a
    stratum with share s is s / V; the others divide what is left: 1 - sum(s) - sum(s / V * (N - V)).
    """
    strata = world.scenario.strata
    names = dict.fromkeys(sorted(strata), 0)
    answered, visible = dict(names), dict(names)
    for machine, state in zip(world.machines, world.states(world.months[0]), strict=True):
        number = len(machine.names)
        names[machine.stratum] += number
        if state.presence == ANSWERED:
            answered[machine.stratum] += number
            visible[machine.stratum] += 0 if state.traits.is_masked else number
    raw = {stratum_id: stratum.weight or 0.0 for stratum_id, stratum in strata.items()}
    if not any(raw.values()):
        raw = _solve(world, answered, visible)
        total = sum(raw[stratum_id] * names[stratum_id] for stratum_id in names)
        raw = {stratum_id: weight * sum(names.values()) / total for stratum_id, weight in raw.items()}
    return {stratum_id: float(f"{raw[stratum_id]:.9g}") for stratum_id in names}


def _solve(world: World, answered: dict[str, int], visible: dict[str, int]) -> dict[str, float]:
    weights: dict[str, float] = {}
    rest = 1.0
    for stratum_id, number in answered.items():
        share = world.scenario.strata[stratum_id].share_of_names
        if share is None:
            continue
        if not visible[stratum_id]:
            raise ScenarioError(world.scenario.file, f"strata.{stratum_id}.share_of_names", "nobody in it can be seen")
        weights[stratum_id] = share / visible[stratum_id]
        rest -= weights[stratum_id] * number
    others = [stratum_id for stratum_id in answered if stratum_id not in weights]
    if others and rest <= 0:
        raise ScenarioError(world.scenario.file, "strata", "the shares of names leave nothing for the other strata")
    base = sum(answered[stratum_id] for stratum_id in others)
    return weights | dict.fromkeys(others, rest / base if base else 1.0)
