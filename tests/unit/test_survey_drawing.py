"""Which turn a round has, under which key it draws, and what a sample that cannot be drawn says."""

from pathlib import Path

import pytest

from ebbtide.cli.plan_text import plan_lines
from ebbtide.model.configuration import SampleSection
from ebbtide.model.errors import EbbtideError
from ebbtide.rounds.entries import CENSUS, Design, Planned, SampledStratum
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.drawing import sampling_key, series_place
from ebbtide.survey.plan_summary import plan_summary
from ebbtide.survey.settings import load_config
from ebbtide.survey.starting import init_survey

FRAME = """
[[frame.source]]
path = "a.txt"
stratum = "a"
[[frame.source]]
path = "b.txt"
stratum = "b"
[scope]
open = ["127.0.0.0/8"]
[sample]
"""


def survey_of(path: Path, sample: str, b_from: int = 40) -> SurveyFolder:
    init_survey(path, "drawn")
    (path / "a.txt").write_text("".join(f"127.0.0.{number}\n" for number in range(1, 41)), encoding="utf-8")
    (path / "b.txt").write_text("".join(f"127.0.0.{b_from + number}\n" for number in range(1, 21)), encoding="utf-8")
    (path / "survey.toml").write_text(FRAME + sample, encoding="utf-8")
    return SurveyFolder.open(path)


def planned(folder: SurveyFolder, label: str, turn: int) -> None:
    design = Design("panel", turn, 0.25, "", (SampledStratum("a", 40, 0.5, 20, 2.0),))
    entry = Planned((), 0, 0, 0, 0, 0, "", "", 1, None, design)
    folder.create_round(label, "2001-07-15").commit(entry)


def test_a_round_takes_the_next_turn_or_the_one_that_is_stated(tmp_path: Path) -> None:
    folder = survey_of(tmp_path / "s", "fraction = 0.5")
    section = SampleSection(0.5, {}, 0.25, {"2001-09": 7})
    assert series_place(folder, section, "2001-07") == (0, "")
    planned(folder, "2001-07", 0)
    planned(folder, "2001-08", 3)
    assert series_place(folder, section, "") == (4, "2001-08")
    assert series_place(folder, section, "2001-09") == (7, "2001-08")
    assert series_place(folder, section, "2001-08") == (1, "2001-07"), "its own entry does not count"


def test_a_census_has_no_turn_and_takes_none(tmp_path: Path) -> None:
    folder = survey_of(tmp_path / "s", "")
    entry = Planned((), 0, 0, 0, 0, 0, "", "", 1, None, Design(CENSUS))
    folder.create_round("2001-07", "2001-07-15").commit(entry)
    assert series_place(folder, SampleSection(0.5), "2001-08") == (0, "")


def test_the_key_is_the_surveys_own_and_is_not_its_secret() -> None:
    assert sampling_key(b"one") != sampling_key(b"two")
    assert sampling_key(b"one") == sampling_key(b"one")
    assert b"one" not in sampling_key(b"one")
    assert len(sampling_key(b"one")) == 32


def test_a_census_says_that_it_is_one_and_a_whole_sample_is_one(tmp_path: Path) -> None:
    for sample in ("", "fraction = 1.0"):
        plan = plan_summary(survey_of(tmp_path / f"s{len(sample)}", sample), load_config(tmp_path / f"s{len(sample)}"))
        assert plan.design.kind == CENSUS
        assert next(plan_lines(plan)) == "Asked: 60 of 60 targets, a census of the frame."


def test_the_plan_tells_each_stratum(tmp_path: Path) -> None:
    folder = survey_of(tmp_path / "s", 'fraction = 0.25\nfractions = { "b" = 1.0 }\nleaving = 0.25')
    told = list(plan_lines(plan_summary(folder, load_config(folder.path))))
    assert told[0] == "Asked: 30 of 30 targets."
    assert "  A sample, not a census: 30 of 60 sites are drawn by chance; 25% of it leave each round (turn 0)." in told
    assert "    a: 10 of 40 sites, fraction 0.25, weight 4" in told
    assert "    b: 20 of 20 sites, fraction 1, weight 1" in told


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        ("fraction = 1.5", r"sample.fraction"),
        ("fraction = 0.0", r"sample.fraction"),
        ('fractions = { "a" = -1.0 }', r"sample.fractions"),
        ("leaving = 2.0", r"sample.leaving"),
        ("fractoin = 0.5", r"fractoin"),
        ('fractions = { "a" = 0.5 }', "the stratum 'b' has no sampling fraction"),
        ('fraction = 0.5\nfractions = { "c" = 0.5 }', "no site of the frame is in the stratum 'c'"),
        ("fraction = 0.2", "of the 40 sites of the stratum 'a' only 8 would be drawn"),
    ],
)
def test_a_sample_that_cannot_be_drawn_is_refused_and_names_the_setting(tmp_path: Path, sample: str, why: str) -> None:
    folder = survey_of(tmp_path / "s", sample)
    with pytest.raises(EbbtideError, match=why):
        plan_summary(folder, load_config(folder.path))


def test_a_source_whose_sites_all_stand_in_an_earlier_one_is_an_empty_stratum(tmp_path: Path) -> None:
    folder = survey_of(tmp_path / "s", "fraction = 0.5", b_from=0)
    with pytest.raises(EbbtideError, match=r"the stratum 'b' is empty: b\.txt has no site"):
        plan_summary(folder, load_config(folder.path))
