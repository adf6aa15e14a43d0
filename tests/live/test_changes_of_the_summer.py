"""What became of the servers of 2001, asked as an operator would: why, cohort, flow, together, reproduce."""

import json
import shutil
from pathlib import Path

import pytest

from command_line import ebbtide

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("demonstration")]

PAIR = ("--from", "2001-07", "--to", "2001-08")


def test_the_fall_of_july_is_behaviour_and_the_parts_add_up(small_demonstration: Path) -> None:
    survey = small_demonstration / "survey"
    told = ebbtide("why", "code-red-ida", *PAIR, "--unit", "address", "--survey", survey, "--json").document()
    assert (told["verdict"], told["reasons"]) == ("behaviour", [])
    assert sum(each["points"] for each in told["causes"]) == pytest.approx(
        100 * (told["share_now"] - told["share_then"])
    )
    assert "The servers themselves changed" in told["words"]
    shown = ebbtide("why", "code-red-ida", *PAIR, "--survey", survey)
    assert shown.returncode == 0
    assert "July 2001" in shown.stdout
    assert "None of it came from" in shown.stdout


def test_who_vanished_in_september_did_not_mend(small_demonstration: Path) -> None:
    survey = small_demonstration / "survey"
    told = ebbtide("why", "family:microsoft-iis", "--survey", survey, "--json").document()
    assert told["verdict"] in {"lost_refused", "several"}
    assert "mended" not in told["verdict"]


def test_the_same_servers_and_where_they_went(small_demonstration: Path) -> None:
    survey = small_demonstration / "survey"
    cohort = ebbtide("cohort", "code-red-ida", *PAIR, "--unit", "address", "--survey", survey, "--json").document()
    by = {each["category"]: each for each in cohort["same_servers"]}
    assert by["of_cohort"]["estimate"] == pytest.approx(0.02, abs=0.008)
    assert "not counted as mended" in cohort["words"]
    flow = ebbtide("flow", "--family", "microsoft-iis", *PAIR, "--survey", survey, "--json").document()
    assert sum(each["share"] for each in flow["streams"]) == pytest.approx(1)
    together = ebbtide("together", *PAIR, "--survey", survey, "--json").document()
    named = {(each["first"], each["second"]) for each in together["pairs"]}
    assert ("admin-pages", "script-source") in named
    assert not any("any-hole" in pair for pair in named)
    for words in (("cohort", "code-red-ida"), ("flow",), ("together",)):
        assert ebbtide(*words, *PAIR, "--survey", survey).returncode == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("why", "odd"), "was not judged by a check 'odd'"),
        (("why", "code-red-ida", "--unit", "planet"), "no unit of count 'planet'"),
        (("cohort", "odd"), "did not judge both rounds"),
        (("cohort", "code-red-ida", "--from", "2001-08", "--to", "2001-07"), "is not before"),
        (("flow", "--family", "odd"), "is of the family 'odd'"),
        (("flow", "--to", "2001-06"), "no judged round before 2001-06"),
    ],
)
def test_mistakes_get_one_sentence(small_demonstration: Path, words: tuple[str, ...], sentence: str) -> None:
    told = ebbtide(*words, "--survey", small_demonstration / "survey")
    assert told.returncode == 2
    assert sentence in told.stderr
    assert told.stderr.count("\n") == 1


def test_the_publication_comes_out_again_from_the_answers(small_demonstration: Path, tmp_path: Path) -> None:
    survey = small_demonstration / "survey"
    told = ebbtide("reproduce", small_demonstration / "facts.json", "--survey", survey, "--json")
    found = told.document()
    assert (told.returncode, found["status"], found["facts"]["differences"]) == (0, "exact", [])
    assert {each["evidence"] for each in found["rounds"]} == {"answers"}
    facts = json.loads((small_demonstration / "facts.json").read_text(encoding="utf-8"))
    facts[0]["n"] = 1 + (facts[0]["n"] or 0)
    (tmp_path / "other.json").write_text(json.dumps(facts), encoding="utf-8")
    told = ebbtide("reproduce", tmp_path / "other.json", "--survey", survey)
    assert told.returncode == 1
    assert "Differs: " in told.stdout
    (tmp_path / "odd.json").write_text("[", encoding="utf-8")
    for words, sentence in (((tmp_path / "odd.json",), "no file of facts"), ((tmp_path / "none",), "cannot be read")):
        told = ebbtide("reproduce", *words, "--survey", survey)
        assert (told.returncode, sentence in told.stderr) == (2, True)


def test_after_an_erasure_the_difference_is_named(small_demonstration: Path, tmp_path: Path) -> None:
    survey = shutil.copytree(small_demonstration / "survey", tmp_path / "survey")
    host = (survey / "targets.csv").read_text(encoding="utf-8").splitlines()[1].partition(",")[0]
    drawn = ebbtide("audit", "draw", "any-hole", "-n", "100000", "--out", tmp_path / "a.csv", "--survey", survey)
    assert drawn.returncode == 0, drawn.stderr
    assert list((survey / "audits").iterdir())
    erased = ebbtide("survey", "erase", host, "--survey", survey)
    assert erased.returncode == 0, erased.stderr
    assert not any(host.encode() in path.read_bytes() for path in (survey / "audits").iterdir())
    found = ebbtide("reproduce", small_demonstration / "facts.json", "--survey", survey, "--json").document()
    assert found["status"] in {"differs_by_erased", "exact"}
    assert found["erased"] >= 1
    expired = ebbtide("survey", "expire", "--as-of", "2060-01-01", "--survey", survey)
    assert expired.returncode == 0, expired.stderr
    found = ebbtide("reproduce", small_demonstration / "facts.json", "--survey", survey, "--json").document()
    assert {each["evidence"] for each in found["rounds"]} == {"expired"}
