"""Running templates at one target: what is asked, and the lines of results."""

import hashlib
import pickle
from pathlib import Path

import pytest

from ebbtide.judge.templates.runs import TemplateRun, load_templates
from ebbtide.model.errors import CheckError
from ebbtide.model.outcomes import Answered, Failed, Fault, Stage
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request, Transcript

TARGET = Target(bytes(range(16)), 7, "www.shop.example", "127.0.0.1", 8001, Scheme.HTTP)
SALT = b"salt"
HEAD = "id: {id}\ninfo: {{name: N, severity: Low, author: me}}\nhttp:\n  - path: {paths}\n"
PAGES = {"/": b"<title>Front</title> v1.2", "/a": b"Panel v3.4 and v3.5 and v3.4", "/b": b"Panel"}


def run_of(
    folder: Path, body: str, paths: str = '["{{BaseURL}}/a", "{{BaseURL}}/b"]', name: str = "one"
) -> TemplateRun:
    (folder / f"{name}.yaml").write_text(HEAD.format(id=name, paths=paths) + "    " + body)
    return load_templates([folder])


def transcript(run: TemplateRun, level: Level = Level.ACTIVE) -> Transcript:
    plan = run.plan(SALT)
    requests = plan.next_requests(TARGET, (), level)
    exchanges = tuple(answer(number, request) for number, request in enumerate(requests))
    assert plan.next_requests(TARGET, exchanges, level) == ()
    return Transcript(TARGET, 1, Answered(), exchanges)


def answer(number: int, request: Request) -> Exchange:
    body = PAGES.get(request.path, b"")
    return Exchange(
        TARGET.target_id, TARGET.site_id, number, 1, request, 0, Answered(), status=200 if body else 404,
        http_version="1.1", fields=((b"Server", b"thing/2"),), body=body,
    )  # fmt: skip


def lines(run: TemplateRun) -> list[tuple[str, str, str, str, tuple[str, ...]]]:
    return [
        (line.template, line.matcher, line.extractor, line.matched_at, line.extracted)
        for line in run.results(transcript(run))
    ]


def test_one_line_for_each_request_that_matches(tmp_path: Path) -> None:
    run = run_of(tmp_path, "matchers: [{type: word, words: [Panel]}]")

    assert lines(run) == [
        ("one", "", "", "http://www.shop.example:8001/a", ()),
        ("one", "", "", "http://www.shop.example:8001/b", ()),
    ]
    assert {line.severity for line in run.results(transcript(run))} == {"low"}


def test_the_first_match_may_be_the_last_line(tmp_path: Path) -> None:
    run = run_of(tmp_path, "stop-at-first-match: true\n    matchers: [{type: word, words: [Panel]}]")

    assert [line[3] for line in lines(run)] == ["http://www.shop.example:8001/a"]


def test_named_matchers_have_a_line_each_where_any_may_match(tmp_path: Path) -> None:
    both = "matchers: [{type: word, name: p, words: [Panel]}, {type: regex, name: v, regex: ['v[0-9.]+']}]"
    run = run_of(tmp_path, both)

    assert [(line[1], line[3][-2:]) for line in lines(run)] == [("p", "/a"), ("v", "/a"), ("p", "/b")]
    joined = run_of(tmp_path, f"{both}\n    matchers-condition: and")
    assert [(line[1], line[3][-2:]) for line in lines(joined)] == [("", "/a")]


def test_named_extractors_have_a_line_each_where_no_named_matcher_speaks(tmp_path: Path) -> None:
    run = run_of(
        tmp_path,
        "extractors: [{type: regex, name: version, group: 1, regex: ['v([0-9.]+)']}, {type: kval, kval: [server]}]",
        '["{{BaseURL}}/a"]',
    )

    assert [(line[2], line[4]) for line in lines(run)] == [("version", ("3.4", "3.5"))]


def test_values_without_a_name_stand_in_one_line(tmp_path: Path) -> None:
    run = run_of(tmp_path, "extractors: [{type: regex, regex: ['v[0-9.]+']}]", '["{{BaseURL}}"]')

    assert lines(run) == [("one", "", "", "http://www.shop.example:8001/", ("v1.2",))]


def test_evidence_tells_where(tmp_path: Path) -> None:
    run = run_of(tmp_path, "matchers: [{type: word, words: [Panel]}]", '["{{BaseURL}}/a"]')
    (line,) = run.results(transcript(run))

    assert [(each.ordinal, each.part) for each in line.evidence] == [(1, "body")]
    assert line.evidence[0].excerpt.startswith("Panel v3.4")


def test_equal_requests_of_two_templates_are_sent_once_and_the_front_page_first(tmp_path: Path) -> None:
    run_of(tmp_path, "matchers: [{type: word, words: [Panel]}]", '["{{BaseURL}}/b", "{{BaseURL}}"]')
    run = run_of(tmp_path, "matchers: [{type: word, words: [Front]}]", '["{{BaseURL}}/b"]', "two")
    requests = run.plan(SALT).next_requests(TARGET, (), Level.ACTIVE)

    assert [request.path for request in requests] == ["/", "/b"]
    assert [request.path for request in run.plan(SALT).next_requests(TARGET, (), Level.PASSIVE)] == ["/"]


def test_the_absent_name_is_asked_only_where_a_template_needs_it(tmp_path: Path) -> None:
    run = run_of(tmp_path, "matchers: [{type: status, status: [404]}]", '["{{BaseURL}}/{{absent}}.ida"]')
    absent = hashlib.blake2b(TARGET.target_id, key=SALT, digest_size=8).hexdigest()
    requests = run.plan(SALT).next_requests(TARGET, (), Level.PASSIVE)

    assert [request.path for request in requests] == ["/", f"/{absent}.html", f"/{absent}.ida"]
    assert requests[0].purpose is Purpose.ROOT
    assert [line[3] for line in lines(run)] == [f"http://www.shop.example:8001/{absent}.ida"]


def test_after_a_failure_nothing_more_is_asked(tmp_path: Path) -> None:
    plan = run_of(tmp_path, "matchers: [{type: status, status: [404]}]").plan(SALT)
    (first, *_) = plan.next_requests(TARGET, (), Level.ACTIVE)
    failed = Exchange(b"", 1, 0, 1, first, 0, Failed(Stage.CONNECT, Fault.REFUSED))

    assert plan.next_requests(TARGET, [failed], Level.ACTIVE) == ()
    assert pickle.loads(pickle.dumps(plan)) == plan  # noqa: S301  our own bytes


def test_templates_that_are_not_run_are_kept_with_their_reasons(tmp_path: Path) -> None:
    run = run_of(tmp_path, "method: POST")

    assert run.templates == ()
    assert [reading.refusals.conduct for reading in run.refused] == [("non-get",)]


def test_a_broken_file_is_an_error_when_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("id: [")

    with pytest.raises(CheckError, match="not YAML"):
        load_templates([tmp_path / "broken.yaml"])
    assert load_templates([tmp_path]).templates == ()


def hop(number: int, parent: int, path: str, *, origin: str = "", status: int = 200, to: str = "") -> Exchange:
    return Exchange(
        TARGET.target_id, TARGET.site_id, number, 1, Request(path, Purpose.REDIRECT), 0, Answered(), parent=parent,
        status=status, fields=((b"Location", to.encode()),) if to else (), body=b"Panel", origin=origin,
    )  # fmt: skip


def redirecting(run: TemplateRun, *hops: Exchange) -> list[str]:
    root, first = run.plan(SALT).next_requests(TARGET, (), Level.ACTIVE)
    begun = Exchange(
        TARGET.target_id, TARGET.site_id, 1, 1, first, 0, Answered(), status=302, fields=((b"Location", b"/p"),),
        body=b"moved",
    )  # fmt: skip
    return [line.matched_at for line in run.results(Transcript(TARGET, 1, Answered(), (answer(0, root), begun, *hops)))]


@pytest.mark.parametrize(
    ("follows", "expected"),
    [
        ("", []),
        ("host-redirects: true", ["http://www.shop.example:8001/p"]),
        ("redirects: true", ["http://www.shop.example:8001/p", "https://other.example/q"]),
        ("redirects: true\n    max-redirects: 1", ["http://www.shop.example:8001/p"]),
    ],
)
def test_hops_are_judged_one_by_one_as_far_as_the_template_follows_them(
    tmp_path: Path, follows: str, expected: list[str]
) -> None:
    run = run_of(
        tmp_path, f"{follows or 'max-size: 999'}\n    matchers: [{{type: word, words: [Panel]}}]", '["{{BaseURL}}/z"]'
    )
    hops = (hop(2, 1, "/p", status=302, to="https://other.example/q"), hop(3, 2, "/q", origin="https://other.example"))
    assert redirecting(run, *hops) == expected


def test_the_request_that_two_templates_share_is_followed_as_far_as_one_of_them_wants(tmp_path: Path) -> None:
    plain = "matchers: [{type: word, words: [Panel]}]"
    run_of(tmp_path, plain, '["{{BaseURL}}/z"]')
    run = run_of(tmp_path, f"host-redirects: true\n    max-redirects: 2\n    {plain}", '["{{BaseURL}}/z"]', "two")
    requests = run.plan(SALT).next_requests(TARGET, (), Level.ACTIVE)
    assert [(request.path, request.most_redirects) for request in requests] == [("/", 0), ("/z", 2)]
