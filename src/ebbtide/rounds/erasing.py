"""Removing what was kept, for good: new files, one entry of the log that puts them in place, then the old files go.

Killed between any two steps, the round is as before or as after; the same call again leads to the same end.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ebbtide.model.errors import RoundError
from ebbtide.rounds.entries import Erased, FileRef
from ebbtide.rounds.log import RoundState
from ebbtide.rounds.round import Round
from ebbtide.rounds.rows import ANSWERED, FAILED, SKIPPED
from ebbtide.rounds.schemas import RECORDS, arrow_schema
from ebbtide.rounds.sealing import DERIVED, write_derived
from ebbtide.rounds.tables import file_batches, read_arrow, read_rows, shard_folder, write_arrow

KEPT_FOR_GOOD = frozenset({"targets", "outcomes", "final_outcomes", "address_units", "software", "verdicts"})
BODIES = frozenset({"bodies"})
FIELDS = frozenset(RECORDS) - KEPT_FOR_GOOD
"""All that is known of an answer but its judgements; a table that is added belongs here unless it is named above."""

_ERASED_DETAIL = "erased"
_OPTED_OUT = "opted_out"
_TOMBSTONE = {
    "kind": SKIPPED,
    "stage": "",
    "fault": "",
    "reason": _OPTED_OUT,
    "detail": _ERASED_DETAIL,
    "address": "",
    "status": None,
    "endpoint_id": 0,
}
_NAMELESS = {"host": "", "address": ""}
_CHANGED: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"targets": _NAMELESS, "outcomes": _TOMBSTONE, "final_outcomes": _TOMBSTONE}
)


def erase_tables(made: Round, tables: Collection[str], what: str, why: str) -> Erased | None:
    """Erase whole tables of a sealed round. The caller holds its lock.

    Args:
        made: The round.
        tables: ``BODIES`` or ``FIELDS``.
        what: How the tombstone names them.
        why: For the tombstone.

    Returns:
        The tombstone; ``None`` if nothing was there any more.

    Raises:
        RoundError: The round is open.
    """
    _require_sealed(made)
    gone = [file for file in made.log_state.files if file.table in tables]
    if not gone:
        sweep(made)
        return None
    return _commit(made, what, why, gone, [], _rows(gone), 0)


def erase_targets(made: Round, targets: Collection[bytes], why: str) -> Erased | None:
    """Erase all that a sealed round keeps of some targets. The caller holds its lock.

    Their exchanges, bodies, certificates and judgements go. What stays of each is a row without name and address that
    counts as skipped, so that planned targets are still answered + failed + skipped.

    Args:
        made: The round.
        targets: ``target_id`` of each.
        why: For the tombstone.

    Returns:
        The tombstone; ``None`` if they were erased before, or none of them was planned.

    Raises:
        RoundError: The round is open.
    """
    _require_sealed(made)
    wanted = pa.array(sorted(set(targets) - erased_targets(made)), pa.binary())
    removed: list[FileRef] = []
    written: list[FileRef] = []
    for file in _all_files(made):
        if _holds(made, file, wanted):
            removed.append(file)
            written += _rewritten(made, file, partial(_without, file.table, wanted))
    if not removed:
        sweep(made)
        return None
    for shard in sorted({file.shard for file in removed if file.table == "exchanges"}):
        _forget_unnamed(made, shard, removed, written)
    removed += [file for file in made.log_state.files if file.table in DERIVED]
    left = [file for file in made.log_state.files if file not in removed]
    written += write_derived(made, left + written)
    rows = Counter(_rows(removed))
    rows.subtract(_rows(written))
    return _commit(made, "targets", why, removed, written, {k: n for k, n in rows.items() if n > 0}, len(wanted))


def erased_targets(made: Round) -> set[bytes]:
    """Targets whose tombstones are all that is left."""
    columns = ("target_id", "reason", "detail")
    rows = read_rows(made.path, made.files("final_outcomes"), "final_outcomes", columns)
    return {target for target, reason, detail in rows if (reason, detail) == (_OPTED_OUT, _ERASED_DETAIL)}


def sweep(made: Round) -> None:
    """Remove every file of a table that the log does not list."""
    listed = {made.path / file.path for file in _all_files(made)}
    homes = [made.path, *(made.path / "judgements").glob("*")]
    for home in homes:
        for table in RECORDS:
            for shard in range(made.shards):
                for path in (home / shard_folder(table, shard)).glob("*.parquet*"):
                    if path not in listed:
                        path.unlink(missing_ok=True)


def _require_sealed(made: Round) -> None:
    if made.state is RoundState.OPEN:
        raise RoundError(f"round {made.label} is open.", remedy=f"Seal it first: ebbtide survey seal {made.label}")


def _commit(
    made: Round,
    what: str,
    why: str,
    removed: Iterable[FileRef],
    written: Iterable[FileRef],
    rows: dict[str, int],
    targets: int,
) -> Erased:
    written = tuple(written)
    kinds = _kinds(made, [file for file in written if file.table == "final_outcomes"])
    gone = tuple(file.path for file in removed)
    entry = Erased(
        what, why, gone, written, rows, targets, kinds[ANSWERED], kinds[FAILED], kinds[SKIPPED], time.time_ns()
    )
    made.commit(entry)
    sweep(made)
    return entry


def _kinds(made: Round, written: list[FileRef]) -> Counter[str]:
    """How the planned targets end once these files stand in the place of older ones of their shards."""
    renewed = {file.shard for file in written}
    files = [file for file in made.files("final_outcomes") if file.shard not in renewed] + written
    return Counter(kind for (kind,) in read_rows(made.path, files, "final_outcomes", ("kind",)))


def _all_files(made: Round) -> list[FileRef]:
    """Those of the round and of all its judgements."""
    state = made.log_state
    return [*state.files, *(file for judged in state.judgements.values() for file in judged.files)]


def _rows(files: Iterable[FileRef]) -> dict[str, int]:
    rows: Counter[str] = Counter()
    for file in files:
        rows[file.table] += file.rows
    return dict(rows)


def _holds(made: Round, file: FileRef, targets: pa.Array) -> bool:
    if "target_id" not in arrow_schema(RECORDS[file.table]).names:
        return False
    own = read_arrow(made.path, [file], file.table, ("target_id",))["target_id"]
    return bool(pc.any(pc.is_in(own, value_set=targets)).as_py())


def _rewritten(made: Round, file: FileRef, change: Callable[[pa.Table], pa.Table]) -> Iterator[FileRef]:
    """The file anew; none if no row is left."""
    schema = arrow_schema(RECORDS[file.table])
    parts = (change(part).cast(schema) for part in file_batches(made.path, [file], file.table))
    below = "/".join(file.path.split("/")[:2]) if file.path.startswith("judgements/") else ""
    anew = write_arrow(made.path, file.table, file.shard, parts, file.rows, below=below)
    if anew.rows:
        yield anew


def _without(table: str, targets: pa.Array, part: pa.Table) -> pa.Table:
    hit = pc.is_in(part["target_id"], value_set=targets)
    if table not in _CHANGED:
        return part.filter(pc.invert(hit))
    for name, value in _CHANGED[table].items():
        field = part.schema.field(name)
        column = pc.if_else(hit, pa.scalar(value, field.type), part[name])
        part = part.set_column(part.schema.get_field_index(name), field, column)
    return part


def _forget_unnamed(made: Round, shard: int, removed: list[FileRef], written: list[FileRef]) -> None:
    """Bodies and certificates of a shard that no exchange names any more."""
    gone = set(removed)
    exchanges = [file for file in made.files("exchanges", shard) if file not in gone]
    exchanges += [file for file in written if file.table == "exchanges" and file.shard == shard]
    named = read_arrow(made.path, exchanges, "exchanges", ("body_sha256", "tls"))
    chains = pc.list_flatten(pc.struct_field(named["tls"], "chain_sha256"))
    for table, names in (("bodies", named["body_sha256"]), ("certificates", chains)):
        kept = pc.unique(names)
        for file in made.files(table, shard):
            removed.append(file)
            written += _rewritten(made, file, partial(_only, kept))


def _only(kept: pa.Array, part: pa.Table) -> pa.Table:
    return part.filter(pc.is_in(part["sha256"], value_set=kept))
