"""Every key of a scenario is explained, and the example in the documentation can be played."""

import re
from pathlib import Path

import msgspec
import pytest

from ebbtide.lab import scenario_events, scenario_records
from ebbtide.lab.access_log import AccessLine
from ebbtide.lab.pages import PLACEHOLDERS
from ebbtide.lab.scenario import load_scenario
from ebbtide.lab.truth import truth_rows
from ebbtide.lab.world import build_world

DOCUMENT = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text()


def keys() -> list[str]:
    modules = (scenario_records, scenario_events)
    records = [each for module in modules for each in vars(module).values() if isinstance(each, msgspec.StructMeta)]
    fields = {name for record in records for name in record.__struct_encode_fields__}
    return sorted(fields - {"file"} | set(AccessLine.__struct_fields__) | {"{" + name + "}" for name in PLACEHOLDERS})


def kinds() -> list[str]:
    events = [each for each in vars(scenario_events).values() if isinstance(each, msgspec.StructMeta)]
    return sorted(str(event.__struct_config__.tag) for event in events if event.__struct_config__.tag)


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_event_is_documented(kind: str) -> None:
    assert f"| `{kind}` | " in DOCUMENT


@pytest.mark.parametrize("key", keys())
def test_every_key_is_documented(key: str) -> None:
    assert re.search(rf"[`{{ ,]{re.escape(key)}[`:,}} ]", DOCUMENT)


def test_the_smallest_scenario_of_the_documentation_plays(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    file = tmp_path / "smallest.yaml"
    file.write_text(example)
    world = build_world(load_scenario(file), 1)
    assert len(list(truth_rows(world, "2002-01"))) == 10


def test_every_field_of_the_truth_is_documented(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    file = tmp_path / "smallest.yaml"
    file.write_text(example)
    row = next(truth_rows(build_world(load_scenario(file), 1), "2002-01"))
    for name in (*row, *row["checks"]["any-hole"]):
        assert f"`{name}`" in DOCUMENT
