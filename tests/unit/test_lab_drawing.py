"""Lots: exact shares, orders that depend on the seed alone, groups spread evenly."""

import pytest

from ebbtide.lab.drawing import apportion, deal, draw, round_share, shuffle


def ordered(items: list[str], seed: int = 1, purpose: str = "p") -> list[str]:
    return shuffle(items, seed, purpose, str, lambda _item: "")


def test_a_total_is_apportioned_by_largest_remainder() -> None:
    assert apportion(10, {"a": 1, "b": 1, "c": 1}) == {"a": 4, "b": 3, "c": 3}
    assert apportion(7, {"a": 0.5, "b": 0.25, "c": 0.25}) == {"a": 3, "b": 2, "c": 2}


def test_a_share_of_nothing_gets_nothing() -> None:
    assert apportion(3, {"a": 0, "b": 2}) == {"a": 0, "b": 3}


@pytest.mark.parametrize(("share", "of", "expected"), [(0.34, 1000, 340), (0.145, 100, 15), (0.5, 3, 2), (0, 9, 0)])
def test_halves_round_up_in_spite_of_binary_fractions(share: float, of: int, expected: int) -> None:
    assert round_share(share, of) == expected


def test_the_order_does_not_depend_on_how_the_items_stood() -> None:
    items = [f"m{number}" for number in range(50)]
    assert ordered(items) == ordered(items[::-1])


def test_another_seed_and_another_purpose_give_another_order() -> None:
    items = [f"m{number}" for number in range(50)]
    assert ordered(items) != ordered(items, seed=2)
    assert ordered(items) != ordered(items, purpose="q")


def test_every_beginning_of_an_order_holds_each_group_in_proportion() -> None:
    items = [f"{'odd' if number % 10 == 0 else 'plain'}-{number}" for number in range(1000)]
    order = shuffle(items, 5, "p", str, lambda item: item[0])
    for length in (100, 340, 500, 900):
        odd = sum(item.startswith("odd") for item in order[:length])
        assert abs(odd - length / 10) <= 1


def test_dealt_names_follow_their_shares_exactly() -> None:
    names = [name for _item, name in deal(ordered([str(n) for n in range(40)]), {"x": 0.25, "y": 0.75})]
    assert (names.count("x"), names.count("y")) == (10, 30)


def test_draws_lie_in_the_unit_interval_and_differ_by_part() -> None:
    draws = {draw(1, "a", str(number)) for number in range(1000)}
    assert len(draws) == 1000
    assert 0 <= min(draws) < 0.05
    assert 0.95 < max(draws) < 1
    assert draw(1, "a", "bc") != draw(1, "ab", "c")
