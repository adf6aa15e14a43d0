"""The one-sentence finding, in the terminal and on top of the page."""

from collections.abc import Sequence

from ebbtide.model.facts import Fact
from ebbtide.publish.book import SITE, FactBook
from ebbtide.publish.figures import Sentence, in_words, number, share
from ebbtide.publish.formatting import round_words
from ebbtide.publish.published import record_of_2001
from ebbtide.publish.words import check_deed, family_words, unit_words

Pair = tuple[str, str]


def finding(facts: Sequence[Fact]) -> str:
    """What the rounds found, in one sentence.

    Args:
        facts: Of one survey, all rounds.

    Returns:
        Plain text with one full stop; vanished servers are named in it and never counted as mended.
    """
    return in_words(finding_parts(FactBook(facts)))


def finding_parts(book: FactBook) -> Sentence:
    """The same sentence with its numbers as figures."""
    headline = headline_of(book)
    if headline is not None:
        return _same_servers(book, *headline)
    latest = _latest_prevalence(book)
    return _answered(book) if latest is None else _one_round(latest)


def _one_round(latest: Fact) -> Sentence:
    counts: Sentence = (number(latest), " of ", number(latest, "base"))
    start = f"Of the {_population(latest)} judged in {round_words(latest.round)}, "
    return (start, share(latest), f" {check_deed(latest.check)} (", *counts, ").")


def headline_of(book: FactBook) -> tuple[str, Pair] | None:
    """The check and the pair of rounds that the page speaks of first.

    The pair that was published in 2001 where the survey has it; else the steepest fall between two neighbouring
    rounds among all checks.
    """
    for published in record_of_2001().same_servers:
        pair = (published.from_round, published.round)
        if _can_head(book, published.check, pair):
            return published.check, pair
    falls = [
        (_fall(book, check, pair), check, pair)
        for pair in neighbours(book)
        for check in book.checks()
        if _can_head(book, check, pair)
    ]
    if not falls:
        return None
    _, check, pair = max(falls, key=lambda entry: entry[0])
    return check, pair


def neighbours(book: FactBook) -> tuple[Pair, ...]:
    """Pairs of rounds that follow each other and are compared."""
    compared = set(book.pairs())
    return tuple(pair for pair in zip(book.rounds, book.rounds[1:], strict=False) if not compared or pair in compared)


def _can_head(book: FactBook, check: str, pair: Pair) -> bool:
    then, now = book.prevalence(check, pair[0]), book.same(check, pair, "of_cohort")
    return then is not None and now is not None and None not in (then.estimate, now.estimate)


def _fall(book: FactBook, check: str, pair: Pair) -> float:
    then, now = book.prevalence(check, pair[0]), book.same(check, pair, "of_cohort")
    return ((then and then.estimate) or 0.0) - ((now and now.estimate) or 0.0)


def _same_servers(book: FactBook, check: str, pair: Pair) -> Sentence:
    then, now = book.prevalence(check, pair[0]), book.same(check, pair, "of_cohort")
    if then is None or now is None:
        return ()
    first: Sentence = (f"Of the {_population(then)} judged in {round_words(pair[0])}, ", share(then))
    same: Sentence = (share(now), f" of those same {unit_words(now.unit)} in {round_words(pair[1])}")
    start: Sentence = (*first, f" {check_deed(check)}; ", *same)
    if now.refused is None or now.silent is None:
        return (*start, ".")
    gone: Sentence = (number(now, "refused"), " that then refused and ", number(now, "silent"), " that were silent")
    return (*start, ", leaving out ", *gone, ".")


def _population(fact: Fact) -> str:
    return f"{family_words(fact.family)} {unit_words(fact.unit)}" if fact.family else unit_words(fact.unit)


def _latest_prevalence(book: FactBook) -> Fact | None:
    for label in reversed(book.rounds):
        told = [
            fact for check in book.checks() if (fact := book.prevalence(check, label)) and fact.estimate is not None
        ]
        if told:
            return max(told, key=lambda fact: fact.estimate or 0.0)
    return None


def _answered(book: FactBook) -> Sentence:
    for label in reversed(book.rounds):
        answered = book.one("outcome", round=label, unit=SITE, category="answered")
        if answered is not None and answered.n is not None:
            asked: Sentence = (number(answered), " of ", number(answered, "base"))
            return (f"In {round_words(label)}, ", *asked, " planned sites answered; no hole has been measured.")
    return ("Nothing has been measured yet.",)
