"""Templates of several requests: payloads, variables, written-out requests, numbers, several blocks and their flow."""

from pathlib import Path

import pytest

from ebbtide.judge.checks.deciding import Circumstances, decide_all
from ebbtide.judge.checks.reading import template_check
from ebbtide.judge.checks.seen import Seen
from ebbtide.judge.templates.dsl.reading import DslSyntaxError
from ebbtide.judge.templates.flows import Flow, FlowAll, FlowAny, FlowBlock, FlowNot, is_true, read_flow
from ebbtide.judge.templates.parts import template_script_pattern
from ebbtide.judge.templates.reading import read_template
from ebbtide.judge.templates.records import Ask, Reading
from ebbtide.judge.templates.runs import TemplateRun
from ebbtide.model.outcomes import Answered, Failed, Fault, Stage
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Method, Transcript
from ebbtide.model.verdicts import CannotTell, NotAsked, NotShown, Shown, Verdict

TARGET = Target(bytes(range(16)), 7, "www.shop.example", "127.0.0.1", 8001, Scheme.HTTP)
SALT = b"salt"
HEAD = "id: sample\ninfo: {name: N, severity: low, author: me}\n"
PAGES = {
    "/": (200, b"<title>Shop</title>"),
    "/a": (200, b"alpha 1.5"),
    "/b": (200, b"beta"),
    "/panel": (200, b"panel"),
    "/secret": (403, b"no"),
}


def reading_of(text: str, file: str = "sample.yaml") -> Reading:
    return read_template((HEAD + text).encode(), file)


def asks_of(text: str, file: str = "sample.yaml") -> list[Ask]:
    reading = reading_of(text, file)
    assert reading.template is not None, reading.refusals
    assert reading.requests == sum(len(block.asks) for block in reading.template.blocks)
    return [ask for block in reading.template.blocks for ask in block.asks]


def transcript(run: TemplateRun, lost: tuple[str, ...] = ()) -> Transcript:
    exchanges = []
    for number, request in enumerate(run.plan(SALT).next_requests(TARGET, (), Level.ACTIVE)):
        status, body = PAGES.get(request.path, (404, b"not found"))
        outcome = Failed(Stage.RESPONSE, Fault.TIMED_OUT) if request.path in lost else Answered()
        exchanges.append(
            Exchange(
                TARGET.target_id, TARGET.site_id, number, 1, request, 0, outcome, status=status, http_version="1.1",
                fields=((b"Server", b"thing/2"),), body=body, body_bytes=len(body),
            )
        )  # fmt: skip
    return Transcript(TARGET, 1, Answered(), tuple(exchanges))


def told(text: str, lost: tuple[str, ...] = ()) -> tuple[list[str], Verdict]:
    """Paths at which the template matches, and its verdict as a check of a survey."""
    reading = reading_of(text)
    assert reading.template is not None, reading.refusals
    run = TemplateRun([reading.template], [])
    answers = transcript(run, lost)
    check = template_check(reading.template, is_passive=reading.is_passive)
    seen = Seen(TARGET, answers.exchanges, "thing", template_script_pattern())
    verdict = decide_all([check], seen, Circumstances(Level.ACTIVE, 100))["sample"]
    return [line.matched_at.removeprefix("http://www.shop.example:8001") for line in run.results(answers)], verdict


def test_payloads_make_a_request_for_each_combination() -> None:
    one = 'http:\n  - path: ["{{BaseURL}}/{{a}}/x", "{{BaseURL}}/y"]\n    payloads: {a: [p, q]}\n'
    two = 'http:\n  - path: ["{{BaseURL}}/{{a}}{{b}}"]\n    attack: %s\n    payloads: {a: [p, q], b: [1, 2]}\n'

    assert [ask.path for ask in asks_of(one)] == ["/p/x", "/q/x", "/y"]
    assert [ask.path for ask in asks_of(two % "pitchfork")] == ["/p1", "/q2"]
    assert [ask.path for ask in asks_of(two % "clusterbomb")] == ["/p1", "/p2", "/q1", "/q2"]
    assert reading_of(two % "batteringram").refusals.features == ("unsupported: placeholder in a request",)


def test_payloads_may_be_lines_of_a_text_or_of_a_helper_file(tmp_path: Path) -> None:
    lines = 'http:\n  - path: ["{{BaseURL}}/{{a}}"]\n    payloads:\n      a: |\n        p\n\n        q\n'
    assert [ask.path for ask in asks_of(lines)] == ["/p", "/q"]
    helped = 'http:\n  - path: ["{{BaseURL}}/{{a}}"]\n    payloads: {a: helpers/words.txt}\n'
    file = str(tmp_path / "http" / "panels" / "sample.yaml")
    assert reading_of(helped, file).refusals.features == ("incomplete(helper)",)

    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "words.txt").write_text("p\nq\n")

    assert [ask.path for ask in asks_of(helped, file)] == ["/p", "/q"]


def test_a_helper_file_changes_the_version(tmp_path: Path) -> None:
    text = 'http:\n  - path: ["{{BaseURL}}/{{a}}"]\n    payloads: {a: words.txt}\n'
    versions = set()
    for words in ("p\n", "q\n"):
        (tmp_path / "words.txt").write_text(words)
        reading = reading_of(text, str(tmp_path / "sample.yaml"))
        assert reading.template is not None
        versions.add(reading.template.version)

    assert len(versions) == 2


@pytest.mark.parametrize("name", ["/etc/hostname", "../words.txt", "a/../../words.txt", "a\\0b", ""])
def test_a_helper_lies_below_the_folders_of_the_template(name: str, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("p\n")
    (tmp_path / "in").mkdir()
    text = f'http:\n  - path: ["{{{{BaseURL}}}}/{{{{a}}}}"]\n    payloads: {{a: "{name}"}}\n'

    assert "incomplete(helper)" in reading_of(text, str(tmp_path / "in" / "sample.yaml")).refusals.features


def test_a_matcher_may_bear_the_name_of_a_payload() -> None:
    text = """http:
  - path: ["{{BaseURL}}/{{a}}"]
    payloads: {a: [p]}
    matchers: [{type: word, name: %s, words: [x]}]
"""
    assert [ask.path for ask in asks_of(text % "a")] == ["/p"]
    text = text.replace("    payloads: {a: [p]}\n", "")
    assert reading_of(text % "a").refusals.conduct == ("target-text",)


def test_words_and_expressions_see_the_payload_of_their_request() -> None:
    text = """http:
  - path: ["{{BaseURL}}/{{name}}"]
    payloads: {name: [a, b], }
    matchers: [{%s}]
"""
    assert told(text % 'type: word, words: ["{{name}}lpha"]')[0] == ["/a"]
    assert told(text % "type: dsl, dsl: ['contains(body, concat(name, \"eta\"))']")[0] == ["/b"]
    assert isinstance(told(text % "type: word, words: [beta]")[1], Shown)


def test_variables_are_reckoned_before_the_requests_are_made() -> None:
    text = """variables:
  first: "pan"
  second: "{{first}}el"
  third: "{{to_lower('SHOP')}}"
http:
  - path: ["{{BaseURL}}/{{second}}"]
    headers: {X-Asked: "{{third}}"}
    matchers: [{type: word, words: ["{{second}}"]}]
"""
    (ask,) = asks_of(text)
    assert (ask.path, ask.fields) == ("/panel", (("X-Asked", "shop"),))
    assert told(text)[0] == ["/panel"]
    of_the_target = reading_of(text.replace("'SHOP'", "Hostname"))
    assert of_the_target.refusals.features[0] == "unsupported: placeholder in a request"
    assert reading_of(text.replace("to_lower(", "no_such(")).refusals.features[0] == "unsupported: function no_such"


def test_a_random_name_is_our_absent_name() -> None:
    text = """variables: {r: "{{rand_base(6)}}"}
http:
  - path: ["{{BaseURL}}/{{r}}", "{{BaseURL}}/{{to_lower(rand_text_alpha(5))}}.html"]
"""
    reading = reading_of(text)

    assert [ask.path for ask in asks_of(text)] == ["/{{absent}}", "/{{absent}}.html"]
    assert reading.is_passive


def test_a_request_may_be_written_out() -> None:
    text = """http:
  - raw:
      - |
        GET /a?x=1  HTTP/1.1
        Host: {{Hostname}}
        User-Agent: somebody else
        Accept: text/x

      - "@timeout: 20s\\nHEAD {{BaseURL}}/b HTTP/1.1\\r\\nHost: {{Hostname}}\\r\\n\\r\\n"
      - "GET {{name}} HTTP/1.1\\nHost: {{Hostname}}"
    payloads: {name: [panel]}
"""
    asks = asks_of(text)

    assert [(ask.method, ask.path) for ask in asks] == [
        (Method.GET, "/a?x=1"), (Method.HEAD, "/b"), (Method.GET, "/panel"),
    ]  # fmt: skip
    assert asks[0].fields == (("Accept", "text/x"),)


def test_conditions_see_answers_by_number() -> None:
    text = """http:
  - path: ["{{BaseURL}}/a", "{{BaseURL}}/b", "{{BaseURL}}/none"]
    matchers: [{%s}]
"""
    both = 'type: dsl, dsl: ["contains(body_1, \\"alpha\\") && contains(body_2, \\"beta\\") && status_code_2 == 200"]'
    assert told(text % both)[0] == ["/b", "/none"]
    assert told(text % "type: dsl, dsl: ['status_code_3 == 404']")[0] == ["/none"]
    assert told(text % "type: dsl, dsl: ['len(body_4) > 0']")[0] == []
    assert told(text % "type: word, part: body_2, words: [beta]")[0] == ["/b", "/none"]
    assert told(text % "type: word, part: body_4, negative: true, words: [beta]")[0] == []
    assert isinstance(told(text % both, lost=("/a",))[1], NotAsked)


def test_what_was_taken_of_an_earlier_answer_stays_in_sight() -> None:
    text = """http:
  - path: ["{{BaseURL}}/a", "{{BaseURL}}/b"]
    matchers-condition: and
    matchers:
      - {type: word, words: [beta]}
      - {type: dsl, dsl: ["compare_versions(version, '< 2.0')"]}
    extractors: [{type: regex, name: version, internal: true, group: 1, regex: ["alpha ([0-9.]+)"]}]
"""
    assert told(text)[0] == ["/b"]


def test_each_block_decides_for_itself_unless_a_flow_says_more() -> None:
    text = """http:
  - path: ["{{BaseURL}}/a"]
    matchers: [{type: word, words: [nothing]}]
  - path: ["{{BaseURL}}/b"]
    matchers: [{type: word, words: [beta]}]
"""
    assert told(text)[0] == ["/b"]
    assert isinstance(told(text)[1], Shown)
    assert told("flow: http(1) && http(2)\n" + text)[0] == []
    assert isinstance(told("flow: http(1) && http(2)\n" + text)[1], NotShown)
    assert told("flow: '!http(1) && http(2)'\n" + text)[0] == ["/b"]
    assert isinstance(told("flow: http(1) && http(2)\n" + text, lost=("/b",))[1], NotShown)
    assert isinstance(told("flow: http(2) && http(1)\n" + text, lost=("/b",))[1], NotAsked)


def test_an_internal_block_shows_nothing_by_itself() -> None:
    text = """flow: http("gate") && http(2)
http:
  - id: gate
    path: ["{{BaseURL}}/a"]
    matchers: [{type: word, words: [%s], internal: true}]
  - path: ["{{BaseURL}}/b"]
    matchers: [{type: word, words: [%s]}]
"""
    assert told(text % ("alpha", "beta"))[0] == ["/b"]
    assert isinstance(told(text % ("alpha", "beta"))[1], Shown)
    assert told(text % ("alpha", "gamma"))[0] == []
    assert isinstance(told(text % ("alpha", "gamma"))[1], NotShown)
    assert told(text % ("gamma", "beta"))[0] == []
    assert isinstance(told(text % ("gamma", "beta"))[1], NotShown)


def test_a_block_that_the_flow_leads_to_shows_what_it_matches() -> None:
    text = """flow: http(1) && http(2)
http:
  - path: ["{{BaseURL}}/a"]
    matchers: [{type: word, words: [alpha]}]
  - path: ["{{BaseURL}}/b"]
    matchers: [{type: word, words: [gamma]}]
"""
    assert told(text)[0] == ["/a"]
    assert isinstance(told(text)[1], Shown)


def test_a_global_block_asks_nothing_and_looks_at_every_answer() -> None:
    text = """http:
  - global-matchers: true
    matchers: [{type: word, words: [Shop]}]
"""
    reading = reading_of(text)

    assert (reading.requests, reading.is_passive) == (0, True)
    assert told(text)[0] == ["/"]
    assert isinstance(told(text)[1], Shown)
    assert isinstance(told(text.replace("Shop", "nothing"))[1], NotShown)


def test_a_front_that_says_yes_to_all_conceals_each_request_of_a_block() -> None:
    text = """http:
  - path: ["{{BaseURL}}/{{absent}}", "{{BaseURL}}/x"]
    matchers: [{type: dsl, dsl: ["status_code_1 == 200 && status_code_2 == 200"]}]
"""
    reading = reading_of(text)
    assert reading.template is not None
    run = TemplateRun([reading.template], [])
    same = [
        Exchange(
            TARGET.target_id, TARGET.site_id, number, 1, request, 0, Answered(), status=200, http_version="1.1",
            body=b"<title>Hello</title> welcome to all of you", body_bytes=40,
        )
        for number, request in enumerate(run.plan(SALT).next_requests(TARGET, (), Level.ACTIVE))
    ]  # fmt: skip
    seen = Seen(TARGET, same, "thing", template_script_pattern())
    check = template_check(reading.template, is_passive=False)

    assert isinstance(decide_all([check], seen, Circumstances(Level.ACTIVE, 100))["sample"], CannotTell)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http(1)", FlowBlock(0)),
        ("http(1) && http(2)", FlowAll((FlowBlock(0), FlowBlock(1)))),
        ("http(1) || http(2) && http(3)", FlowAny((FlowBlock(0), FlowAll((FlowBlock(1), FlowBlock(2)))))),
        (
            "(http(1) || http(2)) && !http('last')",
            FlowAll((FlowAny((FlowBlock(0), FlowBlock(1))), FlowNot(FlowBlock(2)))),
        ),
        ("http()", FlowAny((FlowBlock(0), FlowBlock(1), FlowBlock(2)))),
        ("http(1, 3)", FlowAny((FlowBlock(0), FlowBlock(2)))),
        ("http(1);\nhttp(2)\n", FlowAny((FlowBlock(0), FlowBlock(1)))),
        ("http(1)\n  && http(2)", FlowAll((FlowBlock(0), FlowBlock(1)))),
        ("http(1) &&\nhttp(2)", FlowAll((FlowBlock(0), FlowBlock(1)))),
        ("http(1) && http(4)", FlowAll((FlowBlock(0), FlowAny(())))),
    ],
)
def test_a_flow_is_a_chain_of_blocks(text: str, expected: Flow) -> None:
    assert read_flow(text, {"last": 2}, 3) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "if (http(1)) { http(2) }",
        "http(1) &&",
        "http(1) http(2)",
        "(http(1)",
        "dns(1)",
        "x = http(1)",
        "!" * 50 + "http(1)",
        "a" * 3000,
    ],
)
def test_more_than_a_chain_is_refused(text: str) -> None:
    with pytest.raises(DslSyntaxError):
        read_flow(text, {}, 3)


def test_a_flow_asks_only_for_the_blocks_on_which_it_hangs() -> None:
    asked: list[int] = []

    def matched(number: int) -> bool:
        asked.append(number)
        return number == 1

    assert not is_true(read_flow("http(1) && http(2)", {}, 3), matched)
    assert is_true(read_flow("http(2) || http(3)", {}, 3), matched)
    assert asked == [0, 1]
