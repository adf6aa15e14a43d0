from datetime import date
from pathlib import Path

import pytest

from ebbtide.conduct.identity import is_complete, user_agent
from ebbtide.conduct.opt_outs import OptOut, read_opt_outs
from ebbtide.model.configuration import Identity
from ebbtide.model.errors import ConductError

KNOWN = Identity("Example University", "https://survey.example.org/", "survey@example.org")


def test_the_user_agent_says_who_asks_and_where_to_complain() -> None:
    said = user_agent(KNOWN)
    assert said.startswith("Ebbtide/")
    assert said.endswith("(+https://survey.example.org/; Example University; survey@example.org)")


@pytest.mark.parametrize(
    "organisation", ["Mozilla/5.0 (Windows)", "a\r\nHost: evil", "Université (dép. «web»)", '\\"', "\x00\u202e", ""]
)
def test_the_user_agent_is_ours_and_one_plain_comment_whatever_the_organisation(organisation: str) -> None:
    said = user_agent(Identity(organisation, "https://survey.example.org/", "survey@example.org"))
    assert said.startswith("Ebbtide/")
    assert said.isascii()
    assert said.isprintable()
    assert said.count("(") == said.count(")") == 1
    assert "\\" not in said
    assert '"' not in said


def test_accents_are_written_plainly() -> None:
    assert "Universite" in user_agent(Identity("Université"))


def test_a_whole_identity_is_complete() -> None:
    assert is_complete(KNOWN)
    assert is_complete(Identity("X", "http://a.example", "https://a.example/contact"))
    assert is_complete(Identity("X", "http://a.example", "mailto:a@b.example"))


@pytest.mark.parametrize(
    "identity",
    [
        Identity(),
        Identity("", "https://a.example/", "a@b.example"),
        Identity(" ", "https://a.example/", "a@b.example"),
        Identity("X", "", "a@b.example"),
        Identity("X", "a.example", "a@b.example"),
        Identity("X", "ftp://a.example/", "a@b.example"),
        Identity("X", "https://localhost", "a@b.example"),
        Identity("X", "https://a.example/", ""),
        Identity("X", "https://a.example/", "ask me"),
    ],
)
def test_an_identity_with_a_missing_or_unusable_part_is_not_complete(identity: Identity) -> None:
    assert not is_complete(identity)


def test_opt_outs_are_read_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "opt-outs.csv"
    path.write_text(
        "\ufeffwhat,expires,reason,who\r\n# a remark\r\n\r\n"
        'www.example.org,,"asked, twice",A. Body\r\n192.0.2.0/24,2027-01-31\r\n',
        encoding="utf-8",
    )
    assert read_opt_outs(path) == (
        OptOut("www.example.org", None, "asked, twice", "A. Body", f"{path}:4"),
        OptOut("192.0.2.0/24", date(2027, 1, 31), "", "", f"{path}:5"),
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("host,until\n", 1),
        ("www.example.org,2027-01-01,,\n", 1),
        ("what,expires,reason,who\n,2027-01-01,,\n", 2),
        ("what,expires,reason,who\na.example,soon,,\n", 2),
        ("what,expires,reason,who\na.example,,because, of, commas\n", 2),
        ('what,expires,reason,who\n"a.example,,,\n', 2),
    ],
)
def test_an_opt_out_that_cannot_be_read_stops_the_survey(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "opt-outs.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConductError) as caught:
        read_opt_outs(path)
    assert caught.value.where == f"{path}:{line}"


def test_a_missing_file_of_opt_outs_stops_the_survey(tmp_path: Path) -> None:
    with pytest.raises(ConductError, match=r"scope\.opt_out"):
        read_opt_outs(tmp_path / "absent.csv")


def test_a_file_of_opt_outs_without_a_line_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "opt-outs.csv"
    path.write_text("", encoding="utf-8")
    assert read_opt_outs(path) == ()
