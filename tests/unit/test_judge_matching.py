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
    parts = Parts(exchange, template_script_pattern(), template.blocks[0].most_body_bytes)
    return judge_block(template.blocks[0], parts, target_values(TARGET, "0123456789abcdef"))


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
        ("type: binary, binary: ['48656c6c6f']", True),
        ("type: binary, binary: ['48656c6c6f', 'ffffff'], condition: and", False),
        ("type: binary, binary: ['ff20']", True),
        (f"type: size, size: [7, {len(BODY)}]", True),
        ("type: size, size: [7]", False),
        ("type: size, size: [7], negative: true", True),
        ("type: size, size: [7], part: no_such_part, negative: true", False),
        ("type: xpath, xpath: [\"/html/head/title[contains(text(), 'Hello')]\"]", True),
        ("type: xpath, xpath: ['//h1']", False),
        ("type: xpath, xpath: ['//h1'], negative: true", True),
        ("type: xpath, xpath: ['//h1', '//title'], condition: and", False),
        ("type: dsl, dsl: [\"contains(body, 'World') && status_code == 200\"]", True),
        ("type: dsl, dsl: [\"contains(body, 'World') && status_code == '200'\"]", False),
        (f"type: dsl, dsl: ['status_code == 404', 'len(body) == {len(BODY)}']", True),
        (f"type: dsl, dsl: ['status_code == 404', 'len(body) == {len(BODY)}'], condition: and", False),
        ("type: dsl, dsl: ['nobody == 1', 'true']", True),
        ("type: dsl, dsl: ['nobody == 1', 'true'], condition: and", False),
        ("type: dsl, dsl: ['nobody == 1'], negative: true", True),
        ("type: dsl, dsl: ['len(body)']", False),
        ('type: dsl, dsl: [\'contains(content_type, "html") && x_powered_by == "PHP/5"\']', True),
        ("type: dsl, dsl: ['contains(all_headers, \"{{Hostname}}\")']", False),
        ('type: dsl, dsl: [\'"{{Hostname}}" == "www.shop.example:8080"\']', True),
        ("type: dsl, dsl: ['status_code_1 == 200 && contains(body_1, \"Hello\")']", True),
        ("type: dsl, dsl: ['regex(\"(?i)HELLO w\", body)']", True),
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


JSON = b'{"product": {"name": "Tide", "version": "1.2"}, "users": [{"name": "a"}, {"name": "b"}], "n": 3}'


@pytest.mark.parametrize(
    ("extractor", "expected"),
    [
        ("type: json, json: ['.product.version']", (b"1.2",)),
        ("type: json, json: ['.users[].name']", (b"a", b"b")),
        ("type: json, json: ['.n', '.none']", (b"3",)),
        ("type: json, json: ['.product | select(.name != null) | .name, .version']", (b"Tide", b"1.2")),
        ("type: json, json: ['.[] | .name?']", (b"Tide",)),
        ('type: json, json: [\'.product.version | capture("(?<major>[0-9]+)[.]"; "i") | .major\']', (b"1",)),
        ("type: json, json: ['.users[].name | capture(\"(?<x>[b-z])\")']", (b'{"x":"b"}',)),
        ("type: json, json: ['.n | capture(\"(?<x>3)\")']", ()),
        ("type: dsl, dsl: ['len(body)', 'concat(\"n \", status_code)', 'nobody']", (b"%d" % len(JSON), b"n 200")),
        ("type: xpath, xpath: ['//a/@href']", ()),
    ],
)
def test_other_extractors_take_values(extractor: str, expected: tuple[bytes, ...]) -> None:
    result = run(f"extractors: [{{{extractor}}}]", JSON)
    ((_, found),) = result.extracts
    assert found == expected
    assert result.has_matched is bool(expected)


def test_xpath_takes_texts_and_attributes_of_pages_and_documents() -> None:
    page = b"<html><body><a href='/x'>one</a><a href='/y'>two</a>"
    (_, found), (_, links) = run(
        "extractors: [{type: xpath, xpath: ['//a']}, {type: xpath, attribute: href, xpath: ['//a']}]", page
    ).extracts
    assert (found, links) == ((b"one", b"two"), (b"/x", b"/y"))
    document = b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><a><b>t</b><c>&e;</c></a>"
    ((_, text),) = run("extractors: [{type: xpath, xpath: ['/a/b', '/a/c']}]", document).extracts
    assert text == (b"t", b"&e;"), "an entity is left as it stands; what it names is never read"


def test_what_an_internal_extractor_takes_only_matchers_see() -> None:
    block = """extractors: [{type: regex, name: version, internal: true, group: 1, regex: ['version ([0-9.]+)']}]
    matchers: [{type: dsl, name: old, dsl: ["compare_versions(version, '< 3.0')"]}]"""
    result = run(block)
    assert result.has_matched
    assert [hit.part for hit in result.hits] == ["dsl"]
    assert not run("extractors: [{type: regex, name: v, internal: true, regex: ['version']}]").has_matched


def test_what_the_answer_says_is_never_read_as_an_expression() -> None:
    body = b"{{md5('x')}} ' || true || '"
    assert not matches('matchers: [{type: dsl, dsl: [\'contains("harmless", "{{body}}")\']}]', body)


def test_a_cut_body_makes_an_expression_over_it_uncertain() -> None:
    block = "matchers: [{type: dsl, dsl: ['!contains(body, \"gone\")']}]"
    assert run(block, is_truncated=True).leans_on_cut_body
    assert not run(block).leans_on_cut_body
