"""Lists of whom somebody wants to know about: anything may stand in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.model.errors import FrameError
from ebbtide.survey.wanted import read_wanted


@given(st.binary(max_size=300))
def test_garbage_is_read_or_refused_with_the_name_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, octets: bytes
) -> None:
    file = tmp_path_factory.mktemp("lists") / "list"
    file.write_bytes(octets)
    sentence = ""
    try:
        assert read_wanted(file, 4).missing([])
    except FrameError as refusal:
        sentence = str(refusal)
    assert not sentence or str(file) in sentence
