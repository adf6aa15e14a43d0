"""Every packet of a survey by four processes, written down in a network namespace and held against the rules."""

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import packet_world
from packet_world import (
    MANY,
    MANY_AT,
    OPERATED,
    OPTED_OUT_ADDRESS,
    OPTED_OUT_NAME_AT,
    OPTED_OUT_PREFIX,
    PORT,
    PRIVATE,
    RATES,
    REBOUND,
    REDIRECTS,
)
from packets import Calls, most_within, read_capture

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("namespace")]

WINDOWS_S = (1.0, 5.0)
AT_ONCE = {"all": 4, "address": 2, "prefix": 2, "operator": 2}
"""Requests that may lie closer together than the rate says: one at each end of a window, for each process."""


class Seen(NamedTuple):
    told: dict[str, Any]
    calls: Calls


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    own = ["unshare", "--net", "--mount"]
    if subprocess.run([*own, "true"], capture_output=True, check=False).returncode and "CI" not in os.environ:
        pytest.skip("this machine grants no network namespace")
    if shutil.which("tcpdump") is None and "CI" not in os.environ:
        pytest.skip("tcpdump is not installed")
    folder: Path = tmp_path_factory.mktemp("packets")
    command = [*own, sys.executable, packet_world.__file__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=290, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return Seen(json.loads(done.stdout), Calls(read_capture(folder / "capture.pcap"), PORT))


def said(seen: Seen, name: str) -> dict[str, Any]:
    assert seen.told[name]["code"] == 0, seen.told[name]
    said: dict[str, Any] = json.loads(seen.told[name]["out"])
    return said


def test_the_round_ends_and_everybody_planned_has_an_outcome(seen: Seen) -> None:
    sealed = said(seen, "seal")
    assert sealed["targets"] == sealed["answered"] + sealed["failed"] + sealed["skipped"]
    assert sealed["answered"] >= MANY + 3 * packet_world.OPERATED_EACH + REDIRECTS + REBOUND
    assert sealed["skipped"] == 12


def test_a_second_run_asks_nobody(seen: Seen) -> None:
    assert said(seen, "again")["asked"] == 0


def test_not_one_packet_goes_out_of_scope(seen: Seen) -> None:
    opened = ip_network("198.18.0.0/15")
    outside = [each for each in seen.calls.called if ip_address(each) not in opened]
    assert outside == []
    assert not any(each.startswith(f"{PRIVATE}.") for each in seen.calls.called)


def test_those_who_opted_out_get_nothing_not_even_by_a_redirect(seen: Seen) -> None:
    gone = {OPTED_OUT_ADDRESS, OPTED_OUT_NAME_AT}
    called = [each for each in seen.calls.called if each in gone or each.startswith(f"{OPTED_OUT_PREFIX}.")]
    assert called == []


def test_redirects_across_prefixes_are_followed_where_the_scope_admits_them(seen: Seen) -> None:
    landed = {each for each in seen.calls.called if each.startswith("198.19.30.")}
    assert landed == {f"198.19.30.{number}" for number in range(1, REDIRECTS + 1) if number % 4 < 2}


def test_a_rebound_name_is_asked_at_the_address_that_was_admitted(seen: Seen) -> None:
    assert sum(each.startswith("198.18.40.") for each in seen.calls.called) == REBOUND
    assert "198.18.41.1" in seen.calls.called


def test_one_connection_an_address_at_a_time(seen: Seen) -> None:
    assert len(seen.calls.requests[MANY_AT]) >= 2 * MANY
    assert {address: most for address, most in seen.calls.most_open.items() if most > 1} == {}


@pytest.mark.parametrize("window_s", WINDOWS_S)
@pytest.mark.parametrize("unit", RATES)
def test_nobody_gets_more_requests_than_the_rate(seen: Seen, unit: str, window_s: float) -> None:
    moments: dict[str, list[float]] = defaultdict(list)
    for address, asked in seen.calls.requests.items():
        prefix = address.rpartition(".")[0]
        key = {
            "all": "all",
            "address": address,
            "prefix": prefix,
            "operator": "operator" if prefix in OPERATED else "",
        }[unit]
        moments[key] += asked if key else []
    most = RATES[unit] * window_s + AT_ONCE[unit]
    too_many = {key: count for key, asked in moments.items() if (count := most_within(asked, window_s)) > most}
    assert too_many == {}
    assert len(moments) >= {"all": 1, "operator": 1, "prefix": 45, "address": 500}[unit]
