"""A round by organisation and by sector: the sites of each, and in which state each check found them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import msgspec

from ebbtide.conduct.constituency import Constituency, Member
from ebbtide.estimate.compute import choose_rounds
from ebbtide.estimate.preparing import prepare, unjudged
from ebbtide.estimate.questions import ask_question, keep_answer, keep_rows
from ebbtide.estimate.shares import Interval, share_interval
from ebbtide.model.errors import EstimateError
from ebbtide.rounds.database import open_database
from ebbtide.rounds.folder import SurveyFolder

BY = ("organisation", "sector")


class Cell(msgspec.Struct, frozen=True):
    """One check at the sites of one organisation or sector.

    Attributes:
        name: Of the organisation or sector; empty for sites that no entry of the table names.
        sites: All that were planned.
        shown, base: Sites that show it, of those that could be judged.
        cannot_tell, not_asked, unanswered: Beside the base.
        share: ``None`` where nobody could be judged.
    """

    name: str
    check: str
    sites: int
    shown: int
    base: int
    cannot_tell: int
    not_asked: int
    unanswered: int
    share: float | None
    interval: Interval | None


class Coverage(msgspec.Struct, frozen=True):
    """How table and round fit.

    Attributes:
        round: Label.
        sites: Planned.
        named: Of these, how many an entry of the table names.
        unnamed: Some of the others, by name; at most 1,000.
        idle: Entries of the table that name no planned site: the gaps of the frame.
        cells: By check, then by name.
    """

    round: str
    by: str
    sites: int
    named: int
    unnamed: tuple[str, ...]
    idle: tuple[Member, ...]
    cells: tuple[Cell, ...]


_MOST_UNNAMED = 1000


def by_constituent(
    folder: SurveyFolder,
    label: str,
    constituency: Constituency,
    *,
    by: str = BY[0],
    checks: Sequence[str] = (),
    silent_after: int | None = None,
) -> Coverage:
    """Every check of a round by organisation or sector.

    Args:
        folder: The survey.
        label: Of a judged round.
        constituency: Who is responsible for whom.
        by: ``organisation`` or ``sector``.
        checks: Only these; all if empty.
        silent_after: As in ``compute_facts``.

    Raises:
        EstimateError: The round is not judged, or not by one of the checks.
    """
    if by not in BY:
        raise EstimateError(f"there is no way to divide by {by!r}.", remedy=f"Divide by {' or '.join(BY)}.")
    with open_database(folder) as connection:
        rounds = choose_rounds(connection, [label], None, silent_after)
        _demand_judged(label, checks, {check.check for check in prepare(connection, rounds, [])})
        sites = ask_question(connection, "planned_sites")
        members = {entry: number for number, entry in enumerate(constituency.entries, 1)}
        found = [(site, constituency.member(host, address), host) for site, host, address in sites]
        rows = [(site, members[member]) for site, member, _ in found if member is not None]
        keep_rows(connection, "members", (("site_id", "UBIGINT"), ("member", "INTEGER")), rows)
        keep_answer(connection, "check_states", "states")
        states = ask_question(connection, "constituent_states")
    named = Counter(member for _, member, _ in found if member is not None)
    unnamed = sorted(host for _, member, host in found if member is None)
    entries: Mapping[int, Member] = dict(enumerate(constituency.entries, 1))

    def name_of(number: int) -> str:
        return getattr(entries[number], by) if number else ""

    return Coverage(
        label,
        by,
        len(found),
        named.total(),
        tuple(unnamed[:_MOST_UNNAMED]),
        tuple(entry for entry in constituency.entries if entry not in named),
        _cells([row for row in states if not checks or row[1] in checks], name_of),
    )


def _demand_judged(label: str, checks: Sequence[str], known: set[str]) -> None:
    """Raise unless a round was judged by all of some checks, and by one at least."""
    if not known:
        raise EstimateError(f"round {label} was not judged by any check.", remedy=f"Judge it: ebbtide judge {label}")
    for check in checks:
        if check not in known:
            raise unjudged(label, check, known)


def _cells(rows: Sequence[tuple[int, str, str, int]], name_of: Callable[[int], str]) -> tuple[Cell, ...]:
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for number, check, state, n in rows:
        counts[check, name_of(number)][state] += n
    return tuple(_cell(name, check, states) for (check, name), states in sorted(counts.items()))


def _cell(name: str, check: str, states: Counter[str]) -> Cell:
    shown, base = states["shown"], states["shown"] + states["not_shown"]
    told = ("shown", "not_shown", "cannot_tell", "not_asked", "other_software")
    return Cell(
        name=name,
        check=check,
        sites=states.total(),
        shown=shown,
        base=base,
        cannot_tell=states["cannot_tell"],
        not_asked=states["not_asked"],
        unanswered=sum(n for state, n in states.items() if state not in told),
        share=shown / base if base else None,
        interval=share_interval(shown, base) if base else None,
    )
