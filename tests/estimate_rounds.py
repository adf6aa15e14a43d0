"""Rounds made from a few words a server, for tests of estimates: what each name showed is written out by hand."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from ebbtide.frame.ids import endpoint_id, site_id, target_id
from ebbtide.model.facts import Fact
from ebbtide.model.rows import OutcomeRow, SoftwareRow, TargetRow, VerdictRow
from ebbtide.model.targets import Level
from ebbtide.model.verdicts import CheckInfo, JudgementManifest
from ebbtide.rounds.building import write_round
from ebbtide.rounds.entries import Design
from ebbtide.rounds.folder import SurveyFolder

IIS = "microsoft-iis"
IDA = "code-red-ida"
JULY, AUGUST = "2001-07", "2001-08"
DATES = {"2001-06": "2001-06-15", JULY: "2001-07-15", AUGUST: "2001-08-14", "2001-09": "2001-09-24"}
ENDS = {
    "refused": ("connect", "refused"),
    "silent": ("connect", "timed_out"),
    "reset": ("response", "reset"),
    "no_name": ("resolve", "name_not_found"),
    "bad": ("response", "protocol_error"),
}


class Seen(msgspec.Struct, frozen=True):
    """What one name showed in one round.

    Attributes:
        says: ``family`` or ``family/version`` of an answer, or one of ``ENDS``, or ``skipped``.
        verdicts: Check to ``shown``, ``cannot_tell/reason`` or ``not_asked/reason``; the rest is implied.
        attempt: How many attempts ran to their end; an answer or a skip needs one.
        interrupted: How many died with their process before these.
    """

    host: str
    address: str
    says: str
    verdicts: Mapping[str, str] = {}
    stratum: str = ""
    weight: float = 1.0
    attempt: int = 2
    interrupted: int = 0
    port: int = 80


def check_info(check: str = IDA, version: str = "a" * 16, families: tuple[str, ...] = (IIS,)) -> CheckInfo:
    return CheckInfo(check, version, check, Level.PASSIVE, "high", families, "mend it", ("a source",))


def build_round(
    folder: SurveyFolder,
    label: str,
    seen: Sequence[Seen],
    checks: Iterable[CheckInfo] | None = (check_info(),),
    reference_date: str = "",
    design: Design | None = None,
) -> None:
    """Write a sealed round; ``checks=None`` leaves it unjudged."""
    manifest = None
    if checks is not None:
        manifest = JudgementManifest("00ff00ff00ff00ff", "1", ("iis-2001",), tuple(checks))
    targets, outcomes, software, verdicts = [], [], [], []
    for each in seen:
        ids = (target_id(each.host, "*", each.port, "http"), site_id(each.host))
        targets.append(TargetRow(*ids, each.host, "", each.port, "http", each.stratum, each.weight))
        outcomes += _outcomes(each, ids)
        if outcomes[-1].kind == "answered":
            family, _, version = each.says.partition("/")
            software.append(SoftwareRow(*ids, family, "server", "", "", version, "", "test", "server", is_family=True))
        for check, verdict in each.verdicts.items():
            kind, _, reason = verdict.partition("/")
            verdicts.append(VerdictRow(*ids, check, kind, reason, 0, "body", "", ""))
    judged = {"manifest": manifest, "software": software, "verdicts": verdicts} if manifest else {}
    write_round(folder, label, reference_date or DATES[label], targets, outcomes, **judged, design=design)


def survey_at(path: Path) -> SurveyFolder:
    return SurveyFolder.create(path / "survey")


def addresses(number: int) -> list[str]:
    """That many different addresses of loopback."""
    return [f"127.{40 + place // 62_500}.{place // 250 % 250}.{1 + place % 250}" for place in range(number)]


def one(facts: Iterable[Fact], **wanted: object) -> Fact:
    found = [fact for fact in facts if all(getattr(fact, name) == value for name, value in wanted.items())]
    assert len(found) == 1, (wanted, len(found))
    return found[0]


def _outcomes(each: Seen, ids: tuple[bytes, int]) -> list[OutcomeRow]:
    finished = each.attempt if each.says in ENDS else 1
    return [_outcome(each, ids, each.interrupted + number) for number in range(1, finished + 1)]


def _outcome(each: Seen, ids: tuple[bytes, int], attempt: int) -> OutcomeRow:
    stage, fault = ENDS.get(each.says, ("", ""))
    kind = "failed" if fault else "skipped" if each.says == "skipped" else "answered"
    return OutcomeRow(
        *ids,
        endpoint_id=endpoint_id(each.address, each.port) if each.address else 0,
        attempt=attempt,
        kind=kind,
        stage=stage,
        fault=fault,
        reason="opted_out" if kind == "skipped" else "",
        detail="",
        address=each.address,
        status=200 if kind == "answered" else None,
        exchange_count=1,
        failed_exchange_count=0,
        started_at_ns=1,
        elapsed_s=0.1,
        vantage="",
    )
