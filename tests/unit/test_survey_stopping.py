from pathlib import Path

import pytest

from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.probe.settings import Assignment
from ebbtide.survey.stopping import clear, stop, until_stopped

TARGET = Target(b"\0" * 16, 1, "a.example", "127.0.0.1", 80, Scheme.HTTP)
MANY = [Assignment(TARGET, ("127.0.0.1",), 1, Level.PASSIVE)] * 10


def test_all_are_handed_on_until_somebody_says_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(100))
    monkeypatch.setattr("time.monotonic", lambda: float(next(moments)))
    handed = []
    for each in until_stopped(MANY, tmp_path):
        handed.append(each)
        if len(handed) == 3:
            stop(tmp_path)
    assert len(handed) == 3
    assert list(until_stopped(MANY, tmp_path)) == []
    clear(tmp_path)
    assert len(list(until_stopped(MANY, tmp_path))) == 10
    clear(tmp_path)
