"""Where those went that left a product: competitor, refused, silent, masked; and who serves the names and addresses."""

from ebbtide.model.facts import Fact
from ebbtide.publish.book import ADDRESS, SITE, FactBook
from ebbtide.publish.drawing import NARROW, WIDE, Row, Segment, Twin, stacked_rows, twin_rows
from ebbtide.publish.exhibit import Canvas, Cell, Exhibit, Key, Table
from ebbtide.publish.figures import Sentence, in_words, interval, number, share
from ebbtide.publish.formatting import count, percent, round_words
from ebbtide.publish.palette import family_ink, fate_ink
from ebbtide.publish.published import PublishedLeavers, record_of_2001
from ebbtide.publish.words import FATE_ORDER, by_order, family_words, fate_words, unit_words

_MOST_FAMILIES = 10
_UNITS_DISAGREE = 0.01


def leavers_exhibit(book: FactBook, unit: str = ADDRESS) -> Exhibit | None:
    """The fates of those that no longer answer as the product, for the pair of rounds that lost most."""
    fates = _most_left(book, unit)
    if not fates:
        return None
    first = fates[0]
    family, pair = family_words(first.family), (first.from_round, first.round)
    full = max([fact.estimate for fact in fates if fact.estimate is not None], default=1.0) or 1.0
    rows = [_bar(fact) for fact in fates]
    canvas = Canvas(stacked_rows(rows, WIDE, full=full), stacked_rows(rows, NARROW, full=full))
    title = _title(fates, family)
    said = ", ".join(f"{fate_words(fact.category).lower()} {share(fact).text}" for fact in fates)
    return Exhibit(
        name="leavers",
        title=title,
        subtitle=(*_population(fates, family, unit), number(first, "base")),
        footer=_footer(first.family, unit, pair),
        keys=(),
        drawings=canvas.as_markup("leavers", in_words(title), f"Bars, one a fate: {said}."),
        table=_fates_table(book, family),
    )  # fmt: skip


def shares_exhibit(book: FactBook) -> Exhibit | None:
    """Who serves, counted in names and in addresses, in the last round."""
    label = next((at for at in reversed(book.rounds) if book.select("share", round=at, unit=SITE)), "")
    families = _families(book, label)
    if not families:
        return None
    facts = [_both_units(book, label, family) for family in families]
    rows = [_twin(family, pair) for family, pair in zip(families, facts, strict=True)]
    canvas = Canvas(twin_rows(rows, WIDE), twin_rows(rows, NARROW))
    names, addresses = facts[0]
    both: Sentence = (share(names), " of the names and ", share(addresses), " of the addresses")
    title: Sentence = (f"{family_words(families[0])} serves ", *both)
    counts: Sentence = (number(names, "base"), " sites, ", number(addresses, "base"), " addresses")
    said = "; ".join(f"{row.name} {row.words}" for row in rows)
    return Exhibit(
        name="shares",
        title=title,
        subtitle=(f"Percent of those that answered in {round_words(label)}, in two units of count; n = ", *counts),
        footer="Source: this survey. A name is not a server and an address is not a machine: neither is the true unit.",
        keys=(Key("text", "names (thick, first figure)"), Key("text", "addresses (thin, second figure)", "thin")),
        drawings=canvas.as_markup("shares", in_words(title), f"Two bars a product, names and addresses: {said}."),
        table=_shares_table(book),
    )


def units_note(book: FactBook) -> Sentence:
    """Says where names and addresses tell different stories; empty where they agree."""
    told = [label for label in book.rounds if _families(book, label)]
    if not told:
        return ()
    for family in _families(book, told[-1]):
        moves = [_move(book, family, unit, told) for unit in (SITE, ADDRESS)]
        if min(moves) < 0 < max(moves) and max(moves) - min(moves) >= _UNITS_DISAGREE:
            winner, loser = ("names", "addresses") if moves[0] > 0 else ("addresses", "names")
            since = f"from {round_words(told[0])} to {round_words(told[-1])}"
            words = f"{family_words(family)} gained {winner} and lost {loser} {since}"
            return (f"The units disagree: {words}. Do not quote one of them alone.",)
    return _levels_disagree(book, told[-1])


def published_shares(book: FactBook) -> str:
    """What was published of shares for rounds of this survey; empty where nothing was."""
    told = [row for row in record_of_2001().shares if row.round in book.rounds]
    if not told:
        return ""
    words = ", ".join(f"{family_words(row.family)} {row.text} of host names" for row in told)
    return f"Published for {round_words(told[0].round)}: {words} ({record_of_2001().source_words(told[0].source)})."


def _levels_disagree(book: FactBook, label: str) -> Sentence:
    gaps = []
    for family in _families(book, label):
        names, addresses = _both_units(book, label, family)
        if names is not None and addresses is not None and None not in (names.estimate, addresses.estimate):
            gaps.append((abs((names.estimate or 0) - (addresses.estimate or 0)), family, names, addresses))
    if not gaps:
        return ()
    gap, family, names, addresses = max(gaps, key=lambda entry: entry[0])
    if gap < _UNITS_DISAGREE:
        return ()
    both: Sentence = (share(names), " of the names but ", share(addresses), " of the addresses")
    return ("The units disagree: ", *both, f" run {family_words(family)}. Always say which was counted.")


def _both_units(book: FactBook, label: str, family: str) -> tuple[Fact | None, Fact | None]:
    wanted = {"round": label, "family": family, "lens": "all"}
    return book.one("share", unit=SITE, **wanted), book.one("share", unit=ADDRESS, **wanted)


def _move(book: FactBook, family: str, unit: str, told: list[str]) -> float:
    """How far the share went from the first round to the last; 0 where either is not known."""
    ends = [book.one("share", round=label, unit=unit, family=family, lens="all") for label in (told[0], told[-1])]
    known = [fact.estimate for fact in ends if fact is not None and fact.estimate is not None]
    return known[1] - known[0] if len(known) == len(ends) else 0.0


def _most_left(book: FactBook, unit: str) -> list[Fact]:
    groups: dict[tuple[str, str, str], list[Fact]] = {}
    for fact in book.select("fate", lens="leavers", unit=unit, check=""):
        if fact.from_round in book.rounds and fact.base:
            groups.setdefault((fact.from_round, fact.round, fact.family), []).append(fact)
    if not groups:
        return []
    spans = {key: book.rounds.index(key[1]) - book.rounds.index(key[0]) for key in groups if key[1] in book.rounds}
    chosen = min(spans, key=lambda key: (spans[key] != 1, -(groups[key][0].base or 0), key))
    order = by_order({fact.category for fact in groups[chosen]}, FATE_ORDER)
    return sorted(groups[chosen], key=lambda fact: (-(fact.n or 0), order.index(fact.category)))


def _bar(fact: Fact) -> Row:
    words = f"{share(fact).text} ({number(fact).text})"
    return Row(fate_words(fact.category), words, (Segment(fate_ink(fact.category), fact.estimate or 0.0, ""),))


def _population(fates: list[Fact], family: str, unit: str) -> Sentence:
    then, now = round_words(fates[0].from_round), round_words(fates[0].round)
    start = f"Percent of the {unit_words(unit)} that ran {family} in {then} and no longer did in {now}"
    return (f"{start}, by what they did instead; n = ",)


def _title(fates: list[Fact], family: str) -> Sentence:
    competitor = next((fact for fact in fates if fact.category == "competitor"), None)
    if competitor is None or competitor.n is None:
        return (f"Where the servers went that left {family}",)
    return ("Of ", number(competitor, "base"), f" that left {family}, ", number(competitor), " run a competitor (",
            share(competitor), ")")  # fmt: skip


def _footer(family: str, unit: str, pair: tuple[str, str]) -> str:
    source = "Source: this survey; the same address or name is taken for the same server."
    row = next((row for row in record_of_2001().leavers if _speaks_of(row, family, unit, pair)), None)
    if row is None:
        return source
    counts = f"about {count(row.left)} left, about {count(row.competitor)} of them with a competitor"
    part, words = percent(row.competitor / row.left), record_of_2001().source_words(row.source)
    return f"{source} Published: {counts}, {part} ({words})."


def _speaks_of(row: PublishedLeavers, family: str, unit: str, pair: tuple[str, str]) -> bool:
    return (row.family, row.unit, row.round) == (family, unit, pair[1])


def _fates_table(book: FactBook, family: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for pair in book.pairs("fate"):
        for fact in book.select("fate", check="", from_round=pair[0], round=pair[1]):
            group = f"{'that left' if fact.lens == 'leavers' else 'all'} {family_words(fact.family)}"
            named = (f"{round_words(pair[0])} to {round_words(pair[1])}", unit_words(fact.unit), group)
            numbers = (share(fact), interval(fact), number(fact), number(fact, "base"))
            rows.append((*named, fate_words(fact.category), *numbers))
    columns = ("Rounds", "Unit", "Group", "Fate", "Share", "95 % interval", "Servers", "Base")
    return Table(f"Fates of {family} servers between rounds", columns, tuple(rows))


def _families(book: FactBook, label: str) -> tuple[str, ...]:
    facts = book.select("share", round=label, unit=SITE, lens="all")
    ranked = sorted(facts, key=lambda fact: (fact.family == "unknown", -(fact.estimate or 0.0), fact.family))
    return tuple(fact.family for fact in ranked[:_MOST_FAMILIES])


def _twin(family: str, pair: tuple[Fact | None, Fact | None]) -> Twin:
    first, second = (None if fact is None else fact.estimate for fact in pair)
    words = " / ".join(share(fact).text for fact in pair)
    return Twin(family_words(family), words, family_ink(family), first, second)


def _shares_table(book: FactBook) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for label in book.rounds:
        for family in _families(book, label):
            for unit in (SITE, ADDRESS):
                fact = book.one("share", round=label, unit=unit, family=family, lens="all")
                named = (round_words(label), family_words(family), unit_words(unit))
                rows.append((*named, share(fact), interval(fact), number(fact), number(fact, "base")))
    columns = ("Round", "Product", "Unit", "Share", "95 % interval", "Servers", "Base")
    return Table("Shares of products by round", columns, tuple(rows))
