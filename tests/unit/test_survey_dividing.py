from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from ebbtide.frame.ids import prefix_of, site_id, target_id
from ebbtide.model.configuration import LimitsSection
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.probe.lookup import ordered
from ebbtide.probe.settings import Assignment
from ebbtide.survey import shares as sharing
from ebbtide.survey.assigning import neighbours
from ebbtide.survey.dispatching import rate_parts
from ebbtide.survey.dividing import Divider
from ebbtide.survey.shares import Share


def assignment(number: int, address: str, host: str = "") -> Assignment:
    host = host or f"h{number}.example"
    target = Target(target_id(host, address, 80, "http"), site_id(host), host, address, 80, Scheme.HTTP, "s", 2.5)
    return Assignment(target, (address,), 1, Level.ACTIVE)


ALL = [assignment(number, f"10.{number % 7}.{number % 90}.{number % 20}") for number in range(2000)]
ALL += [assignment(3000 + number, f"2001:db8:{number % 9:x}::{number % 30:x}") for number in range(300)]


def divided(
    scratch: Path,
    some: list[Assignment],
    most: int,
    seed: bytes = b"s",
    operator_of: Callable[[str], str] | None = None,
) -> list[Share]:
    divider = Divider(scratch, seed, operator_of)
    for each in some:
        divider.add(each)
    assert divider.total == len(some)
    return divider.shares(most)


def read(share: Share) -> list[Assignment]:
    ordered_share = share.sort()
    try:
        return list(ordered_share)
    finally:
        ordered_share.close()


def names(some: list[Assignment]) -> list[str]:
    return sorted(each.target.host for each in some)


@pytest.mark.parametrize("most", [1, 2, 3, 8, 300])
def test_every_assignment_comes_once_and_a_prefix_stays_in_one_share(tmp_path: Path, most: int) -> None:
    homes: dict[str, set[int]] = defaultdict(set)
    seen: list[Assignment] = []
    shares = divided(tmp_path / "scratch", ALL, most)
    assert len(shares) <= most
    for number, share in enumerate(shares):
        some = read(share)
        assert len(some) == share.count
        seen += some
        for each in some:
            homes[prefix_of(each.addresses[0])].add(number)
    assert names(seen) == names(ALL)
    assert all(len(found) == 1 for found in homes.values())


def test_all_networks_of_an_operator_are_in_one_share(tmp_path: Path) -> None:
    def operator_of(address: str) -> str:
        return "big" if address.startswith("10.3.") else ""

    homes = {
        number
        for number, share in enumerate(divided(tmp_path / "scratch", ALL, 8, operator_of=operator_of))
        for each in read(share)
        if operator_of(each.addresses[0])
    }
    assert len(homes) == 1


def test_prefixes_and_addresses_are_given_out_whole_and_once_the_longest_first(tmp_path: Path) -> None:
    crowd = [assignment(10_000 + number, f"10.200.0.{number % 3}") for number in range(500)]
    (share,) = divided(tmp_path / "scratch", ALL + crowd, 1)
    opened = share.sort()
    prefixes: list[str] = []
    for prefix in opened.neighbours():
        prefixes.append(prefix.prefix)
        addresses = [(address, list(some)) for address, some in prefix.addresses()]
        assert len({address for address, _ in addresses}) == len(addresses)
        for address, some in addresses:
            assert prefix_of(address) == prefix.prefix
            assert {each.addresses for each in some} == {(address,)}
    opened.close()
    assert len(set(prefixes)) == len(prefixes) == len({prefix_of(each.addresses[0]) for each in ALL + crowd})
    assert prefixes[0] == "10.200.0.0/24"


def test_one_seed_gives_one_order_however_the_work_came_and_another_seed_another(tmp_path: Path) -> None:
    once = [names_in_order(tmp_path / name, some, seed) for name, some, seed in (
        ("a", ALL, b"s"), ("b", ALL[::-1], b"s"), ("c", ALL, b"other")
    )]  # fmt: skip
    assert once[0] == once[1]
    assert once[0] != once[2]
    assert once[0] != sorted(once[0])


def names_in_order(scratch: Path, some: list[Assignment], seed: bytes) -> list[str]:
    return [each.target.host for share in divided(scratch, some, 3, seed) for each in read(share)]


def test_work_that_memory_should_not_hold_is_sorted_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = names_in_order(tmp_path / "whole", ALL, b"s")
    monkeypatch.setattr(sharing, "_IN_MEMORY_BYTES", 500)
    assert names_in_order(tmp_path / "parts", ALL, b"s") == expected
    assert {path.name.partition("-")[0] for path in (tmp_path / "parts").iterdir()} == {"share"}


def test_an_assignment_longer_than_one_read_comes_back_whole(tmp_path: Path) -> None:
    long = assignment(1, "10.0.0.1", "h" * 900)
    (share,) = divided(tmp_path / "scratch", [long, ALL[0]], 1)
    assert long in read(share)


def test_there_is_work_for_every_process_where_there_are_prefixes_enough(tmp_path: Path) -> None:
    shares = divided(tmp_path / "scratch", ALL, 4)
    assert len(shares) == 4
    assert shares[0].count < len(ALL) / 4 * 1.3


def test_no_work_makes_no_share(tmp_path: Path) -> None:
    assert divided(tmp_path / "scratch", [], 2) == []


@pytest.mark.parametrize("counts", [[1], [5, 5], [1000, 1], [70, 20, 10]])
def test_the_rate_in_all_is_divided_and_never_exceeded(tmp_path: Path, counts: list[int]) -> None:
    parts = rate_parts(LimitsSection(requests_per_s=40).requests_per_s, [Share((), tmp_path, n, n) for n in counts])
    assert sum(parts) == pytest.approx(40)
    assert parts == sorted(parts, reverse=True)
    assert min(parts) > 40 / len(counts) / 8


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
