"""Whatever a target answers: every check has a verdict, and evidence can be shown to a person."""

import unicodedata
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.judge.engine import load_engine
from ebbtide.judge.templates.evidence import excerpt
from ebbtide.model.configuration import ChecksSection, PlanSection
from ebbtide.model.outcomes import Answered, Failed, Fault, Outcome, Stage
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request, Transcript
from ebbtide.model.verdicts import Shown

TARGET = Target(bytes(range(16)), 7, "www.shop.example", "127.0.0.1", 8001, Scheme.HTTP)
NAME = b"0123456789abcdef"
ENGINE = load_engine(ChecksSection(), PlanSection(level=Level.ACTIVE, absent_extension="ida"), Path())
REQUESTS = (
    Request("/", Purpose.ROOT),
    Request("/0123456789abcdef.ida", Purpose.ABSENT),
    Request("/favicon.ico", Purpose.ICON),
    Request("/iisadmin/", Purpose.CHECK),
)
TELLING = st.sampled_from(
    [b"IDQ ", NAME + b".ida", b"c:\\a\\b\\", b"<%", b"%>", b"<script type=text/template>", b"</script>",
     b"<!-- MS01-033 -->", b'window.open("readme.eml"', b"<title>IIS Internet Services Manager (HTMLA)</title>",
     b"\xff\x00", "\u202e".encode()]
)  # fmt: skip
BODIES = st.lists(TELLING | st.binary(max_size=20), max_size=8).map(b"".join)
SERVERS = st.sampled_from([b"Microsoft-IIS/5.0", b"Apache/1.3.19", b"", b"unknown"]) | st.binary(max_size=30)
OUTCOMES = st.sampled_from([Answered(), Answered(), Answered(), Failed(Stage.RESPONSE, Fault.RESET)])


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    server = draw(SERVERS)
    exchanges = []
    for number, request in enumerate(REQUESTS[: draw(st.integers(0, len(REQUESTS)))]):
        outcome: Outcome = draw(OUTCOMES)
        exchanges.append(
            Exchange(
                target_id=TARGET.target_id,
                site_id=TARGET.site_id,
                ordinal=number,
                attempt=1,
                request=request,
                asked_at_ns=0,
                outcome=outcome,
                status=draw(st.sampled_from([200, 302, 404, 500, None])),
                fields=((b"Server", server),),
                body=draw(BODIES),
                is_truncated=draw(st.booleans()),
            )
        )
    return Transcript(TARGET, 1, exchanges[0].outcome if exchanges else Answered(), tuple(exchanges))


@settings(max_examples=200)
@given(transcripts())
def test_every_check_has_one_verdict_and_judging_twice_gives_the_same(transcript: Transcript) -> None:
    assessment = ENGINE.assess(transcript)

    assert [each.check for each in assessment.verdicts] == [info.id for info in ENGINE.manifest.checks]
    assert ENGINE.assess(transcript) == assessment
    shown = {each.check for each in assessment.verdicts if isinstance(each.verdict, Shown)}
    assert ("code-red-ida" not in shown) or ("code-red-ida-reachable" in shown)
    assert ("any-hole" in shown) == bool(shown - {"any-hole", "code-red-ida-reachable"})
    for each in assessment.verdicts:
        if isinstance(each.verdict, Shown):
            assert each.verdict.evidence


@given(st.binary(max_size=2000), st.integers(0, 2000), st.integers(0, 400))
def test_an_excerpt_is_short_and_can_be_printed(text: bytes, start: int, length: int) -> None:
    told = excerpt(text, start, start + length)

    assert len(told) <= 200
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in told)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_an_excerpt_holds_the_match(before: bytes, after: bytes) -> None:
    text = before + b"the mark" + after

    assert "the mark" in excerpt(text, len(before), len(before) + 8)
