import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_reference_names_every_command_setting_and_column_as_the_code_has_them() -> None:
    result = subprocess.run(
        [sys.executable, "scripts/make_reference.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"docs/reference.md is out of date; run `make docs`\n{result.stderr}"


def test_every_command_has_a_help_text_and_an_example() -> None:
    reference = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    for section in reference.split("### `ebbtide ")[1:]:
        name, _, text = section.partition("`")
        assert "Example: ebbtide" in text.split("### ")[0], name
