"""Attack pressure by month from the operator's own logs, beside the share of servers open to the same attack."""

from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

from ebbtide.model.facts import Fact
from ebbtide.pressure.signatures.reading import own_signatures
from ebbtide.publish.book import FactBook
from ebbtide.publish.drawing import NARROW, WIDE, Panel, Point, small_lines
from ebbtide.publish.exhibit import Canvas, Cell, Exhibit, Key, Table
from ebbtide.publish.figures import Sentence, a_day, in_words, length, number, share, spread
from ebbtide.publish.formatting import a_day as a_day_text
from ebbtide.publish.formatting import percent, round_tick, round_words
from ebbtide.publish.plain_text import plain
from ebbtide.publish.words import check_words

MOST_FAMILIES = 8
UNITS = ("request", "visit", "source")
_ALL = "All attacks"
_MONTHS_A_YEAR = 12
_STAYED = 0.005


class Attacks(msgspec.Struct, frozen=True):
    """Facts of attacks by what they speak of.

    Attributes:
        months: Every month from the first to the last with an observed day; those between without one are gaps.
        families: Those of which a month can be shown, the most visits first; the empty name is all attacks together.
        withheld: Families and months that cannot be shown.
        cells: Month, family and unit to the fact.
        prevalence: Month and check to the prevalence of the last round of that month.
    """

    months: tuple[str, ...]
    families: tuple[str, ...]
    withheld: int
    cells: Mapping[tuple[str, str, str], Fact]
    prevalence: Mapping[tuple[str, str], Fact]

    def check_of(self, family: str) -> str:
        """The check that sees the hole that a family uses; empty if no round judged it."""
        check = next((fact.check for (_, name, _), fact in self.cells.items() if name == family), "")
        return check if any(told == check for _, told in self.prevalence) else ""


def attacks_of(book: FactBook, rounds: Sequence[tuple[str, str]]) -> Attacks:
    """Sort the facts of attacks.

    Args:
        book: All facts that may be published.
        rounds: Label and reference date.
    """
    cells = {(fact.lens_value, fact.family, fact.unit): fact for fact in book.attacks if fact.metric == "pressure"}
    visits = [fact for fact in cells.values() if fact.unit == "visit"]
    totals: dict[str, int] = {}
    for fact in visits:
        if fact.n is not None:
            totals[fact.family] = totals.get(fact.family, 0) + fact.n
    families = sorted(
        (name for name, total in totals.items() if total or not name),
        key=lambda name: (name != "", -totals[name], name),
    )
    prevalence = {
        (day[:7], fact.check): fact
        for label, day in rounds
        for fact in book.select("prevalence", round=label, unit=book.unit, lens="all")
    }
    return Attacks(
        _span(sorted({fact.lens_value for fact in visits})),
        tuple(families),
        sum(fact.suppressed for fact in visits),
        cells,
        prevalence,
    )


def pressure_exhibit(book: FactBook, names: Mapping[str, str], rounds: Sequence[tuple[str, str]]) -> Exhibit | None:
    """Visits a day by month, a small chart a family; beside it the prevalence of the hole that it uses."""
    attacks = attacks_of(book, rounds)
    if not attacks.families:
        return None
    panels = _panels(attacks, names)
    drawn = [small_lines(panels, sheet, "shown", is_one_scale=False) for sheet in (WIDE, NARROW)]
    canvas = Canvas(*drawn)
    title = _title(attacks)
    return Exhibit(
        name="pressure",
        title=title,
        subtitle=(
            "Visits a day by month, as means over observed days; each chart has its own scale",
            *_beside(attacks),
        ),
        footer=_footer(attacks),
        keys=_keys(attacks),
        drawings=canvas.as_markup("pressure", in_words(title), _alt(attacks, names)),
        table=_table(attacks, names),
    )


def pressure_trends(book: FactBook) -> Table:
    """In how many days the visits of each family halve or double, or that there is no trend."""
    facts = {(fact.family, fact.category): fact for fact in book.attacks if fact.metric == "pressure_half_life"}
    rows: list[tuple[Cell, ...]] = []
    for family in sorted({family for family, _ in facts}, key=lambda name: (name != "", attack_words(name))):
        pair = [facts.get((family, category)) for category in ("halves", "doubles")]
        if any(fact is None or fact.suppressed for fact in pair):
            continue
        told = next((fact for fact in pair if fact and fact.estimate is not None), None)
        verdict = "halve" if told is pair[0] else "double"
        rows.append(
            (
                attack_words(family),
                number(pair[0], "base"),
                f"visits {verdict} in" if told else _why(pair[0]),
                length(told) if told else "",
                spread(length(told, "ci_low"), length(told, "ci_high")) if told else "",
            )
        )
    columns = ("Family", "Observed days on which it spreads", "Trend", "Days", "95 % interval")
    return Table("Whether the attacks ebb", columns, tuple(rows))


def attack_words(family: str) -> str:
    """A family of attacks as people name it."""
    return _names().get(family, plain(family)) if family else _ALL


@cache
def _names() -> Mapping[str, str]:
    return {signature.id: signature.family for signature in own_signatures()}


def _why(fact: Fact | None) -> str:
    note = fact.note if fact else ""
    return "no trend" if note == "Blank: no trend." else plain(note.removeprefix("Blank: "))


def _span(months: Sequence[str]) -> tuple[str, ...]:
    """All months from the first to the last."""
    if not months:
        return ()
    first, last = (int(each[:4]) * _MONTHS_A_YEAR + int(each[5:]) - 1 for each in (months[0], months[-1]))
    return tuple(f"{place // _MONTHS_A_YEAR:04d}-{place % _MONTHS_A_YEAR + 1:02d}" for place in range(first, last + 1))


def _ticks(months: Sequence[str]) -> dict[str, str]:
    short = {month: round_tick(month) for month in months}
    is_told_apart = len(set(short.values())) == len(short)
    return short if is_told_apart else {month: f"{tick} {month[2:4]}" for month, tick in short.items()}


def _panels(attacks: Attacks, names: Mapping[str, str]) -> list[Panel]:
    """Families with the hole that they use first, in pairs, so that each stands beside its own."""
    chosen = attacks.families[:MOST_FAMILIES]
    paired = [family for family in chosen if attacks.check_of(family)]
    panels: list[Panel] = []
    for family in paired:
        check = attacks.check_of(family)
        panels += [_panel(attacks, family), _beside_panel(attacks, check, names)]
    return panels + [_panel(attacks, family) for family in chosen if family not in paired]


def _panel(attacks: Attacks, family: str) -> Panel:
    points = []
    for month, tick in _ticks(attacks.months).items():
        fact = attacks.cells.get((month, family, "visit"))
        value = None if fact is None else fact.estimate
        ends = (None, None) if fact is None else (fact.ci_low, fact.ci_high)
        points.append(Point(tick, value, *ends, None, a_day_text(value)))
    return Panel(attack_words(family), tuple(points))


def _beside_panel(attacks: Attacks, check: str, names: Mapping[str, str]) -> Panel:
    points = []
    for month, tick in _ticks(attacks.months).items():
        fact = attacks.prevalence.get((month, check))
        value = None if fact is None else fact.estimate
        ends = (None, None) if fact is None else (fact.bound_low, fact.bound_high)
        points.append(Point(tick, value, *ends, None, percent(value)))
    return Panel(check_words(check, names), tuple(points), "microsoft-iis")


def _has_pairs(attacks: Attacks) -> bool:
    return any(attacks.check_of(family) for family in attacks.families[:MOST_FAMILIES])


def _beside(attacks: Attacks) -> Sentence:
    return ("; beside it the share of servers that show the hole it uses",) if _has_pairs(attacks) else ()


def _title(attacks: Attacks) -> Sentence:
    told = [
        fact for month in attacks.months if (fact := attacks.cells.get((month, "", "visit"))) and fact.n is not None
    ]
    if not told:
        return ("Attacks on one server, by family",)
    first, last = told[0], told[-1]
    if first is last:
        return ("One server had ", a_day(first), f" visits of attackers a day in {round_words(first.lens_value)}")
    move = (last.estimate or 0) - (first.estimate or 0)
    verb = "stayed at" if abs(move) < _STAYED else "fell from" if move < 0 else "rose from"
    start, end = round_words(first.lens_value), round_words(last.lens_value)
    return (
        f"Visits of attackers to one server {verb} ",
        a_day(first),
        f" a day in {start} to ",
        a_day(last),
        f" in {end}",
    )


def _footer(attacks: Attacks) -> str:
    words = "Source: access logs of one server of the operator; named signatures only. "
    words += "A line breaks where no day of a month was observed. Pale bars: 95 % intervals"
    words += ", and bounds of the shares." if _has_pairs(attacks) else "."
    if attacks.withheld:
        words += f" Withheld, for fewer than three sources or to guard those: {attacks.withheld} families and months."
    return words


def _keys(attacks: Attacks) -> tuple[Key, ...]:
    measured = (Key("shown", "visits a day", "dot"),)
    beside = (Key("microsoft-iis", "share of servers that show the hole", "dot"),) if _has_pairs(attacks) else ()
    return (*measured, *beside, Key("veil", "interval or bounds"))


def _alt(attacks: Attacks, names: Mapping[str, str]) -> str:
    lines = []
    for panel in _panels(attacks, names):
        told = ", ".join(
            f"{round_words(month)} {'not observed' if point.value is None else point.label}"
            for month, point in zip(attacks.months, panel.points, strict=True)
        )
        lines.append(f"{panel.title}: {told}.")
    return f"Line charts of visits of attackers a day, by month. {' '.join(lines)}"


def _table(attacks: Attacks, names: Mapping[str, str]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    is_beside = _has_pairs(attacks)
    for family in attacks.families:
        check = attacks.check_of(family)
        for month in attacks.months:
            request, visit, source = (attacks.cells.get((month, family, unit)) for unit in UNITS)
            if visit is None or visit.suppressed or not (visit.n or not family):
                continue
            hole = attacks.prevalence.get((month, check)) if check else None
            around = spread(a_day(visit, "ci_low"), a_day(visit, "ci_high"))
            counts = (a_day(request), a_day(visit), around, a_day(source), number(source), number(visit, "base"))
            beside: tuple[Cell, ...] = ((check_words(check, names), " ", share(hole)) if hole else "",)
            rows.append((attack_words(family), round_words(month), *counts, *(beside if is_beside else ())))
    named = ("Family", "Month", "Requests a day", "Visits a day", "95 % interval", "Sources a day")
    columns = (*named, "Sources in the month", "Observed days", *(("The hole it uses",) if is_beside else ()))
    return Table("Attacks a day by family and month", columns, tuple(rows))
