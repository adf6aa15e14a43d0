"""How the rounds went: who answered, refused, fell silent or was not asked; and the ledger that must balance."""

from collections.abc import Mapping

from ebbtide.model.facts import Fact
from ebbtide.publish.book import SITE, FactBook
from ebbtide.publish.drawing import NARROW, WIDE, Row, Segment, stacked_rows
from ebbtide.publish.exhibit import Canvas, Cell, Exhibit, Key, Table
from ebbtide.publish.figures import Sentence, in_words, interval, length, number, share, spread
from ebbtide.publish.formatting import percent, round_words
from ebbtide.publish.palette import fate_ink
from ebbtide.publish.words import by_order, check_words, family_words, unit_words

PRESENCE = ("answered", "refused", "silent", "unknown", "skipped")
_WORDS: Mapping[str, str] = {
    "answered": "answered",
    "refused": "refused",
    "silent": "silent",
    "unknown": "not known",
    "skipped": "not asked by rule",
}


def rounds_exhibit(book: FactBook) -> Exhibit | None:
    """Presence of all planned sites, one bar a round."""
    told = [(label, _parts(book, label, SITE)) for label in book.rounds]
    told = [(label, parts) for label, parts in told if parts]
    if not told:
        return None
    rows = [Row(round_words(label), f"n = {number(parts[0], 'base').text}", _segments(parts)) for label, parts in told]
    canvas = Canvas(stacked_rows(rows, WIDE), stacked_rows(rows, NARROW))
    last_label, last = told[-1]
    answer = f" planned sites {_WORDS[last[0].category]} in {round_words(last_label)}"
    title: Sentence = (number(last[0]), " of ", number(last[0], "base"), answer)
    used = {fact.category for _, parts in told for fact in parts if fact.n}
    said = " ".join(f"{round_words(label)}: {_said(parts)}." for label, parts in told)
    return Exhibit(
        name="rounds",
        title=title,
        subtitle=("Percent of all planned sites, by how they could be reached; n at the right",),
        footer="Source: this survey. A site is silent only when every attempt of the round went unanswered.",
        keys=tuple(Key(fate_ink(part), _WORDS[part]) for part in PRESENCE if part in used),
        drawings=canvas.as_markup("rounds", in_words(title), f"Stacked bars, one a round. {said}"),
        table=_faults(book),
    )


def conservation(book: FactBook) -> Table:
    """Planned = answered + refused + silent + not known + not asked, and whether it holds."""
    rows: list[tuple[Cell, ...]] = []
    for label in book.rounds:
        for unit in book.units():
            parts = {part: book.one("outcome", round=label, unit=unit, category=part) for part in PRESENCE}
            planned = book.one("outcome", round=label, unit=unit, category="planned")
            if planned is None:
                continue
            counts = tuple(number(fact) for fact in parts.values())
            rows.append((round_words(label), unit_words(unit), number(planned), *counts, _balance(planned, parts)))
    columns = ("Round", "Unit", "Planned", *(_WORDS[part].capitalize() for part in PRESENCE), "Balance")
    return Table("Every planned unit is accounted for once", columns, tuple(rows))


def half_lives(book: FactBook, names: Mapping[str, str]) -> Table:
    """Days until half of those that showed a check showed it no longer: checks down, pairs of rounds across."""
    pairs = book.pairs("half_life")
    rows: list[tuple[Cell, ...]] = []
    for check in book.checks():
        facts = [
            book.one("half_life", check=check, from_round=pair[0], round=pair[1], unit=book.unit) for pair in pairs
        ]
        if any(fact is not None for fact in facts):
            rows.append((check_words(check, names), *(_half_life(fact) for fact in facts)))
    columns = ("Hole", *(_pair_words(pair) for pair in pairs))
    return Table(
        f"Half-lives of the holes on the same {unit_words(book.unit)}, with 95 % intervals", columns, tuple(rows)
    )


def all_half_lives(book: FactBook, names: Mapping[str, str]) -> Table:
    """The same in every unit, with counts and the reason where there is none."""
    rows: list[tuple[Cell, ...]] = []
    for check in book.checks():
        for fact in book.select("half_life", check=check):
            named = (check_words(check, names), _pair_words((fact.from_round, fact.round)), unit_words(fact.unit))
            around = spread(length(fact, "ci_low"), length(fact, "ci_high"))
            rows.append((*named, length(fact), around, number(fact), number(fact, "base"), fact.note))
    columns = ("Check", "Rounds", "Unit", "Half-life", "95 % interval", "Still shown", "Base", "Note")
    return Table("Half-lives in every unit, with their counts", columns, tuple(rows))


def _half_life(fact: Fact | None) -> Sentence:
    around = spread(length(fact, "ci_low"), length(fact, "ci_high"))
    return (length(fact),) if len(around) == 1 else (length(fact), " [", *around, "]")


def _pair_words(pair: tuple[str, str]) -> str:
    return f"{round_words(pair[0])} to {round_words(pair[1])}" if pair[0] else round_words(pair[1])


def bases(book: FactBook, names: Mapping[str, str]) -> Table:
    """The base of every prevalence, and what stands beside it."""
    rows: list[tuple[Cell, ...]] = []
    for check in book.checks():
        for fact in book.select("prevalence", check=check, lens="all"):
            family = family_words(fact.family) if fact.family else "every server"
            named = (check_words(check, names), round_words(fact.round), f"{family}, {unit_words(fact.unit)}")
            beside = ("answered", "base", "n", "cannot_tell", "not_asked", "refused", "silent")
            rows.append((*named, *(number(fact, name) for name in beside), fact.method, fact.quality))
    named_columns = ("Check", "Round", "Population", "Answered", "Base", "Shown")
    columns = (*named_columns, "Cannot tell", "Not asked", "Refused", "Silent", "Method", "Quality")
    return Table("The base of every share", columns, tuple(rows))


def _parts(book: FactBook, label: str, unit: str) -> list[Fact]:
    found = (book.one("outcome", round=label, unit=unit, category=part) for part in PRESENCE)
    return [fact for fact in found if fact is not None]


def _segments(parts: list[Fact]) -> tuple[Segment, ...]:
    told = (fact for fact in parts if fact.estimate)
    return tuple(Segment(fate_ink(fact.category), fact.estimate or 0.0, percent(fact.estimate)) for fact in told)


def _said(parts: list[Fact]) -> str:
    return ", ".join(f"{_WORDS[fact.category]} {share(fact).text}" for fact in parts)


def _balance(planned: Fact, parts: Mapping[str, Fact | None]) -> str:
    counts = [0 if fact is None else fact.n for fact in parts.values()]
    if planned.n is None or any(number is None for number in counts):
        return "withheld"
    missing = planned.n - sum(number or 0 for number in counts)
    return "holds" if missing == 0 else f"{missing:+,} units unaccounted for"


def _faults(book: FactBook) -> Table:
    facts = [fact for fact in book.select("outcome") if fact.category != "planned"]
    order = by_order({fact.category for fact in facts}, PRESENCE)
    place = {label: position for position, label in enumerate(book.rounds)}
    facts.sort(key=lambda fact: (place.get(fact.round, len(place)), fact.unit != SITE, order.index(fact.category)))
    rows = tuple(
        (round_words(fact.round), unit_words(fact.unit), _WORDS.get(fact.category, fact.category), share(fact),
         number(fact), number(fact, "base"), interval(fact))
        for fact in facts
    )  # fmt: skip
    columns = ("Round", "Unit", "Outcome (stage/fault)", "Share", "Units", "Planned", "95 % interval")
    return Table("Outcomes by stage and fault", columns, rows)
