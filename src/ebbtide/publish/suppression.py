"""What a publication may not show because too few servers stand behind it. Pure: facts in, facts out.

A cell is withheld when its base is below 10, or when fewer than 3 servers show the check or fewer than 3 do not. What
would give a withheld number back by subtraction is withheld with it: the readings of one pair of rounds, everything
that is derived from them, the last hidden part of a sum, and a variant that differs from the whole by too few servers.
Facts do not name operators; a cell that one operator dominates must arrive here already marked ``suppressed``.
The values of a lens add up to the whole: what is withheld of them must hold enough together, and in two cells at least.
Attacks are counted in days, not in servers: a family is withheld in a month in which one or two sources sent it, and
with it as many others as it takes that all attacks together do not give it back.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from ebbtide.estimate.lenses import LENSES, NEVER_PUBLISHED
from ebbtide.model.facts import Fact

LEAST_BASE = 10
LEAST_SHOWN = 3
PRESSURE, PRESSURE_HALF_LIFE = "pressure", "pressure_half_life"
_READS_ONE_ROUND = "cross_section"
_FIXED = frozenset({"fixed_in_place", "fixed_upgraded"})
_TOLD_BY_THE_CHECK = _FIXED | {"still_shown"}
Place = tuple[str, ...]


def suppress(facts: Iterable[Fact], lens: str = "family") -> tuple[Fact, ...]:
    """The facts with every number blank that may not be published.

    Args:
        facts: All facts of a publication at once: cells are guarded against each other.
        lens: The one lens whose cells may be told, in this and in every release: values of two lenses lie within each
            other, and their differences would tell of a few servers.

    Returns:
        As many facts in the same order; a withheld one keeps what names it, and is marked ``suppressed``.
    """
    everything = tuple(facts)
    withheld = {
        fact.id for fact in everything if fact.suppressed or _is_of_another_lens(fact, lens) or _is_too_small(fact)
    }
    for rule in (_follow_the_round, _follow_the_pair, _guard_sums, _guard_variants, _guard_attacks, _guard_lenses):
        withheld |= rule(everything, withheld)
    return tuple(_blank(fact) if fact.id in withheld else fact for fact in everything)


def _is_of_another_lens(fact: Fact, lens: str) -> bool:
    return fact.lens in LENSES and (fact.lens != lens or fact.lens in NEVER_PUBLISHED)


def _is_too_small(fact: Fact) -> bool:
    if fact.base is None or fact.metric in {PRESSURE, PRESSURE_HALF_LIFE}:
        return False
    if fact.base < LEAST_BASE:
        return True
    if not fact.check or fact.n is None:
        return False
    if fact.metric == "fate":
        return fact.category in _TOLD_BY_THE_CHECK and 0 < fact.n < LEAST_SHOWN
    return fact.n < LEAST_SHOWN or fact.base - fact.n < LEAST_SHOWN


def _follow_the_round(facts: Sequence[Fact], withheld: set[str]) -> set[str]:
    """Whatever compares a round in which the check's own cell is withheld is withheld too."""
    closed = {
        (fact.check, fact.unit, fact.round)
        for fact in facts
        if fact.metric == "prevalence" and fact.lens == "all" and fact.id in withheld
    }
    return {
        fact.id
        for fact in facts
        if fact.check and not closed.isdisjoint({(fact.check, fact.unit, label) for label in _rounds_told_by(fact)})
    }


def _rounds_told_by(fact: Fact) -> tuple[str, ...]:
    return (fact.round,) if fact.category == _READS_ONE_ROUND else (fact.round, fact.from_round)


def _follow_the_pair(facts: Sequence[Fact], withheld: set[str]) -> set[str]:
    """One withheld reading of a pair of rounds closes the other readings, the fates and the half-lives of the check."""
    compared = [fact for fact in facts if fact.check and fact.from_round and fact.category != _READS_ONE_ROUND]
    closed = {_pair(fact) for fact in compared if fact.id in withheld and fact.metric == "same_servers"}
    checks = {(check, unit) for check, unit, _, _ in closed}
    ids = {fact.id for fact in compared if _pair(fact) in closed}
    return ids | {fact.id for fact in facts if fact.metric == "half_life" and (fact.check, fact.unit) in checks}


def _pair(fact: Fact) -> tuple[str, str, str, str]:
    return (fact.check, fact.unit, fact.from_round, fact.round)


def _guard_sums(facts: Sequence[Fact], withheld: set[str]) -> set[str]:
    """Parts that add up to a published base: never a single hidden part, nor hidden parts that hold too few in all.

    The two ways of being fixed hide each other first: every other part also stands beside the readings of its pair.
    """
    sums = _grouped((fact for fact in facts if fact.metric == "fate"), _whole_of)
    found: set[str] = set()
    for parts in sums.values():
        found |= _guard_one_sum(parts, {part.id for part in parts if part.id in withheld})
    return found


def _guard_one_sum(parts: Sequence[Fact], hidden: set[str]) -> set[str]:
    guarded = set(hidden)
    visible = sorted((part for part in parts if part.id not in guarded), key=_hides_first)
    while guarded and visible:
        held = sum(LEAST_SHOWN if part.n is None else part.n for part in parts if part.id in guarded)
        if len(guarded) > 1 and held >= LEAST_SHOWN:
            break
        guarded.add(visible.pop(0).id)
    return guarded


def _hides_first(part: Fact) -> tuple[bool, int, str]:
    return (part.category not in _FIXED, part.n or 0, part.id)


def _guard_variants(facts: Sequence[Fact], withheld: set[str]) -> set[str]:
    """A variant is withheld with its whole, and when what it leaves out would itself be too small to show."""
    found: set[str] = set()
    for versions in _grouped(facts, _cell_of).values():
        whole = next((fact for fact in versions if fact.variant == "all"), None)
        for version in versions:
            if whole is None or version is whole:
                continue
            if {whole.id, version.id} & withheld or _gives_away(whole, version):
                found.add(version.id)
    return found


def _gives_away(whole: Fact, part: Fact) -> bool:
    if whole.base is None or part.base is None or whole.n is None or part.n is None:
        return False
    base, n = whole.base - part.base, whole.n - part.n
    if base == 0:
        return False
    return base < LEAST_BASE or (bool(whole.check) and (n < LEAST_SHOWN or base - n < LEAST_SHOWN))


def _guard_attacks(facts: Sequence[Fact], _withheld: set[str]) -> set[str]:
    """A family of few sources, in all its units; then the next smallest, until those that are hidden hold enough.

    Requests of all families add up to those of all attacks. Where no two can be hidden, the whole is. A half-life is
    withheld where no month of its family can be shown.
    """
    sources: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for fact in facts:
        if fact.metric == PRESSURE and fact.unit == "source":
            sources[fact.lens_value][fact.family] = fact.n or 0
    hidden = {(month, family) for month, counts in sources.items() for family in _hidden_families(counts)}
    shown = {family for month, counts in sources.items() for family in counts if (month, family) not in hidden}
    return {
        fact.id
        for fact in facts
        if (fact.metric == PRESSURE and (fact.lens_value, fact.family) in hidden)
        or (fact.metric == PRESSURE_HALF_LIFE and fact.family not in shown)
    }


def _hidden_families(counts: Mapping[str, int]) -> set[str]:
    """Of one month; the empty name is all attacks together, and is shown where nothing came at all."""
    families = {name: n for name, n in counts.items() if name}
    hidden = {name for name, n in families.items() if 0 < n < LEAST_SHOWN}
    visible = sorted(set(families) - hidden, key=lambda name: (families[name], name))
    while visible and 0 < sum(families[name] for name in hidden) < LEAST_SHOWN:
        hidden.add(visible.pop(0))
    is_given_back = 0 < sum(families[name] for name in hidden) < LEAST_SHOWN
    return hidden | {""} if is_given_back else hidden


def _guard_lenses(facts: Sequence[Fact], withheld: set[str]) -> set[str]:
    """Cells of one lens, so that the published whole gives none of those back that are withheld."""
    wholes = {_beyond_lens(fact): fact for fact in facts if fact.lens == "all" and fact.variant == "all"}
    found: set[str] = set()
    for place, parts in _grouped((fact for fact in facts if fact.lens in LENSES), _beyond_lens_by_lens).items():
        whole = wholes.get(place[:-1])
        hidden = {part.id for part in parts if part.id in withheld}
        if whole is not None and whole.id in withheld:
            found |= {part.id for part in parts}
        elif hidden and len(hidden) < len(parts):
            found |= _guard_one_lens(parts, hidden)
    return found


def _guard_one_lens(parts: Sequence[Fact], hidden: set[str]) -> set[str]:
    """The hidden ones, and with them the smallest of the others until they hold enough together."""
    guarded = set(hidden)
    visible = sorted((part for part in parts if part.id not in guarded), key=lambda part: (part.base or 0, part.id))
    while visible and (len(guarded) == 1 or _tells_too_little([part for part in parts if part.id in guarded])):
        guarded.add(visible.pop(0).id)
    return guarded


def _tells_too_little(parts: Sequence[Fact]) -> bool:
    base, n = sum(part.base or 0 for part in parts), sum(part.n or 0 for part in parts)
    return base < LEAST_BASE or (bool(parts[0].check) and (n < LEAST_SHOWN or base - n < LEAST_SHOWN))


def _beyond_lens(fact: Fact) -> Place:
    return (fact.metric, fact.round, fact.unit, fact.check, fact.category)


def _beyond_lens_by_lens(fact: Fact) -> Place:
    return (*_beyond_lens(fact), fact.lens)


def _whole_of(fact: Fact) -> Place:
    return (*_cell_of(fact)[:-1], fact.variant)


def _cell_of(fact: Fact) -> Place:
    named = (fact.metric, fact.round, fact.from_round, fact.unit, fact.lens, fact.lens_value, fact.family, fact.check)
    return (*named, fact.category)


def _grouped(facts: Iterable[Fact], place: Callable[[Fact], Place]) -> dict[Place, list[Fact]]:
    groups: defaultdict[Place, list[Fact]] = defaultdict(list)
    for fact in facts:
        groups[place(fact)].append(fact)
    return groups


def _blank(fact: Fact) -> Fact:
    return msgspec.structs.replace(
        fact,
        estimate=None, ci_low=None, ci_high=None, bound_low=None, bound_high=None,
        n=None, base=None, answered=None, refused=None, silent=None, cannot_tell=None, not_asked=None,
        suppressed=True, note="",
    )  # fmt: skip
