"""What one round says of every planned target, verdicts written out in full: for holding a survey against a truth."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ebbtide.model.verdicts import UNKNOWN_FAMILY
from ebbtide.rounds.database import open_database
from ebbtide.rounds.folder import SurveyFolder

_TARGETS = """
SELECT t.target_id, t.host, coalesce(nullif(t.address, ''), o.address) AS address, o.kind, o.stage, o.fault,
       coalesce(s.family, '') AS family
FROM targets t
JOIN final_outcomes o ON o.round = t.round AND o.target_id = t.target_id
LEFT JOIN software s ON s.round = t.round AND s.target_id = t.target_id AND s.is_family
WHERE t.round = $label
ORDER BY t.host, address
"""
_CERTIFICATES = """
SELECT DISTINCT e.target_id, lower(hex(c.sha256)), lower(hex(c.spki_sha256))
FROM exchanges e
JOIN certificate_summaries c ON c.round = e.round AND c.sha256 = e.tls.chain_sha256[1]
WHERE e.round = $label
"""
_VERDICTS = 'SELECT target_id, "check", kind, reason FROM verdicts WHERE round = $label'
_CHECKS = 'SELECT "check", families FROM checks WHERE round = $label ORDER BY "check"'


def observed_rows(folder: SurveyFolder, label: str) -> Iterator[dict[str, Any]]:
    """Every planned target of a judged round: presence, family and the verdict of every check, implied ones included.

    Args:
        folder: The survey.
        label: A judged round.

    Yields:
        Mappings with month, host, address, presence, family, certificate and key (hexadecimal SHA-256 of what was sent
        and of the public key in it; empty without TLS), and checks: id to verdict and reason.
    """
    database = open_database(folder)
    try:
        checks = database.execute(_CHECKS, {"label": label}).fetchall()
        stored: dict[bytes, dict[str, tuple[str, str]]] = {}
        for target_id, check, kind, reason in database.execute(_VERDICTS, {"label": label}).fetchall():
            stored.setdefault(target_id, {})[check] = (kind, reason)
        certificates = {
            target_id: (sha256, key)
            for target_id, sha256, key in database.execute(_CERTIFICATES, {"label": label}).fetchall()
        }
        for target_id, host, address, kind, stage, fault, family in database.execute(
            _TARGETS, {"label": label}
        ).fetchall():
            told = stored.get(target_id, {})
            certificate, key = certificates.get(target_id, ("", ""))
            yield {
                "month": label,
                "host": host,
                "address": address,
                "presence": presence_of(kind, stage, fault),
                "family": family,
                "certificate": certificate,
                "key": key,
                "checks": {
                    check: _labelled(told.get(check) or implied_verdict(kind, family, families))
                    for check, families in checks
                },
            }
    finally:
        database.close()


def presence_of(kind: str, stage: str, fault: str) -> str:
    """Presence of one target whose attempts are used up: answered, refused, silent, blocked or unknown."""
    if kind == "answered":
        return "answered"
    if stage == "connect" and fault == "refused":
        return "refused"
    if stage == "connect" and fault in {"timed_out", "unreachable"}:
        return "silent"
    if stage in {"tls", "request", "response"} and fault in {"reset", "closed_early"}:
        return "blocked"
    return "unknown"


def implied_verdict(kind: str, family: str, families: Sequence[str]) -> tuple[str, str]:
    """The verdict that is not stored because it follows (see ``model.rows.VerdictRow``)."""
    if kind != "answered":
        return "not_asked", "unreachable"
    if families and family not in families and family != UNKNOWN_FAMILY:
        return "not_asked", "gate_closed"
    return "not_shown", ""


def _labelled(verdict: tuple[str, str]) -> Mapping[str, str]:
    return {"verdict": verdict[0], "reason": verdict[1]}
