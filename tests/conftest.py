"""Shared by the folders of tests: what is beside this file can be imported by name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # example records are used by unit and by browser tests alike
