"""Transcripts read back from the tables."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from ebbtide.model.outcomes import Answered, Failed, Fault, Outcome, Skipped, SkipReason, Stage
from ebbtide.model.targets import Scheme, Target
from ebbtide.model.transcripts import Certificate, Deviation, Exchange, Method, Purpose, Request, TlsSummary, Transcript
from ebbtide.rounds.duck import connect, file_list
from ebbtide.rounds.log import LogState
from ebbtide.rounds.rows import ANSWERED, FAILED
from ebbtide.rounds.tables import read_rows
from ebbtide.rounds.views import final_outcomes_sql, rows_sql

_ROWS_AT_ONCE = 2048
_TARGET = ("target_id", "site_id", "host", "address", "port", "scheme", "stratum", "weight", "fallback")
_OUTCOME = ("attempt", "kind", "stage", "fault", "reason", "detail", "address", "started_at_ns", "elapsed_s", "vantage")
_EXCHANGE = (
    *("ordinal", "attempt", "purpose", "method", "path", "request_fields", "asked_at_ns"),
    *("kind", "stage", "fault", "reason_skipped", "detail"),
    *("parent", "status", "http_version", "reason", "fields", "body_bytes", "received_bytes", "is_truncated"),
    *("body_sha256", "deviations", "connect_s", "tls_s", "first_byte_s", "total_s", "address", "sni", "vantage", "tls"),
    *("origin", "handed_on", "tls_group", "tls_chain_count", "masked"),
)
_TARGET_END = len(_TARGET)
_OUTCOME_END = _TARGET_END + len(_OUTCOME)


def read_transcripts(survey: Path, root: Path, state: LogState, shard: int) -> Iterator[Transcript]:
    """The attempts that count of one shard, in order of ``target_id``; bodies joined in, memory bounded.

    Args:
        survey: The survey's folder.
        root: The round's folder.
        state: What its log says.
        shard: Which shard.
    """
    state = _of_shard(state, shard)
    if not state.files_of("targets") or not (state.files_of("final_outcomes") or state.files_of("outcomes")):
        return
    connection = connect(survey)
    try:
        rows = _rows(connection.execute(_transcripts_sql(root, state)))
        certificates = _certificates(root, state)
        for _, group in groupby(rows, itemgetter(0)):
            yield _transcript(list(group), certificates)
    finally:
        connection.close()


def _of_shard(state: LogState, shard: int) -> LogState:
    return LogState(seal=state.seal, files=[file for file in state.files if file.shard == shard])


def _rows(cursor: Any) -> Iterator[tuple[Any, ...]]:
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        yield from rows


def _transcripts_sql(root: Path, state: LogState) -> str:
    def files(table: str) -> str:
        return file_list(root, [file.path for file in state.files_of(table)])

    def rows(table: str) -> str:
        return rows_sql(table, root, state)

    told = ", ".join([*(f"t.{name}" for name in _TARGET), *(f"o.{name}" for name in _OUTCOME)])
    sources = f"FROM ({rows('targets')}) t JOIN ({final_outcomes_sql(root, state)}) o USING (target_id)"
    if not state.files_of("exchanges"):
        return f"SELECT {told}, NULL AS ordinal {sources} WHERE o.kind IS NOT NULL ORDER BY 1"
    sources += f" LEFT JOIN ({rows('exchanges')}) e ON e.target_id = t.target_id AND e.attempt = o.attempt"
    body = "NULL"
    if state.files_of("bodies"):
        distinct = f"SELECT DISTINCT ON (sha256) * FROM {files('bodies')}"  # noqa: S608  # made of our own names and quoted paths
        sources += f" LEFT JOIN ({distinct}) b ON b.sha256 = e.body_sha256"
        body = "b.body"
    own = ", ".join(f"e.{name}" for name in _EXCHANGE)
    return f"SELECT {told}, {own}, {body} {sources} WHERE o.kind IS NOT NULL ORDER BY t.target_id, e.ordinal"


def _certificates(root: Path, state: LogState) -> dict[bytes, bytes]:
    return dict(read_rows(root, state.files_of("certificates"), "certificates", ("sha256", "der")))


def _transcript(rows: list[tuple[Any, ...]], certificates: dict[bytes, bytes]) -> Transcript:
    first = rows[0]
    identity, site, host, address, port, scheme, stratum, weight, fallback = first[:_TARGET_END]
    attempt, kind, stage, fault, reason, detail, connected, started_at_ns, elapsed_s, vantage = first[
        _TARGET_END:_OUTCOME_END
    ]
    exchanges = tuple(_exchange(identity, site, row[_OUTCOME_END:]) for row in rows if row[_OUTCOME_END] is not None)
    return Transcript(
        target=Target(identity, site, host, address, port, Scheme(scheme), stratum, weight, bool(fallback)),
        attempt=attempt,
        outcome=_outcome(kind, stage, fault, reason, detail),
        exchanges=exchanges,
        address=connected,
        started_at_ns=started_at_ns,
        elapsed_s=elapsed_s,
        certificates=tuple(_sent(exchanges, certificates)) if certificates else (),
        vantage=vantage,
    )


def _exchange(identity: bytes, site: int, row: tuple[Any, ...]) -> Exchange:
    ordinal, attempt, purpose, method, path, request_fields, asked_at_ns = row[:7]
    kind, stage, fault, reason_skipped, detail = row[7:12]
    parent, status, http_version, reason, fields, body_bytes, received_bytes, is_truncated = row[12:20]
    body_sha256, deviations, connect_s, tls_s, first_byte_s, total_s, address, sni, vantage = row[20:29]
    tls, origin, handed_on, tls_group, tls_chain_count, masked, body = row[29:]
    return Exchange(
        target_id=identity,
        site_id=site,
        ordinal=ordinal,
        attempt=attempt,
        request=Request(path, Purpose(purpose), Method(method), _pairs(request_fields)),
        asked_at_ns=asked_at_ns,
        outcome=_outcome(kind, stage, fault, reason_skipped, detail),
        parent=parent,
        status=status,
        http_version=http_version,
        reason=reason,
        fields=_pairs(fields),
        body=body or b"",
        body_bytes=body_bytes,
        received_bytes=received_bytes,
        is_truncated=is_truncated,
        body_sha256=body_sha256,
        deviations=tuple(map(Deviation, deviations)),
        connect_s=connect_s,
        tls_s=tls_s,
        first_byte_s=first_byte_s,
        total_s=total_s,
        address=address,
        sni=sni,
        vantage=vantage,
        tls=None if tls is None else _tls(tls, tls_group, tls_chain_count),
        origin=origin or "",
        handed_on=handed_on or "",
        masked=tuple(masked or ()),
    )


def _tls(tls: dict[str, Any], group: str | None, chain_count: int | None) -> TlsSummary:
    chain = tuple(tls["chain_sha256"])
    return TlsSummary(tls["version"], tls["cipher"], tls["alpn"], chain, group or "", chain_count or 0)


def _pairs(pairs: list[dict[str, Any]]) -> tuple[tuple[Any, Any], ...]:
    return tuple((pair["name"], pair["value"]) for pair in pairs)


def _outcome(kind: str, stage: str, fault: str, reason: str, detail: str) -> Outcome:
    if kind == ANSWERED:
        return Answered()
    if kind == FAILED:
        return Failed(Stage(stage), Fault(fault), detail)
    return Skipped(SkipReason(reason), detail)


def _sent(exchanges: Iterable[Exchange], certificates: dict[bytes, bytes]) -> Iterator[Certificate]:
    """The certificates that these exchanges name, each once, in the order in which they were sent."""
    named = dict.fromkeys(sha256 for each in exchanges if each.tls for sha256 in each.tls.chain_sha256)
    return (Certificate(sha256, certificates[sha256]) for sha256 in named if sha256 in certificates)
