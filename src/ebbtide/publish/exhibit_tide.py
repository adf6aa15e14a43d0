"""How the holes ebbed: small lines of every check by round, and the table of 2001 beside what was measured."""

from collections.abc import Mapping
from itertools import product

import msgspec

from ebbtide.model.facts import Fact
from ebbtide.publish.book import FactBook
from ebbtide.publish.drawing import NARROW, WIDE, Panel, Point, small_lines
from ebbtide.publish.exhibit import Canvas, Cell, Exhibit, Key, Table
from ebbtide.publish.figures import Sentence, bounds, in_words, interval, number, share
from ebbtide.publish.formatting import percent, round_tick, round_words
from ebbtide.publish.published import PublishedShare, record_of_2001
from ebbtide.publish.sentence import headline_of
from ebbtide.publish.words import check_words, family_words, unit_words

_LEAST_MOVE = 0.0005


class TideEntry(msgspec.Struct, frozen=True):
    """A cell of the table of 2001: what was published and what was measured."""

    round: str
    published: str
    measured: Sentence
    base: Sentence
    bounds: Sentence


class TideLine(msgspec.Struct, frozen=True):
    """A row of the table of 2001."""

    name: str
    entries: tuple[TideEntry, ...]


def tide_lines(book: FactBook, names: Mapping[str, str], unit: str) -> tuple[TideLine, ...]:
    """The rows of the table of 2001, with base and bounds of every measured share."""
    return tuple(
        TideLine(
            check_words(check, names), tuple(_entry(book.prevalence(check, at, unit), check, at) for at in book.rounds)
        )
        for check in book.checks()
    )


def tide_exhibit(book: FactBook, names: Mapping[str, str], unit: str) -> Exhibit | None:
    """Prevalence by round, one small chart a check."""
    checks = book.checks()
    if not checks or not book.rounds:
        return None
    ticks = _ticks(book.rounds)
    panels = [Panel(check_words(check, names), _points(book, check, ticks, unit)) for check in checks]
    family = next((fact.family for fact in book.select("prevalence") if fact.family), "")
    canvas = Canvas(small_lines(panels, WIDE, "microsoft-iis"), small_lines(panels, NARROW, "microsoft-iis"))
    title = _title(book, names, unit)
    return Exhibit(
        name="tide",
        title=title,
        subtitle=_subtitle(book, checks[0], family, unit),
        footer=_footer(book),
        keys=_keys(book),
        drawings=canvas.as_markup("tide", in_words(title), _alt(book, names, unit)),
        table=_table(book, names),
    )


def is_beside_2001(book: FactBook) -> bool:
    """True when the survey has rounds for which figures were published."""
    return any(row.round in book.rounds for row in record_of_2001().prevalence)


def _entry(fact: Fact | None, check: str, label: str) -> TideEntry:
    published = record_of_2001().share_of(check, label)
    base: Sentence = () if fact is None or fact.base is None else ("of ", number(fact, "base"))
    around: Sentence = () if fact is None or fact.bound_low is None else bounds(fact)
    return TideEntry(label, _published_words(published), (share(fact),), base, around)


def _published_words(published: PublishedShare | None) -> str:
    if published is None:
        return ""
    return f"{published.text} of {published.of}" if published.of else published.text


def _ticks(rounds: tuple[str, ...]) -> dict[str, str]:
    short = {label: round_tick(label) for label in rounds}
    return short if len(set(short.values())) == len(short) else {label: round_words(label) for label in rounds}


def _points(book: FactBook, check: str, ticks: Mapping[str, str], unit: str) -> tuple[Point, ...]:
    return tuple(_point(book.prevalence(check, label, unit), check, label, tick) for label, tick in ticks.items())


def _point(fact: Fact | None, check: str, label: str, tick: str) -> Point:
    published = record_of_2001().share_of(check, label)
    mark = None if published is None or published.of else published.percent / 100
    if fact is None or fact.estimate is None:
        return Point(tick, None, None, None, mark)
    low = fact.bound_low if fact.bound_low is not None else fact.ci_low
    high = fact.bound_high if fact.bound_high is not None else fact.ci_high
    return Point(tick, fact.estimate, low, high, mark, percent(fact.estimate))


def _title(book: FactBook, names: Mapping[str, str], unit: str) -> Sentence:
    headline = headline_of(book)
    check = headline[0] if headline else book.checks()[0]
    told = [
        fact for label in book.rounds if (fact := book.prevalence(check, label, unit)) and fact.estimate is not None
    ]
    name = check_words(check, names)
    if not told:
        return (f"{name}: no share can be given",)
    first, last = told[0], told[-1]
    if first is last:
        return (f"{name}: ", share(first), f" in {round_words(first.round)}")
    move = (last.estimate or 0) - (first.estimate or 0)
    verb = "stayed at" if abs(move) < _LEAST_MOVE else "fell from" if move < 0 else "rose from"
    return (f"{name} {verb} ", share(first), f" in {round_words(first.round)} to ", share(last),
            f" in {round_words(last.round)}")  # fmt: skip


def _subtitle(book: FactBook, check: str, family: str, unit: str) -> Sentence:
    population = f"{family_words(family)} {unit_words(unit)}" if family else unit_words(unit)
    told = [fact for label in book.rounds if (fact := book.prevalence(check, label, unit)) and fact.base is not None]
    start: Sentence = (f"Percent of the {population} that could be judged, by round",)
    if not told:
        return start
    return (
        *start,
        "; n = ",
        number(told[0], "base"),
        " in the first round, ",
        number(told[-1], "base"),
        " in the last",
    )


def _footer(book: FactBook) -> str:
    source = "Source: this survey. Pale bars: bounds, with all that cannot be told or did not answer counted each way."
    if not is_beside_2001(book):
        return source
    used = {row.source for row in record_of_2001().prevalence if row.round in book.rounds and not row.of}
    words = (entry.words for entry in record_of_2001().sources if entry.id in used)
    return f"{source} Diamonds: {'; '.join(words)}."


def _keys(book: FactBook) -> tuple[Key, ...]:
    measured = (Key("microsoft-iis", "measured", "dot"), Key("veil", "bounds"))
    return (*measured, Key("text", "published in 2001", "diamond")) if is_beside_2001(book) else measured


def _alt(book: FactBook, names: Mapping[str, str], unit: str) -> str:
    lines = []
    for check in book.checks():
        told = ", ".join(
            f"{round_words(label)} {share(book.prevalence(check, label, unit)).text}" for label in book.rounds
        )
        lines.append(f"{check_words(check, names)}: {told}.")
    return f"Line charts of the share of {unit_words(unit)} that show each hole. {' '.join(lines)}"


def _table(book: FactBook, names: Mapping[str, str]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for check, unit in product(book.checks(), book.units()):
        for label in book.rounds:
            fact = book.prevalence(check, label, unit)
            named = (check_words(check, names), unit_words(unit), round_words(label))
            beside = (number(fact, "cannot_tell"), number(fact, "refused"), number(fact, "silent"))
            around = (interval(fact), bounds(fact))
            rows.append((*named, share(fact), *around, number(fact), number(fact, "base"), *beside))
    named_columns = ("Check", "Unit", "Round", "Share", "95 % interval", "Bounds", "Shown", "Base")
    return Table("Prevalence by round", (*named_columns, "Cannot tell", "Refused", "Silent"), tuple(rows))
