"""The truth of a world, from its script alone: what is, what can be seen, and why the two differ."""

from collections.abc import Iterator
from typing import Any

from ebbtide.lab.history import ANSWERED, SILENT, MachineMonth
from ebbtide.lab.holes import ANY, CHECKS, PARTS
from ebbtide.lab.page_rules import patch_mark
from ebbtide.lab.personas import Persona
from ebbtide.lab.scenario_records import BASE_FAMILY
from ebbtide.lab.sights import SHOWN, Sight, look_at, unreachable
from ebbtide.lab.world import World

UNKNOWN = "unknown"


def truth_rows(world: World, month: str, port: int | None = None) -> Iterator[dict[str, Any]]:
    """Tell the truth of a month, one row for each host name.

    A survey is assumed that asks at level active, with absent extension ``ida``, twice where nobody answers.

    Args:
        world: The world.
        month: Label.
        port: Where the lab listens, if not on the scenario's port.

    Yields:
        Rows ready for JSON: month, host, address, port, stratum, weight, server, presence_actual, presence,
        family_actual, version_actual, family, checks. A check's ``actual`` is ``None`` where no server of the base
        family answers at the address.

    Raises:
        ScenarioError: There is no such month.
    """
    mark = patch_mark(world.scenario).encode("ascii")
    for persona in world.personas(month):
        row = _machine_row(persona, mark)
        for name in persona.machine.names:
            yield {
                "month": month,
                "host": name,
                "address": persona.machine.address,
                "port": port or world.port,
                "stratum": persona.machine.stratum,
                "weight": world.weights[persona.machine.stratum],
                "server": persona.machine.id,
                **row,
            }


def _machine_row(persona: Persona, mark: bytes) -> dict[str, Any]:
    state = persona.state
    is_there = state.presence == ANSWERED
    sights = look_at(persona, mark) if is_there else unreachable(_absence(state))
    family = state.traits.family if is_there else ""
    return {
        "presence_actual": state.presence,
        "presence": state.presence,
        "family_actual": family,
        "version_actual": state.version if is_there else "",
        "family": UNKNOWN if is_there and state.traits.is_masked else family,
        "checks": {check: _check_row(sights[check], actual=_actual(check, persona)) for check in CHECKS},
    }


def _absence(state: MachineMonth) -> str:
    what = "a filter drops every packet" if state.presence == SILENT else "nobody listens"
    return f"{what}, {'for good' if state.has_left else 'in this month only'}"


def _actual(check: str, persona: Persona) -> bool | None:
    state = persona.state
    if state.presence != ANSWERED or state.traits.family != BASE_FAMILY:
        return None
    if check == ANY:
        return any(part in state.holes for part in PARTS)
    return check in state.holes


def _check_row(sight: Sight, *, actual: bool | None) -> dict[str, Any]:
    why = sight.why
    if not why and actual is not None and actual != (sight.verdict == SHOWN):
        why = "the page's text does not carry the mark" if actual else "the page's text carries the mark by itself"
    return {"actual": actual, "observable": sight.verdict, "reason": sight.reason, "why": why}
