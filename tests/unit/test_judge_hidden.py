"""What a mask may hide is not called absent."""

import pytest

from ebbtide.judge.checks.deciding import Circumstances, decide_all
from ebbtide.judge.checks.packs import load_pack
from ebbtide.judge.checks.seen import Seen
from ebbtide.judge.templates.hidden import may_be_hidden
from ebbtide.judge.templates.parts import Parts, template_script_pattern
from ebbtide.judge.templates.placeholders import target_values
from ebbtide.judge.templates.reading import read_template
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request
from ebbtide.model.verdicts import CannotTell, CannotTellReason, NotShown, Shown, Verdict

TARGET = Target(bytes(16), 1, "www.shop.example", "", 8080, Scheme.HTTP)
BASE = """
id: sample
info: {name: Sample, severity: info, author: me}
http:
  - method: GET
    path: ["{{BaseURL}}/"]
    matchers-condition: %s
    matchers: [%s]
"""
BODY = b"APP=shop\nDB_PASSWORD=*******\nDB_HOST=x\n"


def exchange_of(body: bytes, masked: tuple[str, ...], cookie: bytes = b"a=***********; path=/") -> Exchange:
    return Exchange(
        b"", 1, 0, 1, Request("/", Purpose.ROOT), 0, Answered(), status=200, http_version="1.1", reason=b"OK",
        fields=((b"Server", b"nginx"), (b"Set-Cookie", cookie)), body=body, masked=masked,
    )  # fmt: skip


def is_hidden(matchers: str, condition: str = "and", *, where: str = "body") -> bool:
    reading = read_template((BASE % (condition, matchers)).encode(), "sample.yaml")
    assert reading.template is not None, reading.refusals
    parts = Parts(exchange_of(BODY, (f"{where}/variable-in-capitals:1",)), template_script_pattern())
    return may_be_hidden(reading.template.blocks[0], parts, target_values(TARGET, "0" * 16))


@pytest.mark.parametrize(
    ("matchers", "expected"),
    [
        ("{type: word, words: [DB_PASSWORD=]}", False),
        ("{type: word, words: [DB_PASSWORD=hunter2]}", True),
        ("{type: word, words: [db_password=HUNTER2], case-insensitive: true}", True),
        ('{type: word, words: ["hunter2\\nDB_HOST"]}', True),
        ("{type: word, words: [DB_PASSWORD=much-too-long]}", False),
        ("{type: word, words: [phpinfo]}", False),
        ("{type: word, words: [hunter2]}", False),
        ("{type: regex, regex: ['DB_PASSWORD=\\S+']}", False),
        ("{type: regex, regex: ['DB_PASSWORD=\\w+']}", True),
        ("{type: regex, regex: ['WORD=hunter']}", True),
        ("{type: regex, regex: ['phpinfo\\d']}", False),
        ("{type: regex, regex: ['[0-9a-f]{7}']}", True),
        ("{type: regex, part: header, regex: ['[0-9a-f]{9}']}", False),
        ("{type: word, words: [DB_PASSWORD=hunter2], negative: true}", True),
        ("{type: word, words: [phpinfo], negative: true}", False),
        ("{type: status, status: [404]}, {type: word, words: [DB_PASSWORD=hunter2]}", False),
    ],
)
def test_what_may_reach_into_a_mask_is_not_decided(matchers: str, expected: bool) -> None:  # noqa: FBT001
    assert is_hidden(matchers) is expected


def test_where_any_matcher_may_match_one_that_does_decides() -> None:
    assert not is_hidden("{type: status, status: [200]}, {type: word, words: [DB_PASSWORD=hunter2]}", "or")
    assert is_hidden("{type: status, status: [404]}, {type: word, words: [DB_PASSWORD=hunter2]}", "or")


def test_a_mask_in_the_fields_hides_nothing_in_the_body() -> None:
    assert not is_hidden("{type: word, words: [DB_PASSWORD=hunter2]}", where="fields")
    assert is_hidden("{type: word, part: header, words: ['a=0123456789a']}", where="fields")


def verdict(body: bytes, masked: tuple[str, ...]) -> Verdict:
    checks = [check for check in load_pack("exposures").checks if check.id == "php-version"]
    seen = Seen(TARGET, [exchange_of(body, masked)], "nginx", template_script_pattern())
    return decide_all(checks, seen, Circumstances(Level.ACTIVE, 20))["php-version"]


def test_a_check_of_a_field_is_untouched_by_a_masked_cookie() -> None:
    assert verdict(b"", ("fields/set-cookie:1",)) == NotShown()


def test_a_check_that_a_mask_may_hide_says_that_it_cannot_tell() -> None:
    (check,) = [check for check in load_pack("iis-2001").checks if check.id == "script-source"]
    circumstances = Circumstances(Level.ACTIVE, 20)

    def decided(body: bytes, masked: tuple[str, ...]) -> Verdict:
        seen = Seen(TARGET, [exchange_of(body, masked)], "microsoft-iis", template_script_pattern())
        return decide_all([check], seen, circumstances)[check.id]

    assert decided(b"PASSWORD=abcd\n", ()) == NotShown()
    assert decided(b"PASSWORD=****\n", ("body/variable-in-capitals:1",)) == NotShown()
    assert decided(b"50 <% PASSWORD=****\n", ("body/variable-in-capitals:1",)) == CannotTell(CannotTellReason.MASKED)
    assert isinstance(decided(b'<% db = "UID=sa;PWD=****;" %>', ("body/password-in-connection-string:1",)), Shown)
