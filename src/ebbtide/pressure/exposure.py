"""Stretches of time in which a log was there to see, and what they come to on each day."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from ebbtide.pressure.stamps import DAY_S, EPOCH_DAY


class Span(msgspec.Struct, frozen=True, order=True):
    """A stretch of time.

    Attributes:
        begin_s, end_s: Seconds since 1970, UTC.
    """

    begin_s: int
    end_s: int


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """The same time in spans that do not overlap, in order."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.begin_s <= merged[-1].end_s:
            merged[-1] = Span(merged[-1].begin_s, max(merged[-1].end_s, span.end_s))
        else:
            merged.append(span)
    return merged


def seconds_by_day(spans: Iterable[Span]) -> dict[int, int]:
    """Seconds of each day (ordinal, UTC) that lie in some spans; time that several share counts once."""
    seconds: Counter[int] = Counter()
    for span in merge_spans(spans):
        begin_s = span.begin_s
        while begin_s < span.end_s:
            day = begin_s // DAY_S
            end_s = min(span.end_s, (day + 1) * DAY_S)
            seconds[EPOCH_DAY + day] += end_s - begin_s
            begin_s = end_s
    return dict(seconds)
