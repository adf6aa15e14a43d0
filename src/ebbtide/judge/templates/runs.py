"""Running templates at a few targets, outside any survey: what to ask, and what the answers show."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from ebbtide.judge.checks.seen import Seen
from ebbtide.judge.plan import core_requests
from ebbtide.judge.templates.evidence import MOST_CHARACTERS, evidence_of, excerpt
from ebbtide.judge.templates.flows import is_true
from ebbtide.judge.templates.matching import BlockResult, judge_block
from ebbtide.judge.templates.parts import Parts, template_script_pattern
from ebbtide.judge.templates.placeholders import ABSENT, absent_name, placeholders_in, request_path, target_values
from ebbtide.judge.templates.reading import is_passive_path, read_template_file, template_files
from ebbtide.judge.templates.records import Ask, Block, Reading, Template
from ebbtide.model.errors import CheckError
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request, Transcript
from ebbtide.model.verdicts import UNKNOWN_FAMILY, Evidence

_EXTENSION = "html"
_FIELD_NAMES = {
    "template": "template-id",
    "matcher": "matcher-name",
    "matched_at": "matched-at",
    "extracted": "extracted-results",
}


class ResultLine(msgspec.Struct, frozen=True, rename=_FIELD_NAMES):
    """One line of results; as JSON with the names that the format's own tools give.

    Attributes:
        matcher: Name of the matcher, where any of several may match; empty otherwise.
        extractor: Name of the extractor, where no named matcher speaks.
        matched_at: URL of the request.
        extracted: What extractors took, each at most 200 characters, control characters replaced.
    """

    template: str
    matcher: str
    extractor: str
    severity: str
    matched_at: str
    extracted: tuple[str, ...]
    evidence: tuple[Evidence, ...]


class TemplatePlan(msgspec.Struct, frozen=True):
    """Asks for ``/`` and for all that some templates need; it can be pickled.

    Attributes:
        templates: Path templates, each with the request that it fills in.
    """

    salt: bytes
    templates: tuple[tuple[str, Request], ...]

    def next_requests(self, target: Target, seen: Sequence[Exchange], level: Level) -> Sequence[Request]:
        """The requests to send now; named paths only at the active level."""
        if any(not isinstance(exchange.outcome, Answered) for exchange in seen):
            return ()
        values = target_values(target, absent_name(self.salt, target.target_id))
        root, absent = core_requests(values[ABSENT], _EXTENSION, has_icon=False)
        wanted = [root, absent] if any(ABSENT in placeholders_in(path) for path, _ in self.templates) else [root]
        for path, request in self.templates:
            if level is Level.ACTIVE or is_passive_path(path):
                wanted.append(msgspec.structs.replace(request, path=request_path(path, values)))
        asked = {exchange.request.key for exchange in seen}
        waiting: dict[object, Request] = {}
        for request in wanted:
            if request.key not in asked:
                known = waiting.setdefault(request.key, request)
                if request.most_redirects > known.most_redirects:
                    waiting[request.key] = msgspec.structs.replace(known, most_redirects=request.most_redirects)
        return tuple(waiting.values())


class TemplateRun:
    """Some templates, ready to be run.

    Args:
        templates: Each can be run.
        refused: Those that are not run, with their reasons.
    """

    def __init__(self, templates: Sequence[Template], refused: Sequence[Reading]) -> None:
        self.templates = tuple(templates)
        self.refused = tuple(refused)
        self._template_scripts = template_script_pattern()

    def plan(self, salt: bytes) -> TemplatePlan:
        """What to ask.

        Args:
            salt: A secret, from which the absent name is made.
        """
        return TemplatePlan(
            salt,
            tuple(
                (ask.path, _request(ask, block))
                for template in self.templates
                for block in template.blocks
                for ask in block.asks
            ),
        )

    def results(self, transcript: Transcript) -> Iterator[ResultLine]:
        """What the answers of one target show, template by template.

        Args:
            transcript: Asked by ``plan``; what is missing in it matches nothing.
        """
        own = [exchange for exchange in transcript.exchanges if exchange.parent is None]
        hops = [exchange for exchange in transcript.exchanges if exchange.parent is not None]
        seen = Seen(transcript.target, own, UNKNOWN_FAMILY, self._template_scripts, hops)
        for template in self.templates:
            yield from self._of_template(template, seen)

    def _of_template(self, template: Template, seen: Seen) -> Iterator[ResultLine]:
        """The lines of one template: of every block that its flow leads to, if the block is not internal."""
        told: dict[int, _BlockRun] = {}

        def matched(number: int) -> bool:
            if number not in told:
                told[number] = _run_block(template, template.blocks[number], seen)
            return told[number].has_matched

        if template.flow is None:
            for number in range(len(template.blocks)):
                matched(number)
        else:
            is_true(template.flow, matched)
        for number in sorted(told):
            if not template.blocks[number].is_internal:
                yield from told[number].lines


class _BlockRun(NamedTuple):
    """What a block made of the answers of one target."""

    has_matched: bool
    lines: tuple[ResultLine, ...]


def _run_block(template: Template, block: Block, seen: Seen) -> _BlockRun:
    if block.is_global:
        found = [_judged(template, block, seen.parts(each, block), seen.values, seen) for each in seen.answered]
        return _BlockRun(any(map(bool, found)), tuple(line for lines in found for line in lines))
    lines: list[ResultLine] = []
    earlier: list[Parts | None] = []
    for ask in block.asks:
        exchange, parts = seen.answer(ask), None
        before = len(lines)
        for each in seen.chain(exchange, block) if exchange is not None else ():
            parts = seen.parts(each, block, ask, earlier)
            lines += _judged(template, block, parts, seen.values_of(ask), seen)
        earlier.append(parts)
        if len(lines) > before and block.stops_at_first_match:
            break
    return _BlockRun(bool(lines), tuple(dict.fromkeys(lines)))


def _judged(
    template: Template, block: Block, parts: Parts, values: Mapping[str, str], seen: Seen
) -> tuple[ResultLine, ...]:
    result = judge_block(block, parts, values)
    exchange = parts.exchange
    return tuple(_lines(template, exchange, result, exchange.origin or seen.base_url)) if result.has_matched else ()


def _request(ask: Ask, block: Block) -> Request:
    return Request("/", Purpose.CHECK, ask.method, ask.fields, most_redirects=block.most_redirects)


def load_templates(paths: Sequence[Path]) -> TemplateRun:
    """Load files or folders of templates.

    Raises:
        CheckError: A file is no template; in a folder, such files are passed over.
    """
    templates, refused = [], []
    for path in paths:
        for file in template_files(path):
            try:
                reading = read_template_file(file)
            except CheckError:
                if path.is_dir():
                    continue
                raise
            if reading.template is None:
                refused.append(reading)
            else:
                templates.append(reading.template)
    return TemplateRun(templates, refused)


def _lines(template: Template, exchange: Exchange, result: BlockResult, base_url: str) -> Iterator[ResultLine]:
    """One line for each named matcher, else for each named extractor, else one."""
    evidence = evidence_of(result.hits, exchange.ordinal)
    taken = [(extractor, found) for extractor, found in result.extracts if found and not extractor.is_internal]
    named = [(extractor.name, found) for extractor, found in taken if extractor.name]
    every = tuple(dict.fromkeys(value for _, found in taken for value in found))
    speakers: list[tuple[str, str, tuple[bytes, ...]]] = [
        (name, "", every) for name in dict.fromkeys(result.matched_names)
    ]
    if not speakers:
        speakers = [("", name, found) for name, found in named] or [("", "", every)]
    for matcher, extractor, values in speakers:
        yield ResultLine(
            template=template.id,
            matcher=matcher,
            extractor=extractor,
            severity=template.severity,
            matched_at=base_url + exchange.request.path,
            extracted=tuple(excerpt(value, 0, len(value))[:MOST_CHARACTERS] for value in values),
            evidence=evidence,
        )
