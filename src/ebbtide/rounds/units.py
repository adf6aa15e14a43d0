"""Addresses as units: one row an address and port that was asked or tried, over all its names."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ebbtide.frame.ids import shard_of
from ebbtide.model.rows import AddressUnitRow
from ebbtide.rounds.entries import FileRef
from ebbtide.rounds.ranges import ROWS_IN_MEMORY
from ebbtide.rounds.rows import ANSWERED, FAILED, SKIPPED
from ebbtide.rounds.tables import read_rows, write_sharded

_ID_BITS = 64
_KINDS = (ANSWERED, FAILED, SKIPPED)
"""An address is what the first of these says that one of its names is."""


def write_address_units(root: Path, files: Sequence[FileRef], shards: int) -> list[FileRef]:
    """Write the units of a round, as many at a time as memory may hold.

    Args:
        root: The round's folder.
        files: Sealed ones: ``targets`` and ``final_outcomes`` of a shard have the same targets in the same order.
        shards: Number of shards.
    """
    finals = [file for file in files if file.table == "final_outcomes"]
    passes = -(-sum(file.rows for file in finals) // ROWS_IN_MEMORY)
    written: list[FileRef] = []
    for number in range(passes):
        names = (name for name in _names(root, files) if name[0] * passes >> _ID_BITS == number)
        units = _units(names)
        written += write_sharded(root, "address_units", units, lambda unit: shard_of(unit.endpoint_id, shards))
    return written


def _names(root: Path, files: Iterable[FileRef]) -> Iterator[tuple[Any, ...]]:
    """Endpoint, address, kind, port, stratum and weight of every name that was asked or tried."""
    by_place = {(file.table, file.shard): file for file in files}
    for (table, shard), file in by_place.items():
        if table == "final_outcomes":
            finals = read_rows(root, [file], table, ("target_id", "endpoint_id", "address", "kind", "port"))
            targets = read_rows(
                root, [by_place["targets", shard]], "targets", ("target_id", "port", "stratum", "weight")
            )
            for (asked, endpoint, *final, other_port), (planned, port, *target) in zip(finals, targets, strict=True):
                if asked != planned:
                    raise AssertionError(f"shard {shard}: outcomes and targets are not in the same order")
                if endpoint:
                    yield (endpoint, *final, other_port or port, *target)


def _units(names: Iterable[tuple[Any, ...]]) -> Iterator[AddressUnitRow]:
    found: dict[int, list[Any]] = {}
    for endpoint, address, kind, port, stratum, weight in names:
        rank = _KINDS.index(kind)
        unit = found.get(endpoint)
        if unit is None:
            found[endpoint] = [address, port, 1, stratum, weight, rank]
        else:
            least = min(unit[0], address), min(unit[1], port), unit[2] + 1, min(unit[3], stratum)
            unit[:] = *least, unit[4] + weight, min(unit[5], rank)
    for endpoint in sorted(found):
        address, port, count, stratum, weight, rank = found[endpoint]
        yield AddressUnitRow(endpoint, address, port, count, stratum, weight / count, _KINDS[rank])
