"""Facts of attacks: so many a day by month and family (``pressure``), and whether they ebb (``pressure_half_life``)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import msgspec

from ebbtide.estimate.attack_trend import Trend, attack_trend
from ebbtide.estimate.daily_mean import FEWEST_DAYS, daily_mean
from ebbtide.estimate.naming import make_fact
from ebbtide.model.attacks import AttackDayRow, AttackFamily, AttackMonthRow, ObservedDayRow
from ebbtide.model.errors import EstimateError
from ebbtide.model.facts import Fact
from ebbtide.rounds.attacks import AttackStore, last_day
from ebbtide.rounds.folder import SurveyFolder

PRESSURE = "pressure"
HALF_LIFE = "pressure_half_life"
ALL = "all"
UNITS = ("request", "visit", "source")
FEW_DAYS = f"fewer than {FEWEST_DAYS} observed days: no interval"
_TREND_METHOD = "quasi-poisson trend of visits over observed days on which it spreads"
_DAY_S = 86_400
_WHOLE = 0.01
_ANY = AttackFamily(ALL, "All attacks", "")

Key = tuple[str, str]
"""Month (or day) and family."""


class _Kept(msgspec.Struct, frozen=True):
    """What a survey keeps, by what it is asked for."""

    observed: Mapping[str, list[str]]
    seconds: Mapping[str, int]
    days: Mapping[Key, AttackDayRow]
    months: Mapping[Key, AttackMonthRow]
    families: Mapping[str, AttackFamily]


def pressure_facts(folder: SurveyFolder, as_of: str | None = None) -> tuple[Fact, ...]:
    """Facts of the attacks that a survey keeps; none if it keeps none.

    Of each month that was observed: requests, visits and sources a day, of all attacks together (family empty) and of
    each family that ever came, over the observed days of the month. ``n`` is the requests, the visits, or the different
    sources of the month, ``base`` the observed days. Of all months together: in how many days visits halve, or double.

    Args:
        folder: The survey.
        as_of: Only months that ended by this day (ISO form).

    Raises:
        SurveyFolderError: What is kept is damaged.
    """
    kept = _read(folder, as_of)
    facts = [fact for month in kept.observed for fact in _month_facts(kept, month)]
    names = sorted({family for _, family in kept.months})
    return (*facts, *(fact for name in names for fact in _half_lives(kept, kept.families.get(name, _ANY))))


def _read(folder: SurveyFolder, as_of: str | None) -> _Kept:
    store = AttackStore(folder)
    state = store.state()
    families = {family.id: family for family in state.families} | {ALL: _ANY}
    observed: defaultdict[str, list[str]] = defaultdict(list)
    seconds: dict[str, int] = {}
    days: dict[Key, AttackDayRow] = {}
    months: dict[Key, AttackMonthRow] = {}
    for month, kept in sorted(state.months.items()):
        if as_of is not None and last_day(month) > as_of:
            continue
        for day in store.read(kept, ObservedDayRow):
            observed[month].append(day.day)
            seconds[day.day] = day.seconds
        days |= {(row.day, row.signature): row for row in store.read(kept, AttackDayRow)}
        rows = store.read(kept, AttackMonthRow)
        months |= {(month, row.signature): row for row in rows if families[row.signature].is_attack}
    return _Kept(observed, seconds, days, months, families)


def _month_facts(kept: _Kept, month: str) -> Iterator[Fact]:
    names = sorted({family for _, family in kept.months})
    for name in [ALL, *(each for each in names if each != ALL)]:
        row = kept.months.get((month, name)) or AttackMonthRow(month, name, 0, 0, 0, 0, None, None)
        family = kept.families.get(name, _ANY)
        for unit, total in zip(UNITS, (row.requests, row.visits, row.sources), strict=True):
            yield _daily(kept, month, family, unit, total)


def _daily(kept: _Kept, month: str, family: AttackFamily, unit: str, total: int) -> Fact:
    days = kept.observed[month]
    exposure = sum(kept.seconds[day] for day in days) / _DAY_S
    found = daily_mean([_count(kept.days.get((day, family.id)), unit) for day in days], exposure)
    asleep = sum(not family.is_active(day) for day in days)
    hours = "" if exposure > found.days - _WHOLE else f", {24 * exposure:,.0f} hours in all"
    slept = f" It sleeps on {asleep} of them." if asleep else ""
    return make_fact(
        metric=PRESSURE,
        round="",
        unit=unit,
        lens="month",
        lens_value=month,
        family="" if family.id == ALL else family.id,
        check=family.check,
        category=family.kind,
        estimate=found.mean,
        ci_low=found.interval.low if found.interval else None,
        ci_high=found.interval.high if found.interval else None,
        interval_kind="model" if found.interval else "none",
        n=total,
        base=found.days,
        method="mean of observed days" + (f", {found.interval.method}" if found.interval else ""),
        quality="good" if found.interval else FEW_DAYS,
        note=f"{found.days} of {int(last_day(month)[8:])} days of the month were observed{hours}.{slept}",
    )


def _half_lives(kept: _Kept, family: AttackFamily) -> Iterator[Fact]:
    """One fact for the days in which it halves and one for those in which it doubles; at most one is filled."""
    days = [day for each in kept.observed.values() for day in each if family.is_active(day)]
    visits = [_count(kept.days.get((day, family.id)), "visit") for day in days]
    trend, why = _trend(days, visits, [kept.seconds[day] / _DAY_S for day in days])
    for category, verdict in (("halves", "ebbing"), ("doubles", "growing")):
        is_told = trend is not None and trend.verdict == verdict
        around = trend.half_life_interval if trend is not None and is_told else None
        yield make_fact(
            metric=HALF_LIFE,
            round="",
            unit="visit",
            family="" if family.id == ALL else family.id,
            check=family.check,
            category=category,
            estimate=trend.half_life if trend is not None and is_told else None,
            ci_low=around.low if around else None,
            ci_high=around.high if around else None,
            interval_kind="model" if around else "none",
            base=len(days),
            method=_TREND_METHOD,
            quality="good" if is_told else "no half-life",
            note=_trend_note(trend, category, why),
        )


def _trend(days: Sequence[str], visits: Sequence[int], exposure: Sequence[float]) -> tuple[Trend | None, str]:
    try:
        return attack_trend([date.fromisoformat(day).toordinal() for day in days], visits, exposure=exposure), ""
    except EstimateError as error:
        return None, error.what


def _trend_note(trend: Trend | None, category: str, why: str) -> str:
    if trend is None:
        return f"Blank: {why}"
    words = {"ebbing": "halves", "growing": "doubles"}
    told = words.get(trend.verdict)
    if told == category:
        return "Days that scatter more than chance widen the interval."
    return "Blank: no trend." if told is None else f"Blank: it {told}."


def _count(row: AttackDayRow | None, unit: str) -> int:
    if row is None:
        return 0
    return {"request": row.requests, "visit": row.visits, "source": row.sources}[unit]
