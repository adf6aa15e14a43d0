"""How a long run is watched."""

import urllib.request
from pathlib import Path

import pytest

from ebbtide.cli.metrics import given_out
from ebbtide.cli.output import told_how_to_go_on
from ebbtide.cli.watching import LINE_EVERY_S, Speed, plain_lines, progress_line
from ebbtide.model.errors import ConfigurationError
from ebbtide.survey.progress import Progress
from ports import free_port

REPORT = Progress(1500, 6000, "asking", {"answered": 1200, "failed": 300}, 40, slowed=2, bugs=1)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_the_rate_is_told_for_the_last_half_minute_and_overall_and_with_it_the_time_left() -> None:
    clock = Clock()
    speed = Speed(clock)
    for second in range(101):
        clock.now_s = 100.0 + second
        speed.look("asking", 10 * second if second <= 50 else 500 + 20 * (second - 50))
    assert (speed.now_per_s, speed.overall_per_s, speed.left_s(2100)) == (20, 15, 30)
    line = progress_line(REPORT, speed)
    assert line.startswith("asking: 1,500 of 6,000 (answered 1,200, failed 300), 20.0/s now, 15.0/s overall, 40 in fl")
    speed.look("asking again", 3)
    assert speed.now_per_s == speed.overall_per_s == 0
    assert speed.left_s(10) is None


def test_without_a_terminal_a_line_comes_every_half_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("time.monotonic", clock)
    with plain_lines() as watch:
        for _ in range(7):
            watch(REPORT)
            clock.now_s += LINE_EVERY_S / 2
    assert capsys.readouterr().err.count("asking: 1,500 of 6,000") == 3
    with plain_lines(quiet=True) as watch:
        clock.now_s += 1000
        watch(REPORT)
    assert capsys.readouterr().err == ""


def test_metrics_are_kept_in_a_file_and_served_on_loopback(tmp_path: Path) -> None:
    path = tmp_path / "ebbtide.prom"
    with given_out(path, "") as watch:
        assert path.exists()
        watch(REPORT)
    text = path.read_text(encoding="utf-8")
    assert 'ebbtide_targets_done{outcome="answered"} 1200.0' in text
    assert "ebbtide_targets 6000.0" in text
    assert "ebbtide_targets_in_flight 40.0" in text
    assert "ebbtide_prefixes_slowed 2.0" in text


@pytest.mark.live
def test_metrics_are_served_where_the_operator_says() -> None:
    port = free_port()
    with given_out(None, f"127.0.0.1:{port}") as watch:
        watch(REPORT)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert b"ebbtide_bugs 1.0" in answer.read()


@pytest.mark.parametrize(("path", "listen"), [("no/such/folder/x", ""), ("", "127.0.0.1:none"), ("", "9999999")])
def test_metrics_that_cannot_be_given_out_are_a_mistake_told_at_once(tmp_path: Path, path: str, listen: str) -> None:
    with pytest.raises(ConfigurationError), given_out(tmp_path / path if path else None, listen):
        pass


def test_an_interrupt_ends_with_the_command_that_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, told_how_to_go_on("ebbtide survey run r"):
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert "every answer is kept. Go on with: ebbtide survey run r" in capsys.readouterr().err
