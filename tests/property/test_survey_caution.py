"""The brake looks at no more than it must, however the ends of targets are told."""

from hypothesis import given
from hypothesis import strategies as st

from ebbtide.model.configuration import CautionSection
from ebbtide.survey.caution import Brake

ENDS = st.lists(st.sampled_from(["answered", "refused", "timed_out", "unreachable", "reset", "skipped"]), max_size=300)
BANDS = st.tuples(st.floats(0, 1), st.floats(0, 1))


def out_of_band(latest: list[str], least_answered: float, most_errors: float) -> bool:
    errors = sum(end in ("unreachable", "reset") for end in latest)
    return latest.count("answered") < least_answered * len(latest) or errors > most_errors * len(latest)


@given(ENDS, BANDS)
def test_told_one_by_one_it_is_pulled_just_when_some_window_of_the_latest_is_out_of_its_band(
    ends: list[str], bands: tuple[float, float]
) -> None:
    brake = Brake(CautionSection(window=50, least_answered=bands[0], most_errors=bands[1]), is_on=True)
    for end in ends:
        brake.note({end: 1})
    asked = [end for end in ends if end != "skipped"]
    windows = [asked[max(0, end - 50) : end] for end in range(5, len(asked) + 1)]
    assert brake.is_pulled == any(out_of_band(window, *bands) for window in windows)


@given(ENDS)
def test_bands_that_admit_everything_never_pull_it(ends: list[str]) -> None:
    brake = Brake(CautionSection(window=10, least_answered=0, most_errors=1), is_on=True)
    for end in ends:
        brake.note({end: 7})
    assert not brake.is_pulled
