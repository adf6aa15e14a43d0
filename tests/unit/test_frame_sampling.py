import pytest
from tests.drawing_frames import drawn_rows, drawn_sites, row, sampling_of, sorted_draw

from ebbtide.frame.sampling import Rotation, Sampling, drawn_of, permanent_number
from ebbtide.model.errors import FrameError

FRAME = [(unit * 0x9E3779B97F4A7C15 % (1 << 64), "a" if unit < 600 else "b") for unit in range(1000)]
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
    rows, strata = drawn_rows([[row(*unit) for unit in FRAME]], sampling_of(FRACTIONS))
    assert [sum(each[6] == name for each in rows) for name in "ab"] == [60, 100]
    assert [(each.stratum, each.sites, each.drawn) for each in strata] == [("a", 600, 60), ("b", 400, 100)]
    assert sum(each[7] for each in rows) == pytest.approx(1000)


def test_a_draw_by_way_of_files_is_the_draw_by_sorting_everybody() -> None:
    for turn in (0, 3, 37):
        sampling = sampling_of(FRACTIONS, Rotation(turn, 0.25))
        assert drawn_sites(FRAME, sampling) == sorted_draw(FRAME, sampling)


def test_the_order_of_the_frame_and_the_pieces_in_which_it_is_read_change_nothing() -> None:
    sampling = sampling_of({"a": 0.3}, rest=0.25)
    shuffled = sorted(FRAME, key=lambda unit: unit[0] % 997)
    whole = drawn_rows([[row(*unit) for unit in FRAME]], sampling)
    rows, strata = drawn_rows([[row(*unit) for unit in shuffled[at : at + 77]] for at in range(0, 1000, 77)], sampling)
    assert (sorted(rows), strata) == (sorted(whole[0]), whole[1])


def test_both_schemes_of_a_host_go_together_under_the_stratum_of_its_first_line() -> None:
    lines = [row(site, stratum, port) for site, stratum in FRAME for port in (80, 443)]
    strange = [(*each[:6], "b", *each[7:]) if each[4] == 443 else each for each in lines]
    rows, _ = drawn_rows([strange], sampling_of(FRACTIONS))
    assert len(rows) == 320
    assert {each[1] for each in rows} == drawn_sites(FRAME, sampling_of(FRACTIONS))
    strata = dict(FRAME)
    assert all(each[6] == strata[each[1]] for each in rows)


def test_weights_of_lines_are_multiplied_not_replaced() -> None:
    rows, _ = drawn_rows([[row(*unit, weight=2.0) for unit in FRAME]], sampling_of(FRACTIONS))
    assert {each[7] for each in rows} == {20.0, 8.0}


def test_a_panel_stays_a_fresh_sample_goes_and_a_rotation_keeps_its_part() -> None:
    def units(number: int, leaving: float) -> set[int]:
        return drawn_sites(FRAME, sampling_of(FRACTIONS, Rotation(number, leaving)))

    assert units(0, 0.0) == units(5, 0.0)
    assert len(units(0, 1.0) & units(1, 1.0)) <= 16
    assert len(units(0, 0.2) & units(1, 0.2)) / 160 == pytest.approx(0.8, abs=0.1)
    assert len(units(0, 0.2) & units(2, 0.2)) < len(units(0, 0.2) & units(1, 0.2))


def test_a_unit_that_leaves_the_frame_moves_nobody_who_was_drawn_before_it() -> None:
    drawn = drawn_sites(FRAME, sampling_of(FRACTIONS))
    absent = next(unit for unit, _ in FRAME if unit not in drawn)
    assert drawn_sites([each for each in FRAME if each[0] != absent], sampling_of(FRACTIONS)) <= drawn


def test_a_larger_fraction_holds_the_smaller_sample() -> None:
    small = drawn_sites(FRAME, sampling_of(FRACTIONS))
    assert small <= drawn_sites(FRAME, sampling_of({"a": 0.2, "b": 0.3}))


def test_a_stratum_that_is_taken_whole_may_be_small() -> None:
    assert drawn_of("a", 3, 1.0) == 3
    assert drawn_of("a", 1000, 0.01) == 10
    assert len(drawn_sites([*FRAME, (5, "c")], sampling_of({"c": 1.0}, rest=0.1))) == 101


@pytest.mark.parametrize(
    ("sampling", "why"),
    [
        (sampling_of({"a": 0.1}), "'b' has no sampling fraction"),
        (sampling_of({"a": 0.0, "b": 1.0}), "fraction of the stratum 'a' is 0.0"),
        (sampling_of({}, rest=1.01), "fraction of the stratum without a name is 1.01"),
        (sampling_of(FRACTIONS, Rotation(-1, 0.1)), "is no rotation"),
        (sampling_of(FRACTIONS, Rotation(0, 1.5)), "is no rotation"),
        (sampling_of({"c": 0.5}, rest=0.5), "no site of the frame is in the stratum 'c'"),
        (sampling_of({"a": 0.01}, rest=0.5), "of the 600 sites of the stratum 'a' only 6 would be drawn"),
        (sampling_of(FRACTIONS, key=b""), "key of 0 octets"),
    ],
)
def test_a_draw_that_cannot_be_made_is_refused_in_one_sentence(sampling: Sampling, why: str) -> None:
    with pytest.raises(FrameError, match=why):
        drawn_sites(FRAME, sampling)


def test_more_strata_than_can_be_counted_are_refused() -> None:
    with pytest.raises(FrameError, match="more than 1,000 strata"):
        drawn_sites([(unit, str(unit)) for unit in range(1001)], sampling_of({}, rest=1.0))


def test_an_empty_key_and_an_id_that_is_none_are_refused() -> None:
    with pytest.raises(FrameError, match="key of 0 octets"):
        permanent_number(b"", 1)
    with pytest.raises(FrameError, match="no id of 64 bits"):
        permanent_number(b"salt", -1)
