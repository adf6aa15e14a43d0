"""However logs are cut, overlap, come twice or in another order: what is kept is what one log would give."""

import contextlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.model.configuration import PressureSection
from ebbtide.model.errors import SurveyFolderError
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


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=200)
    | st.text(max_size=80).map(str.encode)
    | st.tuples(
        st.sampled_from(["2001-08", "2001-13", "x", ""]), st.sampled_from(["raw", "odd"]), st.text(max_size=9)
    ).map(
        lambda each: msgspec.json.encode(
            {"months": {each[0]: {"sources": each[1], "files": {"attacks": each[2]}, "rows": {}}}}
        )
    )
)
def test_garbage_in_what_is_kept_is_told_and_never_a_mistake_of_ours(
    tmp_path_factory: pytest.TempPathFactory, garbage: bytes
) -> None:
    home = tmp_path_factory.mktemp("garbage")
    folder = SurveyFolder.create(home / "survey")
    reading = read_asked(home, [("2001-08-01 00:00:00", "192.0.2.7", X224)])
    (folder.path / "pressure").mkdir()
    for name in ("kept.json", "keys.json"):
        path = folder.path / "pressure" / name
        path.write_bytes(garbage)
        path.chmod(0o600)
        with contextlib.suppress(SurveyFolderError):
            keep_reading(folder, reading, SECTION)
            kept_rows(folder)
        path.unlink(missing_ok=True)
