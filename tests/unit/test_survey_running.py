"""Conducting a round with a probe that is played by a function: who is asked, when, and what is refused."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from ebbtide.cli.plan_text import plan_lines
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.errors import ConductError, ConfigurationError, EbbtideError, FrameError, RoundError
from ebbtide.model.outcomes import Answered, Failed, Fault, Outcome, Stage
from ebbtide.model.targets import Level
from ebbtide.model.transcripts import Exchange, Purpose, Request, Transcript
from ebbtide.probe.lookup import Resolved
from ebbtide.probe.settings import Assignment, ProbeSettings
from ebbtide.rounds.database import ask
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.locking import round_lock
from ebbtide.survey import assigning, batch, judging, running
from ebbtide.survey.budget import RESERVED_DESCRIPTORS
from ebbtide.survey.conduct import probe_settings, survey_scope
from ebbtide.survey.judging import judge_round
from ebbtide.survey.outside import outside_for
from ebbtide.survey.plan_summary import plan_summary
from ebbtide.survey.progress import Progress
from ebbtide.survey.running import RunSummary, run_round
from ebbtide.survey.sealing import seal_round
from ebbtide.survey.settings import load_config
from ebbtide.survey.starting import init_survey
from ebbtide.survey.status import round_status
from ebbtide.workers.executors import ProcessExecutor, SerialExecutor
from unsecret import Unsecret

SILENT = Failed(Stage.CONNECT, Fault.TIMED_OUT)
REFUSED = Failed(Stage.CONNECT, Fault.REFUSED)
NOW_NS = 1_800_000_000 * 10**9
CONFIGURATION = """
[[frame.source]]
path = "hosts.csv"
format = "csv"
[scope]
open = ["127.0.0.0/8"]
exclude = ["closed.example"]
[limits]
batch_targets = 4
[attempts]
most = 2
spacing_s = {spacing_s}
[checks]
packs = ["iis-2001"]
"""
ADDRESSES = {
    **{f"h{number}.example": f"127.0.{number}.1" for number in range(10)},
    "closed.example": "127.0.0.7",
    "private.example": "10.0.0.1",
}


class Played:
    """Stands for the probe; remembers whom it was told to ask."""

    def __init__(self) -> None:
        self.outcomes: dict[str, list[Outcome]] = {}
        self.asked: list[Assignment] = []
        self.elapsed_s = 0.0

    def probe(
        self,
        assignments: Iterable[Assignment],
        _plan: object,
        _settings: object,
        *,
        on_start: Callable[[Assignment], None],
        on_done: Callable[[Unsecret], None],
        on_note: Callable[[str, str, str], None],
    ) -> None:
        on_note("slowed", "127.0.0.0/24", "played")
        for each in assignments:
            on_start(each)
            self.asked.append(each)
            told = self.outcomes.get(each.target.host, [Answered()])
            on_done(Unsecret(self.transcript(each, told[min(each.attempt, len(told)) - 1])))

    def transcript(self, each: Assignment, outcome: Outcome) -> Transcript:
        target = each.target
        exchange = Exchange(
            *(target.target_id, target.site_id, 0, each.attempt, Request("/", Purpose.ROOT), NOW_NS, outcome),
            status=200 if isinstance(outcome, Answered) else None,
            fields=((b"Server", b"Zeus/3.3"),) if isinstance(outcome, Answered) else (),
        )
        return Transcript(
            *(target, each.attempt, outcome, (exchange,), each.addresses[0], NOW_NS, self.elapsed_s),
            resolution=each.resolution,
        )


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    played = Played()
    monkeypatch.setattr(batch, "probe_assignments", played.probe)
    monkeypatch.setattr("time.time_ns", lambda: NOW_NS)
    return played


@pytest.fixture
def folder(tmp_path: Path) -> SurveyFolder:
    made = init_survey(tmp_path / "survey", "played")
    write(made, "hosts.csv", "host,address\n" + "".join(f"{host},{at}\n" for host, at in ADDRESSES.items()))
    write(made, "survey.toml", CONFIGURATION.format(spacing_s=0))
    return made


def write(folder: SurveyFolder, name: str, text: str) -> None:
    (folder.path / name).write_text(text, encoding="utf-8")


def run(folder: SurveyFolder, label: str = "r", **options: Any) -> RunSummary:
    config: SurveyConfig = load_config(folder.path)
    return run_round(folder, label, config, executor=SerialExecutor(), **options)


def hosts(assignments: Iterable[Assignment]) -> list[str]:
    return sorted(each.target.host for each in assignments)


def test_no_more_are_asked_at_a_time_than_the_machine_can_carry_and_that_is_said(
    folder: SurveyFolder, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_to_ask: list[int] = []

    def probe(assignments: Any, plan: object, settings: ProbeSettings, **what: Any) -> None:
        told_to_ask.append(settings.limits.in_flight)
        played.probe(assignments, plan, settings, **what)

    monkeypatch.setattr(batch, "probe_assignments", probe)
    monkeypatch.setattr(running, "raise_descriptor_limit", lambda: RESERVED_DESCRIPTORS + 7)
    said: list[str] = []
    run(folder, notice=said.append)
    assert set(told_to_ask) == {7}
    assert any("7 instead of 500 targets in flight" in sentence for sentence in said)


def test_everyone_whom_the_rules_allow_is_asked_once_and_the_rest_is_skipped(
    folder: SurveyFolder, played: Played
) -> None:
    summary = run(folder)
    assert hosts(played.asked) == [f"h{number}.example" for number in range(10)]
    assert {(each.attempt, each.level) for each in played.asked} == {(1, Level.PASSIVE)}
    assert (summary.asked, summary.targets, summary.answered, summary.skipped) == (12, 12, 10, 2)
    query = "SELECT host, reason, o.address FROM final_outcomes o JOIN targets USING (target_id) WHERE kind = 'skipped'"
    rows = sorted(ask(folder, query)[1])
    assert rows == [("closed.example", "out_of_scope", "127.0.0.7"), ("private.example", "out_of_scope", "10.0.0.1")]


def test_a_second_run_asks_nobody(folder: SurveyFolder, played: Played) -> None:
    run(folder)
    before = len(played.asked)
    assert run(folder).asked == 0
    assert len(played.asked) == before


def test_without_spacing_the_silent_are_asked_again_in_the_same_run_and_the_refusing_are_not(
    folder: SurveyFolder, played: Played
) -> None:
    played.outcomes = {"h1.example": [SILENT, Answered()], "h2.example": [SILENT, SILENT], "h3.example": [REFUSED]}
    summary = run(folder)
    assert hosts(each for each in played.asked if each.attempt == 2) == ["h1.example", "h2.example"]
    assert (summary.answered, summary.failed, summary.unconfirmed) == (8, 2, 0)
    assert summary.outcomes["connect/timed_out"] == 1


def test_with_spacing_the_silent_stay_unconfirmed_until_a_later_run_asks_only_them(
    folder: SurveyFolder, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "survey.toml", CONFIGURATION.format(spacing_s=3600))
    played.outcomes = {"h1.example": [SILENT], "h2.example": [SILENT, Answered()]}
    played.elapsed_s = 2.0
    first = run(folder)
    assert (first.unconfirmed, first.answered, first.next_attempt_at) == (2, 8, "2027-01-15 09:00:02 UTC")
    monkeypatch.setattr("time.time_ns", lambda: NOW_NS + 3601 * 10**9)
    assert run(folder).asked == 0
    monkeypatch.setattr("time.time_ns", lambda: NOW_NS + 3602 * 10**9)
    played.asked.clear()
    second = run(folder)
    assert hosts(played.asked) == ["h1.example", "h2.example"]
    assert (second.unconfirmed, second.answered, second.failed) == (0, 9, 1)
    assert round_status(folder, "r").next_attempt_at == ""


def test_a_name_is_resolved_and_its_failure_is_its_outcome(
    folder: SurveyFolder, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {
        "named.example": Resolved("named.example", ("10.0.0.9", "127.0.9.1", "127.0.9.2"), ("front.example",), None, 3),
        "inside.example": Resolved("inside.example", ("10.0.0.9",), (), None, 1),
        "gone.example": Resolved("gone.example", failure=Failed(Stage.RESOLVE, Fault.NAME_NOT_FOUND)),
    }

    def resolve(names: Iterable[str], _settings: object, _unfound: object) -> Iterator[Resolved]:
        return (answers[name] for name in names)

    monkeypatch.setattr(assigning, "resolve_hosts", resolve)
    write(folder, "hosts.csv", "host,port\nnamed.example,80\nnamed.example,81\ninside.example,80\ngone.example,80\n")
    summary = run(folder)
    assert [each.addresses for each in played.asked] == [("127.0.9.1", "127.0.9.2")] * 2
    assert summary.outcomes == {"answered": 2, "resolve/name_not_found": 1, "skipped": 1}
    said = "SELECT DISTINCT host, o.address, cnames, resolved_addresses, resolved_address_count"
    assert sorted(ask(folder, f"{said} FROM outcomes o JOIN targets USING (target_id)")[1]) == [
        ("gone.example", "", [], [], 0),
        ("inside.example", "10.0.0.9", [], ["10.0.0.9"], 1),
        ("named.example", "127.0.9.1", ["front.example"], ["10.0.0.9", "127.0.9.1", "127.0.9.2"], 3),
    ]


def test_a_frame_that_changed_is_refused_with_one_sentence(folder: SurveyFolder, played: Played) -> None:
    run(folder)
    write(folder, "hosts.csv", "host,address\nother.example,127.0.0.1\n")
    with pytest.raises(RoundError, match="the frame is not the one that round r was opened with"):
        run(folder)


@pytest.mark.parametrize("change", ["[plan]\nicon = false\n", '[plan]\nabsent_extension = "ida"\n'])
def test_a_plan_that_changed_is_refused_with_one_sentence(folder: SurveyFolder, played: Played, change: str) -> None:
    run(folder)
    write(folder, "survey.toml", CONFIGURATION.format(spacing_s=0) + change)
    with pytest.raises(RoundError, match="the plan is not the one that round r was opened with"):
        run(folder)


def test_limits_and_scope_may_change_while_a_round_is_open(folder: SurveyFolder, played: Played) -> None:
    run(folder)
    write(folder, "survey.toml", CONFIGURATION.format(spacing_s=0).replace("batch_targets = 4", "batch_targets = 9"))
    assert run(folder).asked == 0
    assert len(set(folder.round("r").log_state.config_digests)) == 2


def test_another_date_is_refused_and_the_same_is_not(folder: SurveyFolder, played: Played) -> None:
    run(folder, as_of="2001-07-15")
    run(folder, as_of="2001-07-15")
    run(folder)
    with pytest.raises(RoundError, match="opened for 2001-07-15"):
        run(folder, as_of="2001-07-16")


def test_the_reference_date_is_that_of_the_configuration_where_nobody_says_otherwise(
    folder: SurveyFolder, played: Played
) -> None:
    write(folder, "survey.toml", CONFIGURATION.format(spacing_s=0) + '[round.r]\ndate = "2001-07-15"\n')
    run(folder)
    run(folder, "other", as_of="2001-08-15")
    assert (folder.round("r").reference_date, folder.round("other").reference_date) == ("2001-07-15", "2001-08-15")


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("hosts.csv", "host\n", FrameError),
        ("hosts.csv", "host,address\nclosed.example,127.0.0.7\nprivate.example,10.0.0.1\n", ConductError),
        ("hosts.csv", "host,port\na.example,70000\n", FrameError),
        ("survey.toml", CONFIGURATION.format(spacing_s=0).replace("iis-2001", "none"), EbbtideError),
        ("survey.toml", f"{CONFIGURATION.format(spacing_s=0)}[survey]\nsource = '192.0.2.1'", ConfigurationError),
        ("survey.toml", f"{CONFIGURATION.format(spacing_s=0)}[survey]\nsource = 'home'", ConfigurationError),
    ],
)
def test_a_mistake_is_told_before_anything_is_written(
    folder: SurveyFolder, played: Played, name: str, text: str, error: type[EbbtideError]
) -> None:
    write(folder, name, text)
    before = sorted(folder.path.rglob("*"))
    with pytest.raises(error):
        run(folder)
    assert sorted(folder.path.rglob("*")) == before
    assert played.asked == []


def test_the_address_to_ask_from_is_handed_down_and_ours(folder: SurveyFolder, played: Played) -> None:
    config = load_config(folder.path)
    chosen = replace(config, survey=replace(config.survey, source="127.0.0.2"))
    assert probe_settings(chosen, survey_scope(chosen, folder.path)).source == "127.0.0.2"
    assert outside_for(chosen).source("192.0.2.1") == "127.0.0.2"
    assert outside_for(config).source("127.0.0.9") == "127.0.0.1"
    write(folder, "survey.toml", f"{CONFIGURATION.format(spacing_s=0)}[survey]\nsource = '127.0.0.2'")
    run(folder)
    assert played.asked


def test_a_round_that_somebody_else_works_on_is_left_alone(folder: SurveyFolder, played: Played) -> None:
    run(folder)
    with round_lock(folder.round_folder("r"), "r"), pytest.raises(RoundError, match="another process"):
        run(folder)


def test_a_sealed_round_is_not_run_sealed_or_judged_too_early(folder: SurveyFolder, played: Played) -> None:
    run(folder)
    with pytest.raises(RoundError, match="is open"):
        judge_round(folder, "r", load_config(folder.path), executor=SerialExecutor())
    counts = seal_round(folder, "r")
    assert (counts.targets, counts.answered, counts.failed, counts.skipped) == (12, 10, 0, 2)
    with pytest.raises(RoundError, match="sealed"):
        run(folder)
    with pytest.raises(RoundError, match="sealed already"):
        seal_round(folder, "r")


def test_judging_stores_one_family_for_everyone_who_answered_and_a_second_judgement_beside_the_first(
    folder: SurveyFolder, played: Played
) -> None:
    played.outcomes = {"h1.example": [SILENT]}
    run(folder)
    seal_round(folder, "r")
    first = judge_round(folder, "r", load_config(folder.path), executor=SerialExecutor())
    assert (first.is_new, first.answered, first.families) == (True, 9, {"zeus": 9})
    assert ask(folder, "SELECT count(*), count(DISTINCT target_id) FROM software WHERE is_family")[1] == [(9, 9)]
    assert ask(folder, "SELECT * FROM verdicts")[1] == []
    write(folder, "survey.toml", CONFIGURATION.format(spacing_s=0).replace('["iis-2001"]', "[]"))
    second = judge_round(folder, "r", load_config(folder.path), executor=SerialExecutor())
    assert second.judgement != first.judgement
    assert folder.round("r").judgements == (first.judgement, second.judgement)
    assert ask(folder, "SELECT judgement, (SELECT count(*) FROM checks) FROM rounds")[1] == [(second.judgement, 0)]
    write(folder, "survey.toml", CONFIGURATION.format(spacing_s=0))
    third = judge_round(folder, "r", load_config(folder.path), executor=SerialExecutor())
    assert (third.is_new, third.judgement, third.families) == (False, first.judgement, first.families)
    assert folder.round("r").judgement == first.judgement


@pytest.mark.parametrize(("worth_a_process", "started"), [(4000, []), (6, [2]), (12, []), (1, [3])])
def test_a_small_round_is_judged_here_and_a_large_one_in_as_many_processes_as_are_worth_it(
    folder: SurveyFolder, played: Played, monkeypatch: pytest.MonkeyPatch, worth_a_process: int, started: list[int]
) -> None:
    pools: list[int] = []

    def counted(processes: int) -> ProcessExecutor:
        pools.append(processes)
        return ProcessExecutor(processes)

    monkeypatch.setattr(judging, "ProcessExecutor", counted)
    monkeypatch.setattr(judging, "TARGETS_A_PROCESS", worth_a_process)
    write(folder, "survey.toml", CONFIGURATION.format(spacing_s=0).replace("[limits]", "[limits]\nprocesses = 3"))
    run(folder)
    seal_round(folder, "r")
    reports: list[Progress] = []
    summary = judge_round(folder, "r", load_config(folder.path), progress=reports.append)
    assert (summary.targets, summary.answered, summary.families) == (12, 10, {"zeus": 10})
    assert pools == started
    assert [reports[0].done, reports[-1].done] == [0, 12]
    assert len(reports) == 1 + folder.shards


def test_progress_ends_with_everyone_done(folder: SurveyFolder, played: Played) -> None:
    reports: list[Progress] = []
    run(folder, progress=reports.append)
    assert (reports[-1].done, reports[-1].total) == (12, 12)
    assert reports[-1].outcomes == {"answered": 10, "skipped": 2}
    assert all(earlier.done <= later.done for earlier, later in pairwise(reports))


def test_a_plan_says_who_would_be_asked_and_who_is_left_out_and_leaves_nothing_behind(
    folder: SurveyFolder, played: Played
) -> None:
    write(folder, "hosts.csv", "host,address\na.example,127.0.0.1\na.example,127.0.0.1\nb.example,\nclosed.example,\n")
    before = sorted(folder.path.rglob("*"))
    summary = plan_summary(folder, load_config(folder.path))
    assert (summary.lines, summary.duplicates, summary.targets, summary.asked, summary.to_resolve) == (4, 1, 3, 2, 1)
    assert summary.skipped == {"out_of_scope (excluded by the operator: closed.example)": 1}
    assert (summary.requests_each, summary.most_attempts) == (3, 2)
    assert sorted(folder.path.rglob("*")) == before
    assert played.asked == []


@pytest.mark.parametrize(
    ("level", "told"), [("active", "robots.txt is read before the first named path"), ("passive", "")]
)
def test_a_plan_counts_robots_txt_where_named_paths_are_asked(folder: SurveyFolder, level: str, told: str) -> None:
    text = CONFIGURATION.format(spacing_s=0) + f"[plan]\nlevel = '{level}'\nextra_requests = 5\nrobots = "
    most = []
    for is_on in ("false", "true"):
        write(folder, "survey.toml", text + is_on)
        summary = plan_summary(folder, load_config(folder.path))
        most.append(summary.most_requests_each)
        assert ("robots.txt" in "\n".join(plan_lines(summary))) is bool(told and is_on == "true")
    assert most[1] - most[0] == bool(told)
    assert told in "\n".join(plan_lines(summary))


def test_a_drawn_share_of_those_that_answered_is_asked_once_more_and_tells_our_own_loss(
    folder: SurveyFolder, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = CONFIGURATION.format(spacing_s=3600) + "[round.r]\ndate = '2001-07-15'\n"
    write(folder, "survey.toml", text.replace("most = 2", "most = 2\nagain_share = 1"))
    played.outcomes = {
        "h1.example": [SILENT, Answered()],
        "h2.example": [SILENT, SILENT],
        "h3.example": [Answered(), SILENT],
        "h4.example": [REFUSED],
    }
    first = run(folder)
    assert (first.answered, first.unconfirmed, first.failed) == (7, 2, 1)
    assert first.loss.asked_once_more == 0
    monkeypatch.setattr("time.time_ns", lambda: NOW_NS + 3601 * 10**9)
    played.asked.clear()
    second = run(folder)
    assert hosts(played.asked) == [f"h{number}.example" for number in range(10) if number != 4]
    assert (second.answered, second.failed, second.unconfirmed) == (8, 2, 0)
    loss = round_status(folder, "r").loss
    assert (loss.failed_at_first, loss.answered_later) == (2, 1)
    assert (loss.asked_once_more, loss.lost_once_more, loss.lost_share) == (7, 1, 1 / 7)
    monkeypatch.setattr("time.time_ns", lambda: NOW_NS + 9999 * 10**9)
    assert run(folder).asked == 0
    seal_round(folder, "r")
    assert round_status(folder, "r").loss == loss


def test_the_share_that_is_asked_once_more_is_drawn_at_random_and_stays_the_same(
    folder: SurveyFolder, played: Played
) -> None:
    write(folder, "hosts.csv", "host,address\n" + "".join(f"n{n}.example,127.1.{n}.1\n" for n in range(200)))
    text = CONFIGURATION.format(spacing_s=0).replace("batch_targets = 4", "batch_targets = 50")
    write(folder, "survey.toml", text.replace("most = 2", "most = 2\nagain_share = 0.3"))
    drawn = [
        {each.target.host for each in played.asked[begin:] if each.attempt == 2}
        for label in ("a", "b")
        if (begin := len(played.asked)) >= 0 and run(folder, label)
    ]
    assert all(35 < len(each) < 85 for each in drawn)
    assert drawn[0] != drawn[1]


def test_what_happens_is_appended_to_a_log_one_document_a_line(
    folder: SurveyFolder, played: Played, tmp_path: Path
) -> None:
    log = tmp_path / "run.log"
    run(folder, log=log)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    events = [line["event"] for line in lines]
    assert events[0] == "run_started"
    assert events[-1] == "run_ended"
    assert set(events[1:-1]) == {"share_started", "segment_committed", "slowed"}
    assert sum(line["attempts"] for line in lines if line["event"] == "segment_committed") == 10
    assert all(line["at"].endswith("+00:00") for line in lines)
    with pytest.raises(EbbtideError, match="cannot be written"):
        run(folder, log=tmp_path)


def test_a_run_that_fails_says_so_in_its_log(folder: SurveyFolder, played: Played, tmp_path: Path) -> None:
    def fail(_report: Progress) -> None:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        run(folder, log=tmp_path / "run.log", progress=fail)
    last = json.loads((tmp_path / "run.log").read_text(encoding="utf-8").splitlines()[-1])
    assert (last["event"], "no more" in last["why"]) == ("run_failed", True)
