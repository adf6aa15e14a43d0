"""Why a share moved: parts that add up exactly, causes that are absent, several causes at once worked by hand."""

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.estimate.decomposing import BEHAVIOUR, CAUSES, JUDGED, RECLASSIFIED, STATES, Move, cause_of, decompose
from ebbtide.model.errors import EstimateError

MOVES = st.lists(
    st.builds(
        lambda then, now, units: Move(then, now, units, units),
        st.sampled_from(sorted(STATES)),
        st.sampled_from(sorted(STATES)),
        st.integers(0, 1000),
    ),
    min_size=1,
    max_size=8,
)
ALWAYS = [Move("shown", "shown", 5, 5), Move("not_shown", "not_shown", 7, 7)]


def moves(**counts: int) -> list[Move]:
    return [Move(*name.split("__"), count, count) for name, count in counts.items()]


@settings(max_examples=300, deadline=None)
@given(MOVES, st.tuples(st.integers(-5, 5), st.integers(0, 6)))
def test_parts_add_up_and_none_is_left_over(found: list[Move], reclassified: tuple[int, int]) -> None:
    split = decompose([*found, *ALWAYS], reclassified)
    assert sum((part.share for part in split.parts), Fraction(0)) == split.change
    assert sum(part.shown for part in split.parts) == split.shown_now - split.shown_then
    assert sum(part.base for part in split.parts) == split.base_now - split.base_then
    present = {cause_of(move.then, move.now) for move in found if move.units}
    for cause in CAUSES:
        part = split.part(cause)
        if cause not in present and cause != RECLASSIFIED:
            assert (part.units, part.shown, part.base, part.share) == (0, 0, 0, 0)
        if not part.shown and not part.base:
            assert part.share == 0


@settings(max_examples=60, deadline=None)
@given(MOVES)
def test_a_part_is_the_mean_over_all_orders(found: list[Move]) -> None:
    split = decompose([*found, *ALWAYS])
    changes = {part.cause: (part.shown, part.base) for part in split.parts if part.shown or part.base}
    if len(changes) > 5:
        return
    sums = dict.fromkeys(changes, Fraction(0))
    orders = list(permutations(changes))
    for order in orders:
        shown, base = split.shown_then, split.base_then
        for cause in order:
            before = Fraction(shown, base) if base else Fraction(0)
            shown, base = shown + changes[cause][0], base + changes[cause][1]
            sums[cause] += (Fraction(shown, base) if base else Fraction(0)) - before
    assert all(split.part(cause).share == total / len(orders) for cause, total in sums.items())


@given(MOVES, st.integers(1, 10**9))
def test_weights_of_one_size_change_no_share(found: list[Move], size: int) -> None:
    weighted = [Move(move.then, move.now, move.units, move.weight * size) for move in [*found, *ALWAYS]]
    shares = [{part.cause: part.share for part in decompose(each).parts} for each in ([*found, *ALWAYS], weighted)]
    assert shares[0] == shares[1]


def test_the_summer_of_2001_is_behaviour_alone() -> None:
    split = decompose(moves(shown__shown=20, shown__not_shown=320, not_shown__not_shown=660))
    assert (split.shown_then, split.base_then, split.shown_now, split.base_now) == (340, 1000, 20, 1000)
    assert [(part.cause, part.units, part.shown, part.base, part.share) for part in split.parts] == [
        (BEHAVIOUR, 320, -320, 0, Fraction(-320, 1000))
    ]
    assert (split.kept, split.mended, split.opened) == (1000, 320, 0)


def test_two_causes_at_once_by_hand() -> None:
    """60 of 100 showed it; 30 mended, and 100 newcomers without it came: 30 of 200 now.

    Behaviour first: -30/100; after the newcomers: -30/200. Its mean is -0.225. The newcomers first: 60/200 - 60/100 =
    -0.3; last: 30/200 - 30/100 = -0.15; their mean is -0.225.
    """
    split = decompose(moves(shown__shown=30, shown__not_shown=30, not_shown__not_shown=40, not_planned__not_shown=100))
    assert split.part(BEHAVIOUR).share == Fraction(-225, 1000)
    assert split.part("frame_added").share == Fraction(-225, 1000)
    assert split.change == Fraction(30, 200) - Fraction(60, 100)


def test_three_causes_at_once_by_hand() -> None:
    """10 of 20; 5 mended, 5 of the others went silent, 5 that show it came: 10 of 20 again, by three causes.

    Over the six orders, with s the share after each step: behaviour (-5, 0), silent (0, -5), added (+5, +5).
    """
    split = decompose(
        moves(shown__shown=5, shown__not_shown=5, not_shown__not_shown=5, not_shown__silent=5, not_planned__shown=5)
    )
    assert split.change == 0
    behaviour = [Fraction(5, 20) - Fraction(10, 20)] * 2 + [
        Fraction(5, 15) - Fraction(10, 15),
        Fraction(10, 25) - Fraction(15, 25),
        *[Fraction(10, 20) - Fraction(15, 20)] * 2,
    ]
    assert split.part(BEHAVIOUR).share == sum(behaviour, Fraction(0)) / 6
    assert split.part("lost_silent").share > 0
    assert split.part("frame_added").share > 0


@pytest.mark.parametrize(
    ("then", "now", "cause"),
    [
        ("shown", "not_shown", BEHAVIOUR),
        ("not_shown", "shown", BEHAVIOUR),
        ("shown", "shown", ""),
        ("silent", "refused", ""),
        ("not_planned", "shown", "frame_added"),
        ("shown", "not_planned", "frame_removed"),
        ("shown", "moved", "renumbered"),
        ("moved", "not_shown", "renumbered"),
        ("silent", "not_shown", "answered_again"),
        ("refused", "shown", "answered_again"),
        ("shown", "silent", "lost_silent"),
        ("shown", "refused", "lost_refused"),
        ("shown", "blocked", "lost_blocked"),
        ("shown", "unknown", "lost_otherwise"),
        ("not_asked", "shown", "plan"),
        ("shown", "skipped", "plan"),
        ("cannot_tell", "shown", "telling"),
        ("shown", "other_software", "other_software"),
    ],
)
def test_each_way_in_and_out_has_one_cause(then: str, now: str, cause: str) -> None:
    assert cause_of(then, now) == cause


def test_every_way_into_or_out_of_the_base_has_a_cause() -> None:
    for then in STATES:
        for now in STATES:
            moves_it = (then in JUDGED) != (now in JUDGED) or (then != now and {then, now} <= JUDGED)
            assert (cause_of(then, now) in CAUSES) == moves_it


def test_a_better_check_is_a_cause_of_its_own() -> None:
    split = decompose(moves(shown__shown=30, not_shown__not_shown=70), reclassified=(10, 0))
    assert (split.shown_then, split.shown_now) == (20, 30)
    assert split.part(RECLASSIFIED).share == Fraction(10, 100)
    assert split.part(BEHAVIOUR).share == 0


def test_a_round_in_which_nobody_could_be_judged_is_told() -> None:
    with pytest.raises(EstimateError, match="in the later round"):
        decompose(moves(shown__silent=4))
    with pytest.raises(EstimateError, match="in the earlier round"):
        decompose(moves(silent__shown=4))
    with pytest.raises(EstimateError, match="no state 'odd'"):
        decompose([Move("odd", "shown", 1, 1)])
