from typing import Any

import msgspec
import pytest

from ebbtide.model.facts import Fact
from ebbtide.publish.suppression import suppress
from tide_example import make_fact, tide_facts

PAIR = {"round": "2001-08", "from_round": "2001-07", "unit": "site", "family": "microsoft-iis", "check": "server-path"}
NUMBERS = (
    "estimate", "ci_low", "ci_high", "bound_low", "bound_high", "n", "base",
    "answered", "refused", "silent", "cannot_tell", "not_asked",
)  # fmt: skip


def _prevalence(n: int, base: int, **changes: Any) -> Fact:
    named = {
        "metric": "prevalence",
        "round": "2001-07",
        "unit": "site",
        "family": "microsoft-iis",
        "check": "server-path",
    }
    return make_fact(**{**named, "n": n, "base": base, "estimate": n / base, **changes})


def _same(category: str, n: int, base: int) -> Fact:
    return make_fact(metric="same_servers", category=category, n=n, base=base, estimate=n / base, **PAIR)


def _fates(**counts: int) -> list[Fact]:
    base = sum(counts.values())
    return [
        make_fact(metric="fate", category=name, n=n, base=base, estimate=n / base, **PAIR) for name, n in counts.items()
    ]


def _withheld(facts: list[Fact]) -> set[str]:
    return {fact.category or fact.metric for fact in suppress(facts) if fact.suppressed}


@pytest.mark.parametrize(("n", "base"), [(4, 9), (0, 400), (2, 400), (398, 400), (400, 400)])
def test_a_cell_with_a_small_base_or_few_shown_or_few_not_shown_is_withheld(n: int, base: int) -> None:
    (fact,) = suppress([_prevalence(n, base)])
    assert fact.suppressed
    assert [getattr(fact, name) for name in NUMBERS] == [None] * len(NUMBERS)


@pytest.mark.parametrize(("n", "base"), [(3, 10), (7, 10), (3, 400), (397, 400)])
def test_a_cell_at_the_threshold_is_shown(n: int, base: int) -> None:
    fact = _prevalence(n, base)
    assert suppress([fact]) == (fact,)


def test_a_withheld_cell_keeps_its_name_and_loses_its_note() -> None:
    fact = _prevalence(1, 400, note="one server, www.example")
    (withheld,) = suppress([fact])
    assert (withheld.id, withheld.check, withheld.round) == (fact.id, fact.check, fact.round)
    assert not withheld.note


def test_a_product_of_few_servers_may_be_named_as_long_as_its_base_is_large() -> None:
    rare = make_fact(metric="share", round="2001-07", unit="site", family="zeus", n=1, base=4000, estimate=0.00025)
    assert suppress([rare]) == (rare,)


def test_one_withheld_reading_closes_the_others_since_their_difference_would_tell_it() -> None:
    facts = [
        _prevalence(200, 400),
        _same("of_cohort", 2, 380),
        _same("of_shown_then", 60, 190),
        _same("difference", 60, 380),
    ]
    assert _withheld(facts) == {"of_cohort", "of_shown_then", "difference"}


def test_what_compares_a_withheld_round_is_withheld() -> None:
    facts = [_prevalence(2, 400), _same("of_cohort", 50, 380), *_fates(still_shown=20, fixed_in_place=30)]
    assert _withheld(facts) == {"prevalence", "of_cohort", "still_shown", "fixed_in_place"}


def test_the_cross_section_of_a_later_round_does_not_tell_the_earlier_one() -> None:
    facts = [_prevalence(2, 400), _same("cross_section", 50, 380)]
    assert _withheld(facts) == {"prevalence"}


def test_a_half_life_that_was_worked_out_from_a_withheld_reading_is_withheld() -> None:
    half_life = make_fact(metric="half_life", estimate=7.3, **PAIR)
    assert _withheld([_same("of_shown_then", 1, 190), half_life]) == {"of_shown_then", "half_life"}


def test_a_single_hidden_part_of_a_sum_takes_another_with_it() -> None:
    facts = _fates(still_shown=40, fixed_in_place=100, fixed_upgraded=1, refused=7, silent=5)
    assert _withheld(facts) == {"fixed_upgraded", "fixed_in_place"}


def test_no_hidden_part_of_any_sum_can_be_worked_out() -> None:
    facts = [fact for fact in tide_facts() if fact.metric == "fate" and fact.check]
    small = [msgspec.structs.replace(fact, n=fact.n // 30, base=max(1, fact.base // 30)) for fact in facts]
    sums: dict[tuple[str, ...], list[tuple[Fact, Fact]]] = {}
    for before, after in zip(small, suppress(small), strict=True):
        place = (before.round, before.from_round, before.unit, before.check)
        sums.setdefault(place, []).append((before, after))
    hidden_somewhere = 0
    for parts in sums.values():
        hidden = [before.n for before, after in parts if after.suppressed]
        hidden_somewhere += bool(hidden)
        assert len(hidden) != 1
        assert not hidden or sum(hidden) >= 3 or len(hidden) == len(parts)
    assert hidden_somewhere > 5


def test_a_variant_that_leaves_out_too_few_is_withheld_and_the_whole_stays() -> None:
    whole = _prevalence(200, 400)
    nearly = _prevalence(199, 395, variant="without_top_1")
    assert [fact.suppressed for fact in suppress([whole, nearly])] == [False, True]
    clearly = _prevalence(150, 300, variant="without_top_1")
    assert not any(fact.suppressed for fact in suppress([whole, clearly]))


def test_what_arrives_suppressed_stays_so_and_nothing_is_lost_or_reordered() -> None:
    marked = msgspec.structs.replace(_prevalence(200, 400), suppressed=True)
    assert suppress([marked])[0].n is None
    facts = tide_facts()
    assert [fact.id for fact in suppress(facts)] == [fact.id for fact in facts]
    assert suppress(suppress(facts)) == suppress(facts)
