"""Each mistake of a caller gets one sentence and exit code 2, and nothing is written."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import Told, ebbtide

pytestmark = pytest.mark.live

SURVEY = """
[[frame.source]]
path = "hosts.csv"
format = "csv"

[scope]
open = ["127.0.0.0/8"]
"""
TEMPLATE_WITHOUT_MATCHERS = "id: broken\ninfo:\n  name: x\n  severity: info\nhttp:\n  - method: GET\n    path: [\n"


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    folder = tmp_path / "survey"
    assert ebbtide("survey", "init", folder).returncode == 0
    (folder / "survey.toml").write_text(SURVEY, encoding="utf-8")
    (folder / "hosts.csv").write_text("host,address,port\na.test,127.5.5.5,18999\n", encoding="utf-8")
    return folder


def add_to_config(text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with (folder / "survey.toml").open("a", encoding="utf-8") as file:
            file.write(text)

    return change


def replace_hosts(text: str | bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / "hosts.csv").write_bytes(text if isinstance(text, bytes) else text.encode())

    return change


def remove_hosts(folder: Path) -> None:
    (folder / "hosts.csv").unlink()


def make_newer(folder: Path) -> None:
    text = (folder / "survey.json").read_text(encoding="utf-8")
    (folder / "survey.json").write_text(text.replace('"format":1', '"format":2').replace('"format": 1', '"format": 2'))


RUN = ("survey", "run", "2001-07")
PLAN = ("survey", "plan")
MISTAKES = {
    "a missing file": (remove_hosts, RUN, "hosts.csv"),
    "an unknown key": (add_to_config("\n[limits]\nin_fligth = 3\n"), RUN, "in_fligth"),
    "a wrong type": (add_to_config('\n[limits]\nin_flight = "many"\n'), PLAN, "limits.in_flight"),
    "broken TOML": (add_to_config("\n[limits\n"), PLAN, "survey.toml"),
    "a bad CIDR": (add_to_config('\nexclude = ["127.0.0.0/40"]\n'), RUN, "127.0.0.0/40"),
    "port 70000": (replace_hosts("host,address,port\na.test,127.5.5.5,70000\n"), RUN, "hosts.csv:2"),
    "port 70000 in the configuration": (add_to_config("\n[frame]\nport = 70000\n"), RUN, "frame"),
    "an unreadable line": (replace_hosts('host,address\na.test,"127.5.5.5\n"x"y,z,,,,,,,,\n'), RUN, "hosts.csv:"),
    "a name that is none": (replace_hosts("host\n-- not a host --\n"), PLAN, "hosts.csv:2"),
    "bytes that are no text": (replace_hosts(b"host\n\xff\xfe\xfa\n"), PLAN, "hosts.csv:2"),
    "an unknown pack": (add_to_config('\n[checks]\npacks = ["iis-2010"]\n'), RUN, "iis-2010"),
    "a parameter of an unknown check": (
        add_to_config('\n[checks.parameters.code-blue]\npatch_mark = "x"\n'),
        RUN,
        "code-blue",
    ),
    "a newer format": (make_newer, RUN, "newer"),
    "a bad date": ((lambda _folder: None), (*RUN, "--as-of", "July"), "July"),
    "a bad label": ((lambda _folder: None), ("survey", "run", "../2001"), "../2001"),
    "sealing a round that is not there": ((lambda _folder: None), ("survey", "seal", "2001-07"), "2001-07"),
    "judging a round that is not there": ((lambda _folder: None), ("judge", "2001-07"), "2001-07"),
    "wrong SQL": ((lambda _folder: None), ("sql", "SELEC 1"), "SELEC"),
    "SQL that writes": ((lambda _folder: None), ("sql", "COPY (SELECT 1) TO 'x.csv'"), ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_survey_gets_one_sentence_and_exit_code_2_and_nothing_is_written(
    name: str, survey: Path
) -> None:
    change, command, told = MISTAKES[name]
    change(survey)
    before = contents(survey)
    result = ebbtide(*command, "--survey", survey)
    assert_one_sentence(result, told)
    assert contents(survey) == before


def assert_one_sentence(result: Told, told: str) -> None:
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("ebbtide: ")
    assert told in lines[0]
    assert "Traceback" not in result.stderr


def test_a_closed_scope_is_refused_by_a_round_and_by_a_single_probe(survey: Path) -> None:
    text = (survey / "survey.toml").read_text(encoding="utf-8").replace('open = ["127.0.0.0/8"]', "")
    (survey / "survey.toml").write_text(text, encoding="utf-8")
    before = contents(survey)
    assert_one_sentence(ebbtide(*RUN, "--survey", survey), "scope")
    assert contents(survey) == before
    assert_one_sentence(ebbtide("probe", "http://127.0.0.1:9/"), "--open 127.0.0.0/8")


def test_asking_outside_loopback_without_an_identity_is_refused(tmp_path: Path) -> None:
    assert_one_sentence(ebbtide("probe", "http://192.0.2.1/", "--open", "192.0.2.0/24"), "--organisation")


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1/", "http://127.0.0.1:70000/", "http://", "http://[::1/", "http://a b/", "http://127.0.0.1:0/"],
)
def test_a_url_that_cannot_be_asked_is_refused(url: str) -> None:
    assert_one_sentence(ebbtide("probe", url, "--open", "127.0.0.0/8"), "")


def test_broken_fingerprints_templates_and_scenarios_are_named_with_their_place(tmp_path: Path) -> None:
    broken_xml, broken_template, broken_scenario = tmp_path / "f.xml", tmp_path / "t.yaml", tmp_path / "s.yaml"
    broken_xml.write_text("<fingerprints><fingerprint pattern='('>", encoding="utf-8")
    broken_template.write_text(TEMPLATE_WITHOUT_MATCHERS, encoding="utf-8")
    broken_scenario.write_text("months: 7\n", encoding="utf-8")
    before = contents(tmp_path)
    assert_one_sentence(ebbtide("fingerprints", "verify", broken_xml), "f.xml")
    assert_one_sentence(
        ebbtide("checks", "run", "http://127.0.0.1:9/", "--open", "127.0.0.0/8", "--templates", broken_template),
        "t.yaml",
    )
    assert_one_sentence(ebbtide("demo", "--scenario", broken_scenario, "--out", tmp_path / "out"), "s.yaml")
    assert_one_sentence(ebbtide("fingerprints", "verify", tmp_path / "none.xml"), "none.xml")
    assert_one_sentence(ebbtide("checks", "lint", tmp_path / "none.yaml"), "none.yaml")
    assert contents(tmp_path) == before


def test_a_folder_that_is_no_survey_or_already_one_is_refused(survey: Path, tmp_path: Path) -> None:
    assert_one_sentence(ebbtide("survey", "init", survey), str(survey))
    assert_one_sentence(ebbtide("survey", "status", "2001-07", "--survey", tmp_path / "nothing"), "nothing")
    assert_one_sentence(ebbtide("facts", "--survey", survey), "")


def test_a_demonstration_does_not_replace_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years", encoding="utf-8")
    assert_one_sentence(ebbtide("demo", "--small", "--out", tmp_path), "--out")
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "three years"


def test_the_program_itself_says_it_like_this(survey: Path) -> None:
    (survey / "survey.toml").write_text("[limits]\nin_fligth = 3\n", encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "ebbtide", *PLAN, "--survey", str(survey)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert_one_sentence(Told(result.returncode, result.stdout, result.stderr), "limits.in_fligth")
