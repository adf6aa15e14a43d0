"""Closing a round: conservation, compaction to one file a shard, and the tables that are made once."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ebbtide.frame.ids import shard_of
from ebbtide.model.errors import RoundError
from ebbtide.model.rows import AddressUnitRow
from ebbtide.rounds.certificate_summaries import write_certificate_summaries
from ebbtide.rounds.duck import connect, file_list
from ebbtide.rounds.entries import FileRef, Sealed
from ebbtide.rounds.log import RoundState
from ebbtide.rounds.round import Round
from ebbtide.rounds.schemas import RECORDS, arrow_schema
from ebbtide.rounds.tables import conform, read_arrow, shard_folder, write_arrow, write_sharded

ROWS_IN_MEMORY = 400_000
_SORTED: dict[str, tuple[str, ...]] = {
    "targets": ("target_id",),
    "outcomes": ("target_id", "attempt"),
    "exchanges": ("target_id", "attempt", "ordinal"),
}
_DISTINCT = {"bodies": "sha256", "certificates": "sha256"}
DERIVED = frozenset({"address_units", "certificate_summaries"})
_RANKED = ("target_id", "unanswered", "failures", "latest")
_BYTE = 256
_ADDRESS_UNITS = """
SELECT o.endpoint_id, min(o.address), min(coalesce(o.port, t.port)), count(*), min(t.stratum), avg(t.weight),
    CASE WHEN bool_or(o.kind = 'answered') THEN 'answered' WHEN bool_or(o.kind = 'failed') THEN 'failed'
    ELSE 'skipped' END
FROM {finals} o JOIN {targets} t USING (target_id)
WHERE o.endpoint_id <> 0 GROUP BY o.endpoint_id ORDER BY o.endpoint_id
"""


class SealCounts(msgspec.Struct, frozen=True):
    """How the planned targets ended; the last three add up to the first."""

    targets: int
    answered: int
    failed: int
    skipped: int
    asked_again: int


def seal(closing: Round) -> SealCounts:
    """Seal an open round. The caller holds its lock.

    Raises:
        RoundError: It is sealed, was never planned, or some target has no outcome.
    """
    if closing.state is not RoundState.OPEN:
        raise RoundError(f"round {closing.label} is sealed already.")
    if closing.log_state.plan is None:
        raise RoundError(
            f"round {closing.label} has not asked anybody.", remedy=f"Run it: ebbtide survey run {closing.label}"
        )
    finals = {shard: _final_outcomes(closing, shard) for shard in range(closing.shards)}
    counts = _conserve(closing, finals)
    files = [file for shard in range(closing.shards) for file in _compact_shard(closing, shard)]
    files += [
        write_arrow(closing.path, "final_outcomes", shard, [final]) for shard, final in finals.items() if final.num_rows
    ]
    files += write_derived(closing, files)
    closing.commit(Sealed(tuple(files), **msgspec.structs.asdict(counts), at_ns=time.time_ns()))
    _sweep(closing)
    return counts


def write_derived(closing: Round, files: list[FileRef]) -> list[FileRef]:
    """Write the tables of ``DERIVED``, which are made of all others.

    Args:
        closing: The round.
        files: Its sealed files.
    """
    certificates = [file for file in files if file.table == "certificates"]
    summaries = write_certificate_summaries(closing.path, closing.shards, certificates)
    return _address_units(closing, files) + summaries


def _sweep(closing: Round) -> None:
    """Remove what the log does not list: files that were compacted, and files of processes that died."""
    listed = {closing.path / file.path for file in closing.log_state.files}
    for table in RECORDS:
        for shard in range(closing.shards):
            for path in (closing.path / shard_folder(table, shard)).glob("*.parquet*"):
                if path not in listed:
                    path.unlink(missing_ok=True)


def _conserve(closing: Round, finals: dict[int, pa.Table]) -> SealCounts:
    """Every planned target has exactly one outcome that counts, and nobody else has one."""
    kinds: Counter[str] = Counter()
    missing = strange = planned = 0
    for shard, final in finals.items():
        targets = read_arrow(closing.path, closing.files("targets", shard), "targets", ("target_id",))["target_id"]
        asked = final["target_id"]
        planned += len(targets)
        missing += (
            len(targets) - pc.sum(pc.is_in(targets, value_set=asked.combine_chunks())).as_py()
            if asked
            else len(targets)
        )
        strange += len(asked) - (pc.sum(pc.is_in(asked, value_set=targets.combine_chunks())).as_py() or 0)
        kinds.update(final["kind"].to_pylist())
    if missing or strange or planned != kinds.total():
        raise RoundError(
            f"round {closing.label} cannot be sealed: of {planned} planned targets {missing} have no outcome"
            + (f", and {strange} outcomes belong to nobody planned." if strange else "."),
            remedy=f"Go on with it: ebbtide survey run {closing.label}",
        )
    again = len(closing.log_state.interrupted)
    return SealCounts(planned, kinds["answered"], kinds["failed"], kinds["skipped"], again)


def _final_outcomes(closing: Round, shard: int) -> pa.Table:
    """The attempts that count of one shard; see ``views.COUNTING_ORDER``, which says the same in SQL."""
    rows = read_arrow(closing.path, closing.files("outcomes", shard), "outcomes")
    answered = pc.equal(rows["kind"], "answered")
    ranks = pa.table(
        {
            "target_id": rows["target_id"],
            "unanswered": pc.invert(answered),
            "failures": pc.if_else(answered, rows["failed_exchange_count"], 0),
            "latest": pc.negate(rows["attempt"]),
        }
    )
    order = pc.sort_indices(ranks, sort_keys=[(name, "ascending") for name in _RANKED])
    ordered = rows.take(order)
    return ordered.filter(_is_first_of_group(ordered["target_id"].combine_chunks())).cast(
        arrow_schema(RECORDS["outcomes"])
    )


def _is_first_of_group(keys: pa.Array) -> pa.Array:
    if len(keys) == 0:
        return pa.array([], pa.bool_())
    return pa.concat_arrays([pa.array([True]), pc.not_equal(keys[1:], keys[:-1])])


def _compact_shard(closing: Round, shard: int) -> Iterator[FileRef]:
    for table in _SORTED:
        files = closing.files(table, shard)
        if files:
            yield write_arrow(closing.path, table, shard, _sorted_parts(closing.path, files, table))
    for table, key in _DISTINCT.items():
        files = closing.files(table, shard)
        if files:
            yield write_arrow(closing.path, table, shard, _distinct_parts(closing.path, files, table, key))


def _sorted_parts(root: Path, files: list[FileRef], table: str) -> Iterator[pa.Table]:
    """All rows in order, as many at a time as memory may hold: ids are hashes, so their first byte divides evenly."""
    passes = min(_BYTE, -(-sum(file.rows for file in files) // ROWS_IN_MEMORY)) or 1
    schema = arrow_schema(RECORDS[table])
    bounds = [bytes([_BYTE * each // passes]) for each in range(passes)]
    for low, high in zip(bounds, [*bounds[1:], None], strict=True):
        parts = [_within(part, low, high) for part in file_batches(root, files, table)]
        rows = pa.concat_tables(parts) if parts else schema.empty_table()
        yield rows.sort_by([(name, "ascending") for name in _SORTED[table]]).cast(schema)


def _within(rows: pa.Table, low: bytes, high: bytes | None) -> pa.Table:
    keep = pc.greater_equal(rows["target_id"], low)
    return rows.filter(keep if high is None else pc.and_(keep, pc.less(rows["target_id"], high)))


def _distinct_parts(root: Path, files: list[FileRef], table: str, key: str) -> Iterator[pa.Table]:
    seen: set[bytes] = set()
    schema = arrow_schema(RECORDS[table])
    for part in file_batches(root, files, table):
        is_new = []
        for value in part[key].to_pylist():
            is_new.append(value not in seen)
            seen.add(value)
        yield part.filter(pa.array(is_new, pa.bool_())).cast(schema)


def file_batches(root: Path, files: Iterable[FileRef], table: str) -> Iterator[pa.Table]:
    """Rows of some files with the columns of today, a few at a time; columns of later versions are null."""
    schema = arrow_schema(RECORDS[table])
    nullable = pa.schema([field.with_nullable(True) for field in schema])
    for file in files:
        with pq.ParquetFile(root / file.path) as source:
            for batch in source.iter_batches(batch_size=1024):
                yield conform(pa.Table.from_batches([batch]), nullable)


def _address_units(closing: Round, files: list[FileRef]) -> list[FileRef]:
    """One row an address and port that was asked or tried, over all its names."""

    def of(table: str) -> str:
        return file_list(closing.path, [file.path for file in files if file.table == table])

    if not any(file.table == "final_outcomes" for file in files):
        return []
    connection = connect(closing.survey)
    try:
        cursor = connection.execute(_ADDRESS_UNITS.format(finals=of("final_outcomes"), targets=of("targets")))
        written: list[FileRef] = []
        while rows := cursor.fetchmany(ROWS_IN_MEMORY):
            units = (AddressUnitRow(*row) for row in rows)
            written += write_sharded(
                closing.path, "address_units", units, lambda unit: shard_of(unit.endpoint_id, closing.shards)
            )
        return written
    finally:
        connection.close()
