"""What asks, compiled ahead of time, passes the same tests and gives the same demonstration."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = tuple(
    f"{kind}/test_{room}_*.py"
    for kind in ("unit", "property")
    for room in ("probe", "wire", "judge", "patterns", "rounds")
)


def compiled_sources() -> list[Path]:
    hook = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    return [ROOT / name.lstrip("/") for name in hook["hooks"]["mypyc"]["include"]]


@pytest.mark.parametrize("source", compiled_sources(), ids=str)
def test_no_compiled_module_holds_records_since_these_would_not_be_frozen(source: Path) -> None:
    assert "msgspec.Struct" not in source.read_text(encoding="utf-8")


def has_compiler() -> bool:
    return bool(shutil.which("gcc")) and (Path(sysconfig.get_paths()["include"]) / "Python.h").exists()


def run(command: list[str], **environment: str) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not has_compiler() and not os.environ.get("CI"):
        pytest.skip("no C compiler, or no headers of Python")
    wheels, into = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("compiled")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(wheels), str(ROOT)]
    run(build, HATCH_BUILD_HOOKS_ENABLE="1")
    (wheel,) = wheels.glob("*.whl")
    assert "none-any" not in wheel.name
    run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(into), str(wheel)])
    return into


def test_the_compiled_modules_are_those_that_are_named(compiled: Path) -> None:
    found = {str(file.relative_to(compiled)).partition(".")[0] for file in compiled.glob("ebbtide/**/*.so")}
    assert found == {str(source.relative_to(ROOT / "src").with_suffix("")) for source in compiled_sources()}
    names = run([sys.executable, "-c", "import ebbtide.probe.run as it; print(it.__file__)"], PYTHONPATH=str(compiled))
    assert names.strip().endswith(".so")


@pytest.mark.timeout(600)
def test_the_same_tests_pass(compiled: Path) -> None:
    files = [str(file) for pattern in TESTS for file in sorted((ROOT / "tests").glob(pattern))]
    told = run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", *files],
        PYTHONPATH=str(compiled),
    )
    assert " passed" in told.splitlines()[-1]


@pytest.mark.timeout(600)
def test_the_same_summer_is_measured_in_processes_of_their_own(compiled: Path, tmp_path: Path) -> None:
    demo = [sys.executable, "-m", "ebbtide", "demo", "--small", "--out"]
    pure = run([*demo, str(tmp_path / "pure")])
    fast = run([*demo, str(tmp_path / "fast")], PYTHONPATH=str(compiled))
    assert table_of(fast) == table_of(pure)


def table_of(told: str) -> list[str]:
    return [line for line in told.splitlines() if "%" in line]
