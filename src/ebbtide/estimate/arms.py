"""Two arms of sites that showed a hole: who was tested or told against who was not."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from ebbtide.estimate.arm_difference import arm_difference, effective_size
from ebbtide.estimate.compute import choose_rounds
from ebbtide.estimate.hazard import fit_hazard
from ebbtide.estimate.preparing import JudgedCheck, prepare, unjudged
from ebbtide.estimate.questions import ask_question, keep_rows
from ebbtide.estimate.shares import Interval, share_interval
from ebbtide.estimate.two_rounds import Labels, two_rounds
from ebbtide.frame.ids import site_id
from ebbtide.model.errors import EstimateError
from ebbtide.rounds.database import open_database
from ebbtide.rounds.folder import SurveyFolder

FEWEST = 10
"""Sites that each arm needs among those that could be judged again."""

_ARM = "arm"
_Row = tuple[str, str, int, int, int, int]
"""Arm, family, cluster, and how many showed it, were mended, and were open."""
_Counts = tuple[list[int], list[int]]
"""Of each address of an arm the sites mended, and the sites judged again."""


class Arm(msgspec.Struct, frozen=True):
    """One arm.

    Attributes:
        sites: Of the table, in the arm.
        shown: Of these, showed the check in the earlier round; all else is of them.
        mended, open: By the later round.
        vanished: Could not be judged then; neither mended nor open.
        share: Mended of those judged again; ``interval`` its interval over addresses.
        low, high: If all the vanished were still open, and if all were mended, of all that showed it.
        families: The families of those that showed it, the largest first: what balance there was.
    """

    name: str
    sites: int
    shown: int
    mended: int
    open: int
    vanished: int
    share: float
    interval: Interval
    low: float
    high: float
    families: tuple[tuple[str, int], ...]


class Compared(msgspec.Struct, frozen=True):
    """Two arms side by side.

    Attributes:
        first, second: The arm that is asked about, and the other.
        difference: Share mended in the first less that in the second; ``interval`` over addresses.
        bound_low, bound_high: The difference if the vanished were counted each way, against the first and for it.
        ratio: Of the hazards of being mended; ``ratio_interval`` with errors by address. ``None`` with too few.
        why_no_ratio: Why there is none; empty otherwise.
        is_randomised: Only then is the difference an effect; else an association.
    """

    check: str
    from_round: str
    to_round: str
    first: Arm
    second: Arm
    difference: float
    interval: Interval
    bound_low: float
    bound_high: float
    ratio: float | None
    ratio_interval: Interval | None
    why_no_ratio: str
    is_randomised: bool


def compare_arms(
    folder: SurveyFolder,
    check: str,
    arms: Mapping[str, str],
    first: str,
    *,
    labels: Labels,
    is_randomised: bool,
    silent_after: int | None = None,
) -> Compared:
    """Hold one arm against the other, among sites that showed a check in the earlier round.

    All that showed it stay in their arm whatever became of them (intention to treat); the vanished are told apart, and
    bound the difference.

    Args:
        folder: The survey.
        check: Its id.
        arms: Host to arm; exactly two arms.
        first: The arm that is asked about; the first by the alphabet if empty.
        labels: Earlier and later round.
        is_randomised: The arms were drawn by chance.
        silent_after: As in ``compute_facts``.

    Raises:
        EstimateError: There are not two arms, the check did not judge both rounds by one version, or an arm has fewer
            than ``FEWEST`` sites that could be judged again.
    """
    names = _two_names(arms, first)
    with two_rounds(folder, labels, silent_after) as (connection, checks):
        _demand_check(check, labels, checks)
        keep_rows(connection, "asked_check", (("check_id", "VARCHAR"),), [(check,)])
        rows = [(site_id(host), arm) for host, arm in sorted(arms.items())]
        keep_rows(connection, "asked_arms", (("site_id", "UBIGINT"), ("arm", "VARCHAR")), rows)
        found = sorted(ask_question(connection, "arm_outcomes"))
    sizes = Counter(arms.values())
    by_arm = [[row for row in found if row[0] == name] for name in names]
    first_counts, other_counts = (_by_address(rows) for rows in by_arm)
    one = _arm(names[0], sizes[names[0]], by_arm[0], first_counts)
    other = _arm(names[1], sizes[names[1]], by_arm[1], other_counts)
    for arm in (one, other):
        if arm.mended + arm.open < FEWEST:
            raise EstimateError(
                f"only {arm.mended + arm.open} sites of the arm {arm.name} showed {check} and could be judged again; "
                f"at least {FEWEST} are needed."
            )
    difference, interval = arm_difference(first_counts, other_counts)
    ratio, ratio_interval, why = _ratio(found, names[0])
    return Compared(
        check, *labels, one, other, difference, interval, one.low - other.high, one.high - other.low, ratio,
        ratio_interval, why, is_randomised,
    )  # fmt: skip


def showing_sites(folder: SurveyFolder, check: str, label: str, silent_after: int | None = None) -> dict[str, int]:
    """The sites that show a check in a judged round, each with the address that answers for it, as a number.

    Raises:
        EstimateError: The check did not judge the round.
    """
    with open_database(folder) as connection:
        checks = prepare(connection, choose_rounds(connection, [label], None, silent_after), [])
        known = [each.check for each in checks]
        if check not in known:
            raise unjudged(label, check, known)
        keep_rows(connection, "asked_check", (("check_id", "VARCHAR"),), [(check,)])
        return dict(ask_question(connection, "showing_sites"))


def _two_names(arms: Mapping[str, str], first: str) -> tuple[str, str]:
    names = sorted(set(arms.values()))
    if len(names) != 2:  # noqa: PLR2004  two arms
        raise EstimateError(f"the table has {len(names)} arms ({', '.join(names[:6]) or 'none'}); two are compared.")
    if first and first not in names:
        raise EstimateError(f"there is no arm {first[:40]!r}.", remedy=f"There are {names[0]} and {names[1]}.")
    return (names[1], names[0]) if first == names[1] else (names[0], names[1])


def _demand_check(check: str, labels: Labels, checks: Sequence[JudgedCheck]) -> None:
    versions = {each.version for each in checks if each.check == check}
    for place, label in enumerate(labels, 1):
        known = [each.check for each in checks if each.place == place]
        if check not in known:
            raise unjudged(label, check, known)
    if len(versions) > 1:
        raise EstimateError(
            f"the rounds were judged by different versions of {check}.", remedy="Judge all: ebbtide judge --all"
        )


def _arm(name: str, sites: int, rows: Sequence[_Row], by_address: _Counts) -> Arm:
    shown, mended, still = sum(row[3] for row in rows), sum(row[4] for row in rows), sum(row[5] for row in rows)
    families: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        families[row[1]] += row[3]
    judged, vanished = mended + still, shown - mended - still
    share = mended / judged if judged else 0.0
    size = effective_size(*by_address) if judged else 0.0
    return Arm(
        name,
        sites,
        shown,
        mended,
        still,
        vanished,
        share,
        share_interval(share * size, size) if judged else Interval(0.0, 1.0, "none"),
        mended / shown if shown else 0.0,
        (mended + vanished) / shown if shown else 0.0,
        tuple(sorted(families.items(), key=lambda each: (-each[1], each[0]))),
    )


def _by_address(rows: Sequence[_Row]) -> _Counts:
    mended: Counter[int] = Counter()
    judged: Counter[int] = Counter()
    for _, _, address, _, fixed, still in rows:
        if fixed + still:
            mended[address] += fixed
            judged[address] += fixed + still
    return [mended[address] for address in judged], list(judged.values())


def _ratio(
    rows: Sequence[tuple[str, str, int, int, int, int]], first: str
) -> tuple[float | None, Interval | None, str]:
    judged = [row for row in rows if row[4] + row[5]]
    design = np.array([[1.0, float(row[0] == first)] for row in judged])
    try:
        model = fit_hazard(
            [row[4] for row in judged], [row[4] + row[5] for row in judged], design, ("period", _ARM),
            [row[2] for row in judged],
        )  # fmt: skip
    except EstimateError as error:
        return None, None, str(error)
    ratio, interval = model.ratio(_ARM)
    return ratio, interval, ""
