import pytest

from ebbtide.frame.sampling import Drawn, Rotation, draw_sample, permanent_number
from ebbtide.model.errors import FrameError

FRAME = [(unit, "a" if unit < 600 else "b") for unit in range(1000)]
FRACTIONS = {"a": 0.1, "b": 0.25}
NUMBERS = [0.157867, 0.147462, 0.288129]


def test_a_permanent_number_is_the_same_for_ever_and_another_under_another_key() -> None:
    assert permanent_number(b"salt", 7) == permanent_number(b"salt", 7)
    assert permanent_number(b"salt", 7) != permanent_number(b"pepper", 7)
    numbers = [permanent_number(b"salt", unit) for unit in range(4000)]
    assert 0 <= min(numbers) < max(numbers) < 1
    assert sum(numbers) / 4000 == pytest.approx(0.5, abs=0.02)


def test_a_permanent_number_is_the_one_that_was_published_with_the_first_release() -> None:
    assert [round(permanent_number(b"ebbtide", unit), 6) for unit in (0, 1, 1 << 63)] == NUMBERS


def test_a_draw_has_its_size_and_weights_that_add_up_to_the_frame() -> None:
    drawn = draw_sample(b"salt", FRAME, FRACTIONS)
    assert [sum(each.stratum == name for each in drawn) for name in "ab"] == [60, 100]
    assert sum(each.weight for each in drawn) == pytest.approx(1000)
    assert drawn == draw_sample(b"salt", reversed(FRAME), FRACTIONS)


def test_a_panel_stays_a_fresh_sample_goes_and_a_rotation_keeps_its_part() -> None:
    def units(number: int, leaving: float) -> set[int]:
        return {each.unit for each in draw_sample(b"salt", FRAME, FRACTIONS, Rotation(number, leaving))}

    assert units(0, 0.0) == units(5, 0.0)
    assert len(units(0, 1.0) & units(1, 1.0)) <= 16
    assert len(units(0, 0.2) & units(1, 0.2)) / 160 == pytest.approx(0.8, abs=0.1)
    assert len(units(0, 0.2) & units(2, 0.2)) < len(units(0, 0.2) & units(1, 0.2))


def test_a_unit_that_leaves_the_frame_moves_nobody_who_was_drawn_before_it() -> None:
    drawn = {each.unit for each in draw_sample(b"salt", FRAME, FRACTIONS)}
    absent = next(unit for unit, _ in FRAME if unit not in drawn)
    fewer = {each.unit for each in draw_sample(b"salt", [row for row in FRAME if row[0] != absent], FRACTIONS)}
    assert fewer <= drawn


def test_a_larger_fraction_holds_the_smaller_sample() -> None:
    small = {each.unit for each in draw_sample(b"salt", FRAME, FRACTIONS)}
    assert small <= {each.unit for each in draw_sample(b"salt", FRAME, {"a": 0.2, "b": 0.3})}


def test_a_tiny_stratum_gives_one_unit_and_a_whole_one_all() -> None:
    assert draw_sample(b"salt", [(5, "a")], {"a": 0.01}) == [Drawn(5, "a", 1.0)]
    assert len(draw_sample(b"salt", FRAME, {"a": 1.0, "b": 1.0})) == 1000


@pytest.mark.parametrize(
    ("fractions", "rotation", "why"),
    [
        ({"a": 0.1}, None, "'b' has no sampling fraction"),
        ({"a": 0.0, "b": 1.0}, None, "must lie above 0"),
        (FRACTIONS, Rotation(-1, 0.1), "is no rotation"),
        (FRACTIONS, Rotation(0, 1.5), "is no rotation"),
    ],
)
def test_a_draw_that_cannot_be_made_is_refused(
    fractions: dict[str, float], rotation: Rotation | None, why: str
) -> None:
    with pytest.raises(FrameError, match=why):
        draw_sample(b"salt", FRAME, fractions, rotation)


def test_a_unit_twice_an_empty_key_and_an_id_that_is_none_are_refused() -> None:
    with pytest.raises(FrameError, match="stands twice"):
        draw_sample(b"salt", [(1, "a"), (1, "a")], FRACTIONS)
    with pytest.raises(FrameError, match="key of 0 octets"):
        permanent_number(b"", 1)
    with pytest.raises(FrameError, match="no id of 64 bits"):
        permanent_number(b"salt", -1)
