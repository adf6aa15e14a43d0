"""Word to stop asking: heard within half a second, and forgotten by the next run."""

from pathlib import Path

import pytest

from ebbtide.survey import stopping
from ebbtide.survey.stopping import StopWord, clear, stop


def test_the_word_is_looked_for_now_and_then_and_heard_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(stopping.time, "monotonic", lambda: now[0])
    word = StopWord(tmp_path)
    assert not word.is_given()
    stop(tmp_path)
    assert not word.is_given()
    now[0] += 0.6
    assert word.is_given()
    clear(tmp_path)
    now[0] += 0.6
    assert word.is_given()


def test_a_word_of_an_earlier_run_is_forgotten(tmp_path: Path) -> None:
    stop(tmp_path)
    clear(tmp_path)
    clear(tmp_path)
    assert not StopWord(tmp_path).is_given()
