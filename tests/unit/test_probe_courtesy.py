"""Servers that say that it is too much, and prefixes in trouble, are asked more slowly, and never faster than set."""

from itertools import pairwise

import pytest

from asking_examples import ListPlan, make_assignment, make_settings, probe_all
from ebbtide.model.configuration import ClocksSection, LimitsSection
from ebbtide.probe.courtesy import MOST_HOLD_S, retry_after_s
from ebbtide.probe.run import probe_assignments
from ebbtide.probe.scripted import PLAIN, Reply, ScriptedNetwork, ScriptedServer

NOW_NS = 1_000_000_000 * 10**9


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        (b"120", 120),
        (b" 7 ", 7),
        (b"9" * 400, 999_999_999),
        (b"Sun, 09 Sep 2001 01:47:10 GMT", 30),
        (b"Sun, 09 Sep 2001 01:40:00 GMT", 0),
        (b"soon", None),
        (b"", None),
        (b"-5", None),
        (b"\xff\xfe", None),
        (b"Sun, 99 Sep 9999999 01:40:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(field: bytes, seconds: float | None) -> None:
    assert retry_after_s((field,), NOW_NS) == seconds
    assert retry_after_s((), NOW_NS) is None


def told(status: str, retry_after: str = "") -> Reply:
    field = f"Retry-After: {retry_after}\r\n" if retry_after else ""
    return Reply((f"HTTP/1.1 {status}\r\n{field}Content-Length: 0\r\n\r\n".encode(),))


def moments(server: ScriptedServer, limits: LimitsSection, targets: int = 1) -> list[float]:
    network = ScriptedNetwork({("127.0.0.1", 80): server})
    assignments = [make_assignment("127.0.0.1", host=f"h{number}.test") for number in range(targets)]
    probe_all(assignments, plan=ListPlan(["/", "/a"]), settings=make_settings(limits=limits), network=network)
    return [at_s for at_s, _ in network.asked]


@pytest.mark.parametrize(
    ("reply", "wait_s"),
    [
        (told("429 Too Many Requests", "12"), 12),
        (told("503 Service Unavailable", "3"), 3),
        (told("503 Service Unavailable", "86400"), MOST_HOLD_S),
        (told("503 Service Unavailable"), 0),
        (told("200 OK", "12"), 0),
    ],
)
def test_an_address_is_left_alone_as_long_as_it_asks_within_a_cap(reply: Reply, wait_s: float) -> None:
    first, second, third, _ = moments(
        ScriptedServer(replies=(reply, PLAIN)), LimitsSection(requests_per_prefix_s=0), targets=2
    )
    assert second - first == pytest.approx(wait_s, abs=0.15)
    assert third - second < 0.2


def test_a_prefix_whose_servers_say_that_it_is_too_much_is_slowed_down_and_it_is_told() -> None:
    notes: list[tuple[str, str, str]] = []
    network = ScriptedNetwork(otherwise=ScriptedServer(replies=(told("429 Too Many Requests"),)))
    probe_assignments(
        [make_assignment(f"127.0.0.{number}") for number in range(1, 41)],
        ListPlan(["/"]),
        make_settings(limits=LimitsSection(requests_per_prefix_s=10)),
        on_start=lambda _one: None,
        on_done=lambda _one: None,
        on_note=lambda *note: notes.append(note),
        network=network,
    )
    begun = [at_s for at_s, _ in network.asked]
    assert begun[-1] - begun[-2] == pytest.approx(16 * 0.102, abs=0.03)
    assert {(what, about) for what, about, _ in notes} == {("slowed", "127.0.0.0/24")}
    assert len(notes) == 4


def test_a_run_of_silence_slows_a_prefix_down_and_answers_bring_it_back_to_its_rate() -> None:
    silent = {(f"127.0.0.{number}", 80): ScriptedServer(dialing="silent") for number in range(1, 41)}
    network = ScriptedNetwork(silent)
    limits = LimitsSection(requests_per_prefix_s=10, in_flight_per_prefix=1)
    probe_all(
        [make_assignment(f"127.0.0.{number}") for number in range(1, 200)],
        settings=make_settings(limits=limits, clocks=ClocksSection(connect_s=0.05)),
        network=network,
    )
    begun = [visit.began_s for visit in network.visits]
    gaps = [later - earlier for earlier, later in pairwise(begun)]
    assert max(gaps[30:40]) > 1.5
    assert gaps[-1] == pytest.approx(0.1, abs=0.03)
    assert min(gaps) >= 0.1 - 0.021
