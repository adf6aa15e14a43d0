"""A check's own error, worked by hand; drawing, entering, and what goes wrong with a file that people fill in."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command_line import ebbtide
from ebbtide.estimate.audits import Drawn, Sample, correct, draw
from ebbtide.model.errors import EstimateError
from ebbtide.publish.cells import safe_cell
from ebbtide.rounds.folder import SurveyFolder
from estimate_rounds import IDA, IIS, JULY, Seen, addresses, build_round, survey_at

WHERE = addresses(200)


def sample(shown: int, not_shown: int, drawn: int) -> Sample:
    targets = [Drawn(f"s{place}", "", "shown", "", "") for place in range(min(drawn, shown))]
    targets += [Drawn(f"n{place}", "", "not_shown", "", "") for place in range(min(drawn, not_shown))]
    return Sample(JULY, IDA, "v", 0, shown, not_shown, tuple(targets))


def truths(each: Sample, right: int, missed: int) -> list[tuple[str, bool]]:
    shown = [target.target for target in each.targets if target.verdict == "shown"]
    others = [target.target for target in each.targets if target.verdict == "not_shown"]
    return [(name, place < right) for place, name in enumerate(shown)] + [
        (name, place < missed) for place, name in enumerate(others)
    ]


def test_the_share_without_errors_by_hand() -> None:
    """200 of 1,000 are called shown; 45 of 50 of them are, and 5 of 50 of the others show it too: 180 + 80 of 1,000."""
    drawn = sample(200, 800, 50)
    found = correct(drawn, truths(drawn, 45, 5))
    assert (found.told, found.corrected) == (pytest.approx(0.2), pytest.approx(0.26))
    assert (found.sensitivity, found.specificity) == (pytest.approx(180 / 260), pytest.approx(720 / 740))
    assert found.sensitivity is not None
    assert found.specificity is not None
    rogan_gladen = (found.told + found.specificity - 1) / (found.sensitivity + found.specificity - 1)
    assert found.corrected == pytest.approx(rogan_gladen, abs=1e-12)
    assert found.interval.low < 0.26 < found.interval.high


@given(st.integers(10, 500), st.integers(10, 500), st.integers(10, 60), st.data())
def test_the_interval_holds_the_share_and_both_stay_shares(
    shown: int, others: int, number: int, data: st.DataObject
) -> None:
    drawn = sample(shown, others, number)
    right, missed = (data.draw(st.integers(0, min(number, there))) for there in (shown, others))
    found = correct(drawn, truths(drawn, right, missed))
    assert 0 <= found.interval.low <= found.corrected + 1e-12
    assert found.corrected - 1e-12 <= found.interval.high <= 1


def test_a_faultless_sample_still_has_an_interval() -> None:
    drawn = sample(100, 100, 20)
    found = correct(drawn, truths(drawn, 20, 0))
    assert (found.corrected, found.sensitivity, found.specificity) == (0.5, 1.0, 1.0)
    assert found.interval.low < 0.5 < found.interval.high


def test_too_few_and_strangers_are_refused() -> None:
    drawn = sample(200, 800, 50)
    with pytest.raises(EstimateError, match="only 0 of those called not_shown"):
        correct(drawn, [(f"s{place}", True) for place in range(50)])
    with pytest.raises(EstimateError, match="not one of those that were drawn"):
        correct(drawn, [("odd", True)])


@pytest.fixture
def survey(tmp_path: Path) -> SurveyFolder:
    folder = survey_at(tmp_path)
    seen = [Seen(f"h{place}.example", WHERE[place], IIS, {IDA: "shown"} if place < 40 else {}) for place in range(100)]
    build_round(folder, JULY, [*seen, Seen("gone.example", WHERE[150], "silent")])
    (folder.path / "survey.toml").write_text('[survey]\nname = "Audit"\n', encoding="utf-8")
    return folder


def test_equal_seeds_draw_the_same_half_of_each_verdict(survey: SurveyFolder) -> None:
    first, again, other = (draw(survey, IDA, JULY, 30, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.targets != other.targets
    assert [each.verdict for each in first.targets].count("shown") == 15
    assert (first.shown, first.not_shown) == (40, 60)
    everybody = draw(survey, IDA, JULY, 1000)
    assert len(everybody.targets) == 100
    with pytest.raises(EstimateError, match="not judged by a check 'odd'"):
        draw(survey, "odd", JULY, 10)


def filled(path: Path, out: Path, **changed: str) -> None:
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row["truth"] = row["verdict"]
    rows[0].update(changed)
    with out.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_drawn_filled_in_and_entered(survey: SurveyFolder, tmp_path: Path) -> None:
    drawn, entered = tmp_path / "audit.csv", tmp_path / "entered.csv"
    told = ebbtide("audit", "draw", IDA, "-n", "40", "--out", drawn, "--survey", survey.path)
    assert (told.returncode, "wrote 40 targets" in told.stdout) == (0, True)
    assert ebbtide("audit", "draw", IDA, "--out", drawn, "--survey", survey.path).returncode == 2
    filled(drawn, entered)
    found = ebbtide("audit", "enter", entered, "--survey", survey.path, "--json").document()
    assert (found["told"], found["corrected"]) == (0.4, 0.4)
    assert (
        "Its share of 40.0 % is 40.0 % without its errors"
        in ebbtide("audit", "enter", entered, "--survey", survey.path).stdout
    )
    for changed, sentence in (
        ({"truth": "perhaps"}, "none of shown, not_shown, cannot_tell"),
        ({"target": "00"}, "were not drawn from this survey together"),
    ):
        filled(drawn, entered, **changed)
        told = ebbtide("audit", "enter", entered, "--survey", survey.path)
        assert (told.returncode, sentence in told.stderr) == (2, True)
    told = ebbtide("audit", "enter", drawn, "--survey", survey.path)
    assert (told.returncode, "no truth is entered" in told.stderr) == (2, True)


def test_hostile_evidence_is_no_formula() -> None:
    assert [safe_cell(each) for each in ("=1+1", "@x", "a\x1b[31m", "plain")] == ["'=1+1", "'@x", "a [31m", "plain"]
