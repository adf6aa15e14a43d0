"""The built-in scenario played in full: rates to the unit, the same servers mended, weights, leavers, addresses."""

import ipaddress
from collections import Counter
from collections.abc import Iterable

import msgspec
import pytest

from ebbtide.lab.drawing import round_share
from ebbtide.lab.history import MachineMonth
from ebbtide.lab.holes import ANY, PARTS
from ebbtide.lab.scenario import Scenario, ScenarioError, builtin, load_scenario
from ebbtide.lab.scenario_records import Hole, Holes
from ebbtide.lab.world import World, build_world

MONTHS = ("2001-06", "2001-07", "2001-08", "2001-09")
PUBLISHED = {
    ("code-red-ida", "2001-07"): 0.34,
    ("code-red-ida", "2001-08"): 0.02,
    ("admin-pages", "2001-06"): 0.35,
    ("admin-pages", "2001-08"): 0.10,
    ("server-path", "2001-06"): 0.50,
    ("server-path", "2001-07"): 0.23,
    ("server-path", "2001-08"): 0.06,
    ("script-source", "2001-06"): 0.21,
    ("script-source", "2001-07"): 0.11,
}


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario(builtin("code-red-2001"))


@pytest.fixture(scope="module")
def world(scenario: Scenario) -> World:
    return build_world(scenario, 2001)


@pytest.fixture(scope="module")
def small(scenario: Scenario) -> World:
    return build_world(scenario, 2001, 0.05)


def base(states: Iterable[MachineMonth]) -> list[MachineMonth]:
    return [state for state in states if state.presence == "answered" and state.traits.family == "microsoft-iis"]


def everything(world: World) -> object:
    return world.machines, {month: world.states(month) for month in world.months}, world.weights


@pytest.mark.parametrize(("check", "month"), PUBLISHED)
def test_published_rates_come_out_to_the_server(world: World, check: str, month: str) -> None:
    members = base(world.states(month))
    has_it = sum(check in state.holes for state in members)
    assert has_it == int(PUBLISHED[check, month] * len(members) + 0.5 + 1e-9)


def test_all_rates_of_the_file_hold_at_several_scales_and_seeds(scenario: Scenario) -> None:
    for seed, scale in ((1, 0.02), (2, 0.1), (3, 0.1)):
        played = build_world(scenario, seed, scale)
        for month in MONTHS:
            members = base(played.states(month))
            for check, hole in msgspec.to_builtins(scenario.holes).items():
                if month not in hole["rates"]:
                    continue
                has_it = sum(any(p in s.holes for p in PARTS) if check == ANY else check in s.holes for s in members)
                assert has_it == int(hole["rates"][month] * len(members) + 0.5 + 1e-9), (check, month, seed)


def test_script_source_is_under_four_percent_in_august_and_any_hole_over_sixty_in_june(world: World) -> None:
    august, june = base(world.states("2001-08")), base(world.states("2001-06"))
    assert sum("script-source" in state.holes for state in august) / len(august) < 0.04
    assert sum(any(part in state.holes for part in PARTS) for state in june) / len(june) > 0.60


def test_a_hole_is_open_in_one_unbroken_run_of_months(world: World) -> None:
    for place in range(len(world.machines)):
        for check in PARTS:
            marks = "".join(
                "1" if check in world.states(month)[place].holes else "0"
                for month in MONTHS
                if world.states(month)[place].presence == "answered"
            )
            assert "01" not in marks.lstrip("0"), (world.machines[place].id, check, marks)


def test_those_open_in_august_were_open_in_july(world: World) -> None:
    july, august = world.states("2001-07"), world.states("2001-08")
    for before, after in zip(july, august, strict=True):
        if before.presence == "answered":
            assert (after.holes - {"backdoor-mark"}) <= before.holes


def test_a_path_is_revealed_only_where_the_filter_is_reachable(world: World) -> None:
    for month in MONTHS:
        for state in world.states(month):
            if state.holes & {"server-path", "code-red-ida"}:
                assert "code-red-ida-reachable" in state.holes


def test_the_same_seed_makes_the_same_world(scenario: Scenario, small: World) -> None:
    assert everything(build_world(scenario, 2001, 0.05)) == everything(small)


def test_another_seed_makes_another_world(scenario: Scenario, small: World) -> None:
    other = build_world(scenario, 2002, 0.05)
    assert other.machines != small.machines
    assert [s.holes for s in other.states("2001-07")] != [s.holes for s in small.states("2001-07")]


def test_the_order_of_keys_in_the_file_does_not_matter(scenario: Scenario, small: World) -> None:
    turned = msgspec.structs.replace(
        scenario,
        months=dict(reversed(scenario.months.items())),
        strata=dict(reversed(scenario.strata.items())),
        texts=dict(reversed(scenario.texts.items())),
        families={
            name: msgspec.structs.replace(
                family,
                languages=dict(reversed(family.languages.items())),
                roots=dict(reversed(family.roots.items())),
                names_per_address=dict(reversed(family.names_per_address.items())),
            )
            for name, family in reversed(scenario.families.items())
        },
    )
    assert everything(build_world(turned, 2001, 0.05)) == everything(small)


def test_weights_bring_the_published_shares_of_host_names_back(world: World) -> None:
    visible: Counter[str] = Counter()
    total = 0.0
    for machine, state in zip(world.machines, world.states("2001-06"), strict=True):
        if state.presence == "answered":
            weight = world.weights[machine.stratum] * len(machine.names)
            total += weight
            visible["" if state.traits.is_masked else state.traits.family] += weight
    assert visible["microsoft-iis"] / total == pytest.approx(0.2038, abs=1e-6)
    assert visible["apache"] / total == pytest.approx(0.6302, abs=1e-6)


def test_names_and_addresses_disagree_about_microsoft(world: World) -> None:
    by_address: Counter[str] = Counter()
    for machine in world.machines:
        by_address[machine.family] += world.weights[machine.stratum]
    assert by_address["microsoft-iis"] / by_address.total() > 0.25


def test_there_are_about_two_names_on_an_address_and_weights_add_up_to_the_names(world: World) -> None:
    rows = list(world.frame_rows())
    assert len(rows) / len(world.machines) == pytest.approx(1.9, abs=0.05)
    assert len({row[0] for row in rows}) == len(rows)
    assert sum(row[5] for row in rows) == pytest.approx(len(rows))


def test_a_thousand_iis_servers_leave_in_september_and_one_in_forty_runs_a_competitor(world: World) -> None:
    fates: Counter[str] = Counter()
    for before, after in zip(world.states("2001-08"), world.states("2001-09"), strict=True):
        if before.traits.family == "microsoft-iis" and (after.has_left or after.traits.family != "microsoft-iis"):
            fates["competitor" if after.traits.family != "microsoft-iis" else after.presence] += 1
    assert fates == {"competitor": 25, "refused": 585, "silent": 390}


def test_some_iis_servers_are_upgraded_and_none_is_downgraded(world: World) -> None:
    moves = Counter(
        (before.version, after.version)
        for before, after in zip(world.states("2001-07"), world.states("2001-08"), strict=True)
        if before.traits.family == after.traits.family == "microsoft-iis"
    )
    assert moves["4.0", "5.0"] > 50
    assert moves["5.0", "4.0"] == 0


def test_addresses_are_distinct_spread_and_never_the_first_of_loopback(world: World) -> None:
    addresses = [ipaddress.IPv4Address(machine.address) for machine in world.machines]
    assert len(set(addresses)) == len(addresses)
    assert all(address in ipaddress.IPv4Network("127.32.0.0/11") for address in addresses)
    per_prefix = Counter(int(address) >> 8 for address in addresses)
    assert len(per_prefix) == 500
    assert max(per_prefix.values()) == 16


def test_a_block_that_holds_the_first_prefix_of_loopback_leaves_it_out(scenario: Scenario) -> None:
    network = msgspec.structs.replace(scenario.network, block="127.0.0.0/16")
    played = build_world(msgspec.structs.replace(scenario, network=network), 1, 0.05)
    assert not [m for m in played.machines if m.address.startswith("127.0.0.")]


def test_two_in_a_hundred_drop_their_first_connection_in_each_of_three_ways(world: World) -> None:
    drops = Counter(state.traits.drops for state in world.states("2001-06"))
    assert sum(drops.values()) - drops[""] == pytest.approx(160, abs=4)
    assert min(drops["accept"], drops["request"], drops["body"]) > 45


def test_a_tenth_has_the_same_structure(scenario: Scenario, world: World) -> None:
    tenth = build_world(scenario, 2001, 0.1)
    assert len(tenth.machines) == 800
    assert {m.family for m in tenth.machines} == {m.family for m in world.machines}
    assert {s.traits.language for s in tenth.states("2001-06")} == {"en", "de", "fr", "ja"}
    for month in MONTHS:
        assert {s.presence for s in tenth.states(month)} == {"answered", "refused", "silent"}


def test_the_survey_is_told_the_patch_mark_and_the_dates(world: World) -> None:
    assert world.parameters() == {"code-red-ida": {"patch_mark": "<!-- MS01-033 -->"}}
    assert world.months == MONTHS
    assert world.reference_date("2001-07") == "2001-07-15"
    assert {row[2] for row in world.frame_rows(9999)} == {9999}


def test_an_unknown_month_is_the_callers_mistake(world: World) -> None:
    with pytest.raises(ScenarioError, match=r"months\.1999-01: no such month"):
        world.reference_date("1999-01")


@pytest.mark.parametrize("scale", [0, -1, 5, float("nan")])
def test_a_scale_out_of_range_is_refused(scenario: Scenario, scale: float) -> None:
    with pytest.raises(ScenarioError, match="scale"):
        build_world(scenario, 1, scale)


def test_a_scale_that_leaves_a_family_nobody_is_refused(scenario: Scenario) -> None:
    with pytest.raises(ScenarioError, match=r"strata\.apache\.servers|strata\.others\.servers"):
        build_world(scenario, 1, 0.0001)


def test_a_rate_that_would_open_mended_holes_again_is_refused_by_its_key(scenario: Scenario) -> None:
    rates = {"2001-06": 0.3, "2001-07": 0.1, "2001-08": 0.95}
    holes = msgspec.structs.replace(scenario.holes, admin=msgspec.structs.replace(scenario.holes.admin, rates=rates))
    with pytest.raises(ScenarioError, match=r"holes\.admin-pages\.rates\.2001-08: wants 3,766"):
        build_world(msgspec.structs.replace(scenario, holes=holes), 1)


def test_an_impossible_share_of_servers_with_any_hole_is_refused_by_its_key(scenario: Scenario) -> None:
    any_hole = msgspec.structs.replace(scenario.holes.any_hole, rates={"2001-06": 0.52})
    holes = msgspec.structs.replace(scenario.holes, any_hole=any_hole)
    with pytest.raises(ScenarioError, match=r"holes\.any-hole\.rates\.2001-06.*the nearest"):
        build_world(msgspec.structs.replace(scenario, holes=holes), 1, 0.1)


@pytest.mark.parametrize(
    ("rates", "any_hole"),
    [
        ((1, 0.63, 0.75, 0.5, 0.25, 0), 0.75),  # reachable, unpatched, path, administration, script, infection
        ((0.75, 0.38, 0.38, 0.25, 0.5, 0.5), 0.5),
        ((0.25, 0.19, 0.06, 0.1, 0.1, 0), 0.45),
        ((0.5, 0.25, 0.25, 0, 0, 0), 0.25),
        ((0.5, 0.25, 0.3, 0, 0, 0), 0.5),
        ((0, 0, 0, 0.75, 0.5, 0.75), 0.75),
        ((1, 1, 1, 1, 1, 1), 1),
    ],
)
def test_holes_are_moved_until_any_hole_comes_out(
    scenario: Scenario, rates: tuple[float, ...], any_hole: float
) -> None:
    names = ("reachable", "ida", "path", "admin", "script", "backdoor")
    holes = {name: Hole({"2001-06": rate}) for name, rate in zip(names, rates, strict=True)}
    script = msgspec.structs.replace(scenario, holes=Holes(**holes, any_hole=Hole({"2001-06": any_hole})))
    members = base(build_world(script, 3, 0.05).states("2001-06"))
    checks = ("code-red-ida-reachable", *PARTS)
    order = ("reachable", "ida", "admin", "path", "script", "backdoor")
    for check, name in zip(checks, order, strict=True):
        assert sum(check in state.holes for state in members) == round_share(holes[name].rates["2001-06"], len(members))
    assert sum(bool(state.holes & set(PARTS)) for state in members) == round_share(any_hole, len(members))
    assert all(checks[0] in state.holes for state in members if state.holes & {"code-red-ida", "server-path"})
