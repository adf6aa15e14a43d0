"""What a budget of requests buys, on checks small enough to count by hand."""

from pathlib import Path

import pytest

from ebbtide.judge.budget import Bought
from ebbtide.judge.engine import load_engine
from ebbtide.model.configuration import ChecksSection, PlanSection
from ebbtide.model.targets import Level

CHECK = """
id: {name}
info: {{name: Some, severity: info, author: me}}
http:
  - path: [{paths}]
    matchers: [{{type: status, status: [200]}}]
"""
WANTED = {
    "front": ["/"],
    "absent": ["/{{absent}}.html"],
    "one": ["/shared"],
    "two": ["/shared"],
    "three": ["/x", "/y"],
    "four": ["/x", "/z"],
    "five": ["/lone"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, paths in WANTED.items():
        listed = ", ".join(f'"{{{{BaseURL}}}}{path}"' for path in paths)
        (tmp_path / f"{name}.yaml").write_text(CHECK.format(name=name, paths=listed), encoding="utf-8")
    return tmp_path


def budgets(folder: Path, steps: tuple[int, ...], level: Level = Level.ACTIVE, **checks: object) -> list[Bought]:
    section = ChecksSection(**{"packs": (), "templates": (".",), **checks})  # type: ignore[arg-type]
    return list(load_engine(section, PlanSection(level=level), folder).budgets(steps))


def test_equal_requests_are_counted_once_and_what_serves_most_comes_first(folder: Path) -> None:
    assert budgets(folder, (0, 1, 2, 3, 100)) == [
        Bought("", 0, 2, 7),
        Bought("", 1, 4, 7),
        Bought("", 2, 5, 7),
        Bought("", 3, 5, 7),
        Bought("", 5, 7, 7),
    ]


def test_at_the_passive_level_only_the_core_plan_is_bought(folder: Path) -> None:
    assert budgets(folder, (0, 20), Level.PASSIVE) == [Bought("", 0, 2, 7)]


def test_a_gate_counts_at_its_family_alone(folder: Path) -> None:
    bought = budgets(folder, (0,), packs=("iis-2001",), templates=())
    assert {each.family for each in bought} == {"microsoft-iis"}
    assert (bought[-1].checks, bought[-1].of) == (7, 7)
    both = budgets(folder, (0,), packs=("iis-2001",))
    assert [each.of for each in both if each.family == ""] == [7, 7]
    assert both[-1].of == 14
