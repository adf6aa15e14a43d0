"""Words without which a block matches nothing: what rules out most templates at one glance at an answer.

Words are in lower case and of ASCII alone, and are looked for in the lower case of ``haystack``; they may stand in any
part of an answer, so that a block is ruled out only where they stand in none.
"""

import re
from collections.abc import Sequence

from ebbtide.judge.templates.dsl.reading import Binary, Call, Literal, Name, Node
from ebbtide.judge.templates.operators import lower_case
from ebbtide.judge.templates.parts import HEADER_NAMES, Parts
from ebbtide.judge.templates.placeholders import TARGET_NAMES
from ebbtide.judge.templates.records import (
    Block,
    DslMatcher,
    Extractor,
    Matcher,
    RegexExtractor,
    RegexMatcher,
    WordMatcher,
    XPathMatcher,
)
from ebbtide.patterns.regex import Pattern
from ebbtide.patterns.required import rarity

Words = tuple[bytes, ...]
"""At least one of these must be there."""

SHORTEST = 3
MOST_WORDS = 60
_WHOLE_PARTS = HEADER_NAMES | {"body", "all", "response"}
_NO_TEXTS = frozenset({"status_code", "content_length", "served_body", "set_cookie"})
_LOWERING = frozenset({"to_lower", "tolower"})
_CONTAINING = frozenset({"contains", "contains_all", "contains_any"})
_WRITTEN_OTHERWISE = (b"utf-7", b"utf-16", b"utf-32", b"ucs-", b"ebcdic", b"\xff\xfe", b"\xfe\xff", b"&#")
"""Where these stand, letters of a page may not be the octets that they seem to be."""
_SOUGHT_BY_QUERY = re.compile(r"contains\(\s*(?:text\(\)|\.)\s*,\s*['\"]([A-Za-z0-9 ]+)['\"]\s*\)")
_PLACEHOLDER = re.compile(rb"\{\{[^{}]*\}\}")
_GROWS_WHEN_LOWERED = (b"\xe2\x84\xaa", b"\xc4\xb0")
"""The sign of Kelvin and the dotted capital I: their lower case holds letters of ASCII."""


def haystack(parts: Parts) -> bytes:
    """All that an answer says, in lower case; no part has a seam within a line."""
    text = parts.unsorted()
    grows = not text.isascii() and any(each in text for each in _GROWS_WHEN_LOWERED)
    return lower_case(text) if grows else text.lower()


def needed_words(block: Block) -> Words:
    """Words of which at least one stands in every answer that a block matches; none if that cannot be told."""
    settings = {name for ask in block.asks for name, _ in ask.settings}
    own = TARGET_NAMES | {each.name for each in block.extractors} | settings
    if block.looks_back:
        return ()
    if not block.matchers:
        return _either([_of_extractor(each) for each in block.extractors])
    needs = [_of_matcher(each, own) for each in block.matchers]
    return _best([words for each in needs for words in each]) if block.wants_all else _either(list(map(_best, needs)))


def _best(needs: Sequence[Words]) -> Words:
    """Of several needs that all hold, the one that is met most seldom: whose shortest word is longest."""
    usable = [words for words in needs if _is_usable(words)]
    return max(usable, key=_rarity, default=())


def _rarity(words: Words) -> tuple[bool, int, int]:
    is_plain = words[-1] not in _WRITTEN_OTHERWISE
    return is_plain, min(rarity(word) for word in words if word not in _WRITTEN_OTHERWISE), -len(words)


def _is_usable(words: Words) -> bool:
    own = [word for word in words if word not in _WRITTEN_OTHERWISE]
    return 0 < len(own) <= MOST_WORDS and all(_is_telling(word) and word.isascii() for word in own)


def _is_telling(word: bytes) -> bool:
    """Whether a word is long enough to be worth looking for, which two letters are not, and stands within a line."""
    if b"\n" in word or b"\r" in word:
        return False
    return len(word) >= SHORTEST or (len(word) == SHORTEST - 1 and not word.isalnum())


def _either(needs: Sequence[Words]) -> Words:
    """Where one of several must match: a word of any, unless one of them needs none."""
    return tuple(dict.fromkeys(word for words in needs for word in words)) if needs and all(needs) else ()


def _of_matcher(matcher: Matcher, own: frozenset[str]) -> list[Words]:
    """All that must hold where a matcher says yes."""
    if matcher.is_negative:
        return []
    if isinstance(matcher, DslMatcher):
        needs = [_of_expression(each.node, own) for each in matcher.expressions]
        return _joined(needs, wants_all=matcher.wants_all)
    if isinstance(matcher, XPathMatcher):
        return _joined([_of_query(each) for each in matcher.queries], wants_all=matcher.wants_all)
    if not isinstance(matcher, WordMatcher | RegexMatcher) or not _is_plain(matcher.part, own):
        return []
    if isinstance(matcher, RegexMatcher):
        found = [_of_pattern(each) for each in matcher.patterns]
    else:
        found = [(_without_placeholders(word).lower(),) for word in matcher.words]
    needs = [[words] for words in found if words and all(_fits(word, matcher.part) for word in words)]
    is_whole = len(needs) == len(found)
    return _joined(needs, wants_all=matcher.wants_all) if matcher.wants_all or is_whole else []


def _without_placeholders(word: bytes) -> bytes:
    """The longest piece of a word that no placeholder fills."""
    return max(_PLACEHOLDER.split(word), key=len) if b"{{" in word else word


def _joined(needs: Sequence[Sequence[Words]], *, wants_all: bool) -> list[Words]:
    if wants_all:
        return [words for each in needs for words in each]
    words = _either([_best(each) for each in needs])
    return [words] if words else []


def _is_plain(part: str, own: frozenset[str]) -> bool:
    """Whether a part's text stands in the haystack as it is."""
    return part not in own and part not in _NO_TEXTS


def _fits(word: bytes, part: str) -> bool:
    """Whether a word can be looked for: several values of a field are joined with spaces, but stand apart."""
    return part in _WHOLE_PARTS or b" " not in word


def _of_query(query: str) -> list[Words]:
    """What a query looks for in texts, unless they may be written in another way than it is."""
    if "|" in query or " or " in query or "not(" in query:
        return []
    return [(word.lower().encode(), *_WRITTEN_OTHERWISE) for word in _SOUGHT_BY_QUERY.findall(query)]


def _of_pattern(pattern: Pattern) -> Words:
    return tuple(dict.fromkeys(literal.text.lower() for literal in pattern.literals))


def _of_extractor(extractor: Extractor) -> Words:
    if not isinstance(extractor, RegexExtractor) or extractor.part not in _WHOLE_PARTS:
        return ()
    return _best([_either([_of_pattern(each) for each in extractor.patterns])])


def _of_expression(node: Node, own: frozenset[str]) -> list[Words]:
    """All that must hold where an expression is true."""
    if isinstance(node, Binary) and node.operator == "&&":
        return [*_of_expression(node.left, own), *_of_expression(node.right, own)]
    if isinstance(node, Binary) and node.operator == "||":
        return _joined([_of_expression(node.left, own), _of_expression(node.right, own)], wants_all=False)
    if isinstance(node, Call) and node.name in _CONTAINING:
        return _of_containing(node, own)
    return []


def _of_containing(call: Call, own: frozenset[str]) -> list[Words]:
    inside = call.arguments[0] if call.arguments else None
    if isinstance(inside, Call) and inside.name in _LOWERING and len(inside.arguments) == 1:
        inside = inside.arguments[0]
    if not isinstance(inside, Name) or not _is_plain(inside.name, own):
        return []
    values = [each.value for each in call.arguments[1:] if isinstance(each, Literal)]
    needs = [[(value.lower(),)] for value in values if isinstance(value, bytes) and _fits(value, inside.name)]
    is_any = call.name == "contains_any"
    if is_any and len(needs) < len(call.arguments) - 1:
        return []
    return _joined(needs, wants_all=not is_any)
