"""Twelve rounds over real sockets with every trap in them: ``why`` names each or refuses, and calls none behaviour."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from command_line import ebbtide
from ebbtide.cli.laboratory import reserved_port
from ebbtide.estimate.observed import observed_rows
from ebbtide.lab.traps import happened
from ebbtide.rounds.folder import SurveyFolder
from trap_page import PAGE, script

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("traps")]

Rounds = tuple[Path, dict[str, Any]]
IDA, ADMIN, IIS = "code-red-ida", "admin-pages", "family:microsoft-iis"
REFUSED = "cannot_conclude"
CAUSES = {
    ("2002-02", IDA): {"behaviour"},  # a patch
    ("2002-04", IDA): {"behaviour"},  # a worm
    ("2002-06", ADMIN): {"behaviour"},  # letters
    ("2002-03", IDA): {"frame_added"},
    ("2002-03", IIS): {"frame_added"},
    ("2002-05", IDA): {"nothing", "renumbered"},  # new addresses, and renewed certificates
    ("2002-07", IDA): {"lost_silent"},
    ("2002-08", ADMIN): {"answered_again", "lost_silent", "several"},
    ("2002-09", IDA): {"answered_again"},
    ("2002-10", IDA): {"lost_blocked"},
    ("2002-11", IDA): {"nothing"},  # other certificates
}


def answers(told: dict[str, Any], month: str, subject: str, reading: str = "as judged today") -> list[dict[str, Any]]:
    return [
        each
        for each in told["score"]
        if (each["to_round"], each["subject"], each["reading"]) == (month, subject, reading)
    ]


def test_what_the_survey_saw_is_what_was_there(twelve_rounds: Rounds) -> None:
    told = twelve_rounds[1]["verification"]["comparison"]
    assert told["mismatches"] == []
    assert told["certificates"]["certificate"]["right"] > 500
    assert set(told["certificates"]["key"]) == {"right"}
    assert told["presence"]["blocked"]["blocked"] > 100


def test_every_trap_is_named_or_refused_and_none_is_called_behaviour(twelve_rounds: Rounds) -> None:
    score = twelve_rounds[1]["score"]
    assert len(score) == 70
    for each in score:
        assert each["is_right"], each
        assert each["counts_agree"], each
        if "behaviour" not in each["true_units"]:
            assert each["verdict"] != "behaviour", each


@pytest.mark.parametrize(("month", "subject"), CAUSES)
def test_each_event_is_told_by_its_cause(month: str, subject: str, twelve_rounds: Rounds) -> None:
    found = answers(twelve_rounds[1], month, subject)
    assert [each["unit"] for each in found] == ["site", "address"]
    assert {each["verdict"] for each in found} <= CAUSES[month, subject]


def test_a_better_check_is_refused_until_the_older_round_is_judged_again_and_then_named(twelve_rounds: Rounds) -> None:
    told = twelve_rounds[1]
    before = answers(told, "2002-08", IDA, "before the older round was judged again")
    assert [each["verdict"] for each in before] == [REFUSED, REFUSED]
    first = answers(told, "2002-08", IDA, "as first judged")
    assert [each["verdict"] for each in first] == ["reclassified", "reclassified"]


def test_certificates_are_renewed_as_the_scenario_says(twelve_rounds: Rounds) -> None:
    folder = SurveyFolder.open(twelve_rounds[0] / "survey")

    def held(month: str) -> dict[str, tuple[str, str]]:
        rows = observed_rows(folder, month)
        return {row["host"]: (row["certificate"], row["key"]) for row in rows if row["certificate"]}

    april, may, september, october, november = map(held, ("2002-04", "2002-05", "2002-09", "2002-10", "2002-11"))
    renewed = {host for host in april if april[host][0] != may[host][0]}
    assert len(renewed) > 20
    assert all(april[host][1] == may[host][1] for host in renewed)
    assert {host for host in september if september[host][1] != october[host][1]} == renewed
    assert len({key for _, key in october.values()}) > 50
    assert len(set(november.values())) == 1
    assert renewed < set(november)


def test_the_whole_page_of_the_score_is_what_came_out(twelve_rounds: Rounds) -> None:
    module = script()
    told = module.render(module.scores(twelve_rounds[1]), happened(module.world()))
    assert PAGE.read_text(encoding="utf-8") == told, "docs/traps.md is out of date; run `make stat`"


def test_the_arms_are_on_record_and_letters_moved_the_one_that_was_told(twelve_rounds: Rounds) -> None:
    out, _ = twelve_rounds
    lines = (out / "arms.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "site,arm"
    arms = dict(line.split(",") for line in lines[1:])
    folder = SurveyFolder.open(out / "survey")
    shown = [
        {row["host"] for row in observed_rows(folder, month) if row["checks"][ADMIN]["verdict"] == "shown"}
        for month in ("2002-05", "2002-06")
    ]
    mended = shown[0] - shown[1]
    hazard = {
        arm: sum(arms[host] == arm for host in mended) / sum(arms[host] == arm for host in shown[0])
        for arm in ("told", "waiting")
    }
    assert hazard["told"] > 0.4
    assert hazard["waiting"] < 0.2


def test_the_score_can_be_asked_for_again_and_finds_a_wrong_reason(twelve_rounds: Rounds, tmp_path: Path) -> None:
    out, _ = twelve_rounds
    words = ("lab", "score", "--survey", out / "survey", "--subject", IDA)
    told = ebbtide(*words, "--truth", out / "truth", "--json")
    assert told.returncode == 0
    assert len(told.document()["score"]) == 24
    assert "0 wrong" in told.document()["words"]
    truth = shutil.copytree(out / "truth", tmp_path / "truth")
    for path in truth.glob("*.jsonl"):
        if path.stem not in {"2002-01", "2002-02"}:
            path.unlink()
    shutil.copy(truth / "2002-02.jsonl", tmp_path / "kept.jsonl")
    shutil.copy(truth / "2002-01.jsonl", truth / "2002-02.jsonl")
    told = ebbtide(*words, "--truth", truth)
    assert told.returncode == 1
    assert "nothing (nobody moved), and why says behaviour" in told.stdout


@pytest.mark.parametrize("content", [None, "[]\n", "{}\n", "\xff"])
def test_a_truth_that_cannot_be_used_gets_one_sentence(
    content: str | None, twelve_rounds: Rounds, tmp_path: Path
) -> None:
    if content is not None:
        for month in ("2002-01", "2002-02"):
            (tmp_path / f"{month}.jsonl").write_text(content, encoding="latin-1")
    told = ebbtide("lab", "score", "--survey", twelve_rounds[0] / "survey", "--truth", tmp_path)
    assert (told.returncode, told.stderr.count("\n")) == (2, 1), told.stderr


SURVEY = """
[survey]
vantage = "elsewhere"
source = "{source}"
[[frame.source]]
path = "targets.csv"
format = "csv"
[scope]
open = ["127.0.0.0/8"]
[limits]
in_flight = 200
in_flight_per_prefix = 100
requests_per_prefix_s = 0
[attempts]
silent_after = 2
spacing_s = 0
[checks]
packs = ["iis-2001"]
[round."{month}"]
date = "2002-10-15"
"""


@pytest.mark.parametrize(("source", "is_hidden"), [("127.0.0.1", True), ("127.0.0.2", False)])
def test_the_firewall_hides_its_servers_from_one_address_and_from_no_other(
    source: str, tmp_path: Path, *, is_hidden: bool
) -> None:
    words = ["--scenario", "why-numbers-move", "--scale", "0.02", "--month", "2002-10", "--out", str(tmp_path)]
    with reserved_port() as port:
        command = [sys.executable, "-m", "ebbtide", "lab", "serve", *words, "--port", str(port), "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as lab:
            assert lab.stdout is not None
            assert json.loads(lab.stdout.readline())["ready"] is True
            try:
                survey = tmp_path / "survey"
                assert ebbtide("survey", "init", survey).returncode == 0
                shutil.copy(tmp_path / "targets.csv", survey / "targets.csv")
                (survey / "survey.toml").write_text(SURVEY.format(source=source, month="2002-10"), encoding="utf-8")
                told = ebbtide("survey", "run", "2002-10", "--survey", survey)
                assert told.returncode == 0, told.stderr
            finally:
                lab.send_signal(signal.SIGTERM)
    assert ebbtide("survey", "seal", "2002-10", "--survey", survey).returncode == 0
    assert ebbtide("judge", "2002-10", "--survey", survey).returncode == 0
    truth = [json.loads(line) for line in (tmp_path / "truth" / "2002-10.jsonl").read_text().splitlines()]
    hidden = {row["host"] for row in truth if row["presence"] == "blocked"}
    assert hidden
    seen = {row["host"]: row["presence"] for row in observed_rows(SurveyFolder.open(survey), "2002-10")}
    assert {seen[host] for host in hidden} == {"blocked" if is_hidden else "answered"}
    assert {seen[host] for host in seen if host not in hidden} == {"answered"}
