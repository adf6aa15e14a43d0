"""Load a scenario: YAML to checked records, each mistake told with file, dotted key and sentence."""

import re
from pathlib import Path
from typing import Any

import msgspec

from ebbtide.lab.errors import ScenarioError
from ebbtide.lab.scenario_records import Scenario, Script
from ebbtide.lab.scenario_rules import check_script
from ebbtide.lab.strict_yaml import read_yaml

__all__ = ["Scenario", "ScenarioError", "builtin", "builtin_names", "load_scenario"]

FOLDER = Path(__file__).parent / "scenarios"
_PLACE = re.compile(r" - at (?:`key` in )?`\$(.*)`$", re.DOTALL)
_STEP = re.compile(r"\[[^\]]*\]|\.[^.\[]+")
_FIELD = re.compile(r"(?:unknown|required) field `([^`]*)`$")
_SHAPE = re.compile(r"^Expected `str` matching regex '\^(.*?)\\+Z'$")
_LENGTH = re.compile(r"\{[01],(\d+)\}$")


def builtin_names() -> tuple[str, ...]:
    """Names of the scenarios that come with Ebbtide."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def builtin(name: str) -> Path:
    """Give the file of a scenario that comes with Ebbtide.

    Raises:
        ScenarioError: There is none of that name.
    """
    if name not in builtin_names():
        raise ScenarioError(None, name, f"no such scenario; there are: {', '.join(builtin_names())}")
    return FOLDER / f"{name}.yaml"


def load_scenario(path: Path) -> Scenario:
    """Read and check a scenario.

    Args:
        path: YAML file; its keys are explained in ``docs/scenarios.md``.

    Returns:
        The scenario, consistent in itself.

    Raises:
        ScenarioError: With the file, the dotted key, and what is wrong.
    """
    document = read_yaml(path)
    try:
        script = msgspec.convert(document, Script, strict=False)
    except msgspec.ValidationError as error:
        key, sentence = _explain(str(error), document)
        raise ScenarioError(path, key, sentence) from error
    check_script(script, path)
    return Scenario(**{field: getattr(script, field) for field in Script.__struct_fields__}, file=path)


def _explain(message: str, document: Any) -> tuple[str, str]:
    """Split a message into the dotted key and the sentence."""
    found = _PLACE.search(message)
    sentence = message[: found.start()] if found else message
    shape = _SHAPE.search(sentence)
    if shape:
        most = _LENGTH.search(shape[1])
        what = "printable ASCII" if shape[1].startswith("[ -~]") else f"text like {shape[1]}"
        sentence = f"must be {what}{f', at most {most[1]} characters' if most else ''}"
    steps = _STEP.findall(found[1]) if found else []
    key = _dotted(_named_steps(steps, message, document))
    field = _FIELD.search(sentence)
    return ".".join(part for part in (key, field[1] if field else "") if part), sentence


def _named_steps(steps: list[str], message: str, document: Any) -> list[str]:
    """Replace each ``[...]``, which stands for some key of a mapping, by the key that causes the message."""
    named: list[str] = []
    for step in steps:
        place = _at(document, named)
        if step == "[...]" and isinstance(place, dict):
            culprit = next((name for name in place if _fails_alike(document, named, name, message)), None)
            if culprit is None:
                return named
            named.append(f".{culprit}")
        else:
            named.append(step)
    return named


def _fails_alike(document: Any, steps: list[str], name: str, message: str) -> bool:
    """Whether the message stays the same when the mapping at ``steps`` holds nothing but ``name``."""
    reduced = _with_only(document, steps, name)
    try:
        msgspec.convert(reduced, Script, strict=False)
    except msgspec.ValidationError as error:
        return str(error) == message
    return False


def _with_only(value: Any, steps: list[str], name: str) -> Any:
    if not steps:
        return {name: value[name]}
    first, rest = steps[0], steps[1:]
    if isinstance(value, dict):
        return {**value, first[1:]: _with_only(value[first[1:]], rest, name)}
    index = int(first[1:-1])
    return [*value[:index], _with_only(value[index], rest, name), *value[index + 1 :]]


def _at(value: Any, steps: list[str]) -> Any:
    for step in steps:
        value = value.get(step[1:]) if isinstance(value, dict) else value[int(step[1:-1])]
    return value


def _dotted(steps: list[str]) -> str:
    return "".join(steps).lstrip(".")
