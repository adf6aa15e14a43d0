"""Lists of whom somebody wants to know about."""

from pathlib import Path

import pytest

from ebbtide.frame.ids import site_id, target_id
from ebbtide.model.errors import FrameError
from ebbtide.model.targets import Scheme, Target
from ebbtide.survey.wanted import WantedList, read_wanted

SHARDS = 4


def target(host: str, port: int = 80, address: str = "") -> Target:
    return Target(target_id(host, address or "*", port, "http"), site_id(host), host, address, port, Scheme.HTTP)


def read(tmp_path: Path, *lines: str) -> WantedList:
    file = tmp_path / "list.txt"
    file.write_text("\n".join(lines), encoding="utf-8")
    return read_wanted(file, SHARDS)


def matched(wanted: WantedList, one: Target, asked_at: str = "") -> str:
    return wanted.of(one.site_id >> 62).match(one, asked_at)


def test_a_name_without_a_port_means_every_port_and_one_with_a_port_that_alone(tmp_path: Path) -> None:
    wanted = read(tmp_path, "WWW.Example.org.", "b.example:8080", "https://c.example/path", "", "# nobody")
    assert matched(wanted, target("www.example.org", 81)) == "www.example.org"
    assert matched(wanted, target("b.example", 8080)) == "b.example"
    assert not matched(wanted, target("b.example"))
    assert matched(wanted, target("c.example", 443)) == "c.example"
    assert not matched(wanted, target("c.example"))
    assert not matched(wanted, target("d.example"))


def test_an_address_means_all_names_behind_it(tmp_path: Path) -> None:
    wanted = read(tmp_path, "192.0.2.7", "[2001:db8::1]:8080")
    assert matched(wanted, target("a.example", address="192.0.2.7")) == "192.0.2.7"
    assert matched(wanted, target("b.example"), asked_at="192.0.2.7") == "192.0.2.7"
    assert matched(wanted, target("c.example", 8080), asked_at="2001:db8::1") == "2001:db8::1"
    assert not matched(wanted, target("c.example", 80), asked_at="2001:db8::1")


def test_a_name_that_stands_twice_means_all_that_its_lines_mean(tmp_path: Path) -> None:
    wanted = read(tmp_path, "a.example:81", "a.example:82")
    assert [bool(matched(wanted, target("a.example", port))) for port in (80, 81, 82)] == [False, True, True]
    assert matched(read(tmp_path, "a.example:81", "a.example"), target("a.example"))


def test_who_is_missing_is_told_in_order(tmp_path: Path) -> None:
    wanted = read(tmp_path, "b.example", "a.example", "192.0.2.7")
    assert wanted.missing(["b.example"]) == ["192.0.2.7", "a.example"]


@pytest.mark.parametrize("text", ["", "\n# only a remark\n", "a b", "http://user@a.example/"])
def test_a_list_that_names_nobody_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FrameError):
        read(tmp_path, text)
