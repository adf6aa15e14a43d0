"""Why a number really moved between two months: from two months of truth to each cause and how many units it moved.

Pure functions over rows of ``truth_rows``. Nothing of a survey enters, so what a survey says can be held against them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ebbtide.lab.scenario_events import AnyEvent, Detector
from ebbtide.lab.world import World

FAMILY = "family:"
NOTHING = "nothing"
RECLASSIFIED = "reclassified"
_JUDGED = frozenset({"shown", "not_shown"})
_NOT_LISTED = "not listed"
_MOVED = "moved"
_CAUSES: Mapping[str, tuple[str, str]] = {
    _NOT_LISTED: ("frame_added", "frame_removed"),
    _MOVED: ("renumbered", "renumbered"),
    "silent": ("answered_again", "lost_silent"),
    "refused": ("answered_again", "lost_refused"),
    "blocked": ("answered_again", "lost_blocked"),
    "other software": ("other_software", "other_software"),
    "cannot_tell": ("telling", "telling"),
}
"""Why a unit was not judged, to the cause by which it comes into the share, and by which it goes."""

Rows = Iterable[Mapping[str, Any]]


class Truth(msgspec.Struct, frozen=True):
    """What really moved a share.

    Attributes:
        units: Cause to the number of units that it moved; causes that moved nobody are left out.
        shown_then, base_then, shown_now, base_now: Of the share, as the check judges today.
    """

    units: dict[str, int]
    shown_then: int
    base_then: int
    shown_now: int
    base_now: int

    @property
    def name(self) -> str:
        """The causes at work, or that nothing was."""
        return " + ".join(sorted(self.units)) or NOTHING


def truth_of(then: Rows, now: Rows, subject: str, unit: str, *, as_first_judged: bool = False) -> Truth:
    """Say which cause moved how many units.

    Args:
        then: Truth of the earlier month.
        now: Of the later one.
        subject: Id of a check, or ``family:`` and the name of one.
        unit: ``site`` or ``address``.
        as_first_judged: Count those too that the check of the earlier month judged otherwise than today's.
    """
    before, after = list(then), list(now)
    states_then, states_now = (_states(rows, subject, unit) for rows in (before, after))
    there_then, there_now = ({row["server"] for row in rows} for rows in (before, after))
    servers = {_key(row, unit): row["server"] for row in (*before, *after)}
    units: dict[str, int] = {}
    for key, server in servers.items():
        state_then = states_then.get(key) or (_MOVED if server in there_then else _NOT_LISTED)
        state_now = states_now.get(key) or (_MOVED if server in there_now else _NOT_LISTED)
        _count(units, _cause(state_then, state_now))
    if as_first_judged and not subject.startswith(FAMILY):
        first = _states(before, subject, unit, field="first")
        for key, state in states_then.items():
            _count(units, RECLASSIFIED if first[key] != state else "")
    ends = [
        sum(state in wanted for state in states.values())
        for states in (states_then, states_now)
        for wanted in (frozenset({"shown"}), _JUDGED)
    ]
    return Truth(dict(sorted(units.items())), *ends)


def _count(units: dict[str, int], cause: str) -> None:
    if cause:
        units[cause] = units.get(cause, 0) + 1


def _cause(then: str, now: str) -> str:
    if then in _JUDGED and now in _JUDGED:
        return "behaviour" if then != now else ""
    if now in _JUDGED:
        return _CAUSES[then][0]
    return _CAUSES[now][1] if then in _JUDGED else ""


def _key(row: Mapping[str, Any], unit: str) -> str:
    return str(row["host"] if unit == "site" else row["address"])


def _states(rows: Rows, subject: str, unit: str, field: str = "observable") -> dict[str, str]:
    """The state of each unit; all names of an address are one server, and so in one state."""
    return {_key(row, unit): _state(row, subject, field) for row in rows}


def _state(row: Mapping[str, Any], subject: str, field: str) -> str:
    if row["presence"] != "answered":
        return str(row["presence"])
    if subject.startswith(FAMILY):
        family = row["family"]
        return "cannot_tell" if family == "unknown" else "shown" if subject == FAMILY + family else "not_shown"
    verdict = str(row["checks"][subject][field])
    return "other software" if verdict == "not_asked" else verdict


class Happened(msgspec.Struct, frozen=True):
    """One event, and whom it concerned.

    Attributes:
        names: In the strata concerned that are in the month's list.
    """

    month: str
    id: str
    kind: str
    strata: tuple[str, ...]
    names: int


def happened(world: World) -> tuple[Happened, ...]:
    """All events of a world, in the order of their months; a month's absences as one event of kind ``season``."""
    found = [_happened(world, event) for event in world.scenario.events]
    for month, absences in world.scenario.absences.items():
        strata = tuple(sorted({name for absence in absences for name in absence.strata}))
        away = sum(
            len(machine.names)
            for machine, state in zip(world.machines, world.states(month), strict=True)
            if state.is_listed and not state.has_left and state.presence != "answered"
        )
        found.append(Happened(month, f"absences of {month}", "season", strata, away))
    return tuple(sorted(found, key=lambda each: (world.months.index(each.month), each.kind, each.id)))


def _happened(world: World, event: AnyEvent) -> Happened:
    kind = str(type(event).__struct_config__.tag)
    concerned = () if isinstance(event, Detector) else event.strata or tuple(sorted(world.scenario.strata))
    names = sum(
        len(machine.names)
        for machine, state in zip(world.machines, world.states(event.month), strict=True)
        if machine.stratum in concerned and (state.is_listed or kind == "exit")
    )
    return Happened(event.month, event.id, kind, event.strata, names)
