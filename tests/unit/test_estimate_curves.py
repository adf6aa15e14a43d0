"""How long a hole stayed open: paths to ends of intervals, a hand-worked curve, refusals."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.estimate.curves import curve_of_check, ends_of
from ebbtide.model.errors import EstimateError
from ebbtide.publish.two_rounds_words import curve_words
from ebbtide.rounds.folder import SurveyFolder
from estimate_rounds import AUGUST, IDA, IIS, JULY, Seen, addresses, build_round, check_info, survey_at

SEPTEMBER = "2001-09"
DAYS = (0, 30, 71)
WHERE = addresses(40)


@pytest.mark.parametrize(
    ("path", "ends"),
    [
        ("sss", (71, np.inf, np.inf)),
        ("snn", (0, 30, np.inf)),
        ("ssn", (30, 71, np.inf)),
        ("s-n", (0, 71, np.inf)),
        ("sns", (0, 30, np.inf)),
        ("s--", (0, np.inf, 30)),
        ("ss-", (30, np.inf, 71)),
        ("s-s", (71, np.inf, np.inf)),
    ],
)
def test_a_path_gives_the_ends_of_its_interval(path: str, ends: tuple[float, float, float]) -> None:
    assert ends_of(path, DAYS) == ends


@given(st.text("sn-", max_size=8), st.lists(st.integers(1, 90), min_size=9, max_size=9))
def test_ends_are_always_in_order(rest: str, steps: list[int]) -> None:
    days = np.cumsum([0, *steps]).tolist()
    last, mended, missed = ends_of("s" + rest, days)
    assert last < mended
    assert last < missed
    assert not (np.isfinite(mended) and np.isfinite(missed))


def survey(path: Path) -> SurveyFolder:
    """Twenty that showed it in July: by August ten mended and two fell silent, by September four more mended."""
    folder = survey_at(path)
    open_now, shut = {IDA: "shown"}, dict[str, str]()
    build_round(folder, JULY, [Seen(f"h{place}.example", WHERE[place], IIS, open_now) for place in range(20)])

    def at(place: int, mended: int) -> Seen:
        gone = place >= 18
        return Seen(f"h{place}.example", WHERE[place], "silent" if gone else IIS, shut if place < mended else open_now)

    build_round(folder, AUGUST, [at(place, 10) for place in range(20)])
    build_round(folder, SEPTEMBER, [at(place, 14) for place in range(20)])
    return folder


def test_the_curve_of_twenty_servers_by_hand(tmp_path: Path) -> None:
    found = curve_of_check(survey(tmp_path), IDA)
    assert (found.units, found.vanished, found.reopened) == (20, 2, 0)
    assert [(each.day, each.judged, each.shown) for each in found.looks] == [(0, 20, 20), (30, 18, 8), (71, 18, 4)]
    assert [each.open.high for each in found.looks] == pytest.approx([1, 8 / 18, 4 / 18])
    assert [each.open_low for each in found.looks] == pytest.approx([1, 8 / 20, 4 / 20])
    assert [each.open_high for each in found.looks] == pytest.approx([1, 10 / 20, 6 / 20])
    assert found.median is not None
    assert (found.median.low, found.median.high) == (0, 30)
    assert found.plateau == pytest.approx(4 / 18)
    words = curve_words(found, JULY, SEPTEMBER, {IDA: "A hole"})
    assert "half were mended within 30 days; 22.2 % were not seen mended by September 2001." in words
    assert "2 vanished first" in words


@pytest.mark.parametrize(
    ("check", "first", "unit", "sentence"),
    [
        ("odd", "", "site", "not judged by a check 'odd'"),
        (IDA, SEPTEMBER, "site", "needs two judged rounds"),
        (IDA, "odd", "site", "round odd is not judged"),
        (IDA, "", "planet", "no unit of count"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, check: str, first: str, unit: str, sentence: str) -> None:
    with pytest.raises(EstimateError, match=sentence):
        curve_of_check(survey(tmp_path), check, first=first, unit=unit)


def test_too_few_servers_and_other_versions_are_refused(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    build_round(folder, JULY, [Seen(f"h{place}.example", WHERE[place], IIS, {IDA: "shown"}) for place in range(9)])
    build_round(folder, AUGUST, [Seen(f"h{place}.example", WHERE[place], IIS, {}) for place in range(9)])
    with pytest.raises(EstimateError, match="only 9 showed"):
        curve_of_check(folder, IDA)
    build_round(folder, SEPTEMBER, [Seen("h0.example", WHERE[0], IIS, {})], checks=(check_info(version="d" * 16),))
    with pytest.raises(EstimateError, match="different versions"):
        curve_of_check(folder, IDA)
