"""Transcripts read back from the tables."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ebbtide.model.outcomes import Answered, Failed, Fault, Outcome, Skipped, SkipReason, Stage
from ebbtide.model.targets import Scheme, Target
from ebbtide.model.transcripts import Certificate, Deviation, Exchange, Method, Purpose, Request, TlsSummary, Transcript
from ebbtide.rounds.columns import column_values
from ebbtide.rounds.counting import counting_outcomes
from ebbtide.rounds.log import LogState
from ebbtide.rounds.ranges import ROWS_IN_MEMORY, SORTED, Range, divide, in_order, read_range
from ebbtide.rounds.rows import ANSWERED, FAILED
from ebbtide.rounds.tables import file_batches, read_arrow, read_rows

BODY_BYTES_IN_MEMORY = 128 << 20
_ROWS_AT_ONCE = 2048
_TARGET = ("target_id", "site_id", "host", "address", "port", "scheme", "stratum", "weight", "fallback")
_OUTCOME = (
    *("target_id", "attempt", "kind", "stage", "fault", "reason", "detail"),
    *("address", "started_at_ns", "elapsed_s", "vantage"),
)
_ANSWER = (
    *("target_id", "ordinal", "attempt", "purpose", "method", "path", "request_fields", "asked_at_ns"),
    *("kind", "stage", "fault", "reason_skipped", "detail"),
    *("parent", "status", "http_version", "reason", "fields", "body_bytes", "is_truncated"),
    *("body_sha256", "origin", "masked"),
)
_MEASURED = (
    *("received_bytes", "deviations", "connect_s", "tls_s", "first_byte_s", "total_s", "address", "sni", "vantage"),
    *("tls", "handed_on", "tls_group", "tls_chain_count"),
)
"""What nobody looks at who only judges."""
_ANSWERED = Answered()
_ATTEMPT = _ANSWER.index("attempt")
_purpose = cache(Purpose)
_method = cache(Method)


def read_transcripts(root: Path, state: LogState, shard: int) -> Iterator[Transcript]:
    """The attempts that count of one shard, in order of ``target_id``; bodies joined in, memory bounded.

    Args:
        root: The round's folder.
        state: What its log says.
        shard: Which shard.
    """
    yield from _read(root, _of_shard(state, shard), (*_ANSWER, *_MEASURED), with_certificates=True)


def read_answers(root: Path, state: LogState, shard: int) -> Iterator[Transcript]:
    """The same without certificates and without what was measured; see ``Round.answers``."""
    yield from _read(root, _of_shard(state, shard), _ANSWER, with_certificates=False)


def _read(root: Path, state: LogState, columns: Sequence[str], *, with_certificates: bool) -> Iterator[Transcript]:
    if not state.files_of("targets") or not (state.files_of("final_outcomes") or state.files_of("outcomes")):
        return
    files = state.files_of("certificates") if with_certificates else []
    certificates = dict(read_rows(root, files, "certificates", ("sha256", "der")))
    for part in divide(_passes(root, state)):
        yield from _part(root, state, part, columns, certificates)


def _of_shard(state: LogState, shard: int) -> LogState:
    return LogState(seal=state.seal, files=[file for file in state.files if file.shard == shard])


def _passes(root: Path, state: LogState) -> int:
    """As many as rows and bodies need, of which each pass holds its own in memory."""
    exchanges = state.files_of("exchanges")
    rows = sum(file.rows for file in exchanges) + sum(file.rows for file in state.files_of("targets"))
    octets = pc.sum(read_arrow(root, exchanges, "exchanges", ("body_bytes",))["body_bytes"]).as_py() or 0
    return max(-(-rows // ROWS_IN_MEMORY), -(-octets // BODY_BYTES_IN_MEMORY), 1)


def _part(
    root: Path, state: LogState, part: Range, columns: Sequence[str], certificates: dict[bytes, bytes]
) -> Iterator[Transcript]:
    """The transcripts of one range of targets; three tables in the same order, walked side by side."""
    targets = in_order(read_range(root, state.files_of("targets"), "targets", part, _TARGET), SORTED["targets"])
    exchanges = in_order(read_range(root, state.files_of("exchanges"), "exchanges", part, columns), SORTED["exchanges"])
    bodies = _bodies(root, state, exchanges["body_sha256"])
    keys = column_values(targets["target_id"])
    finals = _beside(keys, _rows(_finals(root, state, part)))
    asked = _beside(keys, _rows(exchanges))
    for target, final, rows in zip(_rows(targets), finals, asked, strict=True):
        if final:
            yield _transcript(target, final[0], rows, bodies, certificates)


def _finals(root: Path, state: LogState, part: Range) -> pa.Table:
    sealed = state.files_of("final_outcomes")
    if sealed:
        return in_order(read_range(root, sealed, "final_outcomes", part, _OUTCOME), ("target_id",))
    return counting_outcomes(read_range(root, state.files_of("outcomes"), "outcomes", part)).select(_OUTCOME)


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    for start in range(0, table.num_rows, _ROWS_AT_ONCE):
        piece = table.slice(start, _ROWS_AT_ONCE)
        yield from zip(*map(column_values, piece.columns), strict=True)


def _beside(keys: Iterable[bytes], rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """For each key the rows that begin with it; keys and rows rise."""
    groups = groupby(rows, itemgetter(0))
    key, group = next(groups, (None, iter(())))
    for wanted in keys:
        while key is not None and key < wanted:
            key, group = next(groups, (None, iter(())))
        yield list(group) if key == wanted else []


def _bodies(root: Path, state: LogState, named: pa.ChunkedArray) -> dict[bytes, bytes]:
    """The bodies that exchanges name, by hash."""
    wanted = set(column_values(named))
    found: dict[bytes, bytes] = {}
    for part in file_batches(root, state.files_of("bodies"), "bodies"):
        for sha256, body in zip(column_values(part["sha256"]), part["body"], strict=True):
            if sha256 in wanted and sha256 not in found:
                found[sha256] = body.as_py()
    return found


def _transcript(
    told: tuple[Any, ...],
    final: tuple[Any, ...],
    rows: list[tuple[Any, ...]],
    bodies: dict[bytes, bytes],
    certificates: dict[bytes, bytes],
) -> Transcript:
    identity, site, host, address, port, scheme, stratum, weight, fallback = told
    _, attempt, kind, stage, fault, reason, detail, connected, started_at_ns, elapsed_s, vantage = final
    exchanges = tuple(_exchange(site, row, bodies) for row in rows if row[_ATTEMPT] == attempt)
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


def _exchange(site: int, row: tuple[Any, ...], bodies: dict[bytes, bytes]) -> Exchange:
    identity, ordinal, attempt, purpose, method, path, request_fields, asked_at_ns = row[:8]
    kind, stage, fault, reason_skipped, detail = row[8:13]
    parent, status, http_version, reason, fields, body_bytes, is_truncated = row[13:20]
    body_sha256, origin, masked = row[20:23]
    measured = _measured(row[23:]) if len(row) > len(_ANSWER) else {}
    return Exchange(
        target_id=identity,
        site_id=site,
        ordinal=ordinal,
        attempt=attempt,
        request=Request(path, _purpose(purpose), _method(method), request_fields),
        asked_at_ns=asked_at_ns,
        outcome=_outcome(kind, stage, fault, reason_skipped, detail),
        parent=parent,
        status=status,
        http_version=http_version,
        reason=reason,
        fields=fields,
        body=bodies.get(body_sha256, b""),
        body_bytes=body_bytes,
        is_truncated=is_truncated,
        body_sha256=body_sha256,
        origin=origin or "",
        masked=tuple(masked or ()),
        **measured,
    )


def _measured(columns: tuple[Any, ...]) -> dict[str, Any]:
    received_bytes, deviations, connect_s, tls_s, first_byte_s, total_s, address, sni, vantage = columns[:9]
    tls, handed_on, tls_group, tls_chain_count = columns[9:]
    return {
        "received_bytes": received_bytes,
        "deviations": tuple(map(Deviation, deviations)),
        "connect_s": connect_s,
        "tls_s": tls_s,
        "first_byte_s": first_byte_s,
        "total_s": total_s,
        "address": address,
        "sni": sni,
        "vantage": vantage,
        "handed_on": handed_on or "",
        "tls": None if tls is None else _tls(tls, tls_group, tls_chain_count),
    }


def _tls(tls: dict[str, Any], group: str | None, chain_count: int | None) -> TlsSummary:
    chain = tuple(tls["chain_sha256"])
    return TlsSummary(tls["version"], tls["cipher"], tls["alpn"], chain, group or "", chain_count or 0)


def _outcome(kind: str, stage: str, fault: str, reason: str, detail: str) -> Outcome:
    if kind == ANSWERED:
        return _ANSWERED
    if kind == FAILED:
        return Failed(Stage(stage), Fault(fault), detail)
    return Skipped(SkipReason(reason), detail)


def _sent(exchanges: Iterable[Exchange], certificates: dict[bytes, bytes]) -> Iterator[Certificate]:
    """The certificates that these exchanges name, each once, in the order in which they were sent."""
    named = dict.fromkeys(sha256 for each in exchanges if each.tls for sha256 in each.tls.chain_sha256)
    return (Certificate(sha256, certificates[sha256]) for sha256 in named if sha256 in certificates)
