"""Everything that the page says, worked out before any markup is written."""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from ebbtide.model.facts import Fact
from ebbtide.model.targets import Level
from ebbtide.model.verdicts import CheckInfo
from ebbtide.publish.book import FactBook
from ebbtide.publish.exhibit import Exhibit, Table
from ebbtide.publish.exhibit_fates import leavers_exhibit, published_shares, shares_exhibit, units_note
from ebbtide.publish.exhibit_pressure import pressure_exhibit, pressure_trends
from ebbtide.publish.exhibit_rounds import all_half_lives, bases, conservation, half_lives, rounds_exhibit
from ebbtide.publish.exhibit_same import Reading, published_note, readings, same_exhibit, vanished_exhibit
from ebbtide.publish.exhibit_tide import TideLine, is_beside_2001, tide_exhibit, tide_lines
from ebbtide.publish.figures import Sentence, in_words
from ebbtide.publish.formatting import count, day_words, listing, round_words
from ebbtide.publish.published import record_of_2001
from ebbtide.publish.sentence import Pair, finding_parts, headline_of
from ebbtide.publish.words import check_words, family_words, unit_words

_LEVELS: Mapping[Level, str] = {
    Level.PASSIVE: "seen in ordinary requests that any visitor might send",
    Level.ACTIVE: "asks for a named path, only where the owner or a mandate allows it",
}


class CheckView(msgspec.Struct, frozen=True):
    """A check as the page explains it."""

    id: str
    name: str
    words: str
    level: str
    level_words: str
    severity: str
    asked_of: str
    remedy: str
    version: str
    sources: tuple[str, ...]


class PageView(msgspec.Struct, frozen=True):
    """What the template fills in; it decides nothing."""

    survey_name: str
    version: str
    is_lab: bool
    style: str
    span: str
    finding: Sentence
    finding_words: str
    round_words: tuple[str, ...]
    is_beside_2001: bool
    unit_words: str
    sources: tuple[str, ...]
    tide_lines: tuple[TideLine, ...]
    tide: Exhibit | None
    headline_check: str
    headline_rounds: str
    readings: tuple[Reading, ...]
    published_note: str
    same: Exhibit | None
    vanished: Exhibit | None
    leavers: Exhibit | None
    shares: Exhibit | None
    units_note: Sentence
    published_shares: str
    half_lives: Table
    all_half_lives: Table
    pressure: Exhibit | None
    pressure_trends: Table
    rounds: Exhibit | None
    conservation: Table
    bases: Table
    assumptions: tuple[str, ...]
    checks: tuple[CheckView, ...]
    fact_count: str
    checksum: str
    judgements: tuple[str, ...]

    @property
    def sections(self) -> tuple[tuple[str, str], ...]:
        """Anchors and words of the sections that have something to say."""
        listed = (
            ("table-of-2001", "The table of 2001" if self.is_beside_2001 else "By round", bool(self.tide)),
            ("same-servers", "The same servers", bool(self.same or self.readings)),
            ("fates", "Leavers", bool(self.leavers)),
            ("shares", "Who serves", bool(self.shares)),
            ("half-lives", "Half-lives", bool(self.half_lives.rows)),
            ("pressure", "Attack pressure", bool(self.pressure)),
            ("rounds", "The rounds", bool(self.rounds)),
            ("bases", "Bases", bool(self.bases.rows)),
            ("assumptions", "Assumptions", bool(self.assumptions)),
            ("method", "Method", True),
            ("words", "Words", True),
            ("checks", "Checks", bool(self.checks)),
            ("reproduce", "Reproduce", True),
        )
        return tuple((anchor, words) for anchor, words, is_there in listed if is_there)


def view_of(
    facts: Sequence[Fact],
    rounds: Sequence[tuple[str, str]],
    checks: Sequence[CheckInfo],
    *,
    survey_name: str,
    assumptions: tuple[str, ...],
    is_lab: bool,
    version: str,
    style: str,
) -> PageView:
    """The page's content from facts that may be published.

    Args:
        facts: After suppression.
        rounds: Label and reference date, in the order of the dates.
        checks: What the judgement says of its checks.
        survey_name: As its operator calls it.
        assumptions: What was assumed where nothing is on record.
        is_lab: Measured in the lab on loopback.
        version: Ebbtide's own.
        style: The style sheet.
    """
    book = FactBook(facts, [label for label, _ in rounds])
    names = {check.id: check.name for check in checks}
    headline = headline_of(book)
    sentence = finding_parts(book)
    pair: Pair | None = headline[1] if headline else None
    return PageView(
        survey_name=survey_name,
        version=version,
        is_lab=is_lab,
        style=style,
        span=_span([date for _, date in rounds]),
        finding=sentence,
        finding_words=in_words(sentence),
        round_words=tuple(round_words(label) for label in book.rounds),
        is_beside_2001=is_beside_2001(book),
        unit_words=unit_words(book.unit),
        sources=tuple(source.words for source in record_of_2001().sources if source.id in {"redmond", "vowe"}),
        tide_lines=tide_lines(book, names, book.unit),
        tide=tide_exhibit(book, names, book.unit),
        headline_check=check_words(headline[0], names) if headline else "",
        headline_rounds=f"{round_words(pair[0])} to {round_words(pair[1])}" if pair else "",
        readings=readings(book, headline[0], headline[1], book.unit) if headline else (),
        published_note=published_note(*headline) if headline else "",
        same=same_exhibit(book, names, pair, book.unit) if pair else None,
        vanished=vanished_exhibit(book, names, pair, book.unit) if pair else None,
        leavers=leavers_exhibit(book),
        shares=shares_exhibit(book),
        units_note=units_note(book),
        published_shares=published_shares(book),
        half_lives=half_lives(book, names),
        all_half_lives=all_half_lives(book, names),
        pressure=pressure_exhibit(book, names, rounds),
        pressure_trends=pressure_trends(book),
        rounds=rounds_exhibit(book),
        conservation=conservation(book),
        bases=bases(book, names),
        assumptions=assumptions,
        checks=tuple(_check_view(check) for check in checks),
        fact_count=count(len(facts)),
        checksum=hashlib.blake2b(msgspec.json.encode(facts), digest_size=16).hexdigest(),
        judgements=tuple(sorted({fact.judgement for fact in facts if fact.judgement})),
    )


def _span(dates: Sequence[str]) -> str:
    if not dates:
        return ""
    if len(dates) == 1:
        return f"one round, {day_words(dates[0])}"
    return f"{len(dates)} rounds, {day_words(dates[0])} to {day_words(dates[-1])}"


def _check_view(check: CheckInfo) -> CheckView:
    return CheckView(
        id=check.id,
        name=check_words(check.id, {check.id: check.name}),
        words=check.words,
        level=check.level.value,
        level_words=_LEVELS[check.level],
        severity=check.severity,
        asked_of=listing(tuple(family_words(family) for family in check.families)) or "every server",
        remedy=check.remedy,
        version=check.version,
        sources=check.sources,
    )
