"""Closing a round: conservation, compaction to one file a shard, and the tables that are made once."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from ebbtide.model.errors import RoundError
from ebbtide.rounds.certificate_summaries import write_certificate_summaries
from ebbtide.rounds.columns import make_column
from ebbtide.rounds.counting import counting_outcomes
from ebbtide.rounds.entries import FileRef, Sealed
from ebbtide.rounds.log import RoundState
from ebbtide.rounds.ranges import ROWS_IN_MEMORY, SORTED, divide, has_order, in_order, read_range
from ebbtide.rounds.round import Round
from ebbtide.rounds.schemas import RECORDS, arrow_schema
from ebbtide.rounds.tables import file_batches, read_arrow, shard_folder, write_arrow
from ebbtide.rounds.units import write_address_units

LARGE_BYTES = 256 << 10
"""A file of bodies of this size is not written anew for being one of several."""
_DISTINCT = {"bodies": "sha256", "certificates": "sha256"}
DERIVED = frozenset({"address_units", "certificate_summaries"})
"""Tables that are made of all others, at sealing and again when something was erased."""


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
    files += [_write_finals(closing, files, shard, final) for shard, final in finals.items() if final.num_rows]
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
    return write_address_units(closing.path, files, closing.shards) + summaries


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
    """The attempts that count of one shard."""
    rows = read_arrow(closing.path, closing.files("outcomes", shard), "outcomes")
    return counting_outcomes(rows).cast(arrow_schema(RECORDS["outcomes"]))


def _write_finals(closing: Round, files: list[FileRef], shard: int, final: pa.Table) -> FileRef:
    """The attempts that count of one shard; where every attempt counts, they are the file of all attempts."""
    (outcomes,) = (file for file in files if file.table == "outcomes" and file.shard == shard)
    if outcomes.rows == final.num_rows:
        return msgspec.structs.replace(outcomes, table="final_outcomes")
    return write_arrow(closing.path, "final_outcomes", shard, [final], final.num_rows)


def _compact_shard(closing: Round, shard: int) -> Iterator[FileRef]:
    for table in SORTED:
        files = closing.files(table, shard)
        if len(files) == 1 and _is_in_order(closing.path, files[0]):
            yield files[0]
        elif files:
            parts = _sorted_parts(closing.path, files, table)
            yield write_arrow(closing.path, table, shard, parts, _rows(files))
    for table, key in _DISTINCT.items():
        yield from _distinct_files(closing, table, shard, key)


def _is_in_order(root: Path, file: FileRef) -> bool:
    """Whether the rows of a file lie as those of a sealed round do."""
    return file.rows <= ROWS_IN_MEMORY and has_order(
        read_arrow(root, [file], file.table, SORTED[file.table]), SORTED[file.table]
    )


def _sorted_parts(root: Path, files: list[FileRef], table: str) -> Iterator[pa.Table]:
    """All rows in order, as many at a time as memory may hold."""
    schema = arrow_schema(RECORDS[table])
    for part in divide(-(-_rows(files) // ROWS_IN_MEMORY) or 1):
        yield in_order(read_range(root, files, table, part), SORTED[table]).cast(schema)


def _distinct_files(closing: Round, table: str, shard: int, key: str) -> Iterator[FileRef]:
    """Files without a value twice. To write bodies anew costs more than all else here, so large files stay."""
    seen: set[bytes] = set()
    rest: list[FileRef] = []
    files = closing.files(table, shard)
    for file in files:
        is_large = len(files) == 1 or (closing.path / file.path).stat().st_size >= LARGE_BYTES
        values = read_arrow(closing.path, [file], table, (key,))[key].to_pylist() if is_large else []
        if values and len(set(values)) == len(values) and seen.isdisjoint(values):
            seen.update(values)
            yield file
        else:
            rest.append(file)
    if rest:
        parts = _distinct_parts(closing.path, rest, table, key, seen)
        yield write_arrow(closing.path, table, shard, parts, _rows(rest))


def _distinct_parts(root: Path, files: list[FileRef], table: str, key: str, seen: set[bytes]) -> Iterator[pa.Table]:
    schema = arrow_schema(RECORDS[table])
    for part in file_batches(root, files, table):
        is_new = []
        for value in part[key].to_pylist():
            is_new.append(value not in seen)
            seen.add(value)
        new = part if all(is_new) else part.filter(make_column(is_new, pa.bool_(), nullable=False))
        yield new.cast(schema)


def _rows(files: list[FileRef]) -> int:
    return sum(file.rows for file in files)
