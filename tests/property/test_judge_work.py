"""A counter of work: what judging one answer looks at grows with its octets and with the patterns, never with both.

Counted are the octets that patterns and automata are run over, one for each call, and the octets that are searched for
single words. An answer made to hold the words of every check makes each pattern run once; then the work is that of the
patterns that its words call for, and it still only doubles with the answer.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.judge.checks.deciding import Circumstances, Docket
from ebbtide.judge.checks.packs import load_pack
from ebbtide.judge.checks.seen import Seen
from ebbtide.judge.software.identification import identify
from ebbtide.judge.templates import matching
from ebbtide.judge.templates.needs import needed_words
from ebbtide.judge.templates.parts import template_script_pattern
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request
from ebbtide.patterns.automaton import Automaton
from ebbtide.patterns.regex import Pattern

MOST_A_UNIT = 40
"""Units of work for each octet and each block; measured over the answers below: at most 15."""

TARGET = Target(bytes(16), 1, "www.shop.example", "127.0.0.1", 80, Scheme.HTTP)
SCRIPTS = template_script_pattern()
CHECKS = [check for pack in ("iis-2001", "exposures", "today", "ended") for check in load_pack(pack).checks]
BLOCKS = [block for check in CHECKS for block in check.blocks]
ROOT_BLOCKS = [block for block in BLOCKS if any(ask.path == "/" for ask in block.asks)]
DOCKET = Docket(CHECKS, Circumstances(Level.ACTIVE, 100))
WORDS = sorted({word for block in ROOT_BLOCKS for word in needed_words(block)})
TAGS = (
    b"<html>",
    b"<title>Tide</title>",
    b"<p>",
    b"</p>",
    b'<a href="/">',
    b"Index of /",
    b"&amp;",
    b"<script>",
    b"\xff",
)


class Work:
    """The counter."""

    def __init__(self) -> None:
        self.units = 0

    def counting(self, function: Callable[..., Any], place: int) -> Callable[..., Any]:
        def counted(*arguments: Any) -> Any:
            self.units += 1 + len(arguments[place])
            return function(*arguments)

        return counted


@pytest.fixture(scope="module")
def work() -> Iterator[Work]:
    counter = Work()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("search", "matches", "find_all"):
            patch.setattr(Pattern, name, counter.counting(getattr(Pattern, name), 1))
        patch.setattr(Automaton, "present", counter.counting(Automaton.present, 1))
        patch.setattr(matching, "may_match", counter.counting(matching.may_match, 2))
        yield counter


def answer(number: int, request: Request, body: bytes, server: bytes, status: int) -> Exchange:
    fields = ((b"Server", server), (b"Content-Type", b"text/html"), (b"Set-Cookie", b"a=1"))
    return Exchange(
        bytes(16), 1, number, 1, request, 0, Answered(), status=status, http_version="1.1", fields=fields, body=body,
        body_bytes=len(body),
    )  # fmt: skip


def units(work: Work, body: bytes, server: bytes = b"nginx/1.18.0") -> int:
    exchanges = (
        answer(0, Request("/", Purpose.ROOT), body, server, 200),
        answer(1, Request("/0123456789abcdef.html", Purpose.ABSENT), b"Not found", server, 404),
    )
    before = work.units
    told = identify(exchanges)
    DOCKET.decide(Seen(TARGET, exchanges, told.family, SCRIPTS, software=told.software))
    return work.units - before


BODIES = st.lists(
    st.tuples(st.sampled_from(TAGS) | st.binary(max_size=30), st.integers(1, 60)), max_size=30
).map(lambda pieces: b"".join(piece * times for piece, times in pieces))  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(body=BODIES, server=st.sampled_from([b"nginx/1.18.0", b"Apache/2.2.1 (Unix) PHP/5.3.3", b"", b"\xff" * 90]))
def test_an_answer_costs_by_its_octets_and_by_the_patterns(work: Work, body: bytes, server: bytes) -> None:
    assert units(work, body, server) <= MOST_A_UNIT * (len(body) + len(BLOCKS))


def test_an_answer_that_holds_every_word_costs_each_pattern_once_and_grows_no_faster_than_itself(work: Work) -> None:
    hostile = b" ".join(WORDS)
    costs = [units(work, hostile * times) for times in (1, 2, 4)]
    most_looks = sum(4 + 4 * len(block.matchers) + 4 * len(block.extractors) for block in ROOT_BLOCKS)
    assert costs[0] <= most_looks * 2 * len(hostile)
    assert costs[1] <= 2.2 * costs[0]
    assert costs[2] <= 2.2 * costs[1]
