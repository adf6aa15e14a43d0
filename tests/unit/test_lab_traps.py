"""What really moved a share, worked out by hand on a few rows of truth."""

from typing import Any

from ebbtide.lab.traps import truth_of

CHECK = "code-red-ida"


def row(host: str, verdict: str = "shown", presence: str = "answered", **others: Any) -> dict[str, Any]:
    check = {"observable": verdict, "first": others.pop("first", verdict)}
    family = "apache" if verdict == "not_asked" else "microsoft-iis"
    return {
        "host": host,
        "address": f"127.40.0.{ord(host[0]) - 96}",
        "server": host[0],
        "presence": presence,
        "family": family,
        "checks": {CHECK: check},
    } | others


def causes(then: list[dict[str, Any]], now: list[dict[str, Any]], unit: str = "site", **words: Any) -> dict[str, int]:
    return truth_of(then, now, CHECK, unit, **words).units


def test_each_way_in_and_out_has_its_cause() -> None:
    kept = row("z")
    for before, after, cause in (
        (row("a"), row("a", "not_shown"), "behaviour"),
        (row("a", "not_shown"), row("a"), "behaviour"),
        (row("a"), row("a", presence="silent"), "lost_silent"),
        (row("a"), row("a", presence="refused"), "lost_refused"),
        (row("a"), row("a", presence="blocked"), "lost_blocked"),
        (row("a", presence="silent"), row("a"), "answered_again"),
        (row("a", presence="blocked"), row("a"), "answered_again"),
        (row("a"), row("a", "cannot_tell"), "telling"),
        (row("a", "cannot_tell"), row("a"), "telling"),
        (row("a"), row("a", "not_asked"), "other_software"),
    ):
        assert causes([kept, before], [kept, after]) == {cause: 1}, (before, after)
    assert causes([kept], [kept, row("a")]) == {"frame_added": 1}
    assert causes([kept, row("a")], [kept]) == {"frame_removed": 1}
    assert causes([kept, row("a", presence="silent")], [kept, row("a", presence="refused")]) == {}
    assert causes([kept], [kept]) == {}
    assert truth_of([kept], [kept], CHECK, "site").name == "nothing"


def test_a_server_at_another_address_has_moved_by_address_and_stayed_by_site() -> None:
    then, now = [row("a"), row("b")], [row("a", address="127.40.9.9"), row("b")]
    assert causes(then, now) == {}
    assert causes(then, now, "address") == {"renumbered": 2}


def test_names_of_one_address_are_one_address() -> None:
    then = [row("a1"), row("a2"), row("b")]
    now = [row("a1", "not_shown"), row("a2", "not_shown"), row("b")]
    assert causes(then, now) == {"behaviour": 2}
    assert causes(then, now, "address") == {"behaviour": 1}
    told = truth_of(then, now, CHECK, "address")
    assert (told.shown_then, told.base_then, told.shown_now, told.base_now) == (2, 2, 1, 2)


def test_what_an_older_check_said_otherwise_counts_where_it_is_asked_for() -> None:
    then, now = [row("a", "not_shown", first="shown"), row("b")], [row("a", "not_shown"), row("b")]
    assert causes(then, now) == {}
    assert causes(then, now, as_first_judged=True) == {"reclassified": 1}


def test_the_share_of_a_family_moves_by_what_can_be_seen_of_it() -> None:
    then, now = [row("a"), row("b")], [row("a", "not_asked"), row("b", family="unknown")]
    told = truth_of(then, now, "family:microsoft-iis", "site")
    assert told.units == {"behaviour": 1, "telling": 1}
    assert told.name == "behaviour + telling"
