"""From assessments to rows; what plan and judgement imply is not stored."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from ebbtide.model.outcomes import Answered
from ebbtide.model.rows import SoftwareRow, VerdictRow
from ebbtide.model.transcripts import Transcript
from ebbtide.model.verdicts import (
    UNKNOWN_FAMILY,
    Assessment,
    CannotTell,
    CheckInfo,
    NotAsked,
    NotAskedReason,
    NotShown,
    Shown,
    Software,
    Verdict,
)

MOST_FAMILIES = 1024
"""Servers can call themselves anything: no more families are remembered at a time."""

_SERVER = "server"


def is_answered(transcript: Transcript) -> bool:
    """Whether the target answered."""
    return isinstance(transcript.outcome, Answered)


def software_rows(assessment: Assessment, *, is_answered: bool) -> list[SoftwareRow]:
    """All products that an answer names; exactly one row of an answered target gives its family."""
    products = list(assessment.software)
    place = -1
    if is_answered:
        place = _family_place(assessment)
        if place < 0:
            family = assessment.family or UNKNOWN_FAMILY
            products.append(Software(family, _SERVER, "", "", assessment.version, "", "", ""))
            place = len(products) - 1
    return [_software_row(assessment, product, is_family=at == place) for at, product in enumerate(products)]


class VerdictRows:
    """Makes the rows of verdicts; what a family implies is worked out once.

    Args:
        checks: Of the judgement.
    """

    def __init__(self, checks: Iterable[CheckInfo]) -> None:
        self._bases = {check.id: check.families for check in checks}
        self._implied: dict[tuple[str, bool], dict[str, Verdict | None]] = {}

    def of(self, assessment: Assessment, *, is_answered: bool) -> list[VerdictRow]:
        """The verdicts that are not implied; see ``VerdictRow``."""
        implied = self._implied_at(assessment.family, is_answered=is_answered)
        return [
            _verdict_row(assessment, each.check, each.verdict)
            for each in assessment.verdicts
            if each.verdict != implied[each.check]
        ]

    def _implied_at(self, family: str, *, is_answered: bool) -> dict[str, Verdict | None]:
        key = (family, is_answered)
        if key not in self._implied:
            if len(self._implied) >= MOST_FAMILIES:
                self._implied.clear()
            self._implied[key] = {
                check: implied_verdict(family, base, is_answered=is_answered) for check, base in self._bases.items()
            }
        return self._implied[key]


def verdict_rows(assessment: Assessment, checks: Iterable[CheckInfo], *, is_answered: bool) -> Iterator[VerdictRow]:
    """The rows of one assessment; see ``VerdictRows``."""
    yield from VerdictRows(checks).of(assessment, is_answered=is_answered)


def implied_verdict(family: str, base: tuple[str, ...], *, is_answered: bool) -> Verdict | None:
    """What a missing row means.

    Args:
        family: Of the target's server.
        base: The families that the check is asked of; empty means every server.
        is_answered: Whether the target answered.

    Returns:
        ``None`` for a server of unknown family outside the base: there every verdict is stored.
    """
    if not is_answered:
        return NotAsked(NotAskedReason.UNREACHABLE)
    if not base or family in base:
        return NotShown()
    return None if family == UNKNOWN_FAMILY else NotAsked(NotAskedReason.GATE_CLOSED)


def _family_place(assessment: Assessment) -> int:
    """Where among the products the one stands that gives the family; -1 if none does."""
    fitting = [
        (product.role != _SERVER, product.version != assessment.version, at)
        for at, product in enumerate(assessment.software)
        if product.family and product.family == assessment.family
    ]
    return min(fitting)[2] if fitting else -1


def _software_row(assessment: Assessment, product: Software, *, is_family: bool) -> SoftwareRow:
    return SoftwareRow(
        target_id=assessment.target_id,
        site_id=assessment.site_id,
        family=product.family,
        role=product.role,
        vendor=product.vendor,
        product=product.product,
        version=product.version,
        cpe=product.cpe,
        source=product.source,
        part=product.part,
        is_family=is_family,
    )


def _verdict_row(assessment: Assessment, check: str, verdict: Verdict) -> VerdictRow:
    kind = reason = part = excerpt = matcher = ""
    ordinal: int | None = None
    match verdict:
        case Shown():
            kind = "shown"
            if verdict.evidence:
                first = verdict.evidence[0]
                ordinal, part, excerpt, matcher = first.ordinal, first.part, first.excerpt, first.matcher
        case NotShown():
            kind = "not_shown"
        case CannotTell():
            kind, reason = "cannot_tell", str(verdict.reason)
        case NotAsked():
            kind, reason = "not_asked", str(verdict.reason)
        case _:
            assert_never(verdict)
    return VerdictRow(assessment.target_id, assessment.site_id, check, kind, reason, ordinal, part, excerpt, matcher)
