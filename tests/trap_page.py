"""The script that writes docs/traps.md, for the tests that hold the page current."""

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "traps.md"


def script() -> ModuleType:
    """``scripts/make_traps.py`` as a module."""
    spec = importlib.util.spec_from_file_location("make_traps", ROOT / "scripts" / "make_traps.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
