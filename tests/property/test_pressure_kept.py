"""However logs are cut, overlap, come twice or in another order: what is kept is what one log would give."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.model.configuration import PressureSection
from ebbtide.pressure.keeping import keep_reading
from ebbtide.rounds.folder import SurveyFolder
from kept_logs import N224, NIMDA, QUIET, SCAN, X224, Asked, kept_rows, read_asked

TIMES = [f"2001-{month:02}-{day:02} 23:{minute:02}:00" for month in (7, 8) for day in (1, 31) for minute in (0, 29, 31)]
ASKED = st.tuples(
    st.sampled_from(TIMES),
    st.sampled_from(["192.0.2.7", "192.0.2.8", "2001:db8::1", "-", "host.example"]),
    st.sampled_from([N224, X224, NIMDA, SCAN, QUIET]),
)
SECTION = PressureSection(sources="hash", key_months=12)


@settings(max_examples=25, deadline=None)
@given(st.lists(ASKED, min_size=1, max_size=30), st.data())
def test_pieces_of_a_log_in_any_order_and_number_keep_what_the_whole_does(
    tmp_path_factory: pytest.TempPathFactory, asked: list[Asked], data: st.DataObject
) -> None:
    home = tmp_path_factory.mktemp("kept")
    asked = sorted(asked)
    whole, parts = SurveyFolder.create(home / "whole"), SurveyFolder.create(home / "parts")
    keep_reading(whole, read_asked(home, asked), SECTION)
    seconds = sorted({time for time, _, _ in asked})
    cuts = [data.draw(st.integers(0, len(seconds)), label="cut") for _ in range(2)]
    low, high = min(cuts), max(cuts)
    pieces = [
        [each for each in asked if each[0] in set(seconds[start:stop])]
        for start, stop in ((0, high), (low, len(seconds)), (low, high))
    ]
    for piece in data.draw(st.permutations(pieces), label="order"):
        if piece:
            keep_reading(parts, read_asked(home, piece), SECTION)
    for table in ("AttackDayRow", "AttackMonthRow"):
        assert kept_rows(parts)[table] == kept_rows(whole)[table]
