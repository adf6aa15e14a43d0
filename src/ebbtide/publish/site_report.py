"""One site's private report: what can be seen of it, since when, how to see it oneself, how to mend it."""

import shlex
from collections.abc import Mapping
from datetime import date
from urllib.parse import urlsplit

import msgspec

from ebbtide.model.sites import (
    CANNOT_TELL,
    NOT_ASKED,
    NOT_SHOWN,
    OTHER_VERSION,
    SHOWN,
    Peers,
    SiteCheck,
    SiteEvidence,
    SiteHistory,
    Standing,
    TargetSight,
)
from ebbtide.publish.formatting import BLANK, day_words, percent, round_words
from ebbtide.publish.grading import Grade, own_table
from ebbtide.publish.plain_text import plain
from ebbtide.publish.words import family_words

SEVERITIES = ("critical", "high", "medium", "low", "info")
MARKS: Mapping[str, tuple[str, str]] = {
    SHOWN: ("●", "shown"),
    NOT_SHOWN: ("○", "not shown"),
    CANNOT_TELL: ("?", "cannot tell"),
    NOT_ASKED: (BLANK, "not asked"),
    OTHER_VERSION: ("|", "judged by another version of the check"),
}
_STILL_THERE = frozenset({Standing.NEW, Standing.OPEN, Standing.REOPENED, Standing.FLAPPING, Standing.UNSEEN})
_REASONS: Mapping[str, str] = {
    "answers_everything": "the server answers any name",
    "suspected_honeypot": "the server shows more products than one site has",
    "truncated": "the answer was cut",
    "evidence_not_kept": "the answer is no longer kept",
    "backported": "a distribution may have mended this release",
    "masked": "the server does not say what it runs",
    "gate_closed": "it concerns other software",
    "budget": "the survey's budget of requests was used up",
    "level": "the survey may not ask for it: a proof of control or a mandate is missing",
    "opted_out": "the site opted out",
    "unreachable": "the site did not answer",
    "robots": "robots.txt closes the path",
    "older_than_check": "the check is younger than the round",
}


class Acceptance(msgspec.Struct, frozen=True):
    """A finding that was accepted, as the report tells it; dates are ISO."""

    check: str
    until: str
    reason: str
    who: str


class Pace(msgspec.Struct, frozen=True):
    """How long others took to mend a check.

    Attributes:
        sites: That showed it in ``since``.
        median_days: Until half had mended it; ``None`` if half never did.
        mended: Share that was seen mended by the last round.
    """

    since: str
    sites: int
    median_days: float | None
    mended: float


class Finding(msgspec.Struct, frozen=True):
    """One check that was shown at some time, as the report tells it.

    Attributes:
        standing: In a word.
        history: A mark and its meaning for each round.
        story: Since when, until when.
        commands: To see it oneself.
        pace: How long others took; empty if that is not known.
        accepted: Until when, by whom and why; empty if it is not.
    """

    check: str
    name: str
    severity: str
    standing: str
    history: tuple[tuple[str, str], ...]
    story: str
    words: str
    remedy: str
    sources: tuple[str, ...]
    evidence: tuple[SiteEvidence, ...]
    commands: tuple[str, ...]
    pace: str
    accepted: str


class Untested(msgspec.Struct, frozen=True):
    """Checks of which nothing can be said, and why."""

    reason: str
    names: tuple[str, ...]


class SiteReport(msgspec.Struct, frozen=True):
    """Everything that a site's report says.

    Attributes:
        open: Findings that are there, the gravest first; those that were accepted stand last.
        mended: Findings that are not there any more.
        clean: Names of checks that were judged and never shown.
        untested: What was not settled.
        rank: The place among peers in a sentence; empty if there is none.
        now: What a test just now says; empty if there was none.
        attacks: What it sent to the operator's own server, a sentence each; usually nothing.
    """

    host: str
    survey: str
    round: str
    day: str
    rounds: tuple[str, ...]
    targets: tuple[str, ...]
    grade: Grade
    summary: str
    rank: str
    open: tuple[Finding, ...]
    mended: tuple[Finding, ...]
    clean: tuple[str, ...]
    untested: tuple[Untested, ...]
    version: str
    now: str = ""
    attacks: tuple[str, ...] = ()


def site_report(
    history: SiteHistory,
    grade: Grade,
    *,
    survey: str,
    peers: Peers | None,
    sums: frozenset[str],
    paces: Mapping[str, Pace],
    accepted: Mapping[str, Acceptance],
    user_agent: str,
    version: str,
    now: str = "",
    attacks: tuple[str, ...] = (),
) -> SiteReport:
    """The report of a site.

    Args:
        history: What the rounds hold.
        grade: From ``grading``.
        survey: Its name.
        peers: Its place among others; ``None`` if it did not answer.
        sums: Checks that only sum up others; they are no findings of their own.
        paces: By check, where known.
        accepted: By check: those in force on the day of the round.
        user_agent: That the survey sends, for the commands.
        version: Ebbtide's own.
        now: See ``SiteReport``.
        attacks: See ``SiteReport``.
    """
    day = date.fromisoformat(history.latest.day)
    told = [each for each in history.checks if each.last_shown and each.info.id not in sums]
    found = [_finding(each, history, paces, accepted, user_agent) for each in told]
    standing = {each.info.id: each.standing for each in history.checks}
    there = [each for each in found if standing[each.check] in _STILL_THERE and not _is_over(each, history)]
    gone = [each for each in found if each not in there]
    return SiteReport(
        host=history.host,
        survey=survey,
        round=history.latest.round,
        day=day.isoformat(),
        rounds=tuple(each.round for each in history.rounds),
        targets=tuple(map(_target_words, history.latest.targets)),
        grade=grade,
        summary=_summary(there, gone, history),
        rank=_rank(peers),
        open=tuple(sorted(there, key=_order)),
        mended=tuple(sorted(gone, key=_order)),
        clean=tuple(each.info.name for each in history.checks if each.standing is Standing.CLEAN),
        untested=_untested(history),
        version=version,
        now=now,
        attacks=attacks,
    )


def curl_command(evidence: SiteEvidence, user_agent: str) -> str:
    """A command that asks the same once more, safe to paste whatever the server wrote."""
    method = ["--head"] if evidence.method == "HEAD" else ["--include"]
    words = ["curl", "--silent", "--max-time", "30", *method, "--user-agent", user_agent, *_pinned(evidence)]
    return " ".join(shlex.quote(plain(word)) for word in (*words, evidence.url))


def _pinned(evidence: SiteEvidence) -> list[str]:
    """Where the name has several addresses, the answer came from this one."""
    parts = urlsplit(evidence.url)
    host = parts.hostname or ""
    if not evidence.address or host == evidence.address or not host:
        return []
    address = f"[{evidence.address}]" if ":" in evidence.address else evidence.address
    return ["--resolve", f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}:{address}"]


def _is_over(finding: Finding, history: SiteHistory) -> bool:
    """Whether a flapping one is not shown just now."""
    return finding.standing == Standing.FLAPPING.value and not any(
        each.is_shown for each in history.checks if each.info.id == finding.check
    )


def _order(finding: Finding) -> tuple[bool, int, str]:
    place = SEVERITIES.index(finding.severity) if finding.severity in SEVERITIES else len(SEVERITIES)
    return bool(finding.accepted), place, finding.name


def _finding(
    check: SiteCheck,
    history: SiteHistory,
    paces: Mapping[str, Pace],
    accepted: Mapping[str, Acceptance],
    user_agent: str,
) -> Finding:
    own = accepted.get(check.info.id)
    pace = paces.get(check.info.id)
    return Finding(
        check=check.info.id,
        name=check.info.name or check.info.id,
        severity=check.info.severity,
        standing=Standing.ACCEPTED.value if own and check.is_shown else check.standing.value,
        history=tuple(
            (MARKS[letter][0], f"{round_words(each.round)}: {MARKS[letter][1]}")
            for letter, each in zip(check.path, history.rounds, strict=True)
        ),
        story=_story(check),
        words=check.info.words,
        remedy=check.info.remedy,
        sources=check.info.sources,
        evidence=check.evidence,
        commands=tuple(dict.fromkeys(curl_command(each, user_agent) for each in check.evidence)),
        pace=_pace_words(pace) if pace else "",
        accepted=f"until {day_words(own.until)}, by {own.who}: {own.reason}" if own and check.is_shown else "",
    )


def _story(check: SiteCheck) -> str:
    first, last = round_words(check.first_shown), round_words(check.last_shown)
    span = f"Shown in {first}" if first == last else f"First shown in {first}, last in {last}"
    if check.first_fixed:
        return f"{span}; mended by {round_words(check.first_fixed)}."
    if check.standing is Standing.UNSEEN:
        return f"{span}; since then nothing could be said, which does not mean that it was mended."
    return f"{span}."


def _pace_words(pace: Pace) -> str:
    others = f"Of {pace.sites:,} sites that showed it in {round_words(pace.since)}, "
    if pace.median_days is None:
        return f"{others}fewer than half were seen mended since then ({percent(pace.mended)})."
    return f"{others}half had mended it within {pace.median_days:,.0f} days."


def _rank(peers: Peers | None) -> str:
    if peers is None:
        return ""
    few = ("fewer than 10", "10 to 99", "100 to 999", "1,000 or more")[peers.size]
    like = f"{family_words(peers.family)} on an address with {few} sites"
    if peers.share_worse is None:
        return f"There are too few sites like this one ({like}) to be held against."
    return f"Better than {100 * peers.share_worse:.0f} % of {peers.count:,} sites like it: {like}; ties count half."


def _summary(there: list[Finding], gone: list[Finding], history: SiteHistory) -> str:
    if not history.latest.is_answered:
        return (
            f"The site did not answer in {round_words(history.latest.round)}: nothing can be said of it, good or bad."
        )
    plainly = [each for each in there if not each.accepted]
    what = "Nothing that we look for can be seen" if not plainly else _count(len(plainly), "finding is", "findings are")
    accepted = len(there) - len(plainly)
    parts = [f"{what}{'' if not plainly else ' open'}"]
    if accepted:
        parts.append(f"{_count(accepted, 'is', 'are')} accepted")
    if gone:
        parts.append(f"{_count(len(gone), 'was', 'were')} mended")
    return f"{', '.join(parts)} ({round_words(history.latest.round)})."


def _count(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


def _target_words(target: TargetSight) -> str:
    server = " ".join(filter(None, (target.product or family_words(target.family), target.version)))
    told = server if target.is_answered else target.outcome.replace("_", " ")
    return f"{target.url} ({target.address or 'no address'}): {told}"


def _untested(history: SiteHistory) -> tuple[Untested, ...]:
    found: dict[str, list[str]] = {}
    for each in history.checks:
        if each.path[-1] not in (SHOWN, NOT_SHOWN) and each.reason != "gate_closed":
            found.setdefault(_REASONS.get(each.reason, each.reason.replace("_", " ")), []).append(each.info.name)
    return tuple(Untested(reason, tuple(sorted(names))) for reason, names in sorted(found.items()))


def grade_table_rows() -> tuple[tuple[str, str, str], ...]:
    """The table of grades as the report prints it: letter, least points, words."""
    return tuple((line.letter, str(line.least), line.words) for line in own_table().grade)
