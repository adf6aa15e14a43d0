"""Facts of kept attacks: hand-worked months, observed days alone, sleep, trends; written, read and computed again."""

from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from command_line import ebbtide
from ebbtide.estimate.attack_trend import attack_trend
from ebbtide.estimate.compute import compute_facts
from ebbtide.estimate.daily_mean import daily_mean
from ebbtide.estimate.pressure_facts import FEW_DAYS, pressure_facts
from ebbtide.model.configuration import PressureSection
from ebbtide.model.facts import Fact
from ebbtide.pressure.keeping import keep_reading
from ebbtide.pressure.ledger import Ledger
from ebbtide.rounds.facts import read_facts, write_attack_facts
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.starting import init_survey
from kept_logs import N224, NIMDA, QUIET, SCAN, Asked, read_asked


def day_of(number: int) -> str:
    return (date(2001, 8, 1) + timedelta(number)).isoformat()


OBSERVED = [day for day in range(61) if day not in {4, 5, 40}]
NIMDAS = {day: 12 - day // 5 for day in range(48)}
ASKED: list[Asked] = [
    *((f"{day_of(day)} 00:00:00", "192.0.2.1", QUIET) for day in OBSERVED),
    *((f"{day_of(day)} 01:00:00", f"198.51.100.{host}", N224) for day in (0, 0, 2, 20) for host in range(day + 1)),
    *(
        (f"{day_of(day)} 02:00:{request:02}", f"203.0.113.{host}", NIMDA)
        for day, hosts in NIMDAS.items()
        if day in OBSERVED
        for host in range(hosts)
        for request in range(3)
    ),
    ("2001-09-02 03:00:00", "192.0.2.7", SCAN),
]


@pytest.fixture
def folder(tmp_path: Path) -> SurveyFolder:
    folder = init_survey(tmp_path / "survey", "facts")
    keep_reading(folder, read_asked(tmp_path, sorted(ASKED)), PressureSection())
    return folder


def one(facts: tuple[Fact, ...], **wanted: str) -> Fact:
    (found,) = (fact for fact in facts if all(getattr(fact, name) == value for name, value in wanted.items()))
    return found


def test_a_month_has_requests_visits_and_sources_a_day_over_the_days_that_were_observed(folder: SurveyFolder) -> None:
    facts = pressure_facts(folder)
    named = {"metric": "pressure", "lens_value": "2001-08", "family": "nimda"}
    days = [NIMDAS[day] for day in range(31) if day in OBSERVED]
    for unit, counts, n in (
        ("request", [3 * count for count in days], 3 * sum(days)),
        ("visit", days, sum(days)),
        ("source", days, 12),
    ):
        fact, oracle = one(facts, unit=unit, **named), daily_mean(counts)
        assert (fact.n, fact.base, fact.estimate) == (n, 29, pytest.approx(oracle.mean))
        assert oracle.interval is not None
        assert (fact.ci_low, fact.ci_high) == (oracle.interval.low, oracle.interval.high)
        assert (fact.round, fact.lens, fact.category, fact.check) == ("", "month", "worm", "backdoor-mark")
        assert fact.note == "29 of 31 days of the month were observed."


def test_all_attacks_stand_beside_the_families_and_days_of_sleep_are_said(folder: SurveyFolder) -> None:
    facts = pressure_facts(folder)
    together = one(facts, metric="pressure", lens_value="2001-08", family="", unit="request")
    families = [fact for fact in facts if fact.lens_value == "2001-08" and fact.unit == "request" and fact.family]
    assert together.n == sum(fact.n or 0 for fact in families)
    code_red = one(facts, metric="pressure", lens_value="2001-08", family="code-red-1", unit="visit")
    assert (code_red.n, code_red.base) == (25, 29)
    assert "It sleeps on 12 of them." in code_red.note


def test_an_observed_month_without_a_family_has_none_a_day_and_a_short_one_no_interval(
    folder: SurveyFolder, tmp_path: Path
) -> None:
    none = one(pressure_facts(folder), metric="pressure", lens_value="2001-08", family="sumthin", unit="visit")
    assert (none.estimate, none.n, none.ci_low) == (0.0, 0, 0.0)
    assert none.ci_high is not None
    keep_reading(folder, read_asked(tmp_path, [("2001-10-02 00:00:00", "192.0.2.1", QUIET)]), PressureSection())
    short = one(pressure_facts(folder), metric="pressure", lens_value="2001-10", family="", unit="visit")
    assert (short.estimate, short.ci_low, short.interval_kind, short.quality) == (0.0, None, "none", FEW_DAYS)


def test_a_family_that_ebbs_has_a_half_life_over_observed_days_and_others_the_reason_why_not(
    folder: SurveyFolder,
) -> None:
    facts = pressure_facts(folder)
    oracle = attack_trend(OBSERVED, [NIMDAS.get(day, 0) for day in OBSERVED])
    halves = one(facts, metric="pressure_half_life", family="nimda", category="halves")
    assert halves.estimate == pytest.approx(oracle.half_life)
    assert oracle.half_life_interval is not None
    assert (halves.ci_low, halves.ci_high) == pytest.approx(
        (oracle.half_life_interval.low, oracle.half_life_interval.high)
    )
    assert halves.base == len(OBSERVED)
    doubles = one(facts, metric="pressure_half_life", family="nimda", category="doubles")
    assert (doubles.estimate, doubles.note) == (None, "Blank: it halves.")
    few = one(facts, metric="pressure_half_life", family="sumthin", category="halves")
    assert "too few" in few.note


def test_days_of_which_hours_were_observed_count_by_their_hours(tmp_path: Path) -> None:
    folder = init_survey(tmp_path / "survey", "hours")
    asked = [(f"{day_of(day)} 02:00:00", "203.0.113.9", NIMDA) for day in range(10)]
    reading = read_asked(tmp_path, asked)
    lines = reading.ledger.lines
    half = msgspec.structs.replace(reading, ledger=Ledger(lines, dict.fromkeys(lines, 43_200)))
    keep_reading(folder, half, PressureSection(key_months=9))
    fact = one(pressure_facts(folder), metric="pressure", family="nimda", unit="visit")
    assert (fact.estimate, fact.n, fact.base) == (2.0, 10, 10)
    assert fact.note == "10 of 31 days of the month were observed, 120 hours in all."
    keep_reading(folder, reading, PressureSection(key_months=9))
    whole = one(pressure_facts(folder), metric="pressure", family="nimda", unit="visit")
    assert (whole.estimate, whole.note) == (1.0, "10 of 31 days of the month were observed.")


def test_days_on_which_a_worm_sleeps_are_in_no_trend(folder: SurveyFolder) -> None:
    fact = one(pressure_facts(folder), metric="pressure_half_life", family="code-red-1", category="halves")
    assert fact.base == sum(day % 31 < 19 if day < 31 else day - 31 < 19 for day in OBSERVED)


def test_research_is_no_attack(tmp_path: Path) -> None:
    folder = init_survey(tmp_path / "survey", "facts")
    agent = "Mozilla/5.0 (compatible; CensysInspect/1.1)"
    (tmp_path / "log").write_text(f'192.0.2.1 - - [01/Aug/2001:00:00:00 +0000] "GET / HTTP/1.1" 200 9 "-" "{agent}"\n')
    assert ebbtide("pressure", tmp_path / "log", "--survey", folder.path, "--keep").returncode == 0
    facts = pressure_facts(folder)
    assert {fact.family for fact in facts} == {""}
    assert {fact.n for fact in facts if fact.metric == "pressure"} == {0}


def test_facts_of_attacks_are_among_all_facts_and_not_among_those_of_named_rounds(folder: SurveyFolder) -> None:
    assert compute_facts(folder) == pressure_facts(folder)
    assert compute_facts(folder, labels=[]) == ()
    early = compute_facts(folder, as_of="2001-09-29")
    assert {fact.lens_value for fact in early if fact.metric == "pressure"} == {"2001-08"}
    assert len({fact.id for fact in compute_facts(folder)}) == len(compute_facts(folder))


def test_facts_of_attacks_are_kept_beside_those_of_rounds(folder: SurveyFolder) -> None:
    facts = pressure_facts(folder)
    write_attack_facts(folder, facts)
    write_attack_facts(folder, facts)
    assert read_facts(folder) == facts


def test_the_commands_keep_print_and_compute_them_again(folder: SurveyFolder, tmp_path: Path) -> None:
    found = ebbtide("facts", "--survey", folder.path, "--metric", "pressure", "--json").document()
    assert len(found) == 2 * 4 * 3
    assert "2001-08" in ebbtide("facts", "--survey", folder.path, "--unit", "visit").stdout
    exact = ebbtide("reproduce", "--survey", folder.path)
    assert (exact.returncode, exact.stdout.count("Exact: 32 of 32")) == (0, 1), exact.stdout
    keep_reading(folder, read_asked(tmp_path, [("2001-09-30 05:00:00", "192.0.2.99", NIMDA)]), PressureSection())
    differs = ebbtide("reproduce", "--survey", folder.path)
    assert (differs.returncode, "Differs" in differs.stdout) == (1, True)
