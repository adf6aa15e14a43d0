"""Secrets masked in an answer before anything judges or keeps it, so that live and replay see the same octets."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import msgspec

from ebbtide.patterns.glance import Glance
from ebbtide.patterns.regex import Pattern
from ebbtide.probe.masking_rules import ANYWHERE, MaskingRule, read_rules, rule_pattern

Fields = tuple[tuple[bytes, bytes], ...]
Counts = defaultdict[str, int]

SECRET = "secret"  # noqa: S105  the name of the group that is masked
MARK = b"*"
MOST_SECRETS = 500
"""So many a rule masks one by one in a text; a page that holds more is made of them."""
_WHITE = b"\t\n\v\f\r "
_MASKS = bytes(octet if octet in _WHITE else MARK[0] for octet in range(256))


class Masked(msgspec.Struct, frozen=True, gc=False):
    """An answer without its secrets; nothing in it has changed its length.

    Attributes:
        told: What was masked, each as ``where/rule:count``, where is ``body`` or ``fields``; sorted.
    """

    fields: Fields
    body: bytes
    told: tuple[str, ...] = ()


class Masker:
    """Masks by rules; made once a process by ``usual_masker``.

    Args:
        rules: From ``read_rules``.
    """

    def __init__(self, rules: Sequence[MaskingRule]) -> None:
        anywhere = [(rule, rule_pattern(rule)) for rule in rules if rule.where == ANYWHERE]
        self._worded = [(rule.id, pattern) for rule, pattern in anywhere if not rule.needs]
        words = [
            (literal.text, place) for place, (_, pattern) in enumerate(self._worded) for literal in pattern.literals
        ]
        self._glance = Glance([word for word, _ in words])
        self._waiting = [place for _, place in words]
        self._needing = [(rule.needs.encode(), rule.id, pattern) for rule, pattern in anywhere if rule.needs]
        self._by_field: dict[bytes, list[tuple[str, Pattern]]] = {}
        for rule in rules:
            for name in rule.where if rule.where != ANYWHERE else ():
                self._by_field.setdefault(name.encode(), []).append((rule.id, rule_pattern(rule)))
        self._field_lengths = frozenset(map(len, self._by_field))

    def mask(self, fields: Fields, body: bytes) -> Masked:
        """Mask what is secret in an answer.

        Args:
            fields: Names and values as received.
            body: Decoded body.
        """
        in_body: Counts = defaultdict(int)
        in_fields: Counts = defaultdict(int)
        masked_body = _masked(body, self._spans_anywhere(body, in_body))
        fields = self._mask_fields(fields, in_fields)
        if not (in_body or in_fields):
            return Masked(fields, body)
        return Masked(fields, masked_body, (*_told("body", in_body), *_told("fields", in_fields)))

    def _mask_fields(self, fields: Fields, counts: Counts) -> Fields:
        """Fields that a rule names are masked by that rule alone, all others by the rules that look everywhere."""
        lengths, named = self._field_lengths, self._by_field
        others = [value for name, value in fields if len(name) not in lengths or name.lower() not in named]
        looks_everywhere = bool(self._candidates(b"\n".join(others)))
        if len(others) == len(fields) and not looks_everywhere:
            return fields
        masked = []
        for name, value in fields:
            spans: list[tuple[int, int]] = []
            if name.lower() in named:
                for rule, pattern in named[name.lower()]:
                    spans += _spans(pattern, value, rule, counts)
            elif looks_everywhere:
                spans = self._spans_anywhere(value, counts)
            masked.append((name, _masked(value, spans)))
        return tuple(masked)

    def _spans_anywhere(self, text: bytes, counts: Counts) -> list[tuple[int, int]]:
        """Every rule looks at the text as it was received, so that no secret hides behind another's mask."""
        return [span for rule, pattern in self._candidates(text) for span in _spans(pattern, text, rule, counts)]

    def _candidates(self, text: bytes) -> list[tuple[str, Pattern]]:
        """The rules that may find something in the text."""
        candidates = [(rule, pattern) for needs, rule, pattern in self._needing if needs in text]
        if possible := self._glance.possible(text):
            candidates += [self._worded[place] for place in sorted({self._waiting[word] for word in possible})]
        return candidates


@cache
def usual_masker() -> Masker:
    """The masker with the rules that come with Ebbtide."""
    return Masker(read_rules())


def _spans(pattern: Pattern, text: bytes, rule: str, counts: Counts) -> Iterator[tuple[int, int]]:
    """Where secrets stand; what follows very many of them is taken for one, so that no text costs much time."""
    for found, match in enumerate(pattern.find_all(text)):
        start, end = match.span(SECRET)
        if found == MOST_SECRETS:
            end = len(text)
        if text[start:end].strip(MARK + _WHITE):
            counts[rule] += 1
            yield start, end
        if found == MOST_SECRETS:
            return


def _masked(text: bytes, spans: Iterable[tuple[int, int]]) -> bytes:
    parts: list[bytes] = []
    done = 0
    for start, end in sorted(spans):
        if end > done:
            parts += (text[done:start], text[max(start, done) : end].translate(_MASKS))
            done = end
    return b"".join((*parts, text[done:])) if parts else text


def _told(where: str, counts: Counts) -> Iterator[str]:
    return (f"{where}/{rule}:{count}" for rule, count in sorted(counts.items()))
