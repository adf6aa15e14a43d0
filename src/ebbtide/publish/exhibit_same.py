"""The same servers, then and now: the readings of "only 2 percent of those same servers", and who vanished."""

from collections.abc import Mapping
from itertools import product

import msgspec

from ebbtide.model.facts import Fact
from ebbtide.publish.book import FactBook
from ebbtide.publish.drawing import NARROW, WIDE, Row, Segment, Span, spans, stacked_rows
from ebbtide.publish.exhibit import Canvas, Cell, Exhibit, Key, Table
from ebbtide.publish.figures import Figure, Sentence, bounds, difference, in_words, interval, number, share, spread
from ebbtide.publish.formatting import percent, round_words
from ebbtide.publish.palette import fate_ink
from ebbtide.publish.published import record_of_2001
from ebbtide.publish.sentence import Pair
from ebbtide.publish.words import READING_ORDER, check_words, family_words, fate_words, reading_words, unit_words

_ENDS = (
    "still_shown", "fixed_in_place", "fixed_upgraded", "left_competitor", "refused", "silent", "cannot_tell", "unknown",
)  # fmt: skip


class Reading(msgspec.Struct, frozen=True):
    """One of the things that "2 percent of those same servers" can mean."""

    share: Figure
    words: str
    counts: Sentence
    interval: Sentence
    bounds: Sentence
    note: str


def readings(book: FactBook, check: str, pair: Pair, unit: str) -> tuple[Reading, ...]:
    """All readings of one check for one pair of rounds, and the difference within the same servers."""
    found = ((category, book.same(check, pair, category, unit)) for category in READING_ORDER)
    return tuple(_reading(category, fact) for category, fact in found if fact is not None)


def _reading(category: str, fact: Fact) -> Reading:
    is_difference = category == "difference"
    figure = difference if is_difference else share
    around = spread(figure(fact, "ci_low"), figure(fact, "ci_high"))
    base = number(fact, "base")
    counts: Sentence = (base, " servers") if is_difference else (number(fact), " of ", base)
    outer = () if is_difference or fact.bound_low is None else bounds(fact)
    return Reading(figure(fact), reading_words(category), counts, around, outer, fact.note)


def same_exhibit(book: FactBook, names: Mapping[str, str], pair: Pair, unit: str) -> Exhibit | None:
    """Then and now for every check, on the servers that could be judged both times."""
    told = [(check, book.prevalence(check, pair[0], unit), book.same(check, pair, "of_cohort", unit))
            for check in book.checks()]  # fmt: skip
    if not any(now is not None for _, _, now in told):
        return None
    rows = [_span(check_words(check, names), then, now) for check, then, now in told]
    canvas = Canvas(spans(rows, WIDE, "microsoft-iis"), spans(rows, NARROW, "microsoft-iis"))
    then_words, now_words = round_words(pair[0]), round_words(pair[1])
    family = next((now.family for _, _, now in told if now is not None), "")
    fewer = sum(1 for _, then, now in told if _falls(then, now))
    twice = sum(1 for _, then, now in told if share(then).value and share(now).value)
    title = (f"{fewer} of {twice} holes are rarer on the same servers in {now_words} than in {then_words}",)
    said = " ".join(f"{row.name}: {row.words}." for row in rows)
    return Exhibit(
        name="same",
        title=title,
        subtitle=(
            f"Percent of {family_words(family)} {unit_words(unit)}: all judged in {then_words}, and those of them that",
            f" could be judged again in {now_words}; n = ",
            number(told[0][2], "base"),
        ),
        footer="Source: this survey. Servers that refused, fell silent or cannot be told are in neither share; the "
               "pale bar shows where the share would lie with all of them counted each way.",
        keys=(Key("gone", then_words, "ring"), Key("microsoft-iis", now_words, "dot"), Key("veil", "bounds")),
        drawings=canvas.as_markup("same", in_words(title), f"Then and now, one row a hole. {said}"),
        table=_table(book, names),
    )  # fmt: skip


def vanished_exhibit(book: FactBook, names: Mapping[str, str], pair: Pair, unit: str) -> Exhibit | None:
    """What became of the servers that showed a check; those that vanished have colours of their own."""
    chosen = [(check, _ends(book, check, pair, unit)) for check in book.checks()]
    chosen = [(check, ends) for check, ends in chosen if any(fact.estimate is not None for fact in ends)]
    if not chosen:
        return None
    rows = [_row(check_words(check, names), ends) for check, ends in chosen]
    canvas = Canvas(stacked_rows(rows, WIDE), stacked_rows(rows, NARROW))
    used = {fact.category for _, ends in chosen for fact in ends if fact.n}
    title = (f"What became of the servers that showed a hole in {round_words(pair[0])}",)
    said = " ".join(f"{check_words(check, names)}: {_said(ends)}." for check, ends in chosen)
    return Exhibit(
        name="vanished",
        title=title,
        subtitle=(
            f"Percent of the {unit_words(unit)} that showed it in {round_words(pair[0])}, by what was seen in ",
            f"{round_words(pair[1])}; n at the right",
        ),
        footer="Source: this survey. Refused and silent servers have vanished from sight: they do not count as mended.",
        keys=tuple(Key(fate_ink(fate), fate_words(fate)) for fate in _ENDS if fate in used),
        drawings=canvas.as_markup("vanished", in_words(title), f"Stacked bars, one a hole. {said}"),
        table=_ends_table(chosen, names, unit),
    )  # fmt: skip


def published_note(check: str, pair: Pair) -> str:
    """What the source of 2001 says of this check and pair, and what it leaves open; empty where it says nothing."""
    published = record_of_2001().same_of(check, *pair)
    if published is None:
        return ""
    source = record_of_2001().source_words(published.source)
    figure = f"Published: {published.text} of those same servers ({source})."
    return f"{figure} The source leaves open which of the readings is meant."


def _span(name: str, then: Fact | None, now: Fact | None) -> Span:
    words = f"{share(then).text.removesuffix(' %')} \N{RIGHTWARDS ARROW} {share(now).text}"
    start = None if then is None else then.estimate
    if now is None:
        return Span(name, words, start, None, None, None)
    return Span(name, words, start, now.estimate, now.bound_low, now.bound_high)


def _falls(then: Fact | None, now: Fact | None) -> bool:
    if then is None or now is None or then.estimate is None or now.estimate is None:
        return False
    return now.estimate < then.estimate


def _table(book: FactBook, names: Mapping[str, str]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for pair, check, unit, category in product(book.pairs(), book.checks(), book.units(), READING_ORDER):
        fact = book.same(check, pair, category, unit)
        if fact is not None:
            named = (check_words(check, names), _pair_words(pair), unit_words(unit))
            rows.append((*named, *_reading_cells(category, fact)))
    named_columns = ("Check", "Rounds", "Unit", "Reading", "Value", "95 % interval", "Bounds", "Shown", "Base")
    columns = (*named_columns, "Refused", "Silent", "Cannot tell", "Not asked")
    return Table("The same servers in two rounds", columns, tuple(rows))


def _reading_cells(category: str, fact: Fact) -> tuple[Cell, ...]:
    reading = _reading(category, fact)
    beside = tuple(number(fact, name) for name in ("n", "base", "refused", "silent", "cannot_tell", "not_asked"))
    outer: Cell = difference(fact, "bound_low") if category == "difference" else bounds(fact)
    return (reading.words, reading.share, reading.interval or interval(fact), outer, *beside)


def _pair_words(pair: Pair) -> str:
    return f"{round_words(pair[0])} to {round_words(pair[1])}"


def _ends(book: FactBook, check: str, pair: Pair, unit: str) -> list[Fact]:
    found = book.select("fate", check=check, from_round=pair[0], round=pair[1], unit=unit)
    return sorted((fact for fact in found if fact.category in _ENDS), key=lambda fact: _ENDS.index(fact.category))


def _row(name: str, ends: list[Fact]) -> Row:
    segments = tuple(
        Segment(fate_ink(fact.category), fact.estimate, percent(fact.estimate)) for fact in ends if fact.estimate
    )
    return Row(name, f"n = {number(ends[0], 'base').text}", segments)


def _said(ends: list[Fact]) -> str:
    return ", ".join(f"{fate_words(fact.category).lower()} {share(fact).text}" for fact in ends if fact.n)


def _ends_table(chosen: list[tuple[str, list[Fact]]], names: Mapping[str, str], unit: str) -> Table:
    rows = tuple(
        (check_words(check, names), fate_words(fact.category), *_numbers(fact))
        for check, ends in chosen
        for fact in ends
    )
    columns = ("Check", "Fate", "Share", "95 % interval", "Servers", "Base")
    return Table(f"Fates of those that showed a hole, {unit_words(unit)}", columns, rows)


def _numbers(fact: Fact) -> tuple[Cell, ...]:
    return (share(fact), interval(fact), number(fact), number(fact, "base"))
