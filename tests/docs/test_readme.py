import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.live
@pytest.mark.xdist_group("demonstration")
def test_the_session_of_the_readme_runs_as_it_stands(tmp_path: Path) -> None:
    session = re.search(r"```sh\n(.*?)```", README, re.DOTALL)
    assert session is not None
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    # Job control gives the background server a job number, as in a terminal.
    script = "set -meuo pipefail\ntrap 'kill %1 2>/dev/null || true' EXIT\n" + session[1]
    result = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    assert "code-red-ida" in result.stdout
    assert "microsoft-iis" in result.stdout
    assert "<html" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_every_target_of_make_that_the_papers_name_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for paper in (README, (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", paper, re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_link_inside_the_papers_leads_somewhere() -> None:
    for paper in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", paper.read_text(encoding="utf-8")):
            assert (paper.parent / link).exists(), f"{paper.name}: {link}"
