"""Scenario files that were mutated load and play, or are refused by name; nothing else ever happens."""

import copy
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.lab.conversation import parse_request
from ebbtide.lab.pages import echo
from ebbtide.lab.scenario import ScenarioError, builtin, load_scenario
from ebbtide.lab.truth import truth_rows
from ebbtide.lab.world import build_world

WINTER = Path(__file__).parents[1] / "scenarios" / "winter-2003.yaml"
DOCUMENT = yaml.load(WINTER.read_text(), Loader=yaml.BaseLoader)  # noqa: S506  BaseLoader makes only strings
EVENTS = yaml.load(builtin("why-numbers-move").read_text(), Loader=yaml.BaseLoader)  # noqa: S506  the same
for _stratum in EVENTS["strata"].values():
    _stratum["servers"] = str(int(_stratum["servers"]) // 20)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    for key, item in items:
        found += places(item, (*path, key))
    return found


PLACES = places(DOCUMENT)
VALUES = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "",
            "0",
            "1",
            "-1",
            "0.5",
            "1e9",
            "nan",
            "inf",
            "true",
            "no",
            "2003-01",
            "microsoft-iis",
            "cern",
            "*",
            "hem",
            "2002-05",
            "2002-12",
            "shops",
            "newcomer",
            "told",
            "exit",
            "entry",
            "renumbering",
            "renewal",
            "code-red-ida",
        ]
    ),
    st.text(max_size=20),
    st.floats(0, 1).map(str),
    st.integers().map(str),
    st.just([]),
    st.just({}),
    st.dictionaries(st.sampled_from(["2003-01", "2003-02", "cern", "1", "en", "text"]), st.floats(0, 1).map(str)),
    st.sampled_from(PLACES).map(lambda path: at(DOCUMENT, path)),
)


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    document = copy.deepcopy(draw(st.sampled_from([DOCUMENT, EVENTS])))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(document)))
        parent = at(document, path[:-1])
        if draw(st.booleans()):
            parent[path[-1]] = copy.deepcopy(draw(VALUES))
        else:
            del parent[path[-1]]
    return document


def play(file: Path) -> ScenarioError | None:
    """Play a scenario to its end; anything but the one error of the lab is passed on and fails the test."""
    try:
        world = build_world(load_scenario(file), 3, 0.2)
        for month in world.months:
            for row in truth_rows(world, month):
                assert row["month"] == month
        assert all(row[5] >= 0 for row in world.frame_rows())
    except ScenarioError as error:
        return error
    return None


def check(file: Path) -> None:
    error = play(file)
    assert error is None or (str(file) in str(error) and error.sentence)


def test_the_scenario_that_is_mutated_plays() -> None:
    assert play(WINTER) is None


@settings(max_examples=150, deadline=None)
@given(mutated())
def test_a_mutated_scenario_plays_or_is_refused(document: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mutated.yaml"
        file.write_text(yaml.dump(document, allow_unicode=True, sort_keys=False))
        check(file)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(WINTER.read_bytes())), st.integers(0, 40), st.binary(max_size=20))
def test_a_scenario_with_bytes_replaced_plays_or_is_refused(start: int, length: int, insert: bytes) -> None:
    content = WINTER.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mutated.yaml"
        file.write_bytes(content[:start] + insert + content[start + length :])
        check(file)


@settings(max_examples=200)
@given(
    st.one_of(
        st.binary(max_size=200), st.builds(lambda a, b: b"GET " + a + b" HTTP/1.1\r\n" + b, st.binary(), st.binary())
    )
)
def test_a_garbled_request_is_read_or_refused(head: bytes) -> None:
    request = parse_request(head)
    assert request is None or request.target.startswith(b"/")


@settings(max_examples=200)
@given(st.binary(max_size=600))
def test_an_echoed_path_can_never_break_out_of_a_page(path: bytes) -> None:
    echoed = echo(path)
    assert not set(echoed) & set(b"<>\"'\r\n ")
