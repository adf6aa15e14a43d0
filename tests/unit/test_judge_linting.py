"""Reading other people's templates: which are run, and why not the rest."""

import csv
import re
import shutil
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ebbtide.judge.templates.linting import LintLine, lint
from ebbtide.judge.templates.reading import read_template
from ebbtide.judge.templates.records import Reading
from ebbtide.model.errors import CheckError
from ebbtide.model.targets import Level

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "nuclei-templates"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the collection of templates is not on this machine")

REFUSED_THOUGH_PLAIN = {
    "apachespark-ui-exposed": "foreign-host",  # asks port 4040 beside the target's own
    "versa-director-api": "foreign-host",  # asks port 9182
    "netsweeper-webadmin-detect": "forged-origin",  # claims by Referer to come from the site's own page
}

TAKES = "extractors: [{type: regex, name: found, regex: [x]}]"
MANY = "payloads: {a: [%s], b: [%s]}" % ((", ".join(f"w{n}" for n in range(20)),) * 2)
HEAD = """
id: sample
info: {name: Sample, severity: info, author: me%s}
%s
http:
  - %s
"""


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templates")
    with tarfile.open(SHARED / "templates.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def rows(name: str) -> Iterator[dict[str, str]]:
    with (SHARED / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def linted(folder: Path) -> dict[str, LintLine]:
    return {str(Path(line.path).relative_to(folder)): line for line in lint(folder)}


@needs_shared
def test_every_plain_template_is_run_or_refused_for_a_named_rule_of_conduct(collection: Path) -> None:
    lines = linted(collection / "templates")
    plain = [row for row in rows("templates.csv") if row["step"] == "S1" and row["in_archive"] == "yes"]
    refused = {row["id"]: lines[row["path"]].reasons for row in plain if not lines[row["path"]].runnable}

    assert len(plain) > 800
    assert {check: reasons[0] for check, reasons in refused.items()} == REFUSED_THOUGH_PLAIN


@needs_shared
def test_no_template_is_refused_for_want_of_a_feature(collection: Path) -> None:
    lines = linted(collection / "templates")
    wanting = {
        row["id"]: (row["step"], lines[row["path"]].reasons)
        for row in rows("templates.csv")
        if row["step"] and row["in_archive"] == "yes"
        if any(reason.startswith("unsupported") for reason in lines[row["path"]].reasons)
        or not (lines[row["path"]].runnable or lines[row["path"]].reasons)
    }
    run = Counter(
        row["step"] for row in rows("templates.csv") if row["in_archive"] == "yes" and lines[row["path"]].runnable
    )

    assert wanting == {}
    assert run.total() > 1360
    assert {"S1", "S2", "S3", "S4", "S5", "S6", "S8", "S9", "S10", "S11", "S12", "S13"} == set(run)


@needs_shared
def test_what_lacks_its_helper_says_so_and_runs_once_it_is_there(collection: Path, tmp_path: Path) -> None:
    lines = linted(collection / "templates")
    lacking = [path for path, line in lines.items() if "incomplete(helper)" in line.reasons]
    assert len(lacking) > 90
    shutil.copytree(collection / "templates", tmp_path / "all")
    for path in lacking:
        text = (tmp_path / "all" / path).read_text(encoding="utf-8")
        for helper in re.findall(r":\s*(helpers/\S+\.txt)", text):
            file = tmp_path / "all" / helper
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("1.2.3\n" if "numbers" not in helper else "1\n2\n3\n4\n5\n6\n")
    now = linted(tmp_path / "all")

    assert {path for path in lacking if not now[path].runnable} <= {
        "http/misconfiguration/gitlab/gitlab-api-user-enum.yaml"
    }
    assert "enumeration" in now["http/misconfiguration/gitlab/gitlab-api-user-enum.yaml"].reasons


@needs_shared
def test_the_count_of_requests_is_that_of_the_list(collection: Path) -> None:
    lines = linted(collection / "templates")

    for row in rows("templates.csv"):
        if (
            row["in_archive"] == "yes"
            and lines[row["path"]].runnable
            and not {"payloads", "global"} & set(row["features"].split())
        ):
            assert lines[row["path"]].requests == int(row["requests"]), row["id"]


@needs_shared
def test_no_template_that_must_be_refused_is_run_and_the_reason_is_the_right_one(collection: Path) -> None:
    lines = linted(collection / "refuse")
    counted = Counter[str]()
    for row in rows("refuse.csv"):
        line = lines[row["path"]]
        assert not line.runnable, row["id"]
        assert set(line.reasons) & set(row["all_reasons"].split()), (row["id"], line.reasons)
        counted[row["reason"]] += row["reason"] in line.reasons

    assert counted.total() >= 149


@needs_shared
def test_templates_that_look_harmless_and_are_not_are_refused_for_conduct(collection: Path) -> None:
    lines = linted(collection / "templates")
    hidden = [row for row in rows("templates.csv") if not row["step"]]

    assert len(hidden) > 30
    for row in hidden:
        assert any(not reason.startswith("unsupported") for reason in lines[row["path"]].reasons), row["id"]


@needs_shared
def test_no_file_of_the_collection_is_broken(collection: Path) -> None:
    assert [line for line in lint(collection) if any(reason.startswith("broken") for reason in line.reasons)] == []


def reading_of(block: str = 'path: ["{{BaseURL}}/x"]', *, tags: str = "", top: str = "") -> Reading:
    return read_template((HEAD % (f", tags: '{tags}'" if tags else "", top, block)).encode(), "sample.yaml")


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ('method: POST\n    path: ["{{BaseURL}}/x"]', "non-get"),
        ('method: "{{verb}}"\n    path: ["{{BaseURL}}/x"]', "non-get"),
        ('path: ["{{BaseURL}}/x"]\n    body: a=b', "body"),
        ('path: ["{{BaseURL}}/?u=http://{{interactsh-url}}"]', "oast"),
        ('path: ["https://api.example.net/x"]', "foreign-host"),
        ('path: ["{{BaseURL}}:9999/x"]', "foreign-host"),
        ('path: ["{{BaseURL}}.example.net/x"]', "foreign-host"),
        ('path: ["{{BaseURL}}@example.net/x"]', "foreign-host"),
        ('path: ["http://a:b@{{Hostname}}/x"]', "credentials"),
        ('path: ["{{BaseURL}}/?user=a&password=b"]', "credentials"),
        ('path: ["{{BaseURL}}/a/../b"]', "attack-path"),
        ('path: ["{{BaseURL}}/%252e%252e/b"]', "attack-path"),
        ('path: ["{{BaseURL}}/a/..;/b"]', "attack-path"),
        ('path: ["{{BaseURL}}/%2522x"]', "attack-path"),
        ('path: ["{{BaseURL}}/%0d%0aX: y"]', "attack-path"),
        ('path: ["{{BaseURL}}/?next=//example.net/"]', "attack-path"),
        ('path: ["{{BaseURL}}//example.net/"]', "attack-path"),
        ('path: ["{{BaseURL}}/?q=${7*7}"]', "attack-path"),
        ('path: ["{{BaseURL}}/%c0%ae%c0%ae/b"]', "attack-path"),
        ('path: ["{{BaseURL}}/scripts/root.exe?/c+dir"]', "attack-path"),
        ('path: ["{{BaseURL}}/x"]\n    headers: {X-Forwarded-For: 127.0.0.1}', "forged-origin"),
        ('path: ["{{BaseURL}}/x"]\n    headers: {Origin: "https://example.net"}', "forged-origin"),
        ('path: ["{{BaseURL}}/x"]\n    headers: {Host: example.net}', "foreign-host"),
        ('path: ["{{BaseURL}}/x"]\n    headers: {authorization: Basic YTpi}', "credentials"),
        ('path: ["{{BaseURL}}/x"]\n    headers: {Cookie: a=b}', "credentials"),
        ('path: ["{{BaseURL}}/x"]\n    unsafe: true', "unsafe"),
        ('raw: ["PUT /x HTTP/1.1\\nHost: {{Hostname}}\\n\\nfile"]', "non-get"),
        ('raw: ["GET /x HTTP/1.1\\nHost: {{Hostname}}\\n\\nfile"]', "body"),
        ('raw: ["GET /x HTTP/1.1\\nHost: example.net\\n\\n"]', "foreign-host"),
        ('raw: ["@Host: https://example.net\\nGET /x HTTP/1.1\\nHost: {{Hostname}}\\n\\n"]', "foreign-host"),
        ('raw: ["GET http://example.net/x HTTP/1.1\\nHost: {{Hostname}}\\n\\n"]', "foreign-host"),
        ('raw: ["GET /x HTTP/1.1\\nHost: {{Hostname}}\\nX-Forwarded-For: 127.0.0.1\\n"]', "forged-origin"),
        ('raw: ["GET /x HTTP/1.1\\nno field\\n"]', "unsafe"),
        ('path: ["{{BaseURL}}/proxy/https://example.net/x"]', "foreign-host"),
        ('path: ["{{BaseURL}}/proxy/https%253A%252F%252Fexample.net/x"]', "foreign-host"),
        ('path: ["{{BaseURL}}/{{up}}/x"]\n    payloads: {up: [a, ".."]}', "attack-path"),
        ('path: ["{{BaseURL}}/{{where}}"]\n    payloads: {where: ["https://example.net/x"]}', "foreign-host"),
        ('path: ["{{BaseURL}}/user/{{n}}"]\n    payloads: {n: [1, 2, 3, 4, 5, 6]}', "enumeration"),
        (f'path: ["{{{{BaseURL}}}}/a", "{{{{BaseURL}}}}/{{{{found}}}}"]\n    {TAKES}', "target-text"),
        (f'path: ["{{{{BaseURL}}}}/a"]\n    headers: {{X-A: "{{{{found}}}}"}}\n    {TAKES}', "target-text"),
        ('path: ["{{BaseURL}}/a"]\n    iterate-all: true', "target-text"),
        (f'path: ["{{{{BaseURL}}}}/{{{{a}}}}{{{{b}}}}"]\n    attack: clusterbomb\n    {MANY}', "too-many-requests"),
    ],
)
def test_conduct_refuses(block: str, reason: str) -> None:
    reading = reading_of(block)

    assert reading.template is None
    assert reason in reading.refusals.conduct


@pytest.mark.parametrize(
    ("block", "feature"),
    [
        ('path: ["{{BaseURL}}/{{word}}"]', "placeholder in a request"),
        ('path: ["{{BaseURL}}/x"]\n    headers: {X-Odd: "{{word}}"}', "placeholder in a field"),
        ('path: ["{{BaseURL}}/x"]\n    matchers: [{type: dsl, dsl: ["resolve(body)"]}]', "function resolve"),
        ('path: ["{{BaseURL}}/x"]\n    matchers: [{type: word, words: ["{{md5(1)}}"]}]', "placeholder in a word"),
        (
            'path: ["{{BaseURL}}/x"]\n    extractors: [{type: json, json: ["range(9)"]}]',
            "json: the program uses range",
        ),
        (
            'path: ["{{BaseURL}}/x"]\n    extractors: [{type: json, json: [".a | capture(\\"(?<x>a)(?=b)\\")"]}]',
            "json: the pattern of capture cannot be used",
        ),
        (
            'path: ["{{BaseURL}}/x"]\n    matchers: [{type: xpath, xpath: ["//a//b//c//d"]}]',
            "xpath: the query searches too often",
        ),
    ],
)
def test_what_this_release_cannot_do_is_named(block: str, feature: str) -> None:
    reading = reading_of(block)

    assert reading.template is None
    assert reading.refusals.conduct == ()
    assert f"unsupported: {feature}" in reading.refusals.features


@pytest.mark.parametrize("tag", ["intrusive", "dos", "fuzz"])
def test_tags_that_speak_of_harm_refuse(tag: str) -> None:
    assert reading_of(tags=f"panel,{tag}").refusals.conduct == (f"tag-{tag}",)


def test_keys_at_the_top_refuse() -> None:
    assert reading_of(top="self-contained: true").refusals.conduct == ("self-contained",)
    assert reading_of(top="dns: []").refusals.conduct == ("other-protocol",)
    assert reading_of(top="flow: 'if (http(1)) { http(2) }'").refusals.features == (
        "unsupported: flow: the flow is more than a chain of blocks",
    )


def test_harmless_paths_are_not_refused() -> None:
    block = (
        'path: ["{{BaseURL}}", "{{RootURL}}/a?url={{BaseURL}}/b", "http://{{Hostname}}/version", '
        '"{{BaseURL}}/#/login", '
        '"{{BaseURL}}/a;b?next=/c&d=%2Fe", "{{BaseURL}}/{{absent}}.html", "{{BaseURL}}/a..b/", "{{BaseURL}}?c"]'
    )
    reading = reading_of(block)

    assert reading.template is not None, reading.refusals
    assert tuple(ask.path for ask in reading.template.blocks[0].asks) == (
        "/", "/a?url={{BaseURL}}/b", "/version", "/a;b?next=/c&d=%2Fe", "/{{absent}}.html", "/a..b/", "/?c",
    )  # fmt: skip


def test_our_own_identity_is_never_replaced() -> None:
    reading = reading_of(
        'path: ["{{BaseURL}}/x"]\n    headers: {User-Agent: Mozilla, Accept: text/x, Host: "{{Hostname}}"}'
    )

    assert reading.template is not None
    assert reading.template.blocks[0].asks[0].fields == (("Accept", "text/x"),)


def test_scalars_stay_the_text_that_stands_in_the_file() -> None:
    reading = reading_of('path: ["{{BaseURL}}/x"]\n    matchers: [{type: word, words: [200, yes, 0x1f, 2001-07-19]}]')

    assert reading.template is not None
    assert getattr(reading.template.blocks[0].matchers[0], "words", None) == (b"200", b"yes", b"0x1f", b"2001-07-19")


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ("method: GET", "path is missing"),
        ("path: /x", "path must be a list"),
        ("path: [[a]]", "path must be a list of texts"),
        ('path: ["{{BaseURL}}"]\n    matchers: [{type: word}]', "words must not be empty"),
        (
            'path: ["{{BaseURL}}"]\n    matchers: [{type: sword}]',
            "type must be word, status, regex, binary, size, xpath or dsl",
        ),
        ('path: ["{{BaseURL}}"]\n    matchers: [{type: status, status: [ok]}]', "must be whole numbers"),
        ('path: ["{{BaseURL}}"]\n    matchers: [{type: regex, regex: ["(?=a)"]}]', "regex cannot be used"),
        ('path: ["{{BaseURL}}"]\n    matchers: [{type: word, words: [a], condition: xor}]', "condition must be and"),
        ('path: ["{{BaseURL}}"]\n    matchers: [{type: word, words: [a], negative: perhaps}]', "must be true or false"),
        ('path: ["{{BaseURL}}"]\n    matchers: [{type: word, words: [a], wordz: b}]', "wordz is unknown"),
        ("path: [a]\n    path: [b]", "stands twice"),
    ],
)
def test_a_broken_template_is_an_error_with_file_and_line(block: str, sentence: str) -> None:
    with pytest.raises(CheckError, match=sentence.replace("(", r"\(")) as caught:
        reading_of(block)
    assert caught.value.where.startswith("sample.yaml:")


def test_a_broken_file_is_told_and_does_not_end_the_reading(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe")
    (tmp_path / "b.yaml").write_text((HEAD % ("", "", 'path: ["{{BaseURL}}"]')), encoding="utf-8")
    broken, good = lint(tmp_path)

    assert (broken.runnable, good.runnable, good.level) == (False, True, Level.PASSIVE)
    assert "not UTF-8" in broken.reasons[0]
    with pytest.raises(CheckError, match="no template of that name"):
        list(lint(tmp_path / "none"))
