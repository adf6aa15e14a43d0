"""From what was seen of one target to the verdict of each check: pure, and in one fixed order of reasons."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import assert_never

import msgspec

from ebbtide.judge.checks.lifecycle import judge_lifecycle
from ebbtide.judge.checks.records import AllOf, AnyOf, ByTemplate, Check, EndOfLife
from ebbtide.judge.checks.seen import Seen
from ebbtide.judge.checks.sieve import Group, Sieve
from ebbtide.judge.presence.controls import is_success
from ebbtide.judge.presence.error_texts import error_texts
from ebbtide.judge.templates.evidence import evidence_of
from ebbtide.judge.templates.flows import Flow, FlowAll, FlowAny, FlowBlock, FlowNot
from ebbtide.judge.templates.hidden import may_be_hidden
from ebbtide.judge.templates.matching import judge_block
from ebbtide.judge.templates.parts import Parts
from ebbtide.judge.templates.placeholders import request_path
from ebbtide.judge.templates.reading import is_passive_path
from ebbtide.judge.templates.records import Ask, Block
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level
from ebbtide.model.transcripts import Exchange
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
        reference_date: ISO date on which vendors' dates are judged; empty means the day on which a target was asked.
    """

    level: Level
    extra_requests: int
    younger: frozenset[str] = frozenset()
    reference_date: str = ""


class _Doubts(msgspec.Struct, frozen=True):
    """What stands against taking the answers of one server to one check at their word.

    Attributes:
        is_explained: A check of the pack explains by its signature why the absent name was answered with 2xx.
        is_suspect: The server shows more products than one site has.
    """

    is_explained: bool
    is_suspect: bool


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
        self._by_family: dict[str, tuple[dict[str, Verdict], tuple[Check, ...], Sieve]] = {}
        self._unreachable: dict[str, Verdict] = dict.fromkeys((check.id for check in checks), _UNREACHABLE)

    def decide(self, seen: Seen) -> dict[str, Verdict]:
        """The verdict of every check, in their order."""
        if not seen.is_answered:
            return self._unreachable
        begun, inside, sieve = self._of_family(seen.family)
        verdicts = begun.copy()
        settled = sieve.settled(seen, verdicts, self._circumstances.level, lambda each: self._missing(each, seen))
        waiting = [check for check in inside if check.id not in settled] if settled else inside
        explained = _explained_packs(self._checks, seen) if seen.is_soft else frozenset()
        for is_suspect in (False, True):
            plain, explaining = (_Doubts(is_explained, is_suspect) for is_explained in (False, True))
            for check in waiting:
                doubts = explaining if check.pack in explained else plain
                verdicts[check.id] = _decide(check, seen, self._circumstances, verdicts, doubts)
            if not self._shows_too_much(verdicts, seen):
                break
        return verdicts

    def _shows_too_much(self, verdicts: Mapping[str, Verdict], seen: Seen) -> bool:
        """Whether a server shows more products than one site has; that is how a honeypot looks."""
        products = {product for check, product in self._products if isinstance(verdicts[check], Shown)}
        return len(products) > (MOST_PRODUCTS_OF_SOFT if seen.is_soft else MOST_PRODUCTS)

    def _missing(self, group: Group, seen: Seen) -> Verdict | None:
        """The verdict of all checks that hang on a request that was not answered; ``None`` if they differ."""
        if not group.is_passive and self._circumstances.level is not Level.ACTIVE:
            return _LEVEL
        if not self._circumstances.younger.isdisjoint(group.alone):
            return None
        return _missing("", (group.ask,), seen, self._circumstances)

    def _of_family(self, family: str) -> tuple[dict[str, Verdict], tuple[Check, ...], Sieve]:
        """All verdicts, those already right for which the family is outside the base; and the other checks."""
        kind = family if family in self._named else ""
        if kind not in self._by_family:
            outside = _MASKED if kind == UNKNOWN_FAMILY else _GATE_CLOSED
            inside = tuple(check for check in self._checks if not check.families or kind in check.families)
            begun: dict[str, Verdict] = dict.fromkeys((check.id for check in self._checks), outside)
            self._by_family[kind] = begun, inside, Sieve(inside)
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
        if check.explains_absent and any(_shows(block, seen, absent) for block in check.blocks)
    )


def _shows(block: Block, seen: Seen, exchange: Exchange) -> bool:
    return any(
        seen.answer(ask) is exchange
        and judge_block(block, seen.parts(exchange, block, ask), seen.values_of(ask)).has_matched
        for ask in block.asks
    )


def _decide(
    check: Check, seen: Seen, circumstances: Circumstances, verdicts: Mapping[str, Verdict], doubts: _Doubts
) -> Verdict:
    match check.decision:
        case AnyOf(checks=parts):
            return _any_of([verdicts[part] for part in parts])
        case AllOf(checks=parts):
            bases = [verdicts[part] for part in parts]
            own = _decide_blocks(check, seen, circumstances, doubts)
            return _all_of([*bases, own])
        case ByTemplate():
            return _decide_blocks(check, seen, circumstances, doubts)
        case EndOfLife() as about:
            return judge_lifecycle(about, seen, circumstances.reference_date)
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


def _all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """The first that is not shown decides; else all are shown."""
    shown = []
    for verdict in verdicts:
        if not isinstance(verdict, Shown):
            return verdict
        shown.append(verdict)
    return Shown(_joined(shown))


def _joined(verdicts: Sequence[Shown]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(each for verdict in verdicts for each in verdict.evidence))


def _decide_blocks(check: Check, seen: Seen, circumstances: Circumstances, doubts: _Doubts) -> Verdict:
    """The verdict of a check's own blocks: of any that is not internal and that the flow, if there is one, leads to."""
    told: dict[int, Verdict] = {}

    def verdict_of(number: int) -> Verdict:
        if number not in told:
            told[number] = _decide_block(check, check.blocks[number], seen, circumstances, doubts)
        return told[number]

    if check.flow is not None:
        verdict = _along(check.flow, verdict_of)
        shown = [each for number, each in told.items() if not check.blocks[number].is_internal]
        if any(isinstance(each, Shown) for each in shown):
            return _any_of(shown)
        return _NOT_SHOWN if isinstance(verdict, Shown) else verdict
    telling = [number for number, block in enumerate(check.blocks) if not block.is_internal]
    if len(telling) == 1:
        return verdict_of(telling[0])
    return _any_of([verdict_of(number) for number in telling])


def _along(flow: Flow, verdict_of: Callable[[int], Verdict]) -> Verdict:
    """What a flow makes of the verdicts of its blocks; those behind one that decides are not looked at."""
    match flow:
        case FlowBlock(number=number):
            return verdict_of(number)
        case FlowNot(of=inner):
            verdict = _along(inner, verdict_of)
            if isinstance(verdict, Shown):
                return _NOT_SHOWN
            return Shown(()) if isinstance(verdict, NotShown) else verdict
        case FlowAll(of=parts):
            return _all_of(_along(part, verdict_of) for part in parts)
        case FlowAny(of=parts):
            return _any_of([_along(part, verdict_of) for part in parts])
        case _ as never:
            assert_never(never)


def _decide_block(check: Check, block: Block, seen: Seen, circumstances: Circumstances, doubts: _Doubts) -> Verdict:
    """The verdict of one block."""
    if block.is_global:
        return _decide_answers(block, seen)
    telling = block.asks
    if seen.is_soft:
        telling = tuple(ask for ask in telling if not _is_concealed(ask, seen, doubts))
    is_active = circumstances.level is Level.ACTIVE
    allowed = telling if is_active else tuple(ask for ask in telling if is_passive_path(ask.path))
    verdict = _decide_asks(check, block, allowed, seen, circumstances, doubts)
    if isinstance(verdict, Shown):
        return verdict
    if len(telling) < len(block.asks):
        return _ANSWERS_EVERYTHING
    return _LEVEL if len(allowed) < len(telling) else verdict


def _is_concealed(ask: Ask, seen: Seen, doubts: _Doubts) -> bool:
    """Whether a server that answers names that cannot exist says to a path what it says to any name."""
    if ask.path == "/":
        return False
    if is_passive_path(ask.path):
        return seen.absent is not None and is_success(seen.absent) and not doubts.is_explained
    asked, answer = request_path(ask.path, seen.values), seen.answer(ask)
    return seen.controls.answers_everything(asked, is_explained=doubts.is_explained) and (
        answer is None or not seen.controls.is_told_apart(answer, is_explained=doubts.is_explained)
    )


class _Clouds:
    """What made an answer less than whole, while it did not show the check."""

    def __init__(self) -> None:
        self._is_cut = self._is_masked = self._is_erased = False

    def note(self, exchange: Exchange, *, is_hidden: bool) -> None:
        """Take one answer into account."""
        self._is_cut = self._is_cut or exchange.is_truncated
        self._is_masked = self._is_masked or (is_hidden and exchange.is_body_kept)
        self._is_erased = self._is_erased or (is_hidden and not exchange.is_body_kept)

    @property
    def verdict(self) -> Verdict:
        """Not shown, unless it may have been hidden."""
        reasons = ((self._is_erased, EVIDENCE_NOT_KEPT), (self._is_cut, _TRUNCATED), (self._is_masked, _MASKED))
        return next((verdict for applies, verdict in reasons if applies), _NOT_SHOWN)


def _decide_answers(block: Block, seen: Seen) -> Verdict:
    """The verdict of a block that looks at every answer."""
    clouds = _Clouds()
    for exchange in seen.answered:
        parts = seen.parts(exchange, block)
        evidence, is_hidden = _look(block, parts, seen.values)
        if evidence is not None:
            return Shown(evidence)
        clouds.note(exchange, is_hidden=is_hidden)
    return clouds.verdict


def _look(block: Block, parts: Parts, values: Mapping[str, str]) -> tuple[tuple[Evidence, ...] | None, bool]:
    """What one answer shows of a block, ``None`` for nothing; and whether something of it may be hidden."""
    exchange = parts.exchange
    result = judge_block(block, parts, values)
    is_whole = exchange.is_body_kept and not exchange.masked
    is_hidden = not is_whole and may_be_hidden(block, parts, values)
    if result.has_matched and not (result.leans_on_cut_body or is_hidden):
        return evidence_of(result.hits, exchange.ordinal), is_hidden
    return None, is_hidden


def _decide_asks(
    check: Check, block: Block, asks: Sequence[Ask], seen: Seen, circumstances: Circumstances, doubts: _Doubts
) -> Verdict:
    """Shown if any answer shows it; else why it cannot be said, else not shown."""
    missing: list[Ask] = []
    doubtful: list[Verdict] = []
    earlier: list[Parts | None] = []
    clouds, breaks_off = _Clouds(), False
    for ask in block.asks:
        exchange = seen.answer(ask)
        if exchange is None or ask not in asks:
            missing.extend([ask] if ask in asks else [])
            earlier.append(None if exchange is None else seen.parts(exchange, block, ask, earlier))
            continue
        if id(block) in seen.ruled_out.get(exchange.ordinal, ()):
            continue
        for last in seen.chain(exchange, block):
            parts = seen.parts(last, block, ask, earlier)
            evidence, is_hidden = _look(block, parts, seen.values_of(ask))
            if evidence is not None:
                doubt = _doubt(check, ask.path, last, seen, doubts)
                if doubt is None:
                    return Shown(evidence)
                doubtful.append(doubt)
            clouds.note(last, is_hidden=is_hidden)
        earlier.append(parts)
        breaks_off = breaks_off or seen.breaks_off(last, block)
    in_doubt = next((verdict for verdict in doubtful if isinstance(verdict, CannotTell)), None)
    if in_doubt is not None:
        return in_doubt
    if missing:
        return _missing(check.id, missing, seen, circumstances)
    return _LEVEL if breaks_off else clouds.verdict


def _doubt(check: Check, path: str, exchange: Exchange, seen: Seen, doubts: _Doubts) -> Verdict | None:
    """What to say instead of shown though the check matches; ``None`` if nothing stands against it."""
    is_named = not is_passive_path(path)
    if is_named and not seen.controls.is_told_apart(exchange, is_explained=doubts.is_explained):
        return _ANSWERS_EVERYTHING
    if is_named and is_success(exchange) and error_texts().says_absent(exchange):
        return _NOT_SHOWN
    return _SUSPECTED_HONEYPOT if doubts.is_suspect and (is_named or check.product) else None


def _missing(check: str, asks: Sequence[Ask], seen: Seen, circumstances: Circumstances) -> Verdict:
    """Why there is no answer: robots.txt, a check younger than the round, a silent target, a budget, an authority."""
    if any(map(seen.is_closed, asks)):
        return _ROBOTS
    if check in circumstances.younger:
        return _OLDER_THAN_CHECK
    if seen.has_failure:
        return _UNREACHABLE
    if seen.extra_count >= circumstances.extra_requests:
        return _BUDGET
    return _UNREACHABLE if any(is_passive_path(ask.path) for ask in asks) else _LEVEL
