"""Who lives in the miniature Internet: machines with address, names, and the traits they keep."""

import ipaddress
import math
from collections.abc import Mapping, Sequence

import msgspec

from ebbtide.lab.drawing import apportion, deal, draw, round_share, shuffle
from ebbtide.lab.errors import ScenarioError
from ebbtide.lab.scenario_events import Renumbering
from ebbtide.lab.scenario_records import EVERY_FAMILY, Choice, Scenario, Script

_LATER = " later"


class Machine(msgspec.Struct, frozen=True):
    """One server on one address, for all months.

    Attributes:
        id: Stratum and number; never shown to a client.
        family: In the first month.
        names: Its host names, at least one.
        later_address: Where it moves if its stratum is renumbered; empty if it is not.
    """

    id: str
    stratum: str
    family: str
    address: str
    names: tuple[str, ...]
    later_address: str = ""


class Traits(msgspec.Struct, frozen=True):
    """How a machine speaks as long as it runs one family.

    Attributes:
        texts: Role to the id of the text that plays it here.
        everything: ``front`` or ``welcome`` if it answers everything with that; empty otherwise.
        is_masked: It says ``mask`` instead of its banner.
        mask: The field's value; ``None``: no field.
        drops: ``accept``, ``request`` or ``body`` if it drops its first connection there; empty otherwise.
    """

    family: str
    language: str
    root: str
    texts: dict[str, str]
    everything: str = ""
    is_masked: bool = False
    mask: str | None = None
    drops: str = ""


def populate(scenario: Scenario, seed: int, scale: float) -> tuple[Machine, ...]:
    """Make all machines; the same seed makes the same.

    Args:
        scenario: What to make.
        seed: Of the world.
        scale: 1 for the numbers of the scenario, 0.1 for a tenth of its servers.

    Returns:
        The machines, sorted by id.

    Raises:
        ScenarioError: Scale leaves a family without a server, or overflows the block of addresses.
    """
    plan: list[tuple[str, str, str]] = []
    for stratum_id in sorted(scenario.strata):
        stratum = scenario.strata[stratum_id]
        count = round_share(scale, stratum.servers)
        if count < sum(share > 0 for share in stratum.families.values()):
            raise ScenarioError(scenario.file, f"strata.{stratum_id}.servers", f"scale {scale} leaves too few servers")
        families = [name for name, number in apportion(count, stratum.families).items() for _ in range(number)]
        plan += [(f"{stratum_id}-{place:05d}", stratum_id, family) for place, family in enumerate(families)]
    moving = renumbered_strata(scenario)
    later = [f"{machine_id}{_LATER}" for machine_id, stratum_id, _ in plan if stratum_id in moving]
    addresses = _addresses(scenario, seed, [*(machine_id for machine_id, _, _ in plan), *later])
    names = _names(scenario, seed, plan)
    return tuple(
        Machine(
            machine_id,
            stratum_id,
            family,
            addresses[machine_id],
            names[machine_id],
            addresses.get(f"{machine_id}{_LATER}", ""),
        )
        for machine_id, stratum_id, family in plan
    )


def renumbered_strata(script: Script) -> frozenset[str]:
    """Strata whose servers get other addresses in some month."""
    events = [event for event in script.events if isinstance(event, Renumbering)]
    return frozenset(stratum for event in events for stratum in event.strata or script.strata)


def _addresses(scenario: Scenario, seed: int, machine_ids: Sequence[str]) -> dict[str, str]:
    """Spread machines over the /24 of the block; 127.0.0.0/24 is left to the machine that hosts the lab."""
    block = ipaddress.IPv4Network(scenario.network.block)
    first = int(block.network_address) >> 8
    available = 2 ** (24 - block.prefixlen)
    if first == 127 << 16:
        first, available = first + 1, available - 1
    needed = math.ceil(len(machine_ids) / scenario.network.servers_per_prefix)
    if needed > available:
        raise ScenarioError(scenario.file, "network.block", f"has no room for {len(machine_ids):,} servers")
    stride = available // needed
    ordered = sorted(machine_ids, key=lambda machine_id: (draw(seed, "address", machine_id), machine_id))
    return {
        machine_id: str(ipaddress.IPv4Address(((first + place % needed * stride) << 8) + 1 + place // needed))
        for place, machine_id in enumerate(ordered)
    }


def _names(scenario: Scenario, seed: int, plan: Sequence[tuple[str, str, str]]) -> dict[str, tuple[str, ...]]:
    counts: dict[str, int] = {}
    for group in sorted({entry[1:] for entry in plan}):
        members = [machine_id for machine_id, *rest in plan if tuple(rest) == group]
        ordered = shuffle(members, seed, "names", str, lambda _member: "")
        shares = scenario.strata[group[0]].names_per_address or scenario.families[group[1]].names_per_address
        counts |= {member: int(number) for member, number in deal(ordered, shares)}
    numbers = iter(range(1, sum(counts.values()) + 1))
    ordered = sorted(counts, key=lambda machine_id: (draw(seed, "numbers", machine_id), machine_id))
    return {
        machine_id: tuple(_host(scenario, seed, next(numbers)) for _ in range(counts[machine_id]))
        for machine_id in ordered
    }


def _host(scenario: Scenario, seed: int, number: int) -> str:
    words = scenario.hosts.words
    word = words[int(draw(seed, "word", str(number)) * len(words))]
    return scenario.hosts.pattern.replace("{word}", word).replace("{number}", str(number))


def give_traits(
    scenario: Scenario, seed: int, machines: Sequence[Machine], family: str, *, since: str = ""
) -> dict[str, Traits]:
    """Decide how machines speak that run a family from now on.

    Args:
        scenario: Where the shares stand.
        seed: Of the world.
        machines: All that begin to run the family at the same time.
        family: Its id.
        since: Month in which they changed to it; empty for the first, and only then there are oddities.

    Returns:
        Traits by the machine's id.
    """
    purpose = f"traits {family} {since}"
    record = scenario.families[family]
    odd = _Oddities(scenario, seed, machines, family) if not since else None

    def lots(trait: str, members: Sequence[Machine], shares: Mapping[str, float]) -> dict[str, str]:
        ordered = shuffle(members, seed, f"{purpose} {trait}", _id, _number_of_names)
        return {machine.id: value for machine, value in deal(ordered, shares)}

    languages = lots("language", machines, record.languages)
    roots = lots("root", machines, record.roots)
    texts: dict[str, dict[str, str]] = {machine.id: {} for machine in machines}
    for role in type(record.pages).__struct_fields__:
        for language in sorted(set(languages.values())):
            shares = _fitting(getattr(record.pages, role), language)
            speakers = [machine for machine in machines if languages[machine.id] == language]
            for machine_id, text in lots(f"{role} {language}", speakers, shares).items() if shares else ():
                texts[machine_id][role] = text
    plain = {
        machine.id: Traits(family, languages[machine.id], roots[machine.id], texts[machine.id]) for machine in machines
    }
    return {machine_id: odd.add_to(machine_id, traits) for machine_id, traits in plain.items()} if odd else plain


def _fitting(choices: Sequence[Choice], language: str) -> dict[str, float]:
    """Texts of the language, or those of no language where it has none of its own, with their shares."""
    own = [choice for choice in choices if choice.language == language]
    shares: dict[str, float] = {}
    for choice in own or [choice for choice in choices if not choice.language]:
        shares[choice.text] = shares.get(choice.text, 0.0) + choice.share
    return shares


class _Oddities:
    """Which machines of a family answer everything, mask their banner, or drop their first connection."""

    def __init__(self, scenario: Scenario, seed: int, machines: Sequence[Machine], family: str) -> None:
        self._seed = seed
        self._family = family
        self._machines = machines
        odd = scenario.oddities
        kinds = odd.answers_everything
        drops = odd.drops_first
        self._banners = odd.masked.banners
        self._everything = self._pick("everything", kinds.shares, {"front": kinds.front, "welcome": kinds.welcome})
        self._masked = self._pick(
            "masked", odd.masked.shares, {str(place): banner.share for place, banner in enumerate(self._banners)}
        )
        self._drops = self._pick(
            "drops", drops.shares, {"accept": drops.accept, "request": drops.request, "body": drops.body}
        )

    def _pick(self, what: str, shares: Mapping[str, float], kinds: Mapping[str, float]) -> dict[str, str]:
        share = shares.get(self._family, shares.get(EVERY_FAMILY, 0.0))
        ordered = shuffle(self._machines, self._seed, f"oddity {what} {self._family}", _id, _number_of_names)
        chosen = ordered[: round_share(share, len(ordered))]
        # A second order, or else the kinds would follow the order of choice.
        again = shuffle(chosen, self._seed, f"kind {what} {self._family}", _id, _number_of_names)
        return {machine.id: kind for machine, kind in deal(again, kinds)}

    def add_to(self, machine_id: str, traits: Traits) -> Traits:
        mask = self._masked.get(machine_id)
        return msgspec.structs.replace(
            traits,
            everything=self._everything.get(machine_id, ""),
            is_masked=mask is not None,
            mask=None if mask is None else self._banners[int(mask)].value,
            drops=self._drops.get(machine_id, ""),
        )


def _id(machine: Machine) -> str:
    return machine.id


def _number_of_names(machine: Machine) -> int:
    return len(machine.names)
