"""Samples of checks: the small worlds in which their verdicts are known."""

from collections.abc import Iterator, Sequence

import msgspec

from ebbtide.judge.checks.deciding import Circumstances, decide_all
from ebbtide.judge.checks.records import Check, EndOfLife, Sample, SampleResponse
from ebbtide.judge.checks.seen import Seen
from ebbtide.judge.software.identification import identify
from ebbtide.judge.templates.parts import template_script_pattern
from ebbtide.judge.templates.placeholders import ABSENT, fill_in, request_path, target_values
from ebbtide.judge.templates.reading import is_passive_path
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request
from ebbtide.model.verdicts import UNKNOWN_FAMILY, CannotTell, NotShown, Shown, Verdict

SAMPLE_ABSENT = "0123456789abcdef"
"""The absent name in samples."""

_TARGET = Target(bytes(16), 0, "www.example.test", "192.0.2.1", 80, Scheme.HTTP)
_CIRCUMSTANCES = Circumstances(Level.ACTIVE, extra_requests=1000)


class SampleResult(msgspec.Struct, frozen=True):
    """What became of one sample.

    Attributes:
        is_right: Shown where it must match; not shown, or cannot tell, where it must not.
    """

    check: str
    about: str
    verdict: Verdict
    is_right: bool


def run_samples(checks: Sequence[Check]) -> Iterator[SampleResult]:
    """Judge every sample of every check.

    Args:
        checks: All checks of a pack, each after those that it builds on.
    """
    for check in checks:
        for sample in check.samples:
            verdict = judge_sample(checks, check, sample)
            is_right = isinstance(verdict, Shown if sample.is_match else NotShown | CannotTell)
            yield SampleResult(check.id, sample.about, verdict, is_right)


def judge_sample(checks: Sequence[Check], check: Check, sample: Sample) -> Verdict:
    """The verdict of one check in the world of one sample, on a server inside the check's base.

    Args:
        checks: All checks of the pack, since one may build on another.
        check: The check in question.
        sample: One of its samples.
    """
    values = target_values(_TARGET, SAMPLE_ABSENT)
    responses = list(sample.responses)
    if all(response.request != "/" for response in responses):
        responses.insert(0, SampleResponse("/", 200, (), ""))
    exchanges = tuple(_exchange(number, response, values) for number, response in enumerate(responses))
    family = check.families[0] if check.families else UNKNOWN_FAMILY
    is_dated = isinstance(check.decision, EndOfLife)
    software = identify(exchanges).software if is_dated else ()
    date = sample.date or (check.decision.known if isinstance(check.decision, EndOfLife) else "")
    seen = Seen(_TARGET, exchanges, family, template_script_pattern(), software=software)
    circumstances = msgspec.structs.replace(_CIRCUMSTANCES, reference_date=date)
    return decide_all(checks, seen, circumstances)[check.id]


def _exchange(ordinal: int, response: SampleResponse, values: dict[str, str]) -> Exchange:
    body = fill_in(response.body, {ABSENT: values[ABSENT]}).encode()
    return Exchange(
        target_id=_TARGET.target_id,
        site_id=_TARGET.site_id,
        ordinal=ordinal,
        attempt=1,
        request=Request(request_path(response.request, values), _purpose(response.request)),
        asked_at_ns=0,
        outcome=Answered(),
        status=response.status,
        http_version="1.1",
        fields=tuple((name.encode(), value.encode()) for name, value in response.fields),
        body=body,
        body_bytes=len(body),
    )


def _purpose(path: str) -> Purpose:
    if path == "/":
        return Purpose.ROOT
    return Purpose.ABSENT if is_passive_path(path) else Purpose.CHECK
