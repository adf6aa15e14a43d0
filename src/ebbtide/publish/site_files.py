"""A site's report for other programs: CSV, SARIF 2.1.0, and a badge in SVG."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from markupsafe import escape

from ebbtide.model.sites import Standing
from ebbtide.publish.cells import csv_text
from ebbtide.publish.palette import INKS
from ebbtide.publish.plain_text import plain
from ebbtide.publish.site_report import Finding, SiteReport

COLUMNS = (
    *("host", "round", "check", "name", "severity", "standing", "story"),
    *("url", "part", "excerpt", "asked_at", "remedy", "accepted"),
)
_LEVELS: Mapping[str, str] = {"critical": "error", "high": "error", "medium": "warning"}
_SCORES: Mapping[str, str] = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.0"}
"""As code-hosting sites sort by: from the middle of the ranges of CVSS, not a score of the finding itself."""
_BASELINES: Mapping[str, str] = {
    Standing.NEW.value: "new",
    Standing.REOPENED.value: "new",
    Standing.FIXED.value: "absent",
}
_INKS: Mapping[str, str] = {"A": "mended", "B": "mended", "C": "doubt", "D": "shown", "F": "shown"}


def site_csv(report: SiteReport) -> str:
    """All findings, one line for each piece of evidence."""
    return csv_text(COLUMNS, [row for each in (*report.open, *report.mended) for row in _rows(report, each)])


def _rows(report: SiteReport, finding: Finding) -> list[tuple[str, ...]]:
    begin = (report.host, report.round, finding.check, finding.name, finding.severity, finding.standing, finding.story)
    end = (finding.remedy, finding.accepted)
    places = [(each.url, each.part, each.excerpt, each.asked_at) for each in finding.evidence] or [("", "", "", "")]
    return [(*begin, *place, *end) for place in places]


def site_sarif(report: SiteReport) -> bytes:
    """The findings in SARIF 2.1.0, as other tools read them."""
    findings = (*report.open, *report.mended)
    rules = [_rule(each) for each in findings]
    driver = {"name": "Ebbtide", "version": report.version, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"ebbtide/{quote(report.survey)}/{report.round}"},
        "results": [_result(each, place) for place, each in enumerate(findings)],
        "columnKind": "unicodeCodePoints",
    }
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _rule(finding: Finding) -> dict[str, Any]:
    links = [each for each in finding.sources if each.startswith(("https://", "http://"))]
    return {
        "id": finding.check,
        "name": finding.name,
        "shortDescription": {"text": finding.name},
        "fullDescription": {"text": finding.words or finding.name},
        "help": {"text": finding.remedy or finding.words or finding.name},
        "defaultConfiguration": {"level": _LEVELS.get(finding.severity, "note")},
        "properties": {"security-severity": _SCORES.get(finding.severity, "0.0"), "tags": ["security"]},
        **({"helpUri": links[0]} if links else {}),
    }


def _result(finding: Finding, place: int) -> dict[str, Any]:
    seen = finding.evidence[0] if finding.evidence else None
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": place,
        "level": _LEVELS.get(finding.severity, "note"),
        "message": {"text": f"{finding.words or finding.name} {finding.story}".strip()},
        "baselineState": _BASELINES.get(finding.standing, "unchanged"),
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": plain(each.url)},
                    "region": {"snippet": {"text": plain(each.excerpt)}, "startLine": 1},
                }
            }
            for each in finding.evidence
        ],
    }
    if seen is not None:
        result["webRequest"] = {"protocol": "HTTP", "method": seen.method, "target": plain(seen.url)}
        result["webResponse"] = {"statusCode": seen.status} if seen.status is not None else {"noResponseReceived": True}
    if finding.accepted:
        justification = plain(finding.accepted)
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": justification}]
    return result


def site_badge(report: SiteReport) -> str:
    """A badge: the grade, or that there is none; it names no finding."""
    letter = report.grade.letter or "?"
    ink = INKS[_INKS.get(letter, "silent")].light
    told = f"Ebbtide: grade {letter}" if report.grade.letter else "Ebbtide: no grade"
    text = escape(f"{told}, {report.round}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="110" height="20" role="img" aria-label="{text}">'
        f"<title>{text}</title>"
        '<rect width="80" height="20" fill="#2b2f34"/>'
        f'<rect x="80" width="30" height="20" fill="{ink}"/>'
        '<g fill="#ffffff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="40" y="14">seen outside</text><text x="95" y="14" font-weight="bold">{letter}</text></g></svg>\n'
    )
