"""Readings of templates that are kept beside a survey: the same as fresh ones, and gone when anything changed."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.judge.checks.catalogue import STORE_FOLDER, load_checks
from ebbtide.judge.checks.deciding import Circumstances, decide_all
from ebbtide.judge.checks.seen import Seen
from ebbtide.judge.templates import keeping
from ebbtide.judge.templates.keeping import read_templates
from ebbtide.judge.templates.parts import template_script_pattern
from ebbtide.judge.templates.reading import read_template_file, template_files
from ebbtide.model.configuration import ChecksSection
from ebbtide.model.errors import CheckError
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request
from ebbtide.model.verdicts import NotShown, Shown

PLAIN = """id: {id}
info: {{name: Plain, severity: low}}
http:
  - method: GET
    path: ["{{{{BaseURL}}}}/"]
    matchers-condition: and
    matchers:
      - {{type: word, words: ["{word}"]}}
      - {{type: regex, part: all, regex: ['(?i){word} ([0-9]+)', '\\bx{{2,3}}y']}}
      - {{type: dsl, dsl: ['contains(tolower(body), "{word}") && status_code == 200', 'len(body) > 3']}}
      - {{type: status, status: [200, 302]}}
      - {{type: size, size: [9], negative: true}}
      - {{type: xpath, xpath: ['//p']}}
    extractors:
      - {{type: regex, name: number, regex: ['{word} ([0-9]+)'], group: 1}}
      - {{type: kval, kval: [server]}}
      - {{type: json, json: ['.a']}}
      - {{type: xpath, xpath: ['//p']}}
      - {{type: dsl, dsl: ['md5(body)']}}
"""
FLOWING = """id: flowing
info: {name: Flowing, severity: low}
flow: http(1) && !http(2)
http:
  - {method: GET, path: ["{{BaseURL}}/"], matchers: [{type: word, words: [tide]}]}
  - {method: GET, path: ["{{BaseURL}}/"], matchers: [{type: word, words: [never]}]}
"""
REFUSED = """id: posting
info: {name: Posting, severity: low}
http: [{method: POST, path: ["{{BaseURL}}/"], matchers: [{type: word, words: [tide]}]}]
"""
HELPED = """id: helped
info: {name: Helped, severity: low}
http:
  - raw: ["GET /{{name}} HTTP/1.1\\nHost: {{Hostname}}\\n\\n"]
    payloads: {name: names.txt}
    matchers: [{type: word, words: [tide]}]
"""
TARGET = Target(bytes(16), 7, "www.shop.example", "127.0.0.1", 80, Scheme.HTTP)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(keeping, "FEWEST", 1)
    below = tmp_path / "templates"
    below.mkdir()
    for number in range(3):
        (below / f"plain-{number}.yaml").write_text(PLAIN.format(id=f"plain-{number}", word=f"tide{number}"))
    for name, text in (("flowing", FLOWING), ("posting", REFUSED), ("helped", HELPED)):
        (below / f"{name}.yaml").write_text(text)
    return below


def plain(reading: object) -> object:
    """A reading as lists and dictionaries; its sets in an order, as two equal ones need not be listed alike."""
    return msgspec.to_builtins(
        reading, enc_hook=lambda value: getattr(value, "told", None) or value.text, order="deterministic"
    )


def read(folder: Path, store: Path) -> list[object]:
    return [plain(each) for each in read_templates(template_files(folder), store)]


def fresh(folder: Path) -> list[object]:
    return [plain(read_template_file(file)) for file in template_files(folder)]


def test_kept_readings_are_those_of_the_files(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "kept" / "t.msgpack"
    assert read(folder, store) == fresh(folder)

    def unread(path: Path) -> None:
        raise AssertionError(path)

    expected = fresh(folder)
    monkeypatch.setattr(keeping, "read_template_file", unread)
    assert read(folder, store) == expected


@pytest.mark.parametrize("change", ["text", "time", "gone", "new", "helper", "helper above"])
def test_whatever_changes_is_read_again(folder: Path, tmp_path: Path, change: str) -> None:
    store = tmp_path / "kept" / "t.msgpack"
    before = read(folder, store)
    file = folder / "plain-1.yaml"
    if change == "text":
        file.write_text(PLAIN.format(id="plain-1", word="ebbs1"))
        os.utime(file, ns=(1, 1))
    elif change == "time":
        os.utime(file, ns=(1, 1))
    elif change == "gone":
        file.unlink()
    elif change == "new":
        (folder / "plain-9.yaml").write_text(PLAIN.format(id="plain-9", word="tide9"))
    elif change == "helper":
        (folder / "names.txt").write_text("a\nb\n")
    else:
        (tmp_path / "names.txt").write_text("a\nb\n")
    assert read(folder, store) == fresh(folder)
    assert (fresh(folder) == before) == (change == "time")
    assert [path.name for path in store.parent.iterdir()] == ["t.msgpack"]


def test_other_code_reads_anew(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "kept" / "t.msgpack"
    read(folder, store)
    monkeypatch.setattr(keeping, "_code_digest", lambda: "other")
    assert keeping._load(store) == {}


@given(st.binary(max_size=60) | st.integers(0, 400))
def test_a_store_of_garbage_is_passed_over(garbage: bytes | int) -> None:
    whole = msgspec.msgpack.encode(keeping._Store(keeping._code_digest(), {}))
    data = garbage if isinstance(garbage, bytes) else whole[: garbage % len(whole)]

    class Store:
        def read_bytes(self) -> bytes:
            return data

    assert keeping._load(Store()) == {}  # type: ignore[arg-type]


def test_a_folder_that_cannot_be_written_keeps_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert read(folder, tmp_path / "file" / "t.msgpack") == fresh(folder)


def test_a_broken_template_is_told_with_its_place_and_the_others_stay_kept(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "kept" / "t.msgpack"
    read(folder, store)
    (folder / "broken.yaml").write_text("id: [")
    with pytest.raises(CheckError, match=r"."):
        read(folder, store)
    (folder / "broken.yaml").unlink()
    assert read(folder, store) == fresh(folder)


def test_a_survey_keeps_them_and_kept_ones_decide_as_fresh_ones(folder: Path) -> None:
    survey = folder.parent
    section = ChecksSection(packs=(), templates=("templates",))
    without = load_checks(section, survey)
    assert not (survey / STORE_FOLDER).exists()
    (survey / "survey.json").write_text("{}")
    load_checks(section, survey)
    kept = load_checks(section, survey)
    assert len(list((survey / STORE_FOLDER).iterdir())) == 1
    body = b"<p>tide1 22 xxy</p>"
    exchange = Exchange(
        bytes(16), 7, 0, 1, Request("/", Purpose.ROOT), 0, Answered(), status=200, http_version="1.1", body=body,
        body_bytes=len(body),
    )  # fmt: skip
    told = []
    for checks in (without, kept):
        seen = Seen(TARGET, [exchange], "nginx", template_script_pattern())
        told.append(decide_all(checks, seen, Circumstances(Level.ACTIVE, 9)))
    assert told[0] == told[1]
    assert isinstance(told[1]["plain-1"], Shown)
    assert isinstance(told[1]["plain-0"], NotShown)
    assert isinstance(told[1]["flowing"], Shown)
