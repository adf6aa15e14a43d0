"""A draw depends on who is in the frame, and on nothing else; who is drawn is a matter of chance alone."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.drawing_frames import drawn_rows, drawn_sites, row, sampling_of, sorted_draw

from ebbtide.frame.sampling import Rotation, permanent_number

FRAMES = st.dictionaries(st.integers(0, 2**64 - 1), st.sampled_from(["", "a", "b"]), min_size=30, max_size=120)
FRACTIONS = st.sampled_from([0.35, 0.5, 0.9, 1.0])
ROTATIONS = st.builds(Rotation, st.integers(0, 200), st.sampled_from([0.0, 0.25, 1 / 3, 1.0]))


@settings(deadline=None, max_examples=15)
@given(FRAMES, FRACTIONS, ROTATIONS, st.randoms(use_true_random=False), st.integers(20, 50))
def test_any_order_of_lines_and_any_splitting_draws_the_same_as_sorting_everybody(
    frame: dict[int, str], fraction: float, rotation: Rotation, chance: object, size: int
) -> None:
    units = list(frame.items())
    counts = {name: sum(each == name for _, each in units) for name in frame.values()}
    fractions = {name: 1.0 for name, count in counts.items() if round(fraction * count) < 10}
    sampling = sampling_of(fractions, rotation, rest=fraction)
    shuffled = list(units)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    pieces = [[row(*unit) for unit in shuffled[at : at + size]] for at in range(0, len(shuffled), size)]
    rows, strata = drawn_rows(pieces, sampling)
    assert {each[1] for each in rows} == sorted_draw(units, sampling) == drawn_sites(units, sampling)
    assert abs(sum(each[7] for each in rows) - len(units)) < 1e-6
    assert sum(each.sites for each in strata) == len(units)


def test_everybody_is_drawn_as_often_as_the_fraction_says_over_many_keys() -> None:
    units = [(unit, "a") for unit in range(60)]
    times = dict.fromkeys(range(60), 0)
    for key in range(120):
        for site in drawn_sites(units, sampling_of({"a": 0.25}, key=b"%d" % key)):
            times[site] += 1
    # 120 draws at a quarter: 30 expected, standard deviation 4.7; sixty sites within four of them.
    assert sum(times.values()) == 120 * 15
    assert 10 < min(times.values()) <= max(times.values()) < 50


def test_overlap_of_two_rounds_is_as_designed_whatever_their_distance() -> None:
    units = [(unit, "a") for unit in range(4000)]
    first = drawn_sites(units, sampling_of({"a": 0.1}, Rotation(0, 0.25)))
    for turn, stays in ((1, 0.75), (2, 0.5), (3, 0.25), (4, 0.0), (20, 0.0), (40, 1.0)):
        later = drawn_sites(units, sampling_of({"a": 0.1}, Rotation(turn, 0.25)))
        # A stretch of a tenth of 4,000 holds 400 by design and, by chance, some 19 more or less.
        assert abs(len(first & later) - 400 * stays) < 60


def test_the_numbers_of_one_survey_say_nothing_of_those_of_another() -> None:
    own = [permanent_number(b"own", unit) for unit in range(2000)]
    other = [permanent_number(b"other", unit) for unit in range(2000)]
    mean = [sum(each) / 2000 for each in (own, other)]
    both = sum((one - mean[0]) * (two - mean[1]) for one, two in zip(own, other, strict=True)) / 2000
    assert abs(12 * both) < 0.1  # a correlation, of which chance alone makes 0.022
