"""The table of 2001 beside what was measured, and the fates, as plain records; the caller prints them."""

from collections.abc import Mapping, Sequence

import msgspec

from ebbtide.model.facts import Fact
from ebbtide.publish.book import ADDRESS, FactBook
from ebbtide.publish.figures import Figure, number, share
from ebbtide.publish.published import PublishedShare, record_of_2001
from ebbtide.publish.words import FATE_ORDER, by_order, check_words, family_words, fate_words

NO_NAMES: Mapping[str, str] = {}


class TideCell(msgspec.Struct, frozen=True):
    """One check in one round.

    Attributes:
        published: As it was published, ``under 4 %``; empty where nothing is on record.
        measured: The share that was measured.
        n: Servers that show it.
        base: Servers that could be judged.
    """

    round: str
    published: str
    measured: Figure
    n: Figure
    base: Figure


class SameCell(msgspec.Struct, frozen=True):
    """The same servers in a later round.

    Attributes:
        published: As it was published; empty where nothing is on record.
        of_cohort: Share of all that could be judged in both rounds.
        of_shown_then: Share of those that showed it in the earlier round.
        gone_refused: Those that showed it and refuse now; not counted as mended.
        gone_silent: Those that showed it and are silent now; not counted as mended.
    """

    from_round: str
    round: str
    published: str
    of_cohort: Figure
    of_shown_then: Figure
    gone_refused: Figure
    gone_silent: Figure


class TideRow(msgspec.Struct, frozen=True):
    """One check over all rounds."""

    check: str
    name: str
    family: str
    cells: tuple[TideCell, ...]
    same: tuple[SameCell, ...]


class FateRow(msgspec.Struct, frozen=True):
    """What became of servers between two rounds: one fate of one group.

    Attributes:
        lens: ``all`` of the family, or only those that left it (``leavers``).
        base: Units of the group.
    """

    from_round: str
    round: str
    unit: str
    family: str
    lens: str
    fate: str
    words: str
    family_words: str
    share: Figure
    n: Figure
    base: Figure
    ci_low: Figure
    ci_high: Figure


def tide_table(
    facts: Sequence[Fact],
    *,
    unit: str = "",
    rounds: Sequence[str] = (),
    names: Mapping[str, str] = NO_NAMES,
) -> tuple[TideRow, ...]:
    """Published and measured shares of every check, round by round, and of the same servers.

    Args:
        facts: Of one survey, all rounds.
        unit: Unit of count; empty for the one that the finding speaks in.
        rounds: Labels in the order of their reference dates; empty to read the order from the facts.
        names: Check id to name; ids that it does not hold have a name of ours or stand for themselves.

    Returns:
        One row a check; its cells follow the rounds, its readings the pairs of rounds that were compared.
    """
    book = FactBook(facts, rounds)
    return tuple(
        TideRow(
            check=check,
            name=check_words(check, names),
            family=next((fact.family for fact in book.select("prevalence", check=check)), ""),
            cells=tuple(_cell(book, check, label, unit) for label in book.rounds),
            same=tuple(_same(book, check, pair, unit) for pair in book.pairs()),
        )
        for check in book.checks()
    )


def fate_rows(facts: Sequence[Fact], *, unit: str = ADDRESS, lens: str = "leavers") -> tuple[FateRow, ...]:
    """What became of a family's servers between two rounds.

    Args:
        facts: Of one survey, all rounds.
        unit: Unit of count; the figures of 2001 were counted in addresses.
        lens: ``leavers``: those that no longer answer as the family; ``all``: the whole family.
    """
    book = FactBook(facts)
    chosen = [fact for fact in book.select("fate", unit=unit, lens=lens) if not fact.check]
    order = by_order({fact.category for fact in chosen}, FATE_ORDER)
    pairs = book.pairs("fate")
    chosen.sort(key=lambda fact: (pairs.index((fact.from_round, fact.round)), fact.family, order.index(fact.category)))
    return tuple(_fate(fact) for fact in chosen)


def _cell(book: FactBook, check: str, label: str, unit: str) -> TideCell:
    fact = book.prevalence(check, label, unit)
    published = record_of_2001().share_of(check, label)
    return TideCell(label, _text(published), share(fact), number(fact), number(fact, "base"))


def _same(book: FactBook, check: str, pair: tuple[str, str], unit: str) -> SameCell:
    cohort, shown_then = (book.same(check, pair, reading, unit) for reading in ("of_cohort", "of_shown_then"))
    return SameCell(
        from_round=pair[0],
        round=pair[1],
        published=_text(record_of_2001().same_of(check, *pair)),
        of_cohort=share(cohort),
        of_shown_then=share(shown_then),
        gone_refused=number(shown_then, "refused"),
        gone_silent=number(shown_then, "silent"),
    )


def _text(published: PublishedShare | None) -> str:
    if published is None:
        return ""
    return f"{published.text} of {published.of}" if published.of else published.text


def _fate(fact: Fact) -> FateRow:
    return FateRow(
        from_round=fact.from_round,
        round=fact.round,
        unit=fact.unit,
        family=fact.family,
        lens=fact.lens,
        fate=fact.category,
        words=fate_words(fact.category),
        family_words=family_words(fact.family),
        share=share(fact),
        n=number(fact),
        base=number(fact, "base"),
        ci_low=share(fact, "ci_low"),
        ci_high=share(fact, "ci_high"),
    )
