"""Whether a mask or an erased body may hide what a block looks for, so that nothing is called absent which was covered.

Secrets are masked before anything is judged, and a mask is as long as what it hides. A text that was looked for and
not found may have reached from what can be seen into a mask. What would lie wholly within one is not reckoned with: a
secret alone, without anything around it, is no mark of a hole.
"""

from collections.abc import Mapping
from enum import Enum, auto
from functools import cache
from itertools import islice

from ebbtide.judge.templates.matching import filled_words, judge_block, match_part, may_match
from ebbtide.judge.templates.parts import BODY_PARTS, HEADER_NAMES, SERVED_BODY, Parts
from ebbtide.judge.templates.records import (
    Block,
    DslMatcher,
    Matcher,
    RegexExtractor,
    RegexMatcher,
    SizeMatcher,
    StatusMatcher,
    WordMatcher,
    XPathMatcher,
)
from ebbtide.patterns.regex import Pattern, compile_pattern

MOST_MASKS = 1000
_MARK = b"*"
_SIDES: Mapping[str, tuple[str, ...]] = dict.fromkeys(HEADER_NAMES, ("fields",)) | dict.fromkeys(
    ("body", SERVED_BODY), ("body",)
)
_BOTH = ("body", "fields")


class _Says(Enum):
    YES = auto()
    NO = auto()
    PERHAPS = auto()


def may_be_hidden(block: Block, parts: Parts, values: Mapping[str, str]) -> bool:
    """Whether a block might have decided otherwise, had nothing been masked in the answer and its body been kept.

    Args:
        block: What decides.
        parts: The answer.
        values: What the target's placeholders stand for.
    """
    if not block.matchers:
        found = judge_block(block, parts, values).has_matched
        return not found and any(
            _hides_pattern(pattern, each.part, parts)
            for each in block.extractors
            if isinstance(each, RegexExtractor)
            for pattern in each.patterns
        )
    said = {_ask(matcher, parts, values) for matcher in block.matchers}
    return _Says.PERHAPS in said and (_Says.NO if block.wants_all else _Says.YES) not in said


def _ask(matcher: Matcher, parts: Parts, values: Mapping[str, str]) -> _Says:
    says_yes = match_part(matcher, parts, values) is not None
    if says_yes == matcher.is_negative and _hides(matcher, parts, values):
        return _Says.PERHAPS
    return _Says.YES if says_yes else _Says.NO


def _hides(matcher: Matcher, parts: Parts, values: Mapping[str, str]) -> bool:
    if isinstance(matcher, StatusMatcher):
        return False
    if isinstance(matcher, DslMatcher):
        return any(_is_covered(name, parts) for name in matcher.names)
    if isinstance(matcher, SizeMatcher | XPathMatcher):
        return _is_covered(matcher.part, parts)
    if isinstance(matcher, RegexMatcher):
        return any(_hides_pattern(pattern, matcher.part, parts) for pattern in matcher.patterns)
    if _is_erased(matcher.part, parts):
        return True
    text = _masked_text(matcher, parts)
    return any(_hides_word(word, text) for word in filled_words(matcher, values))


def _is_covered(part: str, parts: Parts) -> bool:
    """Whether something of a part is masked or erased, so that what is reckoned from all of it cannot be told."""
    parts, part = parts.source(part)
    return parts.get(part) is not None and (_is_erased(part, parts) or _has_mask(part, parts))


def _masked_text(matcher: WordMatcher, parts: Parts) -> bytes:
    if not _has_mask(matcher.part, parts):
        return b""
    return (parts.lowered(matcher.part) if matcher.ignores_case else parts.get(matcher.part)) or b""


def _is_erased(part: str, parts: Parts) -> bool:
    return part in BODY_PARTS and not parts.exchange.is_body_kept


def _has_mask(part: str, parts: Parts) -> bool:
    sides = _SIDES.get(part, _BOTH)
    return any(each.startswith(sides) for each in parts.exchange.masked) and _MARK in (parts.get(part) or b"")


def _hides_pattern(pattern: Pattern, part: str, parts: Parts) -> bool:
    """A pattern whose words can neither be seen nor be half hidden would not have matched; of others nobody knows."""
    if _is_erased(part, parts):
        return True
    if not _has_mask(part, parts):
        return False
    text = parts.get(part) or b""
    if not pattern.literals or may_match(pattern, part, text, parts):
        return True
    lowered = parts.ascii_lowered(part)
    return any(
        _hides_word(literal.text.lower(), lowered) if literal.ignore_case else _hides_word(literal.text, text)
        for literal in pattern.literals
    )


def _hides_word(word: bytes, text: bytes) -> bool:
    """Whether a word fits where some of its octets can be seen and the others are masked."""
    masks = [(match.start, match.end) for match in islice(_mask_pattern().find_all(text), MOST_MASKS + 1)]
    return len(masks) > MOST_MASKS or any(_fits(word, text, start, end) for start, end in masks)


@cache
def _mask_pattern() -> Pattern:
    return compile_pattern(r"\*+")


def _fits(word: bytes, text: bytes, start: int, end: int) -> bool:
    for seen in range(1, len(word)):
        if start >= seen and text[start - seen : start] == word[:seen]:
            beyond = word[seen + end - start :]
            if text[end : end + len(beyond)] == beyond:
                return True
        if len(word) - seen <= end - start and text[end : end + seen] == word[-seen:]:
            return True
    return False
