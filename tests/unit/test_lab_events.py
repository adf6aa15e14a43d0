"""Events of a scenario: what each does to the servers, and which mistakes are refused, by file and dotted key."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ebbtide.cli.demonstration import DemoOrder, run_demo
from ebbtide.lab.history import MachineMonth
from ebbtide.lab.population import Machine
from ebbtide.lab.scenario import ScenarioError, builtin, load_scenario
from ebbtide.lab.truth import truth_rows
from ebbtide.lab.world import World, build_world
from ebbtide.model.errors import ConfigurationError

FILE = builtin("why-numbers-move")
IDA, ADMIN, BACKDOOR, MAPPED = "code-red-ida", "admin-pages", "backdoor-mark", "code-red-ida-reachable"


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(load_scenario(FILE), 3, 0.1)


def changed(tmp_path: Path, place: str, value: Any) -> Path:
    document = yaml.load(FILE.read_text(), Loader=yaml.BaseLoader)  # noqa: S506  BaseLoader makes only strings
    *path, last = (int(step) if step.isdigit() else step for step in place.split("/"))
    parent = document
    for step in path:
        parent = parent[step]
    if value is None:
        del parent[last]
    elif isinstance(parent, list) and last == len(parent):
        parent.append(value)
    else:
        parent[last] = value
    target = tmp_path / "changed.yaml"
    target.write_text(yaml.dump(document, allow_unicode=True, sort_keys=False))
    return target


def of(world: World, month: str, *strata: str) -> list[tuple[Machine, MachineMonth]]:
    pairs = zip(world.machines, world.states(month), strict=True)
    return [(machine, state) for machine, state in pairs if not strata or machine.stratum in strata]


def having(world: World, month: str, check: str, *strata: str) -> set[str]:
    return {machine.id for machine, state in of(world, month, *strata) if check in state.holes}


def test_a_stratum_begins_with_its_own_holes_and_what_the_filter_reveals_lies_within_it(world: World) -> None:
    members = [machine for machine, _ in of(world, "2002-01", "schools")]
    assert len(having(world, "2002-01", IDA, "schools")) == round(0.9 * len(members))
    for stratum in world.scenario.strata:
        assert having(world, "2002-01", IDA, stratum) <= having(world, "2002-01", MAPPED, stratum)


def test_a_patch_mends_its_share_and_opens_nothing(world: World) -> None:
    before, after = having(world, "2002-01", IDA), having(world, "2002-02", IDA)
    assert after < before
    assert len(before - after) == int(0.3 * len(before) + 0.5)
    assert having(world, "2002-02", MAPPED) == having(world, "2002-01", MAPPED)


def test_a_worm_mends_by_arm_and_infects_some_of_those_that_stay_open(world: World) -> None:
    before, after = having(world, "2002-03", IDA), having(world, "2002-04", IDA)
    for arm, share in (("told", 0.45), ("waiting", 0.35)):
        own = {machine_id for machine_id in before if world.arms[machine_id] == arm}
        assert len(own - after) == int(share * len(own) + 0.5)
    infected = having(world, "2002-04", BACKDOOR)
    assert infected <= after
    assert len(infected) == int(0.1 * len(after) + 0.5)


def test_letters_move_the_arm_that_is_told(world: World) -> None:
    before, after = having(world, "2002-05", ADMIN), having(world, "2002-06", ADMIN)
    hazards = {}
    for arm in ("told", "waiting"):
        own = {machine_id for machine_id in before if world.arms[machine_id] == arm}
        hazards[arm] = len(own - after) / len(own)
    assert hazards["told"] == pytest.approx(0.55, abs=0.02)
    assert hazards["waiting"] == pytest.approx(0.08, abs=0.02)


def test_every_server_of_the_base_family_is_in_one_arm_and_the_arms_are_even_in_each_stratum(world: World) -> None:
    assert set(world.arms) == {machine.id for machine in world.machines if machine.family == "microsoft-iis"}
    for stratum in world.scenario.strata:
        arms = [world.arms[machine.id] for machine, _ in of(world, "2002-01", stratum) if machine.id in world.arms]
        assert abs(arms.count("told") - arms.count("waiting")) <= 1


def test_the_list_of_a_month_holds_who_has_come_and_not_who_has_gone(world: World) -> None:
    strata = {month: {row[4] for row in world.frame_rows(month=month)} for month in world.months}
    assert "newcomer" not in strata["2002-02"]
    assert "newcomer" in strata["2002-03"]
    assert "closing" in strata["2002-11"]
    assert "closing" not in strata["2002-12"]
    names = [row[0] for row in world.frame_rows(month="2002-03") if row[4] == "newcomer"]
    addresses = {row[1] for row in world.frame_rows(month="2002-03") if row[4] == "newcomer"}
    assert len(names) == 10 * len(addresses)
    for month in ("2002-02", "2002-03"):
        assert {row["host"] for row in truth_rows(world, month)} == {row[0] for row in world.frame_rows(month=month)}


def test_renumbering_moves_names_and_holes_to_addresses_that_nobody_had(world: World) -> None:
    before = {row[0]: row[1] for row in world.frame_rows(month="2002-04")}
    after = {row[0]: row[1] for row in world.frame_rows(month="2002-05")}
    moved = {name for name in before if before[name] != after[name]}
    assert moved == {row[0] for row in world.frame_rows(month="2002-05") if row[4] == "market-hosting"}
    assert not {after[name] for name in moved} & set(before.values())
    assert having(world, "2002-04", IDA) == having(world, "2002-05", IDA)


def test_a_renewal_keeps_the_key_or_changes_it_or_gives_one_to_many(world: World) -> None:
    def held(month: str) -> dict[str, tuple[str, str]]:
        rows = truth_rows(world, month)
        return {row["host"]: (row["certificate"], row["key"]) for row in rows if row["certificate"]}

    april, may, september, october, november = map(held, ("2002-04", "2002-05", "2002-09", "2002-10", "2002-11"))
    shops = {name for machine, _ in of(world, "2002-05", "shops") for name in machine.names}
    assert {name for name in april if april[name][0] != may[name][0]} == shops
    assert {name for name in april if april[name][1] != may[name][1]} == set()
    assert {name for name in april if september[name][1] != october[name][1]} == shops
    assert len(set(november.values())) == 1


def test_a_firewall_hides_its_servers_from_one_address_until_it_is_gone(world: World) -> None:
    for month, source, count in (
        ("2002-09", "127.0.0.1", 0),
        ("2002-10", "127.0.0.1", 66),
        ("2002-11", "127.0.0.1", 66),
        ("2002-12", "127.0.0.1", 0),
        ("2002-10", "127.0.0.2", 0),
    ):
        rows = [row for row in truth_rows(world, month, source=source) if row["presence"] == "blocked"]
        assert len(rows) == count, (month, source)
        assert all(row["stratum"] == "harbour-hosting" and row["presence_actual"] == "answered" for row in rows)
        assert all(row["checks"][IDA]["observable"] == "not_asked" for row in rows)


def test_a_better_check_judges_what_the_earlier_months_showed_otherwise_and_no_later_month(world: World) -> None:
    for month in world.months:
        rows = list(truth_rows(world, month))
        differs = {row["host"] for row in rows if row["checks"][IDA]["first"] != row["checks"][IDA]["observable"]}
        assert bool(differs) == (month < "2002-08"), month
        told = world.parameters_in(month)[IDA]["patch_mark"]
        assert told == ("MS01-033" if month >= "2002-08" else "<!-- MS01-033 -->")


def test_the_same_seed_makes_the_same_year_and_another_seed_another(world: World) -> None:
    again, other = (build_world(load_scenario(FILE), seed, 0.1) for seed in (3, 4))
    for month in ("2002-01", "2002-12"):
        assert list(truth_rows(world, month)) == list(truth_rows(again, month))
        assert list(truth_rows(world, month)) != list(truth_rows(other, month))


PLACES = {
    "no month": ("events/0/month", "2003-01", "events[0].month", "is no month of this scenario"),
    "no stratum": ("events/0/strata", ["moon"], "events[0].strata", "moon is no stratum"),
    "no hole": ("events/0/mends/0/check", "any-hole", "events[0].mends[0].check", "any-hole is none of"),
    "no arm": ("events/2/mends/0/arm", "moon", "events[2].mends[0].arm", "moon is no arm"),
    "no control": ("events/5/control", "moon", "events[5].control", "moon is no arm"),
    "a long wait": ("events/5/delay_days", "15", "events[5].delay_days", "<= 14"),
    "no kind": ("events/0/kind", "storm", "events[0].kind", "storm"),
    "twice": ("events/1/id", "patch", "events[0].id", "stands there twice"),
    "no TLS": ("events/4/strata", ["town"], "events[4].strata", "has no TLS"),
    "another parameter": ("events/6/parameter", "other", "events[6].parameter", "cannot change"),
    "no assumption": ("events/6/value", "other", "events[6].value", "an assumption sets"),
    "nothing better": ("events/6/before", "MS01-033", "events[6].before", "not what the check is told later"),
    "no loopback": ("events/7/source", "192.0.2.1", "events[7].source", "no address inside"),
    "no address": ("events/7/source", "home", "events[7].source", "no address inside"),
    "until before": ("events/7/until", "2002-10", "events[7].until", "is not after"),
    "everybody later": ("events/1/strata", [], "events", "nobody is in the list of the first month"),
    "moved twice": (
        "events/12",
        {"id": "x", "kind": "renumbering", "month": "2002-06", "strata": ["market-hosting"]},
        "events[12].strata",
        "has such an event already",
    ),
    "gone before": (
        "events/12",
        {"id": "x", "kind": "exit", "month": "2002-02", "strata": ["newcomer"]},
        "events",
        "newcomer leaves the list before",
    ),
    "odd hole": ("strata/town/holes/moon", "0.1", "strata.town.holes.moon", "is none of"),
    "outside the filter": ("strata/town/holes/code-red-ida", "0.9", "strata.town.holes.code-red-ida", "exceeds"),
    "rates too": ("holes", {"admin-pages": {"rates": {"2002-01": "0.1"}}}, "strata.town.holes", "the one or the other"),
    "absent stratum": ("absences/2002-07/0/strata", ["moon"], "absences.2002-07[0].strata", "moon is no stratum"),
    "no names": ("strata/town/names_per_address", {"0": "1"}, "strata.town.names_per_address.0", "no number of names"),
    "arms of nobody": ("arms", {"told": "0", "waiting": "0"}, "arms", "at least one share above 0"),
    "no mark": ("assumptions", [], "assumptions", "patched server cannot be told"),
    "no infection": ("families/microsoft-iis/pages/infection", [], "families.microsoft-iis.pages.infection", "no text"),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_mistake_is_told_with_its_key_and_sentence(case: str, tmp_path: Path) -> None:
    place, value, key, sentence = PLACES[case]
    file = changed(tmp_path, place, value)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    assert f"{file}: {key}: " in str(caught.value)
    assert sentence in str(caught.value)


def test_letters_about_a_hole_of_high_severity_are_refused(tmp_path: Path) -> None:
    file = changed(tmp_path, "events/5/mends/0/check", "script-source")
    order = DemoOrder(out=tmp_path / "out", scenario=str(file), seed=1, scale=0.1, port=None, quiet=True)
    with pytest.raises(ConfigurationError, match=r"events\[5\]\.mends\[0\]\.check: script-source is of high severity"):
        run_demo(order)
    assert not (tmp_path / "out").exists()
