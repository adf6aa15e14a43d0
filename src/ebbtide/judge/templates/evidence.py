"""From a place in an answer to the few words of evidence that are kept."""

import unicodedata
from collections.abc import Iterable

from ebbtide.judge.templates.matching import Hit
from ebbtide.model.verdicts import Evidence

MOST_CHARACTERS = 200
MOST_PLACES = 8

_BEFORE = 40
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def evidence_of(hits: Iterable[Hit], ordinal: int) -> tuple[Evidence, ...]:
    """What was seen in one exchange, each place once."""
    found = dict.fromkeys(
        Evidence(ordinal, part=_part_name(hit.part), excerpt=excerpt(hit.text, hit.start, hit.end), matcher=hit.name)
        for hit in hits
    )
    return tuple(found)[:MOST_PLACES]


def excerpt(text: bytes, start: int, end: int) -> str:
    """At most 200 characters around a match; what cannot be seen, or turns the text round, is replaced.

    Args:
        text: The part of the answer.
        start: Where the match begins in it.
        end: Where it ends.
    """
    first = max(0, start - _BEFORE)
    last = min(len(text), max(end, start) + MOST_CHARACTERS, first + 4 * MOST_CHARACTERS)
    characters = text[first:last].decode("utf-8", "replace")[:MOST_CHARACTERS]
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(each) in _HIDDEN else each for each in characters
    )


def _part_name(part: str) -> str:
    """Parts as evidence names them: ``header`` and ``status`` for all their forms."""
    return {"all_headers": "header", "served_body": "body", "status_code": "status"}.get(part, part)
