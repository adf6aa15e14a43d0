"""Matchers and extractors: the format's own rules, on bytes."""

import pytest

from ebbtide.judge.templates.matching import BlockResult, judge_block
from ebbtide.judge.templates.parts import Parts, template_script_pattern, usual_name
from ebbtide.judge.templates.placeholders import target_values
from ebbtide.judge.templates.reading import read_template
from ebbtide.judge.templates.records import Template
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request

TARGET = Target(bytes(16), 1, "www.shop.example", "", 8080, Scheme.HTTP)
BODY = b"<title>Hello World</title>\xff version 2.4 and 3.5"
FIELDS = (
    (b"x-powered-by", b"PHP/5"),
    (b"Content-Type", b"text/html"),
    (b"Set-Cookie", b"JSESSIONID=abc; Path=/"),
    (b"Set-Cookie", b"lang=en"),
)

BASE = """
id: sample
info: {name: Sample, severity: info, author: me}
http:
  - method: GET
    path: ["{{BaseURL}}/"]
"""


def template_of(block: str) -> Template:
    reading = read_template((BASE + "    " + block).encode(), "sample.yaml")
    assert reading.template is not None, reading.refusals
    return reading.template


def run(block: str, body: bytes = BODY, *, status: int = 200, is_truncated: bool = False) -> BlockResult:
    exchange = Exchange(
        b"", 1, 0, 1, Request("/", Purpose.ROOT), 0, Answered(), status=status, http_version="1.1", reason=b"OK",
        fields=FIELDS, body=body, is_truncated=is_truncated,
    )  # fmt: skip
    template = template_of(block)
    parts = Parts(exchange, template_script_pattern(), template.block.most_body_bytes)
    return judge_block(template.block, parts, target_values(TARGET, "0123456789abcdef"))


def matches(block: str, body: bytes = BODY) -> bool:
    return run(block, body).has_matched


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        ("type: word, words: [Hello]", True),
        ("type: word, words: [hello]", False),
        ("type: word, words: [HELLO], case-insensitive: true", True),
        ("type: word, words: [nothing, Hello]", True),
        ("type: word, words: [nothing, Hello], condition: and", False),
        ("type: word, words: [World, Hello], condition: and", True),
        ("type: word, words: [nothing], negative: true", True),
        ("type: word, words: [Hello, nothing], negative: true", False),
        ("type: word, words: ['48656c6c6f'], encoding: hex", True),
        ("type: word, words: ['Hello'], encoding: hex", True),
        ("type: word, words: [text/html], part: header", True),
        ("type: word, words: ['HTTP/1.1 200 OK'], part: header", True),
        ("type: word, words: ['X-Powered-By: PHP/5'], part: header", True),
        ("type: word, words: [text/html]", False),
        ("type: word, words: [text/html], part: content_type", True),
        ("type: word, words: [abc], part: jsessionid", True),
        ("type: word, words: ['Path=/ lang=en'], part: set_cookie", True),
        ("type: word, words: [text/html], part: all", True),
        ("type: word, words: [Hello], part: response", True),
        ("type: word, words: [Hello], part: no_such_part", False),
        ("type: word, words: [Hello], part: no_such_part, negative: true", False),
        ("type: regex, regex: ['v.'], part: no_such_part, negative: true", False),
        ("type: word, words: ['http://www.shop.example:8080']", False),
        ("type: status, status: [200, 302]", True),
        ("type: status, status: [404]", False),
        ("type: status, status: [404, 500], condition: and, negative: true", True),
        ("type: status, status: [200, 404], condition: and", True),
        ("type: status, status: [200], part: no_such_part", True),
        ("type: regex, regex: ['version [0-9.]+']", True),
        ("type: regex, regex: ['VERSION']", False),
        ("type: regex, regex: ['(?i)VERSION']", True),
        ("type: regex, regex: ['none', 'version']", True),
        ("type: regex, regex: ['none', 'version'], condition: and", False),
        ("type: regex, regex: ['none'], negative: true", True),
        ("type: regex, regex: ['^2[0-9][0-9]$'], part: status_code", True),
    ],
)
def test_one_matcher(matcher: str, expected: bool) -> None:  # noqa: FBT001  pytest hands it over
    assert matches(f"matchers: [{{{matcher}}}]") is expected


def test_all_is_body_then_header() -> None:
    assert matches("matchers: [{type: regex, part: all, regex: ['3\\.5HTTP/1\\.1 200']}]")
    assert matches("matchers: [{type: regex, part: response, regex: ['(?s)lang=en\\r\\n.*\\r\\n\\r\\n<title']}]")


def test_matchers_are_joined_by_or_unless_and_is_asked_for() -> None:
    two = "matchers: [{type: word, words: [Hello]}, {type: status, status: [404]}]"

    assert matches(two)
    assert not matches(f"{two}\n    matchers-condition: and")


def test_a_stray_byte_hides_no_match() -> None:
    assert matches("matchers: [{type: regex, regex: ['</title>.version']}]", b"</title>\xffversion") is True


def test_words_beyond_ascii_are_found_in_any_case() -> None:
    assert matches("matchers: [{type: word, words: ['grüße'], case-insensitive: true}]", "GRÜẞE GRÜßE".encode())


def test_the_placeholders_of_the_target_are_filled_into_words() -> None:
    block = 'matchers: [{type: word, words: ["{{BaseURL}}/{{absent}}.ida"]}]'

    assert matches(block, b"http://www.shop.example:8080/0123456789abcdef.ida")
    assert not matches(block, b"http://www.shop.example/0123456789abcdef.ida")


def test_a_block_with_only_extractors_shows_what_it_finds() -> None:
    found = run("extractors: [{type: regex, group: 1, regex: ['version ([0-9.]+)', 'and ([0-9.]+)']}]")

    assert found.has_matched
    assert found.extracts[0][1] == (b"2.4", b"3.5")
    assert not matches("extractors: [{type: regex, regex: ['nothing']}]")


def test_extractors_do_not_make_up_for_matchers() -> None:
    assert not matches("matchers: [{type: word, words: [no]}]\n    extractors: [{type: regex, regex: ['version']}]")


def test_kval_takes_parts_by_name() -> None:
    found = run("extractors: [{type: kval, kval: [x_powered_by, nothing]}]")

    assert found.extracts[0][1] == (b"PHP/5",)
    assert not matches("extractors: [{type: kval, kval: [nothing]}]")


def test_a_matcher_may_look_at_what_an_extractor_found() -> None:
    block = (
        "extractors: [{type: regex, name: version, group: 1, regex: ['version ([0-9.]+)']}]\n"
        "    matchers: [{type: word, part: version, words: ['2.4']}]"
    )

    assert matches(block)
    assert not matches(block, b"no such thing as 2.4")


def test_a_group_that_is_not_there_extracts_nothing() -> None:
    assert not matches("extractors: [{type: regex, group: 2, regex: ['version ([0-9.]+)']}]")


def test_an_extractor_stops_at_a_thousand_places() -> None:
    body = b" ".join(b"n%d" % number for number in range(2000))

    assert len(run("extractors: [{type: regex, regex: ['n[0-9]+']}]", body).extracts[0][1]) == 1000


def test_max_size_ends_what_is_judged() -> None:
    assert matches("max-size: 12\n    matchers: [{type: word, words: [Hello]}]")
    assert not matches("max-size: 10\n    matchers: [{type: word, words: [Hello]}]")


def test_names_are_told_only_where_any_matcher_may_match() -> None:
    named = "matchers: [{type: word, name: greeting, words: [Hello]}, {type: status, status: [200]}]"

    assert run(named).matched_names == ("greeting",)
    assert run(f"{named}\n    matchers-condition: and").matched_names == ()


def test_a_match_by_absence_in_a_cut_body_is_told() -> None:
    absence = "matchers: [{type: word, words: [no], negative: true}]"
    either = "matchers: [{type: word, words: [no], negative: true}, {type: word, words: [Hello]}]"

    assert run(absence, is_truncated=True).leans_on_cut_body
    assert not run(absence).leans_on_cut_body
    assert not run(either, is_truncated=True).leans_on_cut_body
    assert run(f"{either}\n    matchers-condition: and", is_truncated=True).leans_on_cut_body


def test_served_body_leaves_out_templates_for_the_browser() -> None:
    block = "matchers: [{type: regex, part: served_body, regex: ['<%.*%>']}]"

    assert not matches(block, b'<script id=a type="text/x-template"><%= a %></script>')
    assert not matches(block, b"<SCRIPT TYPE='text/template'><%= a %></SCRIPT ><p>")
    assert matches(block, b'<script type="text/javascript"><%= a %></script>')
    assert matches(block, b'<script type="text/template">a</script><%= b %>')
    assert matches(block, b'<%= b %><script type="text/template">a</script>')


def test_names_of_fields_take_their_usual_spelling() -> None:
    assert usual_name(b"x-powered-by") == b"X-Powered-By"
    assert usual_name(b"WWW-AUTHENTICATE") == b"Www-Authenticate"
    assert usual_name(b"odd name") == b"odd name"
    assert usual_name(b"") == b""


def test_kval_may_ignore_case_of_names_and_values() -> None:
    found = run("extractors: [{type: kval, case-insensitive: true, kval: [X_POWERED_BY]}]")

    assert found.extracts[0][1] == (b"php/5",)


def test_several_values_of_an_extractor_stand_in_brackets_for_matchers() -> None:
    block = (
        "extractors: [{type: regex, name: versions, regex: ['[0-9]\\.[0-9]']}]\n"
        "    matchers: [{type: word, part: versions, words: ['[2.4 3.5]']}]"
    )

    assert matches(block)


def test_content_length_is_as_told_or_as_read() -> None:
    assert matches(f"matchers: [{{type: regex, part: content_length, regex: ['^{len(BODY)}$']}}]")
