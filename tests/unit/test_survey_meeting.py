"""Servers of the frame among the attackers: told to whoever asks for them, and never in anything that is published."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from command_line import ebbtide
from ebbtide.estimate.compute import compute_facts
from ebbtide.frame.ids import endpoint_id, site_id, target_id
from ebbtide.judge.checks.catalogue import list_checks
from ebbtide.model.attacks import ATTACKS_OTHERS
from ebbtide.model.configuration import ChecksSection, PressureSection
from ebbtide.model.errors import CheckError, EstimateError, RoundError
from ebbtide.model.rows import OutcomeRow, SoftwareRow, TargetRow
from ebbtide.model.verdicts import JudgementManifest
from ebbtide.pressure.keeping import keep_reading
from ebbtide.rounds.attack_erasing import expire_sources
from ebbtide.rounds.building import write_round
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.answering import Answer
from ebbtide.survey.erasure import erase
from ebbtide.survey.meeting import attackers_among
from ebbtide.survey.starting import init_survey
from estimate_rounds import check_info
from kept_logs import N224, NIMDA, QUIET, SCAN, Asked, octets_of, read_asked

LABEL = "2001-08"
DAY = "2001-08-15"
ATTACKER, HOSTER, FULL, QUIET_ONE = "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"
HOSTS = {
    "bad.example": ATTACKER,
    **{f"of-three-{number}.example": FULL for number in range(3)},
    **{f"of-four-{number}.example": HOSTER for number in range(4)},
    "scanner.example": "192.0.2.5",
    "yesterday.example": "192.0.2.6",
    "quiet.example": QUIET_ONE,
    "nowhere.example": "",
}
LOG: list[Asked] = [
    (f"{DAY} 01:00:00", ATTACKER, N224),
    (f"{DAY} 01:00:01", ATTACKER, NIMDA),
    (f"{DAY} 01:00:02", ATTACKER, NIMDA),
    (f"{DAY} 02:00:00", HOSTER, NIMDA),
    (f"{DAY} 02:30:00", FULL, NIMDA),
    (f"{DAY} 03:00:00", "192.0.2.5", SCAN),
    ("2001-08-14 23:59:59", "192.0.2.6", NIMDA),
    (f"{DAY} 04:00:00", QUIET_ONE, QUIET),
    (f"{DAY} 05:00:00", "203.0.113.77", NIMDA),
]
RAW = PressureSection(sources="raw")


def begun_ns(day: str = DAY) -> int:
    return int(datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC).timestamp()) * 1_000_000_000


def build(folder: SurveyFolder, label: str = LABEL, day: str = DAY, others: dict[str, str] | None = None) -> None:
    targets, outcomes, software = [], [], []
    for host, address in HOSTS.items():
        ids = (target_id(host, "*", 80, "http"), site_id(host))
        targets.append(TargetRow(*ids, host, "", 80, "http", "", 1.0))
        end = ("answered", "", "") if address else ("failed", "resolve", "name_not_found")
        outcomes.append(
            OutcomeRow(*ids, endpoint_id(address, 80) if address else 0, 1, *end, "", "", address,
                       200 if address else None, 1, 0, begun_ns((others or {}).get(host, day)), 0.1, "")
        )  # fmt: skip
        if address:
            software.append(SoftwareRow(*ids, "microsoft-iis", "server", "", "", "", "", "t", "server", is_family=True))
    manifest = JudgementManifest("00ff00ff00ff00ff", "1", ("iis-2001",), (check_info(),))
    write_round(folder, label, day, targets, outcomes, manifest=manifest, software=software, verdicts=[])


@pytest.fixture
def folder(tmp_path: Path) -> SurveyFolder:
    folder = init_survey(tmp_path / "survey", "meeting")
    build(folder)
    return folder


@pytest.fixture
def watched(folder: SurveyFolder, tmp_path: Path) -> SurveyFolder:
    keep_reading(folder, read_asked(tmp_path, sorted(LOG)), RAW)
    return folder


def hosts(answer: Answer) -> list[str]:
    return [each.target.removeprefix("http://") for each in answer.shown]


def test_who_attacked_on_the_day_of_asking_from_an_address_with_few_names_is_told(watched: SurveyFolder) -> None:
    answer = attackers_among(watched, LABEL)
    assert hosts(answer) == ["bad.example", *(f"of-three-{number}.example" for number in range(3))]
    assert answer.verdicts == {
        "cannot_tell/shared_address": 4, "not_asked/unreachable": 1, "not_shown": 3, "shown": 4,
    }  # fmt: skip
    bad = answer.shown[0]
    assert (bad.address, bad.asked_at, bad.part) == (ATTACKER, DAY, "own log")
    assert bad.excerpt == "Code Red I: 1 request; Nimda: 2 requests on 2001-08-15"
    assert answer.targets == len(HOSTS)


def test_the_answer_is_the_same_on_any_day_and_another_day_of_asking_gives_another(
    watched: SurveyFolder, tmp_path: Path
) -> None:
    build(watched, "early", "2001-08-14")
    assert hosts(attackers_among(watched, "early")) == ["yesterday.example"]
    build(watched, "late", "2001-08-16")
    with pytest.raises(EstimateError, match="none of the days on which round late asked is in the logs"):
        attackers_among(watched, "late")
    keep_reading(watched, read_asked(tmp_path, [("2001-08-16 01:00:00", "198.51.100.1", QUIET)]), RAW)
    late = attackers_among(watched, "late")
    assert (late.shown, late.verdicts["not_shown"]) == ((), len(HOSTS) - 1)


def test_it_is_the_day_on_which_the_target_itself_was_asked_that_counts(watched: SurveyFolder) -> None:
    build(watched, "two-days", DAY, {"quiet.example": "2001-08-14"})
    assert "yesterday.example" not in hosts(attackers_among(watched, "two-days"))
    build(watched, "asked-early", DAY, {"yesterday.example": "2001-08-14"})
    assert "yesterday.example" in hosts(attackers_among(watched, "asked-early"))


def test_a_list_says_of_whom_it_is_told(watched: SurveyFolder, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("bad.example\nquiet.example\nstranger.example\n192.0.2.2\n")
    words = ("ask", ATTACKS_OTHERS, "--survey", watched.path, "--list", tmp_path / "mine.txt")
    found = ebbtide(*words, "--json").document()
    assert [each["target"] for each in found["shown"]] == ["http://bad.example"]
    assert (found["targets"], found["unlisted"]) == (6, ["stranger.example"])
    told = ebbtide(*words)
    assert (told.returncode, "Attacks others: shown in round 2001-08" in told.stdout) == (0, True)
    assert "Remedy: Take the machine off the network" in told.stdout
    refused = ebbtide(*words, "--prepare", tmp_path / "other")
    assert (refused.returncode, "kept logs" in refused.stderr) == (2, True)


def test_the_owners_report_tells_what_the_site_sent_and_says_nothing_of_others(
    watched: SurveyFolder, tmp_path: Path
) -> None:
    told = ebbtide("site", "bad.example", "--survey", watched.path, "--out", tmp_path / "bad")
    sentence = "Code Red I: 1 request; Nimda: 2 requests on 2001-08-15, from 192.0.2.1."
    assert f"Attacks others: {sentence}" in told.stdout, told.stderr
    page = (tmp_path / "bad" / "index.html").read_text(encoding="utf-8")
    assert "This machine attacks others" in page
    assert sentence in page
    for host in ("quiet.example", "of-four-1.example", "scanner.example"):
        other = ebbtide("site", host, "--survey", watched.path, "--out", tmp_path / host)
        assert other.returncode == 0, other.stderr
        assert "ttacks others" not in other.stdout
        assert "attacks others" not in (tmp_path / host / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("sources", ["prefix", "hash"])
def test_with_prefixes_or_hashes_nobody_is_recognised_and_that_is_said(
    folder: SurveyFolder, tmp_path: Path, sources: str
) -> None:
    keep_reading(folder, read_asked(tmp_path, sorted(LOG)), PressureSection(sources=sources))  # type: ignore[arg-type]
    with pytest.raises(EstimateError, match="kept as prefixes or hashes"):
        attackers_among(folder, LABEL)
    told = ebbtide("ask", ATTACKS_OTHERS, "--survey", folder.path)
    assert (told.returncode, 'sources = "raw"' in told.stderr) == (2, True)


def test_without_logs_after_erasure_and_of_open_rounds_it_is_said_why_nobody_is_told(
    folder: SurveyFolder, tmp_path: Path
) -> None:
    with pytest.raises(EstimateError, match="no attacks are kept"):
        attackers_among(folder, LABEL)
    keep_reading(folder, read_asked(tmp_path, sorted(LOG)), RAW)
    folder.create_round("2001-09", "2001-09-15")
    with pytest.raises(RoundError, match="open"):
        attackers_among(folder, "2001-09")
    erase(folder, f"{FULL}/32", why="opted out")
    assert hosts(attackers_among(folder, LABEL)) == ["bad.example"]
    expire_sources(folder, 1, date(2001, 12, 1))
    with pytest.raises(EstimateError, match="erased"):
        attackers_among(folder, LABEL)


def test_where_the_log_gives_names_in_place_of_addresses_nobody_is_cleared(
    folder: SurveyFolder, tmp_path: Path
) -> None:
    named = [(f"{DAY} 06:00:00", "dial-7.example.net", NIMDA)]
    keep_reading(folder, read_asked(tmp_path, named), RAW)
    with pytest.raises(EstimateError, match="names or hashes in place of addresses"):
        attackers_among(folder, LABEL)
    keep_reading(folder, read_asked(tmp_path, sorted([*named, *LOG])), RAW)
    answer = attackers_among(folder, LABEL)
    assert (len(answer.shown), answer.verdicts["not_asked/no_log"], "not_shown" in answer.verdicts) == (4, 3, False)


def test_nothing_that_is_published_or_judged_holds_the_mark_or_an_address_of_the_log(
    watched: SurveyFolder, tmp_path: Path
) -> None:
    assert len(ebbtide("ask", ATTACKS_OTHERS, "--survey", watched.path, "--json").document()["shown"]) == 4
    facts = compute_facts(watched)
    assert {"pressure", "prevalence"} <= {fact.metric for fact in facts}
    told = ebbtide("facts", "--survey", watched.path, "--json").stdout
    assert ebbtide("report", "--survey", watched.path, "--out", tmp_path / "report.html").returncode == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'id="pressure"' in page
    for name in (ATTACKS_OTHERS, "Attacks others", "203.0.113.77", ATTACKER, *HOSTS):
        assert name not in told
        assert name not in page
        assert name.encode() not in octets_of(watched.path / "facts")
    assert ATTACKS_OTHERS.encode() not in octets_of(watched.path / "rounds")
    summary = ebbtide("pressure", "--survey", watched.path, "--json").stdout
    assert "203.0.113.77" not in summary


def test_a_check_cannot_take_the_name_of_the_mark(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        f"id: {ATTACKS_OTHERS}\ninfo:\n  name: x\n  author: x\n  severity: low\nhttp:\n  - method: GET\n    path:\n"
        '      - "{{BaseURL}}"\n    matchers:\n      - type: word\n        words:\n          - x\n'
    )
    with pytest.raises(CheckError, match="never published"):
        list_checks(ChecksSection(packs=(), templates=(str(tmp_path / "mine.yaml"),)), tmp_path)
