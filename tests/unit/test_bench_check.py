import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[2] / "bench"
LIMITS = """
[[limit]]
path = "one_get.ratio.median"
most = 1.6
why = "first"

[[limit]]
path = "growth"
least = 0.5
most = 1.5
why = "second"
"""


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_check", BENCH / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def folder_with(tmp_path: Path, *results: object) -> Path:
    (tmp_path / "limits.toml").write_text(LIMITS, encoding="utf-8")
    (tmp_path / "results").mkdir()
    for number, result in enumerate(results):
        (tmp_path / "results" / f"{number}.json").write_text(json.dumps(result), encoding="utf-8")
    return tmp_path


def result(ratio: object, growth: object, taken_at: str = "2026-01-01") -> dict[str, object]:
    return {"taken_at": taken_at, "one_get": {"ratio": {"median": ratio}}, "growth": growth}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (result(1.6, 1), 0),
        (result(1.61, 1), 1),
        (result(1.0, 0.4), 1),
        (result(1.0, None), 2),
        ({"taken_at": "2026-01-01", "one_get": {"missing": "no baselines"}, "growth": 1}, 2),
    ],
)
def test_a_broken_limit_and_a_missing_reading_are_told_apart(
    check: ModuleType, tmp_path: Path, given: dict[str, object], code: int
) -> None:
    assert check.main(folder_with(tmp_path, given)) == code


def test_only_the_latest_result_counts(check: ModuleType, tmp_path: Path) -> None:
    good, bad = result(1.0, 1, "2026-02-01"), result(9.0, 1, "2026-01-01")
    assert check.main(folder_with(tmp_path, good, bad)) == 0


def test_without_a_result_it_says_what_to_run(
    check: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.main(folder_with(tmp_path)) == 2
    assert "bench/run.py" in capsys.readouterr().err


def test_our_own_limits_can_be_read_and_name_readings_of_the_benchmark(check: ModuleType, tmp_path: Path) -> None:
    limits = folder_with(tmp_path, result(1.0, 1))
    (limits / "limits.toml").write_text((BENCH / "limits.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert check.main(limits) == 2
