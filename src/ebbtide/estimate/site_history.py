"""All that the rounds of a survey hold of one site: for its owner, never for a publication."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ebbtide.estimate.observed import implied_verdict
from ebbtide.estimate.questions import ask_question, keep_rows
from ebbtide.estimate.standing import standing_of
from ebbtide.frame.ids import canonical_host, site_id
from ebbtide.model.errors import EstimateError
from ebbtide.model.sites import (
    CANNOT_TELL,
    NOT_ASKED,
    NOT_SHOWN,
    OTHER_VERSION,
    SHOWN,
    Sight,
    SiteCheck,
    SiteEvidence,
    SiteHistory,
    TargetSight,
)
from ebbtide.model.verdicts import CheckInfo
from ebbtide.rounds.database import open_database
from ebbtide.rounds.folder import SurveyFolder

_NS_PER_S = 1_000_000_000
_RANKS: Mapping[str, int] = {"shown": 0, "cannot_tell": 1, "not_shown": 2, "not_asked": 3}
_LETTERS: Mapping[str, str] = {
    "shown": SHOWN,
    "cannot_tell": CANNOT_TELL,
    "not_shown": NOT_SHOWN,
    "not_asked": NOT_ASKED,
}


def site_history(folder: SurveyFolder, host: str, label: str = "") -> SiteHistory:
    """What the judged rounds of a survey hold of one site.

    Args:
        folder: The survey.
        host: Host name or address, as people write it.
        label: The round that is spoken of; later ones are left out. The latest judged one that planned the site if
            empty.

    Raises:
        FrameError: The host is none.
        EstimateError: No judged round planned it.
    """
    name = canonical_host(host)
    with open_database(folder) as connection:
        keep_rows(connection, "asked_site", (("site_id", "UBIGINT"),), [(site_id(name),)])
        rows = [row for row in ask_question(connection, "site_sights") if row[3]]
        stored = ask_question(connection, "site_verdicts")
    labels = list(dict.fromkeys(row[1] for row in rows))
    if label and label not in labels:
        raise EstimateError(
            f"{name} is in no judged round {label[:60]!r}.", remedy=f"It is in: {', '.join(labels) or 'none'}."
        )
    if not labels:
        raise EstimateError(
            f"no judged round of this survey holds {name[:80]!r}.",
            remedy="Give a host as the frame has it; ebbtide survey plan counts whom it holds.",
        )
    labels = labels[: labels.index(label) + 1] if label else labels
    judgements = {row[1]: row[3] for row in rows}
    checks = {each: folder.round(each).manifest(judgements[each]).checks for each in labels}
    by_round = {each: [row for row in rows if row[1] == each] for each in labels}
    sights = tuple(_sight(name, each, by_round[each]) for each in labels)
    return SiteHistory(name, sights, tuple(_checks(name, labels, checks, by_round, stored)))


def _sight(host: str, label: str, rows: Sequence[tuple[Any, ...]]) -> Sight:
    return Sight(
        label,
        rows[0][2],
        tuple(
            TargetSight(
                _url(host, scheme, port),
                address,
                kind if kind == "answered" else "/".join(filter(None, (kind, stage, fault, reason))),
                family,
                product,
                version,
            )
            for _, _, _, _, _, scheme, port, address, kind, stage, fault, reason, family, product, version in rows
        ),
    )


def _checks(
    host: str,
    labels: Sequence[str],
    checks: Mapping[str, Sequence[CheckInfo]],
    rows: Mapping[str, Sequence[tuple[Any, ...]]],
    stored: Iterable[tuple[Any, ...]],
) -> Iterable[SiteCheck]:
    told: dict[tuple[str, bytes, str], tuple[Any, ...]] = {(each[0], each[1], each[2]): each for each in stored}
    known = {label: {info.id: info for info in checks[label]} for label in labels}
    for info in checks[labels[-1]]:
        path = reason = ""
        for label in labels:
            then = known[label].get(info.id)
            if then is None or then.version != info.version:
                path += NOT_ASKED if then is None else OTHER_VERSION
                continue
            kind, reason = _verdict(then, label, rows[label], told)
            path += _LETTERS[kind]
        shown = [label for label, letter in zip(labels, path, strict=True) if letter == SHOWN]
        last = shown[-1] if shown else ""
        after = labels[labels.index(last) + 1 :] if last else []
        fixed = [label for label in after if path[labels.index(label)] == NOT_SHOWN]
        evidence = _evidence(host, [(row, told.get((last, row[4], info.id))) for row in rows.get(last, ())])
        yield SiteCheck(
            info, path, standing_of(path), reason, shown[0] if shown else "", last, fixed[0] if fixed else "", evidence
        )


def _verdict(
    info: CheckInfo, label: str, rows: Sequence[tuple[Any, ...]], told: Mapping[tuple[str, bytes, str], tuple[Any, ...]]
) -> tuple[str, str]:
    """Of all targets together: shown if any shows it, else cannot tell, else not shown, else not asked."""
    verdicts = []
    for row in rows:
        stored = told.get((label, row[4], info.id))
        verdict = (stored[3], stored[4] or "") if stored else implied_verdict(row[8], row[12], info.families)
        verdicts.append(verdict)
    return min(verdicts, key=lambda verdict: (_RANKS[verdict[0]], verdict[1]))


def _evidence(host: str, rows: Iterable[tuple[tuple[Any, ...], tuple[Any, ...] | None]]) -> tuple[SiteEvidence, ...]:
    found = []
    for target, verdict in rows:
        if verdict is None or verdict[3] != "shown":
            continue
        _, _, _, _, _, part, excerpt, matcher, method, path, origin, status, asked_at_ns = verdict
        asked = datetime.fromtimestamp(asked_at_ns // _NS_PER_S, UTC).isoformat() if asked_at_ns else ""
        url = f"{origin or _url(host, target[5], target[6])}{path or '/'}"
        found.append(SiteEvidence(method or "GET", url, status, asked, part, excerpt, matcher, target[7]))
    return tuple(found)


def _url(host: str, scheme: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" if port == {"http": 80, "https": 443}[scheme] else f"{scheme}://{name}:{port}"
