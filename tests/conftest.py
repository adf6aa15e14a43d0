"""Shared by the folders of tests: what is beside this file can be imported by name, and one small demonstration."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # example records are used by unit and by browser tests alike


def demonstrate(out: Path, *words: str, timeout_s: int) -> dict[str, Any]:
    """What ``ebbtide demo --small --json`` printed."""
    result = subprocess.run(
        [sys.executable, "-m", "ebbtide", "demo", "--out", str(out), "--json", "--small", *words],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    told: dict[str, Any] = json.loads(result.stdout)
    assert told["is_verified"] is True
    return told


@pytest.fixture(scope="session")
def small_demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ``ebbtide demo --small``, run once; mark users ``xdist_group("demonstration")`` to share it."""
    out = tmp_path_factory.mktemp("summer") / "demo"
    demonstrate(out, timeout_s=280)
    return out


@pytest.fixture(scope="session")
def twelve_rounds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of the second scenario, small, and what the program said; mark users ``xdist_group("traps")``."""
    out = tmp_path_factory.mktemp("traps") / "demo"
    return out, demonstrate(out, "--scenario", "why-numbers-move", timeout_s=580)
