"""Whatever stands in a file of a template or in an answer: a CheckError or a verdict, never anything else."""

import contextlib
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ebbtide.judge.checks.reading import read_check
from ebbtide.judge.templates.dsl.reading import DslSyntaxError
from ebbtide.judge.templates.flows import is_true, read_flow
from ebbtide.judge.templates.matching import judge_block
from ebbtide.judge.templates.parts import Parts, template_script_pattern
from ebbtide.judge.templates.placeholders import target_values
from ebbtide.judge.templates.reading import read_template
from ebbtide.judge.templates.records import Template
from ebbtide.judge.templates.refusals import path_refusals
from ebbtide.judge.templates.tree_reading import TableReader
from ebbtide.judge.templates.yaml_tree import MOST_BYTES, MOST_DEPTH, read_yaml
from ebbtide.model.errors import CheckError
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request

WHOLE = b"""
id: sample
flow: http(1) && (http("second") || !http(1))
variables: {word: a, same: "{{to_lower(word)}}"}
info:
  name: Sample
  severity: info
  author: me
  tags: panel,login
http:
  - method: GET
    path:
      - "{{BaseURL}}/a/{{absent}}.html"
      - '{{RootURL}}'
    headers: {Accept: text/html}
    stop-at-first-match: true
    max-size: 4096
    matchers-condition: and
    matchers:
      - {type: word, part: header, words: ["{{Host}}", gr\xc3\xbc\xc3\x9fe], condition: or, case-insensitive: true}
      - {type: word, words: ['48656c6c6f'], encoding: hex, negative: true}
      - {type: status, status: [200, 302]}
      - {type: regex, name: version, part: all, regex: ['(?i)v([0-9.]+)', '[^a]+$'], condition: and}
    extractors:
      - {type: regex, name: found, group: 1, part: body, regex: ['<title>(.*?)</title>']}
      - {type: kval, kval: [server, set_cookie]}
  - id: second
    raw: ["GET /{{list}}/{{same}} HTTP/1.1\\nHost: {{Hostname}}\\nX-A: {{list}}\\n\\n", "GET /b HTTP/1.1"]
    payloads: {list: [p, q]}
    attack: clusterbomb
    matchers: [{type: dsl, dsl: ['contains(body_1, list) && status_code_2 == 200'], internal: true}]
ebbtide:
  level: active
  gate: [apache]
  severity: info
  words: It can be seen.
  remedy: Mend it.
  source: [somewhere]
  parameters: {mark: {default: a, why: an assumption}}
  samples:
    match:
      - {about: one, responses: [{request: /a, body: mark, fields: {Server: a}}]}
      - {about: two, responses: [{request: /a, status: 404}]}
    miss:
      - {about: three, responses: [{request: "/{{absent}}"}]}
      - {about: four, responses: [{request: /a}]}
"""

PIECES = (b"&a ", b"*a", b"<<: *a", b"!!python/object:os.system ", b"---\n", b"[", b"{", b"\x00", b"\xff", b"\t",
          b"- ", b": ", b"null", b"{{", b"(?=", b"\\", b"'", b'"', b"9" * 30, b"|\n", b"? ")  # fmt: skip

Result = TypeVar("Result")
TARGET = Target(bytes(16), 1, "2001:db8::1", "", 8080, Scheme.HTTPS)
ODD_BYTES = st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass"))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(WHOLE)
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from([0, 0, 1, 1, 5, 40]))
        data[start : start + length] = draw(st.sampled_from(PIECES) | st.binary(max_size=4))
    return bytes(data)


def refusal_of(read: Callable[[], Result]) -> Result | CheckError:
    try:
        return read()
    except CheckError as error:
        return error


def template_without_check() -> Template:
    reading = read_template(WHOLE, "whole.yaml")
    assert reading.template is not None, reading.refusals
    return reading.template


@settings(max_examples=200)
@given(mutated() | st.binary(max_size=200))
@example(WHOLE)
@example(b"[" * 100_000)
@example(b"a: &a [*a]")
@example(b"a: 1\n" * 2)
@example(b"")
def test_a_broken_or_hostile_file_is_a_check_error_or_a_reading(data: bytes) -> None:
    reading = refusal_of(lambda: read_template(data, "file.yaml"))

    if isinstance(reading, CheckError):
        assert reading.what
        assert reading.where.startswith("file.yaml:")
    else:
        assert (reading.template is None) == bool(reading.refusals.reasons)


@settings(max_examples=100)
@given(mutated())
def test_a_broken_check_is_a_check_error_or_a_check(data: bytes) -> None:
    check = refusal_of(lambda: read_check(TableReader(read_yaml(data, "file.yaml"), "file.yaml"), "pack", {}))

    if isinstance(check, CheckError):
        assert check.where.startswith("file.yaml:")
    else:
        assert len(check.samples) >= 4


@settings(max_examples=200)
@given(
    body=ODD_BYTES,
    fields=st.lists(st.tuples(ODD_BYTES, ODD_BYTES), max_size=6),
    status=st.none() | st.integers(0, 999),
    version=st.text(max_size=5),
    is_truncated=st.booleans(),
)
def test_no_answer_makes_matchers_or_extractors_raise(
    body: bytes,
    fields: list[tuple[bytes, bytes]],
    status: int | None,
    version: str,
    is_truncated: bool,  # noqa: FBT001  hypothesis hands it over
) -> None:
    exchange = Exchange(
        b"", 1, 0, 1, Request("/", Purpose.ROOT), 0, Answered(), status=status, http_version=version, reason=body[:9],
        fields=tuple(fields), body=body, is_truncated=is_truncated,
    )  # fmt: skip
    block = template_without_check().blocks[0]
    result = judge_block(block, Parts(exchange, template_script_pattern()), target_values(TARGET, "0" * 16))

    assert result.has_matched == bool(result.hits)
    for hit in result.hits:
        assert 0 <= hit.start <= hit.end <= len(hit.text)


@given(st.text(alphabet="http(12)&|!; \n'x", max_size=60) | st.text(max_size=60))
def test_any_flow_is_a_chain_or_refused(text: str) -> None:
    with contextlib.suppress(DslSyntaxError):
        assert is_true(read_flow(text, {"x": 1}, 2), lambda number: number in {0, 1}) in {True, False}


@given(st.text(max_size=80))
def test_any_path_is_either_plain_or_refused_by_name(path: str) -> None:
    assert all(reason.replace("-", "").isalpha() for reason in path_refusals(path))


def test_aliases_count_as_all_that_they_stand_for() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]" for number in range(1, 12)]
    with pytest.raises(CheckError, match="more than"):
        read_yaml("\n".join(lines).encode(), "bomb.yaml")


@pytest.mark.parametrize(
    ("data", "word"), [(b"a" * (MOST_BYTES + 1), "larger"), (b"a: " + b"[" * (MOST_DEPTH + 1), "deeper")]
)
def test_size_and_depth_are_capped(data: bytes, word: str) -> None:
    with pytest.raises(CheckError, match=word):
        read_yaml(data, "big.yaml")
