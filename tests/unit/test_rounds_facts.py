from pathlib import Path

import pytest

from ebbtide.frame.ids import site_id, target_id
from ebbtide.model.errors import RoundError, SurveyFolderError
from ebbtide.model.facts import Fact
from ebbtide.model.rows import OutcomeRow, TargetRow
from ebbtide.rounds.building import write_round
from ebbtide.rounds.facts import read_facts, write_facts
from ebbtide.rounds.folder import SurveyFolder


@pytest.fixture
def folder(tmp_path: Path) -> SurveyFolder:
    folder = SurveyFolder.create(tmp_path / "survey")
    identity, site = target_id("a.example", "", 80, "http"), site_id("a.example")
    target = TargetRow(identity, site, "a.example", "", 80, "http", "", 1.0)
    outcome = OutcomeRow(identity, site, 0, 1, "failed", "resolve", "dns_failed", *("",) * 3, None, 0, 0, 0, 0.0, "")
    for label, day in (("late", "2001-08-15"), ("early", "2001-07-15")):
        write_round(folder, label, day, [target], [outcome])
    return folder


def test_facts_come_back_as_they_were_rounds_by_date_and_blank_stays_blank(folder: SurveyFolder) -> None:
    late = Fact("a" * 16, "late", "share", "site", estimate=0.5, n=0, note="näme")
    early = [Fact("b" * 16, "early", "outcome", "address"), Fact("c" * 16, "early", "outcome", "site", suppressed=True)]
    write_facts(folder, "late", "", [late])
    write_facts(folder, "early", "", early)
    assert read_facts(folder) == (*early, late)


def test_facts_of_a_round_replace_those_that_were_there_and_no_facts_are_no_error(folder: SurveyFolder) -> None:
    write_facts(folder, "late", "", [Fact("a" * 16, "late", "share", "site")])
    write_facts(folder, "late", "", [])
    assert read_facts(folder) == ()


def test_facts_under_another_judgement_are_kept_and_not_read(folder: SurveyFolder) -> None:
    write_facts(folder, "late", "00ff", [Fact("a" * 16, "late", "share", "site")])
    assert read_facts(folder) == ()
    assert (folder.path / "facts" / "late.00ff.parquet").exists()


def test_facts_of_no_round_or_no_judgement_are_refused(folder: SurveyFolder) -> None:
    with pytest.raises(RoundError):
        write_facts(folder, "never", "", [])
    with pytest.raises(SurveyFolderError):
        write_facts(folder, "late", "../x", [])
