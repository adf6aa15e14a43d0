"""Which servers have which hole, month by month: exact counts, the same servers, mended once and for good."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from ebbtide.lab.drawing import round_share, shuffle
from ebbtide.lab.errors import ScenarioError
from ebbtide.lab.population import Machine, Traits
from ebbtide.lab.scenario_records import Hole, Scenario

REACHABLE = "code-red-ida-reachable"
IDA = "code-red-ida"
ADMIN = "admin-pages"
PATH = "server-path"
SCRIPT = "script-source"
BACKDOOR = "backdoor-mark"
ANY = "any-hole"

PARTS = (IDA, ADMIN, PATH, SCRIPT, BACKDOOR)
"""What ``any-hole`` is made of, in the order in which its reasons are looked for."""

CHECKS = (REACHABLE, IDA, ADMIN, PATH, SCRIPT, BACKDOOR, ANY)


class HoleLedger:
    """Keeps who has a hole and who had it, and decides the next month.

    A hole of a server is open in one unbroken run of months at most. Where a rate falls, servers are mended in an order
    drawn by lot; where it rises, servers that never had the hole get it.
    """

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scenario = scenario
        self._seed = seed
        holes = scenario.holes
        self._holes: Mapping[str, Hole] = {
            REACHABLE: holes.reachable,
            IDA: holes.ida,
            ADMIN: holes.admin,
            PATH: holes.path,
            SCRIPT: holes.script,
            BACKDOOR: holes.backdoor,
            ANY: holes.any_hole,
        }
        self._open: dict[str, set[str]] = {check: set() for check in (REACHABLE, *PARTS)}
        self._ever: dict[str, set[str]] = {check: set() for check in (REACHABLE, *PARTS)}

    def advance(self, month: str, members: Sequence[tuple[Machine, Traits]]) -> dict[str, frozenset[str]]:
        """Decide a month.

        Args:
            month: Label; months come in the order of their dates.
            members: Servers of the base family that answer in it.

        Returns:
            Open holes by the machine's id, for every member.

        Raises:
            ScenarioError: A rate cannot be reached with what happened before.
        """
        chosen = _Month(self, month, members).choose()
        present = {machine.id for machine, _traits in members}
        for check, ids in chosen.items():
            self._open[check] = (self._open[check] - present) | ids
            self._ever[check] |= ids
        return {
            machine_id: frozenset(check for check, ids in chosen.items() if machine_id in ids)
            for machine_id in sorted(present)
        }

    def having(self, check: str) -> frozenset[str]:
        """Machines that have the hole, by id, whether they answer or not."""
        return frozenset(self._open[check])

    def open_up(self, check: str, machine_ids: Iterable[str]) -> None:
        """Give machines the hole."""
        ids = set(machine_ids)
        self._open[check] |= ids
        self._ever[check] |= ids

    def mend(self, check: str, machine_ids: Iterable[str]) -> None:
        """Mend the hole on machines, and with the filter all that only its reply reveals."""
        ids = set(machine_ids)
        for each in (REACHABLE, IDA, PATH) if check == REACHABLE else (check,):
            self._open[each] -= ids

    def fail(self, check: str, month: str, sentence: str) -> ScenarioError:
        """Make the error of one rate."""
        return ScenarioError(self._scenario.file, f"holes.{check}.rates.{month}", sentence)

    def rate(self, check: str, month: str) -> float | None:
        """Give the rate of a check in a month; ``None`` if the scenario names none."""
        return self._holes[check].rates.get(month)

    def candidates(self, check: str, members: Sequence[tuple[Machine, Traits]], wanted: int | None) -> list[str]:
        """Members that may have the hole: those that have it, then, if more are wanted, those that never had it."""
        ordered = shuffle(members, self._seed, f"hole {check}", lambda member: member[0].id, _group)
        ids = [machine.id for machine, _traits in ordered]
        still = [machine_id for machine_id in ids if machine_id in self._open[check]]
        if wanted is None or wanted <= len(still):
            return still
        fresh = [machine_id for machine_id in ids if machine_id not in self._ever[check]]
        if check in {IDA, PATH}:
            fresh.sort(key=lambda machine_id: machine_id not in self._open[REACHABLE])
        return still + fresh


def _group(member: tuple[Machine, Traits]) -> tuple[bool, bool, int]:
    """Oddities and numbers of names are spread evenly, so that what can be seen has the same rates as what is."""
    machine, traits = member
    return traits.is_masked, bool(traits.everything), len(machine.names)


class _Month:
    """The choice of one month; sets of machine ids by check."""

    def __init__(self, ledger: HoleLedger, month: str, members: Sequence[tuple[Machine, Traits]]) -> None:
        self._ledger = ledger
        self._month = month
        self._of = len(members)
        self._wanted: dict[str, int] = {}
        self._candidates: dict[str, list[str]] = {}
        self._chosen: dict[str, set[str]] = {}
        for check in (REACHABLE, *PARTS):
            rate = ledger.rate(check, month)
            wanted = None if rate is None else round_share(rate, self._of)
            self._candidates[check] = ledger.candidates(check, members, wanted)
            self._wanted[check] = len(self._candidates[check]) if wanted is None else wanted

    def choose(self) -> dict[str, set[str]]:
        self._choose_filter_holes()
        for check in (ADMIN, SCRIPT, BACKDOOR):
            self._chosen[check] = self._first(check, self._candidates[check])
        rate = self._ledger.rate(ANY, self._month)
        if rate is not None:
            self._reach_union(round_share(rate, self._of))
        return self._chosen

    def _first(self, check: str, candidates: Sequence[str]) -> set[str]:
        wanted = self._wanted[check]
        if len(candidates) < wanted:
            raise self._ledger.fail(
                check,
                self._month,
                f"wants {wanted:,} of {self._of:,} servers, and only {len(candidates):,} can have the hole, "
                "for what is mended stays mended and a hole in the filter's reply needs the filter",
            )
        return set(candidates[:wanted])

    def _choose_filter_holes(self) -> None:
        """Choose the unpatched and the path-revealing servers inside the reachable ones, then fill these up."""
        reachable = self._candidates[REACHABLE]
        can_be_reached = set(reachable)
        most = self._wanted[REACHABLE]
        unpatched = self._first(IDA, [m for m in self._candidates[IDA] if m in can_be_reached])
        revealing: list[str] = []
        room = most - len(unpatched)
        for machine_id in self._candidates[PATH]:
            if machine_id in unpatched:
                revealing.append(machine_id)
            elif machine_id in can_be_reached and room > 0 and len(revealing) < self._wanted[PATH]:
                revealing.append(machine_id)
                room -= 1
        self._chosen[IDA] = unpatched
        self._chosen[PATH] = self._first(PATH, revealing)
        inside = unpatched | self._chosen[PATH]
        self._chosen[REACHABLE] = self._first(
            REACHABLE, sorted(inside) + [machine_id for machine_id in reachable if machine_id not in inside]
        )
        if not inside <= self._chosen[REACHABLE]:
            raise self._ledger.fail(REACHABLE, self._month, "is below the rates of the holes that its reply reveals")

    def _union(self) -> set[str]:
        return set().union(*(self._chosen[check] for check in PARTS))

    def _reach_union(self, target: int) -> None:
        """Move holes between servers until exactly ``target`` of them have at least one."""
        for check in (SCRIPT, ADMIN, BACKDOOR, PATH):
            self._move(check, target)
        if len(self._union()) != target:
            reachable, unpatched = self._chosen[REACHABLE], self._chosen[IDA]
            able = [each for each in self._candidates[PATH] if each in reachable]
            patched = [each for each in able if each not in unpatched]
            closest = ([each for each in able if each in unpatched] + patched)[: self._wanted[PATH]]
            widest = (patched + [each for each in able if each in unpatched])[: self._wanted[PATH]]
            any(self._pack(target, set(revealing)) for revealing in (self._chosen[PATH], closest, widest))
        reached = len(self._union())
        if reached != target:
            raise self._ledger.fail(
                ANY,
                self._month,
                f"wants {target:,} servers with a hole; with the other rates {reached:,} is the nearest",
            )

    def _move(self, check: str, target: int) -> None:
        chosen, union = self._chosen[check], self._union()
        others = set().union(*(self._chosen[other] for other in PARTS if other != check))
        surplus = len(union) - target
        own = [machine_id for machine_id in reversed(self._candidates[check]) if machine_id in chosen]
        possible = self._chosen[REACHABLE] if check == PATH else set(self._candidates[check])
        spare = [each for each in self._candidates[check] if each not in chosen and each in possible]
        if surplus > 0:
            giving = [machine_id for machine_id in own if machine_id not in others]
            taking = [machine_id for machine_id in spare if machine_id in others]
        else:
            giving = [machine_id for machine_id in own if machine_id in others]
            taking = [machine_id for machine_id in spare if machine_id not in union]
        for giver, taker in list(zip(giving, taking, strict=False))[: abs(surplus)]:
            chosen.remove(giver)
            chosen.add(taker)

    def _pack(self, target: int, revealing: set[str]) -> bool:
        """Choose the servers that shall have a hole first and deal the holes among them, where single moves get stuck.

        If it does not come out with these servers that reveal their path, nothing is changed.
        """
        inside = self._chosen[IDA] | revealing
        free = {check: self._candidates[check] for check in (SCRIPT, ADMIN, BACKDOOR)}
        uses = Counter(machine_id for check in free for machine_id in free[check] if self._wanted[check])
        # dict.fromkeys keeps the order by lot among servers that serve equally many holes.
        others = [each for each in dict.fromkeys(chain.from_iterable(free.values())) if each not in inside]
        members = inside | set(sorted(others, key=lambda each: -uses[each])[: max(target - len(inside), 0)])
        dealt: dict[str, set[str]] = {}
        covered = set(inside)
        for check, candidates in free.items():
            able = [machine_id for machine_id in candidates if machine_id in members]
            able.sort(key=lambda machine_id: machine_id in covered)
            dealt[check] = set(able[: self._wanted[check]])
            covered |= dealt[check]
        fits = len(covered) == target and all(len(dealt[check]) == self._wanted[check] for check in dealt)
        if fits:
            self._chosen |= dealt | {PATH: revealing}
        return fits
