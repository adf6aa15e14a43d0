"""From what was seen of one target to the verdict of each check: pure, and in one fixed order of reasons."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import assert_never
from urllib.parse import urlsplit

import msgspec

from ebbtide.judge.checks.records import AllOf, AnyOf, ByTemplate, Check
from ebbtide.judge.presence.controls import FOLDER, Controls, is_success, shape_of
from ebbtide.judge.presence.error_texts import error_texts
from ebbtide.judge.templates.evidence import evidence_of
from ebbtide.judge.templates.hidden import may_be_hidden
from ebbtide.judge.templates.matching import judge_block
from ebbtide.judge.templates.parts import Parts
from ebbtide.judge.templates.placeholders import absent_name_in, request_path, target_values
from ebbtide.judge.templates.reading import is_passive_path
from ebbtide.judge.templates.records import Block, Following
from ebbtide.model.outcomes import Answered, Failed, Skipped, SkipReason
from ebbtide.model.targets import Level, Target
from ebbtide.model.transcripts import Exchange, Purpose
from ebbtide.model.verdicts import (
    UNKNOWN_FAMILY,
    CannotTell,
    CannotTellReason,
    Evidence,
    NotAsked,
    NotAskedReason,
    NotShown,
    Shown,
    Verdict,
)
from ebbtide.patterns.regex import Pattern

REDIRECTS = frozenset({301, 302, 303, 307, 308})
RequestKey = tuple[str, str, tuple[tuple[str, str], ...]]

_NOT_SHOWN = NotShown()
_MASKED = CannotTell(CannotTellReason.MASKED)
EVIDENCE_NOT_KEPT = CannotTell(CannotTellReason.EVIDENCE_NOT_KEPT)
_ANSWERS_EVERYTHING = CannotTell(CannotTellReason.ANSWERS_EVERYTHING)
_SUSPECTED_HONEYPOT = CannotTell(CannotTellReason.SUSPECTED_HONEYPOT)
_TRUNCATED = CannotTell(CannotTellReason.TRUNCATED)
_UNREACHABLE = NotAsked(NotAskedReason.UNREACHABLE)
_ROBOTS = NotAsked(NotAskedReason.ROBOTS)
_GATE_CLOSED = NotAsked(NotAskedReason.GATE_CLOSED)
_LEVEL = NotAsked(NotAskedReason.LEVEL)
_BUDGET = NotAsked(NotAskedReason.BUDGET)
_OLDER_THAN_CHECK = NotAsked(NotAskedReason.OLDER_THAN_CHECK)

MOST_PRODUCTS = 5
"""A site that shows more products side by side than this is a suspected honeypot."""
MOST_PRODUCTS_OF_SOFT = 2
"""The same where names that cannot exist are answered with 2xx."""


class Circumstances(msgspec.Struct, frozen=True):
    """What the survey allowed: what is not asked for these reasons is not the target's doing.

    Attributes:
        level: Level of the survey.
        extra_requests: Most named paths a target.
        younger: Ids of checks that the plan did not hold: nobody asked for their sake.
    """

    level: Level
    extra_requests: int
    younger: frozenset[str] = frozenset()


class _Doubts(msgspec.Struct, frozen=True):
    """What stands against taking the answers of one server to one check at their word.

    Attributes:
        is_explained: A check of the pack explains by its signature why the absent name was answered with 2xx.
        is_suspect: The server shows more products than one site has.
    """

    is_explained: bool
    is_suspect: bool


class Seen:
    """What was seen of one target, indexed; parts of answers are built once for all checks.

    Args:
        target: Who was asked.
        exchanges: Of one attempt, in order.
        family: Of the server; ``unknown`` if it does not tell.
        template_scripts: See ``parts.template_script_pattern``.
        hops: What redirects of the exchanges led to, in order.

    Attributes:
        absent: The exchange of the core plan's absent name, the file-like one; ``None`` if there is none.
        is_answered: The first request for ``/`` was answered.
        has_failure: Some request was not answered; that for robots.txt does not count.
        extra_count: How many requests beyond the core plan were made.
    """

    def __init__(
        self,
        target: Target,
        exchanges: Sequence[Exchange],
        family: str,
        template_scripts: Pattern,
        hops: Sequence[Exchange] = (),
    ) -> None:
        self.family = family
        self._hops = {hop.parent: hop for hop in reversed(hops) if _is_answered(hop)}
        self.exchanges = exchanges
        self.by_key: dict[RequestKey, Exchange] = {}
        self.extra_count = 0
        self._absents: list[Exchange] = []
        first: dict[Purpose, Exchange] = {}
        for exchange in exchanges:
            request = exchange.request
            purpose = request.purpose
            self.by_key.setdefault((request.method, request.path, request.fields), exchange)
            if purpose is Purpose.ABSENT:
                self._absents.append(exchange)
            first.setdefault(purpose, exchange)
            self.extra_count += purpose is Purpose.CHECK
        self.absent = first.get(Purpose.ABSENT)
        self._root = first.get(Purpose.ROOT)
        self.is_answered = _is_answered(self._root)
        self.has_failure = any(map(_has_failed, exchanges))
        self._target = target
        self._template_scripts = template_scripts
        self._parts: dict[tuple[int, int | None], Parts] = {}

    @cached_property
    def values(self) -> Mapping[str, str]:
        """What placeholders stand for at this target."""
        return target_values(self._target, absent_name_in(self.absent.request.path) if self.absent else "")

    @cached_property
    def is_soft(self) -> bool:
        """Whether any name that cannot exist was answered with 2xx."""
        return any(_is_answered(each) and is_success(each) for each in self._absents)

    @cached_property
    def controls(self) -> Controls:
        """What the server says to names that cannot exist."""
        answered = {shape_of(each.request.path): each for each in reversed(self._absents) if _is_answered(each)}
        root, absent = (each if _is_answered(each) else None for each in (self._root, self.absent))
        others = {shape: each for shape, each in answered.items() if each is not self.absent and shape != FOLDER}
        return Controls(root, absent, answered.get(FOLDER), others)

    def answer(self, block: Block, path: str) -> Exchange | None:
        """The answer to one of a block's requests; ``None`` if there is none."""
        asked = path if path == "/" else request_path(path, self.values)
        exchange = self.by_key.get((block.method, asked, block.fields))
        return exchange if _is_answered(exchange) else None

    @property
    def base_url(self) -> str:
        """Of the target."""
        return self._target.base_url

    def answers(self, block: Block, path: str) -> Iterator[Exchange]:
        """The answer to one of a block's requests and those that its redirects led to; none if there is none."""
        exchange = self.answer(block, path)
        if exchange is not None:
            yield from self.chain(exchange, block)

    def chain(self, exchange: Exchange, block: Block) -> Iterator[Exchange]:
        """An answer, and those that its redirects led to, as far as the block follows them; each is judged alone."""
        yield exchange
        for _ in range(block.most_redirects):
            hop = self._hops.get(exchange.ordinal)
            if hop is None or (block.following is Following.SAME_HOST and not self._is_same_host(hop)):
                return
            yield hop
            exchange = hop

    def breaks_off(self, last: Exchange, block: Block) -> bool:
        """Whether the last answer of a chain redirects to where the block would have gone on, and nobody went."""
        if block.following is not Following.ANYWHERE or last.status not in REDIRECTS:
            return False
        return bool(last.field_values(b"location")) and self._hops.get(last.ordinal) is None

    def _is_same_host(self, hop: Exchange) -> bool:
        return not hop.origin or urlsplit(hop.origin).hostname == self._target.host

    def is_closed(self, block: Block, path: str) -> bool:
        """Whether robots.txt kept us from one of a block's requests."""
        exchange = self.by_key.get((block.method, request_path(path, self.values), block.fields))
        outcome = None if exchange is None else exchange.outcome
        return isinstance(outcome, Skipped) and outcome.reason is SkipReason.ROBOTS

    def parts(self, exchange: Exchange, block: Block) -> Parts:
        """The parts of an answer; not shared when the block's extractors add their own."""
        if block.extractors and any(extractor.name for extractor in block.extractors):
            return Parts(exchange, self._template_scripts, block.most_body_bytes)
        key = (exchange.ordinal, block.most_body_bytes)
        parts = self._parts.get(key)
        if parts is None:
            parts = self._parts[key] = Parts(exchange, self._template_scripts, block.most_body_bytes)
        return parts


def _is_answered(exchange: Exchange | None) -> bool:
    return exchange is not None and isinstance(exchange.outcome, Answered)


def _has_failed(exchange: Exchange) -> bool:
    return isinstance(exchange.outcome, Failed) and exchange.request.purpose is not Purpose.ROBOTS


class Docket:
    """Checks ready to be decided; what a family alone decides is decided once for all servers of that family.

    Args:
        checks: Each after those that it builds on.
        circumstances: What the survey allowed.
    """

    def __init__(self, checks: Sequence[Check], circumstances: Circumstances) -> None:
        self._checks = tuple(checks)
        self._circumstances = circumstances
        self._products = tuple((check.id, check.product) for check in checks if check.product)
        self._named = frozenset(family for check in checks for family in check.families) | {UNKNOWN_FAMILY}
        self._by_family: dict[str, tuple[dict[str, Verdict], tuple[Check, ...]]] = {}
        self._unreachable: dict[str, Verdict] = dict.fromkeys((check.id for check in checks), _UNREACHABLE)

    def decide(self, seen: Seen) -> dict[str, Verdict]:
        """The verdict of every check, in their order."""
        if not seen.is_answered:
            return self._unreachable
        begun, inside = self._of_family(seen.family)
        verdicts = begun.copy()
        explained = _explained_packs(self._checks, seen) if seen.is_soft else frozenset()
        for is_suspect in (False, True):
            plain, explaining = (_Doubts(is_explained, is_suspect) for is_explained in (False, True))
            for check in inside:
                doubts = explaining if check.pack in explained else plain
                verdicts[check.id] = _decide(check, seen, self._circumstances, verdicts, doubts)
            if not self._shows_too_much(verdicts, seen):
                break
        return verdicts

    def _shows_too_much(self, verdicts: Mapping[str, Verdict], seen: Seen) -> bool:
        """Whether a server shows more products than one site has; that is how a honeypot looks."""
        products = {product for check, product in self._products if isinstance(verdicts[check], Shown)}
        return len(products) > (MOST_PRODUCTS_OF_SOFT if seen.is_soft else MOST_PRODUCTS)

    def _of_family(self, family: str) -> tuple[dict[str, Verdict], tuple[Check, ...]]:
        """All verdicts, those already right for which the family is outside the base; and the other checks."""
        kind = family if family in self._named else ""
        if kind not in self._by_family:
            outside = _MASKED if kind == UNKNOWN_FAMILY else _GATE_CLOSED
            inside = tuple(check for check in self._checks if not check.families or kind in check.families)
            self._by_family[kind] = dict.fromkeys((check.id for check in self._checks), outside), inside
        return self._by_family[kind]


def decide_all(checks: Sequence[Check], seen: Seen, circumstances: Circumstances) -> dict[str, Verdict]:
    """The verdict of every check at one target; see ``Docket``."""
    return Docket(checks, circumstances).decide(seen)


def _explained_packs(checks: Sequence[Check], seen: Seen) -> frozenset[str]:
    """Packs one of whose checks explains by its own signature why a name that cannot exist was answered with 2xx."""
    absent = seen.absent
    if absent is None or not isinstance(absent.outcome, Answered) or not is_success(absent):
        return frozenset()
    return frozenset(
        check.pack
        for check in checks
        if check.explains_absent and check.block is not None and _shows(check.block, seen, absent)
    )


def _shows(block: Block, seen: Seen, exchange: Exchange) -> bool:
    return any(seen.answer(block, path) is exchange for path in block.paths) and (
        judge_block(block, seen.parts(exchange, block), seen.values).has_matched
    )


def _decide(
    check: Check, seen: Seen, circumstances: Circumstances, verdicts: Mapping[str, Verdict], doubts: _Doubts
) -> Verdict:
    match check.decision:
        case AnyOf(checks=parts):
            return _any_of([verdicts[part] for part in parts])
        case AllOf(checks=parts):
            bases = [verdicts[part] for part in parts]
            own = _decide_block(check, seen, circumstances, doubts)
            return _all_of([*bases, own])
        case ByTemplate():
            return _decide_block(check, seen, circumstances, doubts)
        case _ as never:
            assert_never(never)


def _any_of(verdicts: Sequence[Verdict]) -> Verdict:
    """Shown if any is; else what cannot be told, was not asked, or is not shown, in this order."""
    shown = [verdict for verdict in verdicts if isinstance(verdict, Shown)]
    if shown:
        return Shown(_joined(shown))
    for kind in (CannotTell, NotAsked):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    return _NOT_SHOWN


def _all_of(verdicts: Sequence[Verdict]) -> Verdict:
    """The first that is not shown decides; else all are shown."""
    shown = []
    for verdict in verdicts:
        if not isinstance(verdict, Shown):
            return verdict
        shown.append(verdict)
    return Shown(_joined(shown))


def _joined(verdicts: Sequence[Shown]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(each for verdict in verdicts for each in verdict.evidence))


def _decide_block(check: Check, seen: Seen, circumstances: Circumstances, doubts: _Doubts) -> Verdict:
    """The verdict of a check's own block."""
    block = check.block
    if block is None:
        return _NOT_SHOWN
    telling = block.paths
    if seen.is_soft:
        telling = tuple(path for path in telling if not _is_concealed(block, path, seen, doubts))
    allowed = telling if circumstances.level is Level.ACTIVE else tuple(filter(is_passive_path, telling))
    verdict = _decide_paths(check, block, allowed, seen, circumstances, doubts)
    if isinstance(verdict, Shown):
        return verdict
    if len(telling) < len(block.paths):
        return _ANSWERS_EVERYTHING
    return _LEVEL if len(allowed) < len(telling) else verdict


def _is_concealed(block: Block, path: str, seen: Seen, doubts: _Doubts) -> bool:
    """Whether a server that answers names that cannot exist says to a path what it says to any name."""
    if path == "/":
        return False
    if is_passive_path(path):
        return seen.absent is not None and is_success(seen.absent) and not doubts.is_explained
    asked, answer = request_path(path, seen.values), seen.answer(block, path)
    return seen.controls.answers_everything(asked, is_explained=doubts.is_explained) and (
        answer is None or not seen.controls.is_told_apart(answer, is_explained=doubts.is_explained)
    )


def _decide_paths(
    check: Check, block: Block, paths: Sequence[str], seen: Seen, circumstances: Circumstances, doubts: _Doubts
) -> Verdict:
    """Shown if any answer shows it; else why it cannot be said, else not shown."""
    missing: list[str] = []
    doubtful: list[Verdict] = []
    is_cut = is_masked = is_erased = breaks_off = False
    for path in paths:
        exchange = seen.answer(block, path)
        if exchange is None:
            missing.append(path)
            continue
        last = exchange
        for last in seen.chain(exchange, block):
            parts = seen.parts(last, block)
            result = judge_block(block, parts, seen.values)
            is_whole = last.is_body_kept and not last.masked
            is_hidden = not is_whole and may_be_hidden(block, parts, seen.values)
            if result.has_matched and not (result.leans_on_cut_body or is_hidden):
                doubt = _doubt(check, path, last, seen, doubts)
                if doubt is None:
                    return Shown(evidence_of(result.hits, last.ordinal))
                doubtful.append(doubt)
            is_cut = is_cut or last.is_truncated
            is_masked = is_masked or (is_hidden and last.is_body_kept)
            is_erased = is_erased or (is_hidden and not last.is_body_kept)
        breaks_off = breaks_off or seen.breaks_off(last, block)
    in_doubt = next((verdict for verdict in doubtful if isinstance(verdict, CannotTell)), None)
    if in_doubt is not None:
        return in_doubt
    if missing:
        return _missing(check, block, missing, seen, circumstances)
    if breaks_off:
        return _LEVEL
    reasons = ((is_erased, EVIDENCE_NOT_KEPT), (is_cut, _TRUNCATED), (is_masked, _MASKED))
    return next((verdict for applies, verdict in reasons if applies), _NOT_SHOWN)


def _doubt(check: Check, path: str, exchange: Exchange, seen: Seen, doubts: _Doubts) -> Verdict | None:
    """What to say instead of shown though the check matches; ``None`` if nothing stands against it."""
    is_named = not is_passive_path(path)
    if is_named and not seen.controls.is_told_apart(exchange, is_explained=doubts.is_explained):
        return _ANSWERS_EVERYTHING
    if is_named and is_success(exchange) and error_texts().says_absent(exchange):
        return _NOT_SHOWN
    return _SUSPECTED_HONEYPOT if doubts.is_suspect and (is_named or check.product) else None


def _missing(check: Check, block: Block, paths: Sequence[str], seen: Seen, circumstances: Circumstances) -> Verdict:
    """Why there is no answer: robots.txt, a check younger than the round, a silent target, a budget, an authority."""
    if any(seen.is_closed(block, path) for path in paths):
        return _ROBOTS
    if check.id in circumstances.younger:
        return _OLDER_THAN_CHECK
    if seen.has_failure:
        return _UNREACHABLE
    if seen.extra_count >= circumstances.extra_requests:
        return _BUDGET
    return _UNREACHABLE if any(is_passive_path(path) for path in paths) else _LEVEL
