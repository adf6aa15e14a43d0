"""Truth on servers worked out by hand, and on a second world that shares nothing with the first."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ebbtide.lab.history import MachineMonth
from ebbtide.lab.holes import CHECKS, PARTS
from ebbtide.lab.personas import PageShelf, Persona
from ebbtide.lab.population import Machine, Traits
from ebbtide.lab.scenario import Scenario, builtin, load_scenario
from ebbtide.lab.scenario_records import Text
from ebbtide.lab.sights import Sight, look_at, unreachable
from ebbtide.lab.truth import truth_rows
from ebbtide.lab.world import build_world

WINTER = Path(__file__).parents[1] / "scenarios" / "winter-2003.yaml"
MARK = b"<!-- MS01-033 -->"
TEXTS = {
    "front": "iis-front-company",
    "not_found": "iis-404-en",
    "index_error": "index-error-de",
    "admin": "iis-admin",
    "admin_closed": "iis-admin-handbook",
    "script_source": "iis-script-shop",
    "infection": "infection",
    "welcome": "iis-welcome",
}
MAPPED, IDA, PATH = "code-red-ida-reachable", "code-red-ida", "server-path"
ADMIN, SCRIPT, BACKDOOR, ANY = "admin-pages", "script-source", "backdoor-mark", "any-hole"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario(builtin("code-red-2001"))


def look(scenario: Scenario, *holes: str, **traits: Any) -> dict[str, Sight]:
    values = {"family": "microsoft-iis", "language": "en", "root": "C:\\Inetpub\\wwwroot", "texts": TEXTS, **traits}
    version = scenario.families[values["family"]].versions[0].id
    state = MachineMonth("answered", False, Traits(**values), version, frozenset(holes))
    machine = Machine("iis-1", "iis", "microsoft-iis", "127.40.1.1", ("www.one.example",))
    return look_at(Persona(PageShelf(scenario, "2001-07"), machine, state), MARK)


def verdicts(sights: dict[str, Sight]) -> dict[str, str]:
    return {check: f"{sight.verdict} {sight.reason}".strip() for check, sight in sights.items()}


def expected(default: str, **others: str) -> dict[str, str]:
    return dict.fromkeys(CHECKS, default) | {check.replace("_", "-"): verdict for check, verdict in others.items()}


def test_a_sound_server_shows_nothing(scenario: Scenario) -> None:
    assert verdicts(look(scenario)) == expected("not_shown")


def test_an_unpatched_filter_shows_code_red_and_any_hole(scenario: Scenario) -> None:
    assert verdicts(look(scenario, MAPPED, IDA)) == expected(
        "not_shown", code_red_ida_reachable="shown", code_red_ida="shown", any_hole="shown"
    )


def test_a_patched_filter_is_reachable_and_no_hole(scenario: Scenario) -> None:
    assert verdicts(look(scenario, MAPPED)) == expected("not_shown", code_red_ida_reachable="shown")


def test_a_patched_filter_may_reveal_the_path(scenario: Scenario) -> None:
    assert verdicts(look(scenario, MAPPED, PATH)) == expected(
        "not_shown", code_red_ida_reachable="shown", server_path="shown", any_hole="shown"
    )


@pytest.mark.parametrize("check", [ADMIN, SCRIPT, BACKDOOR])
def test_each_other_hole_shows_itself_and_any_hole_alone(scenario: Scenario, check: str) -> None:
    assert verdicts(look(scenario, check)) == expected("not_shown") | {check: "shown", ANY: "shown"}


@pytest.mark.parametrize("kind", ["front", "welcome"])
def test_where_everything_is_answered_only_the_front_page_can_be_judged(scenario: Scenario, kind: str) -> None:
    assert verdicts(look(scenario, MAPPED, IDA, ADMIN, everything=kind)) == expected(
        "cannot_tell answers_everything", script_source="not_shown", backdoor_mark="not_shown"
    )


def test_a_front_page_hole_makes_any_hole_shown_even_where_everything_is_answered(scenario: Scenario) -> None:
    assert verdicts(look(scenario, SCRIPT, everything="front")) == expected(
        "cannot_tell answers_everything", script_source="shown", backdoor_mark="not_shown", any_hole="shown"
    )


def test_a_masked_server_cannot_be_told_even_if_it_answers_everything(scenario: Scenario) -> None:
    assert verdicts(look(scenario, SCRIPT, is_masked=True, everything="front")) == expected("cannot_tell masked")


def test_another_family_is_not_asked(scenario: Scenario) -> None:
    texts = {"front": "plain-front-template", "not_found": "apache-404-drive"}
    assert verdicts(look(scenario, family="apache", texts=texts)) == expected("not_asked gate_closed")


def test_a_server_that_does_not_answer_is_not_asked() -> None:
    assert verdicts(unreachable("gone")) == expected("not_asked unreachable")


@pytest.mark.parametrize("text", ["iis-front-tutorial", "iis-front-template", "iis-front-ja"])
def test_front_pages_that_only_look_like_script_source_show_nothing(scenario: Scenario, text: str) -> None:
    assert verdicts(look(scenario, texts={**TEXTS, "front": text})) == expected("not_shown")


def test_a_reply_that_speaks_of_idq_without_the_name_shows_nothing(scenario: Scenario) -> None:
    assert verdicts(look(scenario, texts={**TEXTS, "not_found": "iis-404-help"})) == expected("not_shown")


@pytest.mark.parametrize("language", ["en", "de", "fr", "ja"])
def test_the_filters_reply_is_known_in_every_language(scenario: Scenario, language: str) -> None:
    texts = {**TEXTS, "index_error": f"index-error-{language}"}
    sights = verdicts(look(scenario, MAPPED, IDA, PATH, texts=texts))
    assert (sights[MAPPED], sights[IDA], sights[PATH]) == ("shown", "shown", "shown")
    assert verdicts(look(scenario, MAPPED, texts=texts))[IDA] == "not_shown"


def test_a_body_beyond_the_cap_cannot_be_told_unless_the_mark_comes_early(scenario: Scenario) -> None:
    texts = dict(scenario.texts)
    texts["long"] = Text(body="<%= early %>" + "x" * 300_000)
    texts["late"] = Text(body="x" * 300_000 + "<%= late %>")
    long = msgspec.structs.replace(scenario, texts=texts)
    early = verdicts(look(long, SCRIPT, texts={**TEXTS, "script_source": "long"}))
    late = verdicts(look(long, SCRIPT, texts={**TEXTS, "script_source": "late"}))
    assert (early[SCRIPT], early[BACKDOOR], early[ANY]) == ("shown", "cannot_tell truncated", "shown")
    assert (late[SCRIPT], late[ANY]) == ("cannot_tell truncated", "cannot_tell truncated")


def month_rows(file: Path, scale: float = 1.0) -> Iterator[dict[str, Any]]:
    world = build_world(load_scenario(file), 11, scale)
    for month in world.months:
        yield from truth_rows(world, month)


@pytest.mark.parametrize(("file", "scale"), [(builtin("code-red-2001"), 0.1), (WINTER, 1.0)])
def test_what_is_and_what_can_be_seen_differ_only_for_a_stated_reason(file: Path, scale: float) -> None:
    seen = set()
    for row in month_rows(file, scale):
        for check, entry in row["checks"].items():
            seen.add(entry["observable"])
            if entry["actual"] is None:
                assert entry["observable"] in {"not_asked", "cannot_tell"}
            elif entry["observable"] in {"shown", "not_shown"}:
                assert entry["actual"] == (entry["observable"] == "shown"), (row["host"], check)
            if entry["observable"] in {"not_asked", "cannot_tell"}:
                assert entry["reason"]
                assert entry["why"]
    assert seen == {"shown", "not_shown", "cannot_tell", "not_asked"}


def test_any_hole_is_true_where_a_part_is() -> None:
    for row in month_rows(builtin("code-red-2001"), 0.05):
        parts = [row["checks"][part]["actual"] for part in PARTS]
        assert row["checks"]["any-hole"]["actual"] == (None if None in parts else any(parts))


def test_rows_hold_every_field_and_go_through_json() -> None:
    row = next(month_rows(WINTER))
    assert set(row) == {
        *("month", "host", "address", "port", "stratum", "weight", "server", "presence_actual", "presence"),
        *("family_actual", "version_actual", "family", "arm", "certificate", "key", "checks"),
    }
    assert set(row["checks"]) == set(CHECKS)
    assert msgspec.json.decode(msgspec.json.encode(row)) == row


def test_names_of_one_server_share_its_truth() -> None:
    by_server: dict[tuple[str, str], Any] = {}
    for row in month_rows(WINTER):
        same = {key: value for key, value in row.items() if key != "host"}
        assert by_server.setdefault((row["month"], row["server"]), same) == same


def test_masked_servers_are_unknown_and_absent_ones_have_no_family() -> None:
    rows = list(month_rows(WINTER))
    assert {row["family"] for row in rows if row["presence"] != "answered"} == {""}
    masked = [row for row in rows if row["family"] == "unknown"]
    assert {row["family_actual"] for row in masked} == {"microsoft-iis", "lighttpd", "cern"}


def test_the_second_worlds_months_stand_in_the_order_of_their_dates() -> None:
    world = build_world(load_scenario(WINTER), 11)
    assert world.months == ("2003-01", "2003-02", "2003-05")
    assert world.weights == {"north": 2.5, "south": 1.0}
    assert {host.split(".", 1)[1] for host, *_ in world.frame_rows()} == {"norr.test", "syd.test"}
