"""The truth of a world, from its script alone: what is, what can be seen, and why the two differ."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from ebbtide.lab.history import ANSWERED, SILENT, MachineMonth
from ebbtide.lab.holes import ANY, CHECKS, IDA, PARTS
from ebbtide.lab.page_rules import patch_mark
from ebbtide.lab.personas import Persona
from ebbtide.lab.scenario_records import BASE_FAMILY
from ebbtide.lab.sights import SHOWN, Sight, look_at, unreachable
from ebbtide.lab.world import World

UNKNOWN = "unknown"
BLOCKED = "blocked"
SOURCE = "127.0.0.1"
"""From which a survey of loopback asks, unless it is told otherwise."""
HIDDEN = "a firewall cuts off whoever asks from there"


def truth_rows(world: World, month: str, port: int | None = None, source: str = SOURCE) -> Iterator[dict[str, Any]]:
    """Tell the truth of a month, one row for each host name.

    A survey is assumed that asks at level active, with absent extension ``ida``, twice where nobody answers.

    Args:
        world: The world.
        month: Label.
        port: Where the lab listens, if not on the scenario's port.
        source: Address from which the survey asks.

    Yields:
        Rows ready for JSON: month, host, address, port, stratum, arm, weight, server, presence_actual, presence,
        family_actual, version_actual, family, certificate, key, checks. A check's ``actual`` is ``None`` where no
        server of the base family answers at the address.

    Raises:
        ScenarioError: There is no such month.
    """
    marks = _Marks(patch_mark(world.scenario).encode("ascii"), _mark_in(world, month))
    for persona in world.personas(month):
        row = _machine_row(world, persona, marks, source)
        for name in persona.machine.names:
            yield {
                "month": month,
                "host": name,
                "address": persona.machine.address,
                "port": port or world.port,
                "stratum": persona.machine.stratum,
                "arm": world.arms.get(persona.machine.id, ""),
                "weight": world.weights[persona.machine.stratum],
                "server": persona.machine.id,
                **row,
            }


class _Marks(NamedTuple):
    """By what the check knows a patched filter: as it is now, and as it was told in the month."""

    now: bytes
    then: bytes


def _mark_in(world: World, month: str) -> bytes:
    return world.parameters_in(month).get(IDA, {}).get("patch_mark", "").encode("ascii")


def _machine_row(world: World, persona: Persona, marks: _Marks, source: str) -> dict[str, Any]:
    state = persona.state
    is_there = state.presence == ANSWERED
    is_hidden = is_there and state.hidden_from == source
    is_seen = is_there and not is_hidden
    sights = look_at(persona, marks.now) if is_seen else unreachable(HIDDEN if is_hidden else _absence(state))
    first = look_at(persona, marks.then) if is_seen and marks.now != marks.then else sights
    family = state.traits.family if is_there else ""
    made = world.certificate(state.certificate) if state.certificate else None
    return {
        "presence_actual": state.presence,
        "presence": BLOCKED if is_hidden else state.presence,
        "family_actual": family,
        "version_actual": state.version if is_there else "",
        "family": (UNKNOWN if state.traits.is_masked else family) if is_seen else "",
        "certificate": made.sha256 if made else "",
        "key": made.key_sha256 if made else "",
        "checks": {
            check: {
                **_check_row(sights[check], actual=_actual(check, persona)),
                "first": first[check].verdict,
            }
            for check in CHECKS
        },
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
