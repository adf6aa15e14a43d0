"""New questions to old answers: ``judge --checks`` and ``ask``, on a survey that is there; nobody is asked anything."""

import shutil
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from command_line import ebbtide

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("demonstration")]

TITLES = """
id: tide-in-title
info: {name: A title, author: test, severity: info}
http:
  - method: GET
    path: ["{{BaseURL}}/"]
    matchers:
      - {type: regex, part: body, regex: ["<title>"], name: title}
"""
DEEP = TITLES.replace("tide-in-title", "tide-deep").replace("{{BaseURL}}/", "{{BaseURL}}/deep/page.html")


@pytest.fixture
def survey(small_demonstration: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_demonstration / "survey", tmp_path / "survey"))


def verdicts(survey: Path, check: str, label: str = "2001-09") -> Counter[str]:
    query = "SELECT round, kind || coalesce('/' || nullif(reason, ''), '') AS verdict, \"check\" AS id FROM verdicts"
    rows = ebbtide("sql", query, "--survey", survey, "--json").document()
    return Counter(row["verdict"] for row in rows if (row["round"], row["id"]) == (label, check))


def test_a_new_pack_judges_an_old_round_and_what_was_not_asked_for_it_is_counted_so(survey: Path) -> None:
    before = verdicts(survey, "admin-pages")
    told = ebbtide("judge", "2001-09", "--checks", "exposures", "--survey", survey, "--json")
    assert told.document()["is_new"] is True
    assert "server-status: not judged in 2001-06, 2001-07, 2001-08" in told.stderr
    assert verdicts(survey, "admin-pages") == before
    status = verdicts(survey, "server-status")
    assert status["not_asked/older_than_check"] > 100
    assert not status["shown"]
    assert not status["not_asked/budget"]
    assert verdicts(survey, "php-version")["shown"] > 0
    again = ebbtide("judge", "2001-09", "--checks", "exposures", "--survey", survey, "--json").document()
    assert again["is_new"] is False


def test_a_series_is_re_scored_as_a_whole_and_its_figures_are_there_then(survey: Path) -> None:
    told = ebbtide("judge", "--all", "--checks", "exposures", "--survey", survey, "--json")
    assert [each["label"] for each in told.document()] == ["2001-06", "2001-07", "2001-08", "2001-09"]
    assert "not judged" not in told.stderr
    facts = ebbtide("facts", "--check", "php-version", "--survey", survey, "--json").document()
    assert {fact["round"] for fact in facts if fact["metric"] == "prevalence"} == {
        *("2001-06", "2001-07", "2001-08", "2001-09")
    }


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "name the rounds to judge"),
        (("2001-09", "--all"), "name the rounds to judge"),
        (("2001-09", "--checks", "no-such-pack"), "there is no pack and no file 'no-such-pack'"),
        (("2001-13",), "there is no round '2001-13'"),
    ],
)
def test_a_mistake_is_one_sentence(survey: Path, words: tuple[str, ...], sentence: str) -> None:
    told = ebbtide("judge", *words, "--survey", survey)
    assert told.returncode == 2
    assert sentence in told.stderr


def test_stored_answers_say_who_shows_a_check_as_the_judgement_does(survey: Path) -> None:
    answer = ebbtide("ask", "script-source", "--survey", survey, "--json").document()
    stored = verdicts(survey, "script-source")
    assert answer["round"] == "2001-09"
    assert answer["verdicts"]["shown"] == len(answer["shown"]) == stored["shown"] > 0
    assert answer["verdicts"]["cannot_tell/masked"] == stored["cannot_tell/masked"]
    assert sum(answer["verdicts"].values()) == answer["targets"] == 1529
    one = answer["shown"][0]
    assert one["url"].startswith(one["target"])
    assert one["asked_at"].endswith("+00:00")
    table = ebbtide("ask", "script-source", "--survey", survey)
    assert "Remedy: Restore the script mapping" in table.stdout


def test_a_list_is_matched_by_name_port_and_address_and_strangers_are_named(survey: Path, tmp_path: Path) -> None:
    shown = ebbtide("ask", "script-source", "--survey", survey, "--json").document()["shown"]
    names = [each["target"].removeprefix("http://") for each in shown]
    lines = [
        "# those of ours",
        names[0].partition(":")[0],
        names[1],
        f"http://{names[2]}/",
        shown[3]["address"],
        f"{names[4].partition(':')[0]}:81",
        "stranger.example",
    ]
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
    answer = ebbtide("ask", "script-source", "--list", listed, "--survey", survey, "--json").document()
    found = {each["target"] for each in answer["shown"]}
    assert {each["target"] for each in shown[:4]} <= found
    assert shown[4]["target"] not in found
    assert answer["unlisted"] == sorted([names[4].partition(":")[0], "stranger.example"])
    assert "Not in this round:" in ebbtide("ask", "script-source", "--list", listed, "--survey", survey).stdout


def test_a_template_is_asked_from_its_file(survey: Path, tmp_path: Path) -> None:
    file = tmp_path / "titles.yaml"
    file.write_text(TITLES, encoding="utf-8")
    answer = ebbtide("ask", file, "--round", "2001-07", "--survey", survey, "--json").document()
    assert (answer["check"], answer["round"]) == ("tide-in-title", "2001-07")
    assert answer["verdicts"]["shown"] > 1000


def test_those_whom_nobody_asked_get_a_survey_of_their_own(survey: Path, tmp_path: Path) -> None:
    file, made = tmp_path / "deep.yaml", tmp_path / "follow-up"
    file.write_text(DEEP, encoding="utf-8")
    offered = ebbtide("ask", file, "--survey", survey)
    assert "run this again with --prepare DIR" in offered.stdout
    assert not made.exists()
    told = ebbtide("ask", file, "--prepare", made, "--survey", survey, "--json").document()
    count = len(told["open"])
    assert count == told["verdicts"]["not_asked/older_than_check"] > 0
    config = tomllib.loads((made / "survey.toml").read_text(encoding="utf-8"))
    assert config["checks"]["templates"] == [str(file)]
    assert config["scope"] == {"open": ["127.0.0.0/8"]}
    plan = ebbtide("survey", "plan", "--survey", made, "--json").document()
    assert (plan["targets"], plan["asked"], plan["checks"]) == (count, count, 1)
    assert "any other server: 1 requests: 1 of 1 checks" in ebbtide("survey", "plan", "--survey", made).stdout
    assert ebbtide("ask", file, "--prepare", made, "--survey", survey).returncode == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("no-such-check",), "there is no check and no file 'no-such-check'"),
        (("script-source", "--list", "nowhere.txt"), "nowhere.txt cannot be read"),
        (("script-source", "--round", "2001-13"), "there is no round '2001-13'"),
    ],
)
def test_a_mistake_in_a_question_is_one_sentence(survey: Path, words: tuple[str, ...], sentence: str) -> None:
    told = ebbtide("ask", *words, "--survey", survey)
    assert told.returncode == 2
    assert sentence in told.stderr
