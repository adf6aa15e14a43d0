"""A plan told in sentences: who is asked, how gently, how long, by whose leave, and who is left out."""

from collections.abc import Iterator

from ebbtide.judge.budget import Bought
from ebbtide.rounds.entries import CENSUS, Design
from ebbtide.survey.plan_summary import PlanSummary

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_UNITS = ("octets", "KB", "MB", "GB", "TB", "PB")
_MOST_REASONS = 12
_MOST_BUDGETS = 4


def plan_lines(plan: PlanSummary) -> Iterator[str]:
    """The plan, a paragraph a line; empty lines between."""
    yield from _who(plan)
    yield ""
    yield from _how(plan)
    yield ""
    yield from _what_is_bought(plan)
    yield ""
    yield from _cost(plan)
    if plan.level == "active":
        yield ""
        yield from _by_whose_leave(plan)
    if plan.skipped:
        yield ""
        yield from _left_out(plan)
    yield ""
    yield _what_next(plan)


def _who(plan: PlanSummary) -> Iterator[str]:
    census = "" if plan.design.kind != CENSUS else ", a census of the frame"
    yield f"Asked: {plan.asked:,} of {plan.targets:,} targets{census}."
    if plan.duplicates:
        conflicts = plan.weight_conflicts + plan.stratum_conflicts
        told = f"; {conflicts:,} disagree with the first in weight or stratum, which is kept" if conflicts else ""
        yield f"  {plan.duplicates:,} of the {plan.lines:,} lines are duplicates{told}."
    if plan.to_resolve:
        names = _counted(plan.to_resolve, "name is", "names are")
        yield f"  {names} looked up first; the addresses are then held against the rules."
    if plan.networks:
        networks = _counted(plan.networks, "network", "networks")
        busiest = _counted(plan.busiest_network, "target", "targets")
        yield f"  The known addresses lie in {networks} (/24, /48), the busiest with {busiest}."
    if plan.design.kind != CENSUS:
        yield from _drawn(plan.design)
    elif len(plan.strata) > 1:
        yield "  Strata: " + ", ".join(f"{name} {count:,}" for name, count in plan.strata.items()) + "."


def _drawn(design: Design) -> Iterator[str]:
    """The sample, a line a stratum."""
    sites, drawn = sum(each.sites for each in design.strata), sum(each.drawn for each in design.strata)
    left = "a fresh sample each round" if design.leaving == 1 else f"{design.leaving:.0%} of it leave each round"
    yield f"  A sample, not a census: {drawn:,} of {sites:,} sites are drawn by chance; {left} (turn {design.turn})."
    for each in design.strata:
        again = f", {each.kept:,} of them asked in {design.before} too" if design.before else ""
        yield (
            f"    {each.stratum or '(none)'}: {each.drawn:,} of {each.sites:,} sites, fraction {each.fraction:g}, "
            f"weight {each.weight:.4g}{again}"
        )


def _how(plan: PlanSummary) -> Iterator[str]:
    requests = f"{plan.requests_each}"
    if plan.most_requests_each > plan.requests_each:
        requests += f" to {plan.most_requests_each}"
    yield f"Each gets {requests} requests over one connection, at the {plan.level} level, for {plan.checks} checks."
    if plan.has_robots:
        yield "  robots.txt is read before the first named path; what it closes to us is not asked."
    again = f", {duration(plan.spacing_s)} later" if plan.spacing_s else " in the same run"
    yield f"  Who does not answer is asked again{again}; {plan.most_attempts} attempts in all at most."
    if plan.outside:
        yield "  Before the first packet your page, probing.txt and reverse DNS are checked from here."
    if plan.first:
        yield f"  The first {plan.first:,}, drawn by chance, are asked alone; then the round waits for your word."


def _what_is_bought(plan: PlanSummary) -> Iterator[str]:
    """What the budget of named requests buys, and what others would; families only as far as gates name them."""
    yield f"Named requests a target, {plan.budget} at most, and the checks for which all is then asked that they need:"
    by_family: dict[str, list[Bought]] = {}
    for bought in plan.budgets:
        by_family.setdefault(bought.family, []).append(bought)
    for family, steps in by_family.items():
        here = [step for step in steps if step.requests <= plan.budget][-1]
        others = [f"{step.requests} buy {step.checks:,}" for step in steps if step.requests > plan.budget]
        more = f" ({'; '.join(others[:_MOST_BUDGETS])})" if others else ""
        yield f"  {family or 'any other server'}: {here.requests} requests: {here.checks:,} of {here.of:,} checks{more}"


def _cost(plan: PlanSummary) -> Iterator[str]:
    effort = plan.effort
    yield f"It takes about {duration(effort.asking_s)}; what it hangs on is {effort.bound}."
    if plan.spacing_s:
        yield f"  With those asked again it is over after about {duration(effort.confirmed_s)}."
    yield f"  About {octets(effort.bytes_about)} go over the wire, at the very most {octets(effort.bytes_most)}."
    leaning = (
        f"what round {plan.measured_in} measured" if plan.measured_in else "assumptions, as no round is sealed yet"
    )
    yield f"  These estimates lean on {leaning}."


def _by_whose_leave(plan: PlanSummary) -> Iterator[str]:
    yield "Named paths, by whose leave:"
    for name, count in sorted(plan.active.items(), key=lambda item: (item[0] == "nobody", item[0])):
        told = "nobody has allowed it: asked passively" if name == "nobody" else name
        yield f"  {count:>9,}  {told}"
    for name, why in plan.lapsed_authorities.items():
        yield f"  not in force: {name}, since {why}; its targets are asked passively"


def _left_out(plan: PlanSummary) -> Iterator[str]:
    yield f"Left out: {sum(plan.skipped.values()):,}, since"
    reasons = sorted(plan.skipped.items(), key=lambda item: (-item[1], item[0]))
    for reason, count in reasons[:_MOST_REASONS]:
        yield f"  {count:>9,}  {_told(reason)}"
    if len(reasons) > _MOST_REASONS:
        rest = sum(count for _, count in reasons[_MOST_REASONS:])
        yield f"  {rest:>9,}  {len(reasons) - _MOST_REASONS} further reasons"


def _what_next(plan: PlanSummary) -> str:
    if not plan.asked:
        return "Nobody would be asked. Look at [scope] and [identity] in survey.toml."
    return "No packet was sent. Start with: ebbtide survey run ROUND"


def _told(reason: str) -> str:
    """A reason for skipping as people say it: its detail, if it has one, says it all."""
    kind, _, detail = reason.partition(" (")
    return detail.removesuffix(")") if detail else kind.replace("_", " ")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def duration(seconds: float) -> str:
    """A time span in the unit that suits it."""
    if seconds < 2 * _MINUTE:
        return f"{max(1, round(seconds))} seconds" if round(seconds) > 1 else "a second"
    if seconds < 2 * _HOUR:
        return f"{round(seconds / _MINUTE)} minutes"
    if seconds < 2 * _DAY:
        return f"{round(seconds / _HOUR)} hours"
    return f"{round(seconds / _DAY):,} days"


def octets(count: float) -> str:
    """A size in the unit that suits it, decimal."""
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:  # noqa: PLR2004  # decimal units
            return f"{count:,.0f} {unit}" if unit == "octets" or count >= 10 else f"{count:.1f} {unit}"  # noqa: PLR2004  # two figures are enough
        count /= 1000
    raise AssertionError
