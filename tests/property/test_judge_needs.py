"""No glance rules out what would have matched: the words that a block needs stand in every answer that it matches."""

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ebbtide.judge.checks.deciding import Circumstances, Docket
from ebbtide.judge.checks.packs import load_pack
from ebbtide.judge.checks.reading import template_check
from ebbtide.judge.checks.records import Check
from ebbtide.judge.checks.seen import Seen
from ebbtide.judge.checks.sieve import Sieve
from ebbtide.judge.templates.matching import judge_block
from ebbtide.judge.templates.needs import haystack, needed_words
from ebbtide.judge.templates.parts import Parts, template_script_pattern
from ebbtide.judge.templates.placeholders import target_values
from ebbtide.judge.templates.reading import read_template
from ebbtide.judge.templates.records import Block
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request

TARGET = Target(bytes(16), 1, "www.shop.example", "127.0.0.1", 80, Scheme.HTTP)
VALUES = target_values(TARGET, "0123456789abcdef")
SCRIPTS = template_script_pattern()
TAKEN = """matchers: [{type: dsl, dsl: ['contains(taken, "Alpha")']}]
    extractors: [{type: dsl, name: taken, dsl: ['concat("Al", "pha")']}]"""
BODIES = (
    "matchers: [{type: word, words: [Alpha, beta]}]",
    "matchers: [{type: word, words: [Alpha, beta], condition: and}]",
    "matchers: [{type: word, words: [ALPHA Kilo], case-insensitive: true}]",
    "matchers: [{type: word, part: all, words: [tailHTTP/1.1 200]}]",
    'matchers: [{type: word, part: response, words: ["\\r\\n\\r\\nAlpha"]}]',
    "matchers: [{type: word, part: header, words: ['Server: thing']}]",
    "matchers: [{type: word, part: x_twice, words: ['one two']}]",
    "matchers: [{type: word, part: x_twice, words: [one]}, {type: word, words: [beta]}]",
    "matchers: [{type: word, words: [Alpha], negative: true}]",
    "matchers: [{type: status, status: [200]}, {type: word, words: [Alpha]}]",
    "matchers-condition: and\n    matchers: [{type: status, status: [200]}, {type: word, words: [Alpha]}]",
    "matchers: [{type: regex, regex: ['(?i)alpha [a-z]ilo', 'beta|gamma']}]",
    "matchers: [{type: regex, regex: ['(?i)alpha [a-z]ilo', 'beta|gamma'], condition: and}]",
    "matchers: [{type: regex, part: header, regex: ['(?m)^Server: th']}]",
    "matchers: [{type: binary, binary: ['416c706861']}]",
    "matchers: [{type: word, words: ['{{Host}}']}]",
    "matchers: [{type: xpath, xpath: [\"//title[contains(text(), 'Alpha Kilo')]\"]}]",
    "matchers: [{type: xpath, xpath: [\"//title[contains(., 'Alpha')]\", '//b']}]",
    'matchers: [{type: dsl, dsl: [\'contains(body, "Alpha") && contains(tolower(body), "kilo")\']}]',
    'matchers: [{type: dsl, dsl: [\'contains(body, "Alpha") || contains(header, "thing")\']}]',
    "matchers: [{type: dsl, dsl: ['contains_all(body, \"Alpha\", \"beta\")', 'status_code == 200'], condition: and}]",
    'matchers: [{type: dsl, dsl: [\'contains_any(to_lower(body), "alpha", "kilo")\', \'contains(server, "thing")\']}]',
    "matchers: [{type: dsl, dsl: ['!contains(body, \"Alpha\")']}]",
    "matchers: [{type: dsl, dsl: ['contains(x_twice, \"one two\")']}]",
    "matchers: [{type: dsl, dsl: ['contains(Host, \"shop\")']}]",
    TAKEN,
    "extractors: [{type: regex, regex: ['Alpha ([a-z]+)', 'beta']}]",
    "extractors: [{type: kval, kval: [server]}]",
    "max-size: 9\n    matchers: [{type: word, words: [Alpha]}]",
)
PIECES = (
    *(
        b"Alpha",
        b"alpha",
        b"ALPHA",
        b"Kilo",
        b"\xe2\x84\xaailo",
        b"beta",
        b"gamma",
        b" ",
        b"tail",
        b"<title>",
        b"</title>",
    ),
    *(b"<b>", b"&#65;lpha", b"A&#108;pha", b"\xff", b"\xc4\xb0", b"\xff\xfe", b"x", b"\r\n", b"shop", b"one two"),
    "Alpha Kilo".encode("utf-16"),
)
FIELDS = ((b"Server", b"thing/1"), (b"X-Twice", b"one"), (b"x-twice", b"two"), (b"Set-Cookie", b"one two=Alpha"))


def check_of(name: str, body: str, path: str = "/") -> Check:
    head = f"id: {name}\ninfo: {{name: N, severity: low, author: me}}\nhttp:\n  - path: ['{{{{BaseURL}}}}{path}']\n    "
    reading = read_template((head + body).encode(), "t.yaml")
    assert reading.template is not None, (body, reading.refusals)
    return template_check(reading.template, is_passive=path == "/")


CHECKS = [check_of(f"t{number}", body) for number, body in enumerate(BODIES)]
NAMED = [check_of(f"n{number}", body, "/named") for number, body in enumerate(BODIES)]
PACKS = [check for pack in ("today", "exposures", "iis-2001") for check in load_pack(pack).checks]


def exchange(
    ordinal: int, request: Request, body: bytes, fields: tuple[tuple[bytes, bytes], ...], status: int
) -> Exchange:
    return Exchange(
        TARGET.target_id, 1, ordinal, 1, request, 0, Answered(), status=status, http_version="1.1", reason=b"OK",
        fields=fields, body=body, body_bytes=len(body),
    )  # fmt: skip


ANSWERS = st.builds(
    lambda pieces, fields, status: exchange(0, Request("/", Purpose.ROOT), b"".join(pieces), tuple(fields), status),
    st.lists(st.sampled_from(PIECES), max_size=8),
    st.lists(st.sampled_from(FIELDS), max_size=4),
    st.sampled_from([200, 404]),
)


def plain_block(check: Check) -> Block:
    (block,) = check.blocks
    return block


@settings(max_examples=400)
@given(ANSWERS)
@example(exchange(0, Request("/", Purpose.ROOT), b"tail", (), 200))
@example(exchange(0, Request("/", Purpose.ROOT), b"<title>&#65;lpha Kilo</title>", (), 200))
@example(exchange(0, Request("/", Purpose.ROOT), b"Alpha \xe2\x84\xaailo", (), 200))
@example(exchange(0, Request("/", Purpose.ROOT), b"", FIELDS, 200))
def test_what_matches_holds_a_word_that_it_needs(answer: Exchange) -> None:
    text = haystack(Parts(answer, SCRIPTS))
    for check in CHECKS:
        block = plain_block(check)
        words = needed_words(block)
        if words and judge_block(block, Parts(answer, SCRIPTS, block.most_body_bytes), VALUES).has_matched:
            assert any(word in text for word in words), (check.id, words)


@settings(max_examples=300)
@given(
    root=ANSWERS, named=st.none() | ANSWERS, level=st.sampled_from(Level), absent=st.sampled_from([200, 404]),
    budget=st.sampled_from([0, 100]), younger=st.sampled_from([frozenset(), frozenset({"t1", "n1"})]),
)  # fmt: skip
def test_verdicts_are_those_of_looking_at_every_check(
    root: Exchange, named: Exchange | None, level: Level, absent: int, budget: int, younger: frozenset[str]
) -> None:
    circumstances = Circumstances(level, budget, younger)
    answers = [root, exchange(1, Request("/0123456789abcdef.html", Purpose.ABSENT), b"none", (), absent)]
    if named is not None:
        answers.append(msgspec.structs.replace(named, ordinal=2, request=Request("/named", Purpose.CHECK)))
    checks = [*CHECKS, *NAMED]
    quick = Docket(checks, circumstances).decide(Seen(TARGET, answers, "thing", SCRIPTS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sieve, "settled", lambda *_arguments: frozenset())
        slow = Docket(checks, circumstances).decide(Seen(TARGET, answers, "thing", SCRIPTS))

    assert quick == slow
    assert list(quick) == list(slow)


def test_most_checks_can_be_ruled_out() -> None:
    blocks = [block for check in PACKS for block in check.blocks]

    assert sum(bool(needed_words(block)) for block in blocks) > len(blocks) // 2
