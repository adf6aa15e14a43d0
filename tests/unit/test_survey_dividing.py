from collections import defaultdict
from pathlib import Path

import pytest

from ebbtide.frame.ids import prefix_of, site_id, target_id
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.probe.lookup import ordered
from ebbtide.probe.settings import Assignment
from ebbtide.survey.assigning import neighbours
from ebbtide.survey.dividing import Divider


def assignment(number: int, address: str) -> Assignment:
    host = f"h{number}.example"
    target = Target(target_id(host, address, 80, "http"), site_id(host), host, address, 80, Scheme.HTTP, "s", 2.5)
    return Assignment(target, (address,), 1, Level.ACTIVE)


ALL = [assignment(number, f"10.{number % 7}.{number % 90}.{number % 200}") for number in range(2000)]


@pytest.mark.parametrize(("batch_targets", "processes"), [(100, 2), (1, 1), (5000, 8), (333, 3)])
def test_every_assignment_comes_once_and_a_prefix_stays_in_one_lane(
    tmp_path: Path, batch_targets: int, processes: int
) -> None:
    divider = Divider(tmp_path / "scratch")
    for each in ALL:
        divider.add(each)
    assert divider.total == len(ALL)
    homes: dict[str, set[int]] = defaultdict(set)
    seen: list[Assignment] = []
    lanes = divider.lanes(batch_targets, processes)
    for number, lane in enumerate(lanes):
        count = 0
        while batch := lane.next_batch():
            assert len(batch) <= batch_targets
            count += len(batch)
            seen += batch
            for each in batch:
                homes[prefix_of(each.addresses[0])].add(number)
        assert count == lane.count
    assert sorted(seen, key=lambda each: each.target.host) == sorted(ALL, key=lambda each: each.target.host)
    assert all(len(lanes_of_prefix) == 1 for lanes_of_prefix in homes.values())


def test_there_is_work_for_every_process_where_there_are_prefixes_enough(tmp_path: Path) -> None:
    divider = Divider(tmp_path / "scratch")
    for each in ALL:
        divider.add(each)
    assert len(divider.lanes(4000, 4)) >= 4


def test_no_work_makes_no_lane(tmp_path: Path) -> None:
    assert Divider(tmp_path / "scratch").lanes(100, 2) == []


def test_addresses_are_ordered_ipv4_first_and_by_number_whatever_the_resolver_says() -> None:
    mixed = ("2001:db8::1", "10.0.0.10", "10.0.0.9", "10.0.0.9")
    assert ordered(mixed) == ("10.0.0.9", "10.0.0.10", "2001:db8::1")
    assert ordered(mixed, v6_first=True) == ("2001:db8::1", "10.0.0.9", "10.0.0.10")


def test_an_attempt_stays_in_one_prefix_and_the_next_begins_elsewhere() -> None:
    addresses = ["10.0.0.9", "10.0.0.10", "10.0.1.1"]
    assert neighbours(addresses, 1) == ("10.0.0.9", "10.0.0.10")
    assert neighbours(addresses, 2) == ("10.0.0.10", "10.0.0.9")
    assert neighbours(addresses, 3) == ("10.0.1.1",)
    assert neighbours(addresses, 4) == neighbours(addresses, 1)
