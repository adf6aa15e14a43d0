import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.model.errors import SurveyFolderError
from ebbtide.rounds import log as log_module
from ebbtide.rounds.entries import (
    BatchCommitted,
    Chosen,
    Entry,
    FileRef,
    Interruption,
    Judged,
    Opened,
    Planned,
    Published,
    RunStarted,
    Sealed,
)
from ebbtide.rounds.log import CommitLog, LogState, RoundState, fold

FILES = st.lists(
    st.builds(FileRef, st.sampled_from(["outcomes", "targets"]), st.integers(0, 15), st.text(max_size=5), st.just(1)),
    max_size=3,
).map(tuple)
ENTRIES = st.one_of(
    st.builds(Planned, FILES, *[st.integers(0, 9)] * 5, st.just("f"), st.just("p"), st.just(0)),
    st.builds(RunStarted, st.text(max_size=4), st.just(""), st.just(0)),
    st.builds(
        BatchCommitted,
        st.text(max_size=4),
        FILES,
        st.just(1),
        st.just({"answered": 1}),
        st.lists(st.builds(Interruption, st.binary(max_size=16), st.integers(1, 5)), max_size=2).map(tuple),
        st.just(0),
    ),
    st.builds(Sealed, FILES, *[st.integers(0, 9)] * 5, st.just(0)),
    st.builds(Judged, st.sampled_from(["a", "b"]), st.just("m"), FILES, st.just(0)),
    st.builds(Chosen, st.sampled_from(["a", "b"]), st.just(0)),
    st.builds(Published, st.just(0)),
)
OPENED = Opened("r", "2001-07-15", 16, 1, "0", 0)


@settings(max_examples=40, deadline=None)
@given(st.lists(ENTRIES, max_size=12), st.integers(1, 4))
def test_a_log_reads_back_as_the_fold_of_its_entries_with_checkpoints_and_without(
    entries: list[Entry], every: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_module, "CHECKPOINT_EVERY", every)
        log, state, expected = CommitLog(Path(folder) / "log"), LogState(), LogState()
        for entry in (OPENED, *entries):
            log.append(state, entry)
            fold(expected, entry)
        assert state == expected
        assert log.read() == expected
        for checkpoint in Path(folder).rglob("*.checkpoint"):
            checkpoint.write_bytes(b"{broken")
        assert log.read() == expected


def filled(folder: Path) -> CommitLog:
    log, state = CommitLog(folder / "log"), LogState()
    for entry in (OPENED, RunStarted("a", "", 0), RunStarted("b", "", 0)):
        log.append(state, entry)
    return log


def test_an_entry_that_is_missing_in_the_middle_is_not_passed_over(tmp_path: Path) -> None:
    log = filled(tmp_path)
    (tmp_path / "log" / "00000002.json").unlink()
    with pytest.raises(SurveyFolderError, match="lacks entry 2"):
        log.read()


@pytest.mark.parametrize("content", [b"", b"{", b'{"type": "from_the_future"}', b"\xff"])
def test_an_entry_that_cannot_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    log = filled(tmp_path)
    (tmp_path / "log" / "00000002.json").write_bytes(content)
    with pytest.raises(SurveyFolderError, match=r"00000002\.json"):
        log.read()


def test_a_round_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    log = CommitLog(tmp_path / "log")
    log.append(LogState(), msgspec.structs.replace(OPENED, format=2))
    with pytest.raises(SurveyFolderError, match="Use a newer version"):
        log.read()


def test_two_writers_cannot_commit_the_same_entry(tmp_path: Path) -> None:
    log = filled(tmp_path)
    stale = log.read()
    log.append(log.read(), RunStarted("c", "", 0))
    with pytest.raises(SurveyFolderError, match="another process"):
        log.append(stale, RunStarted("d", "", 0))
    assert log.read().config_digests == ["a", "b", "c"]


def test_what_is_not_yet_in_place_is_not_read(tmp_path: Path) -> None:
    log = filled(tmp_path)
    (tmp_path / "log" / "00000004.json.unfinished").write_bytes(b"{")
    assert log.read().entries == 3


def test_a_round_goes_from_open_to_sealed_to_published() -> None:
    state = LogState()
    fold(state, OPENED)
    assert state.state is RoundState.OPEN
    fold(state, Sealed((), 0, 0, 0, 0, 0, 0))
    assert state.state is RoundState.SEALED
    fold(state, Published(0))
    assert state.state is RoundState.PUBLISHED
