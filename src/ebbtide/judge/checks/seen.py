"""What was seen of one target, indexed for the checks."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from urllib.parse import urlsplit

from ebbtide.judge.presence.controls import FOLDER, Controls, is_success, shape_of
from ebbtide.judge.templates.parts import Parts
from ebbtide.judge.templates.placeholders import absent_name_in, request_path, target_values
from ebbtide.judge.templates.records import Ask, Block, Following
from ebbtide.model.outcomes import Answered, Failed, Skipped, SkipReason
from ebbtide.model.targets import Target
from ebbtide.model.transcripts import Exchange, Purpose
from ebbtide.model.verdicts import Software
from ebbtide.patterns.regex import Pattern

REDIRECTS = frozenset({301, 302, 303, 307, 308})
RequestKey = tuple[str, str, tuple[tuple[str, str], ...]]


class Seen:
    """What was seen of one target, indexed; parts of answers are built once for all checks.

    Args:
        target: Who was asked.
        exchanges: Of one attempt, in order.
        family: Of the server; ``unknown`` if it does not tell.
        template_scripts: See ``parts.template_script_pattern``.
        hops: What redirects of the exchanges led to, in order.
        software: What the answers name.

    Attributes:
        absent: The exchange of the core plan's absent name, the file-like one; ``None`` if there is none.
        is_answered: The first request for ``/`` was answered.
        has_failure: Some request was not answered; that for robots.txt does not count.
        extra_count: How many requests beyond the core plan were made.
        ruled_out: By the ordinal of an exchange, the identities of blocks that it certainly does not show.
    """

    def __init__(
        self,
        target: Target,
        exchanges: Sequence[Exchange],
        family: str,
        template_scripts: Pattern,
        hops: Sequence[Exchange] = (),
        software: Sequence[Software] = (),
    ) -> None:
        self.family = family
        self.software = software
        self._hops = {hop.parent: hop for hop in reversed(hops) if _is_answered(hop)}
        self.exchanges = exchanges
        self.by_key: dict[RequestKey, Exchange] = {}
        self.extra_count = 0
        self.ruled_out: dict[int, frozenset[int]] = {}
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

    def answer(self, ask: Ask) -> Exchange | None:
        """The answer to a request; ``None`` if there is none."""
        path = ask.path if ask.path == "/" else request_path(ask.path, self.values)
        exchange = self.by_key.get((ask.method, path, ask.fields))
        return exchange if _is_answered(exchange) else None

    @property
    def answered(self) -> Iterator[Exchange]:
        """All answers, those behind redirects too."""
        yield from filter(_is_answered, self.exchanges)
        yield from self._hops.values()

    def values_of(self, ask: Ask) -> Mapping[str, str]:
        """What placeholders stand for in one request and its answer."""
        return {**self.values, **dict(ask.settings)} if ask.settings else self.values

    @property
    def base_url(self) -> str:
        """Of the target."""
        return self._target.base_url

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

    def is_closed(self, ask: Ask) -> bool:
        """Whether robots.txt kept us from a request."""
        exchange = self.by_key.get((ask.method, request_path(ask.path, self.values), ask.fields))
        outcome = None if exchange is None else exchange.outcome
        return isinstance(outcome, Skipped) and outcome.reason is SkipReason.ROBOTS

    def parts(
        self, exchange: Exchange, block: Block, ask: Ask | None = None, earlier: Sequence[Parts | None] = ()
    ) -> Parts:
        """The parts of an answer; not shared where the block, or the request, adds its own.

        Args:
            exchange: The answer.
            block: Whose matchers look at it.
            ask: The request that it answers; ``None`` for a block that looks at all answers.
            earlier: Answers to the earlier requests of the block.
        """
        is_own = block.looks_back or (ask is not None and ask.settings) or any(each.name for each in block.extractors)
        if is_own:
            return Parts(exchange, self._template_scripts, block.most_body_bytes, tuple(earlier))
        key = (exchange.ordinal, block.most_body_bytes)
        parts = self._parts.get(key)
        if parts is None:
            parts = self._parts[key] = Parts(exchange, self._template_scripts, block.most_body_bytes)
        return parts


def _is_answered(exchange: Exchange | None) -> bool:
    return exchange is not None and isinstance(exchange.outcome, Answered)


def _has_failed(exchange: Exchange) -> bool:
    return isinstance(exchange.outcome, Failed) and exchange.request.purpose is not Purpose.ROBOTS
