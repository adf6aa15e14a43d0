"""Facts by what they speak of, so that a page asks for a number by its meaning."""

from collections.abc import Iterable, Sequence

from ebbtide.model.facts import Fact
from ebbtide.publish.words import CHECK_ORDER, by_order

SITE = "site"
ADDRESS = "address"
ATTACK_METRICS = frozenset({"pressure", "pressure_half_life"})
PREFERRED_UNITS = (ADDRESS, SITE)
Key = tuple[str, str, str, str, str, str]


class FactBook:
    """A read-only index of facts.

    Args:
        facts: Of all rounds; variants other than ``all`` are left aside.
        rounds: Labels in the order of their reference dates; empty to read the order from the facts.

    Attributes:
        facts: Of the rounds.
        attacks: Of the attacks in the operator's own logs, which belong to no round.
        unit: The unit of count that the page speaks in where it needs one: addresses where the facts have them, since
            one server can bear many names.
    """

    def __init__(self, facts: Iterable[Fact], rounds: Sequence[str] = ()) -> None:
        told = tuple(fact for fact in facts if fact.variant == "all")
        self.facts = tuple(fact for fact in told if fact.metric not in ATTACK_METRICS)
        self.attacks = tuple(fact for fact in told if fact.metric in ATTACK_METRICS)
        self.rounds = tuple(rounds) or order_of_rounds(self.facts)
        self.unit = _told_unit(self.facts)
        self._by_key: dict[Key, Fact] = {}
        for fact in self.facts:
            self._by_key.setdefault(_key(fact), fact)

    def checks(self) -> tuple[str, ...]:
        """Ids of all checks that a prevalence speaks of, in the order of the page."""
        return by_order({fact.check for fact in self.facts if fact.metric == "prevalence"}, CHECK_ORDER)

    def units(self) -> tuple[str, ...]:
        """Units of count, sites first."""
        return by_order({fact.unit for fact in self.facts}, (SITE, ADDRESS))

    def prevalence(self, check: str, round_label: str, unit: str = "") -> Fact | None:
        """The share of servers that show a check in one round."""
        return self._by_key.get(("prevalence", round_label, "", unit or self.unit, check, ""))

    def same(self, check: str, pair: tuple[str, str], category: str, unit: str = "") -> Fact | None:
        """One reading of "of those same servers"; the pair is (earlier, later)."""
        return self._by_key.get(("same_servers", pair[1], pair[0], unit or self.unit, check, category))

    def pairs(self, metric: str = "same_servers") -> tuple[tuple[str, str], ...]:
        """Pairs of rounds (earlier, later) that a metric compares, in order of the later one, short spans first."""
        found = {(fact.from_round, fact.round) for fact in self.facts if fact.metric == metric and fact.from_round}
        return tuple(sorted(found, key=lambda pair: (self._rank(pair[1]), -self._rank(pair[0]), pair)))

    def select(self, metric: str, **wanted: str) -> tuple[Fact, ...]:
        """All facts of a metric whose fields have the given values."""
        return tuple(
            fact
            for fact in self.facts
            if fact.metric == metric and all(getattr(fact, field) == value for field, value in wanted.items())
        )

    def one(self, metric: str, **wanted: str) -> Fact | None:
        """The first such fact, if there is one."""
        return next(iter(self.select(metric, **wanted)), None)

    def _rank(self, label: str) -> int:
        return self.rounds.index(label) if label in self.rounds else len(self.rounds)


def order_of_rounds(facts: Sequence[Fact]) -> tuple[str, ...]:
    """Labels of rounds from early to late: by what is compared with what, then by the label."""
    earlier: dict[str, set[str]] = {fact.round: set() for fact in facts}
    for fact in facts:
        if fact.from_round and fact.from_round != fact.round:
            earlier[fact.round].add(fact.from_round)
            earlier.setdefault(fact.from_round, set())
    placed: list[str] = []
    waiting = sorted(earlier)
    while waiting:
        ready = [label for label in waiting if earlier[label] <= set(placed)]
        nearest = (ready or waiting)[0]
        placed.append(nearest)
        waiting.remove(nearest)
    return tuple(placed)


def _told_unit(facts: Sequence[Fact]) -> str:
    told = {fact.unit for fact in facts if fact.metric == "prevalence" and fact.estimate is not None}
    return next((unit for unit in PREFERRED_UNITS if unit in told), SITE)


def _key(fact: Fact) -> Key:
    return (fact.metric, fact.round, fact.from_round, fact.unit, fact.check, fact.category)
