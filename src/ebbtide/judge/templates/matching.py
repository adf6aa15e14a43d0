"""Matchers and extractors on the parts of one answer: nuclei's rules, on bytes."""

from collections.abc import Iterator, Mapping
from itertools import islice, repeat
from typing import NamedTuple, assert_never

from lxml import etree

from ebbtide.judge.templates.documents import json_values, read_tree, xpath_values
from ebbtide.judge.templates.dsl.values import DslError, Variables, as_text
from ebbtide.judge.templates.operators import lower_case
from ebbtide.judge.templates.parts import BODY_PARTS, Parts
from ebbtide.judge.templates.placeholders import fill_in
from ebbtide.judge.templates.records import (
    Block,
    DslExtractor,
    DslMatcher,
    Extractor,
    JsonExtractor,
    KvalExtractor,
    Matcher,
    RegexExtractor,
    RegexMatcher,
    SizeMatcher,
    StatusMatcher,
    WordMatcher,
    XPathExtractor,
    XPathMatcher,
)
from ebbtide.judge.templates.variables import AnswerVariables
from ebbtide.patterns.regex import Pattern

MOST_EXTRACTS = 1000
"""A page made to hold more matches of one extractor than this costs no more time than this."""


class Hit(NamedTuple):
    """Where a matcher or extractor found something.

    Attributes:
        part: Name of the part.
        text: The part's bytes, or what was extracted; empty for a match by absence.
        start, end: The place in ``text``.
        name: Of the matcher or extractor.
    """

    part: str
    text: bytes
    start: int
    end: int
    name: str


class BlockResult(NamedTuple):
    """What one answer gave to one block.

    Attributes:
        has_matched: The block's matchers (or, where there are none, its extractors) say yes.
        hits: Places that made it so.
        matched_names: Names of matchers that matched, where any may match.
        extracts: Values by extractor, in order.
        leans_on_cut_body: It says yes because something was not found in a body that was cut.
    """

    has_matched: bool
    hits: tuple[Hit, ...]
    matched_names: tuple[str, ...]
    extracts: tuple[tuple[Extractor, tuple[bytes, ...]], ...]
    leans_on_cut_body: bool


_NO_RESULT = BlockResult(has_matched=False, hits=(), matched_names=(), extracts=(), leans_on_cut_body=False)


def judge_block(block: Block, parts: Parts, values: Mapping[str, str]) -> BlockResult:
    """Run a block's matchers and extractors over one answer.

    Args:
        block: What decides.
        parts: The answer.
        values: What the target's placeholders stand for.
    """
    extracts = _extracts(block, parts, values) if any(each.name for each in block.extractors) else None
    if block.wants_all and any(map(_lacks_literals, block.matchers, repeat(parts))):
        return _NO_RESULT
    hits: list[Hit] = []
    names: list[str] = []
    leaning = 0
    for matcher in block.matchers:
        hit = match_part(matcher, parts, values)
        if hit is None:
            if block.wants_all:
                return _NO_RESULT
            continue
        hits.append(hit)
        if matcher.name and not block.wants_all:
            names.append(matcher.name)
        leaning += parts.exchange.is_truncated and _leans_on_absence(matcher)
    if block.matchers and not hits:
        return _NO_RESULT
    leans = leaning > 0 if block.wants_all else leaning == len(hits) > 0
    extracts = _extracts(block, parts, values) if extracts is None else extracts
    hits.extend(_extract_hits(extracts))
    return BlockResult(bool(hits), tuple(hits), tuple(names), extracts, leans)


def _extracts(block: Block, parts: Parts, values: Mapping[str, str]) -> tuple[tuple[Extractor, tuple[bytes, ...]], ...]:
    """What all extractors take; first of all where they have names, since matchers may ask for these."""
    return tuple([(extractor, _extract(extractor, parts, values)) for extractor in block.extractors])


def _leans_on_absence(matcher: Matcher) -> bool:
    """Whether a matcher may say yes since a body was cut."""
    if isinstance(matcher, DslMatcher):
        return not matcher.names.isdisjoint(BODY_PARTS)
    if isinstance(matcher, StatusMatcher):
        return False
    return (matcher.is_negative or isinstance(matcher, SizeMatcher)) and matcher.part in BODY_PARTS


def _lacks_literals(matcher: Matcher, parts: Parts) -> bool:
    """Whether a matcher's words alone say that it does not match; all are looked at before the first pattern runs."""
    if not isinstance(matcher, RegexMatcher) or matcher.is_negative:
        return False
    part = parts.get(matcher.part)
    if part is None:
        return True
    told = [may_match(pattern, matcher.part, part, parts) for pattern in matcher.patterns]
    return not (all(told) if matcher.wants_all else any(told))


def match_part(matcher: Matcher, parts: Parts, values: Mapping[str, str]) -> Hit | None:
    """Whether one matcher matches: where it does, or ``None``.

    A part that the answer does not have never matches, whether the matcher is negative or not.
    """
    if isinstance(matcher, StatusMatcher):
        return _match_status(matcher, parts)
    if isinstance(matcher, DslMatcher):
        return _turned(matcher, _match_expressions(matcher, parts, values), "dsl")
    part = parts.get(matcher.part)
    if part is None:
        return None
    if isinstance(matcher, WordMatcher):
        hit = _match_words(matcher, part, parts, values)
    elif isinstance(matcher, RegexMatcher):
        hit = _match_patterns(matcher, part, parts)
    elif isinstance(matcher, SizeMatcher):
        hit = Hit(matcher.part, b"%d" % len(part), 0, 0, matcher.name) if len(part) in matcher.sizes else None
    elif isinstance(matcher, XPathMatcher):
        hit = _match_queries(matcher, parts)
    else:
        assert_never(matcher)
    return _turned(matcher, hit, matcher.part)


def _turned(matcher: Matcher, hit: Hit | None, part: str) -> Hit | None:
    """What a matcher says, turned round if it is negative."""
    if matcher.is_negative:
        return Hit(part, b"", 0, 0, matcher.name) if hit is None else None
    return hit


def _match_expressions(matcher: DslMatcher, parts: Parts, values: Mapping[str, str]) -> Hit | None:
    """An expression without a value is false; one whose value is neither true nor false counts for nothing."""
    variables = variables_of(parts, values)
    told = None
    for expression in matcher.expressions:
        try:
            value = expression.evaluate(variables)
        except DslError:
            value = False
        if value is True:
            told = told or expression
            if not matcher.wants_all:
                break
        elif value is False and matcher.wants_all:
            return None
    if told is None:
        return None
    text = told.text.encode("utf-8", "surrogatepass")
    return Hit("dsl", text, 0, len(text), matcher.name)


def variables_of(parts: Parts, values: Mapping[str, str]) -> Variables:
    """The variables of an answer, made once for all that ask it."""
    if parts.variables is None:
        parts.variables = AnswerVariables(parts, values)
    return parts.variables


def _match_queries(matcher: XPathMatcher, parts: Parts) -> Hit | None:
    tree = _tree(parts, matcher.part)
    first: Hit | None = None
    for query in matcher.queries:
        value = next(xpath_values(query, tree), None) if tree is not None else None
        if value is None:
            if matcher.wants_all:
                return None
            continue
        first = first or Hit(matcher.part, value, 0, len(value), matcher.name)
        if not matcher.wants_all:
            return first
    return first


def _tree(parts: Parts, part: str) -> etree._Element | None:
    """A part as a tree, read once."""
    if part not in parts.trees:
        text = parts.get(part)
        parts.trees[part] = None if text is None else read_tree(text)
    return parts.trees[part]


def _match_status(matcher: StatusMatcher, parts: Parts) -> Hit | None:
    status = parts.exchange.status
    if status is None or (status in matcher.codes) == matcher.is_negative:
        return None
    text = b"%d" % status
    return Hit("status", text, 0, len(text), matcher.name)


def _match_words(matcher: WordMatcher, part: bytes, parts: Parts, values: Mapping[str, str]) -> Hit | None:
    searched = (parts.lowered(matcher.part) or b"") if matcher.ignores_case else part
    words = filled_words(matcher, values)
    first: Hit | None = None
    for word in words:
        start = searched.find(word)
        if start < 0:
            if matcher.wants_all:
                return None
            continue
        shown = part if len(part) == len(searched) else searched
        first = first or Hit(matcher.part, shown, start, start + len(word), matcher.name)
        if not matcher.wants_all:
            return first
    return first


def filled_words(matcher: WordMatcher, values: Mapping[str, str]) -> tuple[bytes, ...]:
    """The words that a matcher looks for, their placeholders filled in."""
    if not matcher.has_placeholders:
        return matcher.words
    filled = tuple(fill_in(word.decode("utf-8", "surrogateescape"), values) for word in matcher.words)
    encoded = tuple(word.encode("utf-8", "surrogateescape") for word in filled)
    return tuple(lower_case(word) for word in encoded) if matcher.ignores_case else encoded


def _match_patterns(matcher: RegexMatcher, part: bytes, parts: Parts) -> Hit | None:
    first: Hit | None = None
    for pattern in matcher.patterns:
        match = pattern.search(part) if may_match(pattern, matcher.part, part, parts) else None
        if match is None:
            if matcher.wants_all:
                return None
            continue
        found = match.group() or b""
        place = (part, match.start, match.end) if not pattern.is_text else (found, 0, len(found))
        first = first or Hit(matcher.part, *place, matcher.name)
        if not matcher.wants_all:
            return first
    return first


def may_match(pattern: Pattern, name: str, part: bytes, parts: Parts) -> bool:
    """Whether one of the literals that every match holds is there: ten times quicker than the pattern itself."""
    if not pattern.literals:
        return True
    for literal in pattern.literals:
        if (literal.text.lower() in parts.ascii_lowered(name)) if literal.ignore_case else (literal.text in part):
            return True
    return False


def _extract(extractor: Extractor, parts: Parts, values: Mapping[str, str]) -> tuple[bytes, ...]:
    """The distinct values, in order; a matcher may then look at them by the extractor's name."""
    if isinstance(extractor, RegexExtractor):
        found = tuple(dict.fromkeys(_regex_values(extractor, parts)))
    elif isinstance(extractor, KvalExtractor):
        found = tuple(dict.fromkeys(_named_values(extractor, parts)))
    elif isinstance(extractor, JsonExtractor):
        text = parts.get(extractor.part)
        programs = extractor.programs if text is not None else ()
        found = tuple(dict.fromkeys(value for each in programs for value in json_values(each, text or b"")))
    elif isinstance(extractor, XPathExtractor):
        found = tuple(dict.fromkeys(_tree_values(extractor, parts)))
    elif isinstance(extractor, DslExtractor):
        found = tuple(dict.fromkeys(_expression_values(extractor, parts, values)))
    else:
        assert_never(extractor)
    if found and extractor.name:
        parts.put(extractor.name, found[0] if len(found) == 1 else b"[" + b" ".join(found) + b"]")
    return found


def _regex_values(extractor: RegexExtractor, parts: Parts) -> Iterator[bytes]:
    part = parts.get(extractor.part)
    if part is None:
        return
    for pattern in extractor.patterns:
        if extractor.group > pattern.group_count:
            continue
        if not may_match(pattern, extractor.part, part, parts):
            continue
        for match in islice(pattern.find_all(part), MOST_EXTRACTS):
            yield match.group(extractor.group) or b""


def _tree_values(extractor: XPathExtractor, parts: Parts) -> Iterator[bytes]:
    tree = _tree(parts, extractor.part)
    if tree is not None:
        for query in extractor.queries:
            yield from xpath_values(query, tree, extractor.attribute)


def _expression_values(extractor: DslExtractor, parts: Parts, values: Mapping[str, str]) -> Iterator[bytes]:
    """Values of expressions; what is empty, or has none, is not taken."""
    for expression in extractor.expressions:
        try:
            value = as_text(expression.evaluate(variables_of(parts, values)))
        except DslError:
            continue
        if value:
            yield value


def _named_values(extractor: KvalExtractor, parts: Parts) -> Iterator[bytes]:
    for key in extractor.keys:
        value = parts.lowered(key.lower()) if extractor.ignores_case else parts.get(key)
        if value is not None:
            yield value


def _extract_hits(extracts: tuple[tuple[Extractor, tuple[bytes, ...]], ...]) -> Iterator[Hit]:
    for extractor, found in extracts:
        if not extractor.is_internal:
            for value in found[:1]:
                yield Hit(_place_of(extractor), value, 0, len(value), extractor.name)


def _place_of(extractor: Extractor) -> str:
    if isinstance(extractor, DslExtractor):
        return "dsl"
    return extractor.keys[0] if isinstance(extractor, KvalExtractor) else extractor.part
