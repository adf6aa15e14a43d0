"""One site's history: its states by hand, its grade, its place among peers, and what is on record about it."""

import json
import shutil
import sqlite3
from datetime import date
from pathlib import Path

import msgspec
import pytest

from command_line import ebbtide
from ebbtide.control.accepted import accept, accepted_of
from ebbtide.control.forgetting import ERASED, forget_hosts
from ebbtide.control.looks import looks_on_record, note_look
from ebbtide.control.proofs import proofs_on_record
from ebbtide.control.store import FILE
from ebbtide.estimate.peers import peers_of
from ebbtide.estimate.site_history import site_history
from ebbtide.estimate.standing import standing_of
from ebbtide.model.errors import EstimateError, FrameError, SurveyFolderError
from ebbtide.model.sites import SiteEvidence, SiteHistory, Standing
from ebbtide.publish.grading import grade_of, own_table, points_of
from ebbtide.publish.site_files import site_badge, site_csv, site_sarif
from ebbtide.publish.site_page import render_site_page
from ebbtide.publish.site_report import Acceptance, SiteReport, curl_command, site_report
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.erasure import erase
from estimate_rounds import AUGUST, IIS, JULY, Seen, addresses, build_round, check_info, survey_at

JUNE, SEPTEMBER = "2001-06", "2001-09"
PATHS = "admin-pages"
CHECKS = (
    check_info("code-red-ida"),
    check_info(PATHS, "b" * 16),
    check_info("server-path", "c" * 16, families=()),
    msgspec.structs.replace(check_info("script-source", "d" * 16), severity="low"),
)
NO_SUMS: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("path", "standing"),
    [
        ("s", Standing.OPEN),
        ("n", Standing.CLEAN),
        ("-", Standing.UNTESTED),
        ("ss", Standing.OPEN),
        ("ns", Standing.NEW),
        ("n-s", Standing.NEW),
        ("s-s", Standing.OPEN),
        ("sn", Standing.FIXED),
        ("snn", Standing.FIXED),
        ("sns", Standing.REOPENED),
        ("snss", Standing.OPEN),
        ("s-", Standing.UNSEEN),
        ("sc", Standing.UNSEEN),
        ("n-", Standing.UNTESTED),
        ("snsn", Standing.FLAPPING),
        ("nsns", Standing.FLAPPING),
        ("snsnnnnnn", Standing.FIXED),
        ("|s", Standing.OPEN),
        ("s|n", Standing.FIXED),
    ],
)
def test_a_history_has_one_name(path: str, standing: Standing) -> None:
    assert standing_of(path) is standing


@pytest.fixture
def folder(made_once: Path, tmp_path: Path) -> SurveyFolder:
    return SurveyFolder.open(Path(shutil.copytree(made_once, tmp_path / "survey")))


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One site by hand, and thirty like it on addresses of their own."""
    made = survey_at(tmp_path_factory.mktemp("site"))
    (made.path / "survey.toml").write_text("[survey]\nname = 'By hand'\n", encoding="utf-8")
    shows = {
        JUNE: {"code-red-ida": "shown", "script-source": "shown"},
        JULY: {"code-red-ida": "shown", PATHS: "shown"},
        AUGUST: {PATHS: "shown", "server-path": "cannot_tell/truncated", "script-source": "shown"},
    }
    for label, verdicts in shows.items():
        own = [Seen("www.shop.example", "127.0.0.1", f"{IIS}/5.0", verdicts)]
        others = [
            Seen(f"h{place}.example", address, f"{IIS}/5.0", {"code-red-ida": "shown"} if place < 12 else {})
            for place, address in enumerate(addresses(30))
        ]
        build_round(made, label, own + others, CHECKS)
    return made.path


def report_of(history: SiteHistory, **changes: object) -> SiteReport:
    points = points_of(history.checks, own_table(), NO_SUMS)
    told: dict[str, object] = {
        "survey": "By hand", "peers": None, "sums": NO_SUMS, "paces": {}, "accepted": {}, "user_agent": "Ebbtide/0",
        "version": "0.0",
    }  # fmt: skip
    accepted = changes.get("accepted", {})
    assert isinstance(accepted, dict)
    grade = grade_of(history.checks, points, own_table(), frozenset(accepted))
    return site_report(history, grade, **{**told, **changes})  # type: ignore[arg-type]  # spelled by the caller


def test_each_check_tells_how_the_site_stood_round_by_round(folder: SurveyFolder) -> None:
    history = site_history(folder, "WWW.Shop.example.")
    told = {each.info.id: each for each in history.checks}
    assert history.host == "www.shop.example"
    assert [each.round for each in history.rounds] == [JUNE, JULY, AUGUST]
    assert {key: (each.path, each.standing) for key, each in told.items()} == {
        "code-red-ida": ("ssn", Standing.FIXED),
        PATHS: ("nss", Standing.OPEN),
        "server-path": ("nnc", Standing.UNTESTED),
        "script-source": ("sns", Standing.REOPENED),
    }
    assert (told["code-red-ida"].last_shown, told["code-red-ida"].first_fixed) == (JULY, AUGUST)
    assert told["server-path"].reason == "truncated"
    assert told[PATHS].evidence[0].url == "http://www.shop.example/"


def test_an_earlier_round_can_be_spoken_of(folder: SurveyFolder) -> None:
    history = site_history(folder, "www.shop.example", JULY)
    assert [each.standing for each in history.checks[:2]] == [Standing.OPEN, Standing.NEW]


def test_results_of_another_version_of_a_check_are_not_compared(folder: SurveyFolder) -> None:
    newer = tuple(msgspec.structs.replace(each, version="e" * 16) for each in CHECKS)
    build_round(folder, SEPTEMBER, [Seen("www.shop.example", "127.0.0.1", f"{IIS}/5.0")], newer)
    told = {each.info.id: each for each in site_history(folder, "www.shop.example").checks}
    assert told["code-red-ida"].path == "|||n"
    assert told["code-red-ida"].standing is Standing.CLEAN


@pytest.mark.parametrize(
    ("host", "label", "error", "sentence"),
    [
        ("nobody.example", "", EstimateError, "no judged round of this survey holds 'nobody.example'"),
        ("www.shop.example", "2002-01", EstimateError, "is in no judged round '2002-01'"),
        ("not a host", "", FrameError, "is no host"),
    ],
)
def test_a_site_that_is_not_there_is_one_sentence(
    folder: SurveyFolder, host: str, label: str, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        site_history(folder, host, label)


def test_a_grade_follows_the_table_and_an_accepted_finding_costs_nothing(folder: SurveyFolder) -> None:
    history = site_history(folder, "www.shop.example")
    points = points_of(history.checks, own_table(), NO_SUMS)
    grade = grade_of(history.checks, points, own_table(), frozenset())
    assert (grade.points, grade.letter, grade.judged, grade.of) == (100 - 35 - 5, "C", 3, 4)
    assert grade_of(history.checks, points, own_table(), frozenset({PATHS})).points == 95
    sums = points_of(history.checks, own_table(), frozenset({PATHS}))
    assert grade_of(history.checks, sums, own_table(), frozenset()).points == 95


def test_too_few_judged_checks_give_no_grade(folder: SurveyFolder) -> None:
    build_round(folder, SEPTEMBER, [Seen("www.shop.example", "127.0.0.1", "refused")], CHECKS)
    history = site_history(folder, "www.shop.example")
    report = report_of(history)
    assert (report.grade.letter, report.grade.points) == ("", None)
    assert "did not answer" in report.summary
    assert "does not mean that it was mended" in next(each.story for each in report.open if each.check == PATHS)


def test_the_rank_among_peers_by_hand(folder: SurveyFolder) -> None:
    points = dict.fromkeys((each.id for each in CHECKS), 10)
    peers = peers_of(folder, "www.shop.example", AUGUST, points)
    assert peers is not None
    assert (peers.family, peers.size, peers.count) == (IIS, 0, 30)
    assert (peers.worse, peers.equal, peers.share_worse) == (0, 0, 0.0)
    better = peers_of(folder, "h20.example", AUGUST, points)
    assert better is not None
    assert (better.worse, better.equal) == (13, 17)
    assert better.share_worse == pytest.approx((13 + 17 / 2) / 30)
    assert peers_of(folder, "nobody.example", AUGUST, points) is None


HOSTILE = "\x1b[31m=cmd|'/c calc'!A1<script>alert(1)</script>\u202e{{7*7}}'; rm -rf ~ #"


def hostile_report(folder: SurveyFolder) -> SiteReport:
    history = site_history(folder, "www.shop.example")
    seen = SiteEvidence("GET", f"http://www.shop.example/{HOSTILE}", 200, "", "body", HOSTILE, "", "127.0.0.1")
    checks = tuple(msgspec.structs.replace(each, evidence=(seen,)) for each in history.checks)
    accepted = {PATHS: Acceptance(PATHS, "2001-12-31", HOSTILE, "somebody")}
    return report_of(msgspec.structs.replace(history, checks=checks), accepted=accepted)


def test_hostile_words_are_dead_in_every_file(folder: SurveyFolder) -> None:
    report = hostile_report(folder)
    page, table, badge = render_site_page(report), site_csv(report), site_badge(report)
    sarif = json.loads(site_sarif(report))
    for text in (page, table, badge, json.dumps(sarif, ensure_ascii=False)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "<script" not in page
    assert "{{7*7}}" in page
    assert all(not line.startswith(("=", "+", "-", "@")) for cell in table.splitlines() for line in cell.split(","))


def test_a_command_to_see_it_oneself_is_one_word_each_whatever_the_server_wrote(folder: SurveyFolder) -> None:
    import shlex  # noqa: PLC0415  # only here

    seen = SiteEvidence("HEAD", f"http://a.example:81/{HOSTILE}", None, "", "", "", "", "2001:db8::1")
    words = shlex.split(curl_command(seen, "Ebbtide/0 (who)"))
    assert words[:5] == ["curl", "--silent", "--max-time", "30", "--head"]
    assert words[words.index("--resolve") + 1] == "a.example:81:[2001:db8::1]"
    assert words[-1].startswith("http://a.example:81/")
    assert len(words) == 10


def test_sarif_says_what_is_new_gone_and_accepted(folder: SurveyFolder) -> None:
    (run,) = json.loads(site_sarif(hostile_report(folder)))["runs"]
    by_rule = {each["ruleId"]: each for each in run["results"]}
    assert by_rule["code-red-ida"]["baselineState"] == "absent"
    assert by_rule["script-source"]["baselineState"] == "new"
    assert by_rule[PATHS]["suppressions"][0]["status"] == "accepted"
    assert [run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] for each in run["results"]] == list(by_rule)


def test_the_same_round_gives_the_same_octets(folder: SurveyFolder) -> None:
    first, second = (report_of(site_history(folder, "www.shop.example")) for _ in range(2))
    assert render_site_page(first) == render_site_page(second)
    assert site_sarif(first) == site_sarif(second)


def test_the_command_tells_writes_accepts_and_notes_every_look(folder: SurveyFolder, tmp_path: Path) -> None:
    words = ("site", "www.shop.example", "--survey", folder.path)
    config = folder.path / "survey.toml"
    config.write_text("[survey]\nname = 'By hand'\n[checks]\npacks = ['iis-2001']\n", encoding="utf-8")
    told = ebbtide(*words, "--out", tmp_path / "out", "--why", "a letter", "--json").document()
    assert {Path(each).name for each in told["files"]} == {
        *("index.html", "site.json", "site.csv", "site.sarif", "badge.svg")
    }
    assert [each["check"] for each in told["open"]] == [PATHS, "script-source"]
    taken = ("--accept", PATHS, "--until", "2001-12-31", "--reason", "a false positive")
    again = ebbtide(*words, *taken, "--json").document()
    assert (again["grade"]["letter"], again["open"][-1]["standing"]) == ("A", "accepted")
    looks = ebbtide("conduct", "looks", "--survey", folder.path, "--json").document()
    assert [(each["command"], each["about"], each["why"]) for each in looks] == [
        ("site", "www.shop.example", "a letter"), ("site", "www.shop.example", ""),
    ]  # fmt: skip
    assert "Grade A" in ebbtide(*words).stdout


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--accept", "server-path", "--until", "2001-12-31", "--reason", "x"), "never showed 'server-path'"),
        (("--accept", PATHS, "--until", "2001-12-31"), "without a reason"),
        (("--accept", PATHS, "--until", "soon", "--reason", "x"), "'soon' is no date"),
    ],
)
def test_what_cannot_be_accepted_is_one_sentence(folder: SurveyFolder, more: tuple[str, ...], sentence: str) -> None:
    told = ebbtide("site", "www.shop.example", "--survey", folder.path, *more)
    assert (told.returncode, told.stdout) == (2, "")
    assert sentence in told.stderr


def test_an_acceptance_ends_with_its_last_day(folder: SurveyFolder) -> None:
    made = accept(folder.path, "www.shop.example", PATHS, date(2001, 8, 14), "borne")
    assert made.holds_on(date(2001, 8, 14))
    assert not made.holds_on(date(2001, 8, 15))
    accept(folder.path, "www.shop.example", PATHS, date(2001, 9, 1), "longer")
    assert accepted_of(folder.path, "www.shop.example")[PATHS].reason == "longer"
    assert accepted_of(folder.path, "other.example") == {}


def test_whoever_is_erased_goes_from_the_records_and_the_looks_stay(folder: SurveyFolder) -> None:
    accept(folder.path, "www.shop.example", PATHS, date(2001, 8, 14), "borne")
    note_look(folder.path, "site", "www.shop.example")
    note_look(folder.path, "site", "h1.example")
    erase(folder, ".shop.example", why="asked for")
    assert accepted_of(folder.path, "www.shop.example") == {}
    assert [each.about for each in looks_on_record(folder.path)] == [ERASED, "h1.example"]
    with pytest.raises(EstimateError):
        site_history(folder, "www.shop.example")


def test_records_of_an_earlier_version_are_brought_up_to_date_and_a_later_one_is_refused(tmp_path: Path) -> None:
    assert looks_on_record(tmp_path) == ()
    forget_hosts(tmp_path, lambda _name: True)
    connection = sqlite3.connect(tmp_path / FILE)
    columns = "host TEXT PRIMARY KEY, origin, survey, token, expires, issued_at, verified_at, verified_by, checked_at"
    connection.execute(f"CREATE TABLE proofs ({columns}, problem)")
    connection.execute(
        "INSERT INTO proofs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", ["a.example", "", "s", "t", "2027-01-01", *[""] * 5]
    )
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    note_look(tmp_path, "site", "a.example")
    assert [each.challenge.host for each in proofs_on_record(tmp_path)] == ["a.example"]
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SurveyFolderError, match="version 99"):
        note_look(tmp_path, "site", "a.example")
