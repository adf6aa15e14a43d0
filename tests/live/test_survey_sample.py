"""A rotating panel over real sockets: two rounds of a small survey, one killed on the way, judged and estimated."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ebbtide.cli.plan_text import plan_lines
from ebbtide.estimate.compute import compute_facts
from ebbtide.estimate.explaining import explain
from ebbtide.model.errors import EbbtideError
from ebbtide.rounds.database import ask
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.judging import judge_round
from ebbtide.survey.plan_summary import plan_summary
from ebbtide.survey.running import run_round
from ebbtide.survey.sealing import seal_round
from ebbtide.survey.settings import load_config
from ebbtide.survey.starting import init_survey
from ebbtide.workers.executors import SerialExecutor

pytestmark = pytest.mark.live

TESTS = Path(__file__).parents[1]
CONFIGURATION = """
[[frame.source]]
path = "hosts.csv"
format = "csv"
[sample]
fractions = {{ "large" = 0.5, "small" = 0.25 }}
leaving = 0.5
[scope]
open = ["127.0.0.0/8"]
exclude = ["h0.test"]
opt_out = "opt-outs.csv"
[limits]
requests_per_prefix_s = 0
batch_targets = 7
[attempts]
spacing_s = 0
[checks]
packs = ["iis-2001"]
{more}
"""
EXCLUDED = "h0.test"
SITES = "SELECT DISTINCT host FROM targets WHERE round = '{}' ORDER BY host"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    command = [sys.executable, str(TESTS / "counting_server.py"), str(tmp_path / "seen"), "0", "Apache/1.3.19"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def survey_of(path: Path, port: int, more: str = "", opted_out: str = "") -> SurveyFolder:
    init_survey(path, "panel")
    lines = [
        f"h{number}.test,127.0.{number // 100 + 1}.{number % 100 + 1},{port},http,{('large', 'small')[number >= 60]}\n"
        for number in range(180)
    ]
    (path / "hosts.csv").write_text("host,address,port,scheme,stratum\n" + "".join(lines), encoding="utf-8")
    (path / "opt-outs.csv").write_text(f"what,expires,reason,who,proof\n{opted_out}", encoding="utf-8")
    (path / "survey.toml").write_text(CONFIGURATION.format(more=more), encoding="utf-8")
    return SurveyFolder.open(path)


def conducted(folder: SurveyFolder, label: str, day: str) -> set[str]:
    config = load_config(folder.path)
    run_round(folder, label, config, as_of=day, executor=SerialExecutor())
    seal_round(folder, label)
    judge_round(folder, label, config)
    return sampled(folder, label)


def sampled(folder: SurveyFolder, label: str) -> set[str]:
    return {host for (host,) in ask(folder, SITES.format(label))[1]}


def test_a_panel_rotates_over_two_rounds_and_its_facts_say_so(tmp_path: Path, port: int) -> None:
    folder = survey_of(tmp_path / "survey", port)
    first = conducted(folder, "2001-07", "2001-07-15")
    planned = plan_summary(folder, load_config(folder.path))
    told = "\n".join(plan_lines(planned))
    assert "A sample, not a census: 60 of 180 sites are drawn by chance; 50% of it leave each round (turn 1)." in told
    second = conducted(folder, "2001-08", "2001-08-15")
    assert (len(first), len(second)) == (60, 60)
    plan = folder.round("2001-08").log_state.plan
    assert plan is not None
    design = plan.design
    assert design == planned.design
    assert design is not None
    assert (design.kind, design.turn, design.before) == ("panel", 1, "2001-07")
    assert [(each.stratum, each.sites, each.drawn, each.weight) for each in design.strata] == [
        ("large", 60, 30, 2.0),
        ("small", 120, 30, 4.0),
    ]
    assert sum(each.kept for each in design.strata) == len(first & second)
    assert 15 <= len(first & second) <= 45
    facts = compute_facts(folder)
    share = next(each for each in facts if each.metric == "share" and each.unit == "site" and each.round == "2001-08")
    assert share.interval_kind == "design"
    assert share.method.startswith("hajek")
    assert "A sample of sites drawn by chance, 60 of 180 in 2 strata in 2001-08, a panel of which 50 %" in share.note
    fates = [each for each in facts if each.metric == "fate" and each.unit == "site" and not each.check]
    asked = (first & second) - {EXCLUDED}
    assert {each.base for each in fates} <= {len(asked)}, "who rotated out is not lost"
    assert all(each.n == 0 for each in fates if each.category == "unknown")
    change = explain(folder, f"family:{share.family or share.category}").change
    assert change is not None
    assert change.overlap == len(asked)


def test_the_rules_act_after_the_draw_so_that_an_opt_out_moves_nobody(tmp_path: Path, port: int) -> None:
    plain = survey_of(tmp_path / "survey", port)
    before = conducted(plain, "2001-07", "2001-07-15")
    out = min(before)
    (plain.path / "opt-outs.csv").write_text(f"what,expires,reason,who,proof\n{out},,asked,owner,mail\n")
    (plain.path / "survey.toml").write_text(
        CONFIGURATION.format(more='[sample.turns]\n"2001-08" = 0'), encoding="utf-8"
    )
    assert conducted(plain, "2001-08", "2001-08-15") == before
    kinds = ask(plain, "SELECT kind, count(*) FROM final_outcomes WHERE round = '2001-08' GROUP BY ALL")[1]
    assert dict(kinds)["skipped"] >= 1
    assert sum(dict(kinds).values()) == 60
    weight = ask(plain, "SELECT sum(weight) FROM targets WHERE round = '2001-08'")[1][0][0]
    assert weight == pytest.approx(180)


def test_a_round_that_was_killed_asks_the_same_sample(tmp_path: Path, port: int) -> None:
    folder = survey_of(tmp_path / "survey", port)
    driver = [sys.executable, str(TESTS / "kill_driver.py"), str(folder.path), "2001-07"]
    moment = "before the journal knows of the start"
    killed = subprocess.run([*driver, moment, "20", "serial"], check=False, timeout=100, capture_output=True)
    assert killed.returncode == -9, killed.stderr
    before = sampled(folder, "2001-07")
    assert len(before) == 60
    run_round(folder, "2001-07", load_config(folder.path), executor=SerialExecutor())
    assert sampled(folder, "2001-07") == before
    # Killed before anything was settled, a second folder with the same secret draws the same.
    twin = survey_of(tmp_path / "twin", port)
    (twin.path / "survey.json").write_bytes((folder.path / "survey.json").read_bytes())
    run_round(SurveyFolder.open(twin.path), "2001-07", load_config(twin.path), executor=SerialExecutor())
    assert sampled(SurveyFolder.open(twin.path), "2001-07") == before
    other = survey_of(tmp_path / "other", port)
    run_round(other, "2001-07", load_config(other.path), executor=SerialExecutor())
    assert sampled(other, "2001-07") != before


def test_another_draw_is_refused_for_a_round_that_is_open(tmp_path: Path, port: int) -> None:
    folder = survey_of(tmp_path / "survey", port)
    run_round(folder, "2001-07", load_config(folder.path), executor=SerialExecutor())
    text = (folder.path / "survey.toml").read_text(encoding="utf-8")
    (folder.path / "survey.toml").write_text(text.replace("0.25", "0.5"), encoding="utf-8")
    with pytest.raises(EbbtideError, match="the frame is not the one that round 2001-07 was opened with"):
        run_round(folder, "2001-07", load_config(folder.path), executor=SerialExecutor())
