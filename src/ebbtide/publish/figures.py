"""A number of the page, tied to the fact that it comes from."""

import msgspec

from ebbtide.model.facts import Fact
from ebbtide.publish import formatting


class Figure(msgspec.Struct, frozen=True):
    """One number as it is shown.

    Attributes:
        fact: Id of its fact; empty where no fact speaks of it.
        value: As a machine reads it; empty when blank.
        text: As a reader reads it; a dash when blank.
        reason: Why it is blank; empty otherwise.
    """

    fact: str
    value: str
    text: str
    reason: str = ""

    @property
    def is_blank(self) -> bool:
        """True when there is no number to show."""
        return not self.value


NOT_MEASURED = "not measured"
SUPPRESSED = "withheld: too few servers"
TOO_FEW_SOURCES = "withheld: too few sources"
Sentence = tuple[str | Figure, ...]


def absent(reason: str = NOT_MEASURED) -> Figure:
    """A number that no fact gives."""
    return Figure("", "", formatting.BLANK, reason)


def share(fact: Fact | None, field: str = "estimate") -> Figure:
    """A fraction of a fact in percent: ``estimate``, ``ci_low``, ``bound_high`` ..."""
    value = None if fact is None else getattr(fact, field)
    return _figure(fact, value, formatting.percent(value))


def difference(fact: Fact | None, field: str = "estimate") -> Figure:
    """A difference of two fractions in percentage points."""
    value = None if fact is None else getattr(fact, field)
    return _figure(fact, value, formatting.points(value))


def length(fact: Fact | None, field: str = "estimate") -> Figure:
    """A length of time in days."""
    value = None if fact is None else getattr(fact, field)
    return _figure(fact, value, formatting.days(value))


def a_day(fact: Fact | None, field: str = "estimate") -> Figure:
    """A count a day of a fact of attacks."""
    if fact is not None and fact.suppressed:
        return Figure(fact.id, "", formatting.BLANK, TOO_FEW_SOURCES)
    value = None if fact is None else getattr(fact, field)
    return _figure(fact, value, formatting.a_day(value))


def number(fact: Fact | None, field: str = "n") -> Figure:
    """A count of a fact: ``n``, ``base``, ``refused`` ..."""
    value = None if fact is None else getattr(fact, field)
    return _figure(fact, value, formatting.count(value))


def spread(low: Figure, high: Figure) -> Sentence:
    """``31.1 to 37.0 %``, or one dash; the unit is written once where both ends have the same."""
    if low.is_blank or high.is_blank:
        return (low,)
    measure = high.text.partition(" ")[2]
    if _is_number(low.text.removesuffix(f" {measure}")) and _is_number(high.text.removesuffix(f" {measure}")):
        low = msgspec.structs.replace(low, text=low.text.removesuffix(f" {measure}"))
    return (low, " to ", high)


def interval(fact: Fact | None) -> Sentence:
    """The confidence interval in percent."""
    return spread(share(fact, "ci_low"), share(fact, "ci_high"))


def bounds(fact: Fact | None) -> Sentence:
    """The value if everything that cannot be told were counted each way."""
    return spread(share(fact, "bound_low"), share(fact, "bound_high"))


def in_words(sentence: Sentence) -> str:
    """The sentence as text alone."""
    return "".join(part if isinstance(part, str) else part.text for part in sentence)


def _is_number(text: str) -> bool:
    return " " not in text


def _figure(fact: Fact | None, value: float | None, text: str) -> Figure:
    if fact is None:
        return absent()
    if value is None:
        return Figure(fact.id, "", formatting.BLANK, SUPPRESSED if fact.suppressed else fact.note or NOT_MEASURED)
    return Figure(fact.id, formatting.raw(value), text)
