"""Shared by the folders of tests: what is beside this file can be imported by name, and one small demonstration."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # example records are used by unit and by browser tests alike


@pytest.fixture(scope="session")
def small_demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ``ebbtide demo --small``, run once; mark users ``xdist_group("demonstration")`` to share it."""
    out = tmp_path_factory.mktemp("summer") / "demo"
    result = subprocess.run(
        [sys.executable, "-m", "ebbtide", "demo", "--out", str(out), "--json", "--small"],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert json.loads(result.stdout)["is_verified"] is True
    return out
