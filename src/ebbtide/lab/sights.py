"""What can be seen of one machine in one month, whatever is true: the binding order of decision, step by step."""

from collections.abc import Mapping

import msgspec

from ebbtide.lab import marks
from ebbtide.lab.holes import ADMIN, ANY, BACKDOOR, CHECKS, IDA, PARTS, PATH, REACHABLE, SCRIPT
from ebbtide.lab.personas import Persona, Reply
from ebbtide.lab.scenario_records import BASE_FAMILY

SHOWN = "shown"
NOT_SHOWN = "not_shown"
CANNOT_TELL = "cannot_tell"
NOT_ASKED = "not_asked"

SAMPLE_NAME = b"0123456789abcdef.ida"
_SUCCESS = range(200, 300)
_JUDGE_FRONT = frozenset({SCRIPT, BACKDOOR})


class Sight(msgspec.Struct, frozen=True):
    """A verdict with its reason and, in plain words, why."""

    verdict: str
    reason: str = ""
    why: str = ""


def unreachable(why: str) -> dict[str, Sight]:
    """Nobody answered."""
    return dict.fromkeys(CHECKS, Sight(NOT_ASKED, "unreachable", why))


def look_at(persona: Persona, mark: bytes) -> dict[str, Sight]:
    """Decide every check for a machine that answers.

    Args:
        persona: The machine as it speaks.
        mark: Patch mark that the survey was told; empty if none, and then it goes by its own.

    Returns:
        Sights by check.
    """
    traits = persona.state.traits
    if traits.is_masked:
        return dict.fromkeys(CHECKS, Sight(CANNOT_TELL, "masked", "the banner names no product"))
    if traits.family != BASE_FAMILY:
        return dict.fromkeys(CHECKS, Sight(NOT_ASKED, "gate_closed", f"runs {traits.family}"))
    host = persona.machine.names[0].encode("ascii")
    absent = persona.reply(host, b"/" + SAMPLE_NAME)
    evidence = _evidence(persona.reply(host, b"/"), absent, persona.reply(host, b"/iisadmin/"), mark)
    answers_everything = absent.page.status in _SUCCESS and not evidence[REACHABLE].is_met
    sights = {check: _decide(check, evidence[check], answers_everything=answers_everything) for check in evidence}
    sights[ANY] = join(sights)
    return sights


def join(sights: Mapping[str, Sight]) -> Sight:
    """Decide ``any-hole`` from its parts, in their order."""
    for verdict in (SHOWN, CANNOT_TELL, NOT_ASKED):
        for part in PARTS:
            if sights[part].verdict == verdict:
                return Sight(verdict, sights[part].reason, sights[part].why)
    return Sight(NOT_SHOWN)


class _Evidence(msgspec.Struct, frozen=True):
    is_met: bool
    is_cut: bool


def _evidence(front: Reply, absent: Reply, admin: Reply, mark: bytes) -> dict[str, _Evidence]:
    """Look for the marks in as much of each body as a survey reads."""
    front_body, absent_body, admin_body = (reply.body[: marks.CAP_BYTES] for reply in (front, absent, admin))
    is_filter = marks.shows_filter(absent_body, SAMPLE_NAME)
    is_marked = (mark or marks.DEFAULT_PATCH_MARK) in absent_body
    met = {
        REACHABLE: (is_filter, absent),
        IDA: (is_filter and not is_marked and not _is_cut(absent), absent),  # the mark may stand behind the cut
        ADMIN: (marks.shows_admin(admin.page.status, admin_body), admin),
        PATH: (marks.shows_path(absent_body), absent),
        SCRIPT: (marks.shows_script(front.page.status, front_body), front),
        BACKDOOR: (marks.shows_infection(front_body), front),
    }
    return {check: _Evidence(is_met, _is_cut(reply)) for check, (is_met, reply) in met.items()}


def _is_cut(reply: Reply) -> bool:
    return len(reply.body) > marks.CAP_BYTES


def _decide(check: str, evidence: _Evidence, *, answers_everything: bool) -> Sight:
    if answers_everything and check not in _JUDGE_FRONT:
        return Sight(CANNOT_TELL, "answers_everything", "answers every name with success")
    if evidence.is_met:
        return Sight(SHOWN)
    if evidence.is_cut:
        return Sight(CANNOT_TELL, "truncated", f"the body is longer than {marks.CAP_BYTES:,} bytes")
    return Sight(NOT_SHOWN)
