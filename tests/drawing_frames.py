"""Frames of a few sites, drawn from by way of scratch files, and the same draw by sorting all of them."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from ebbtide.frame.drawing import DrawnStratum, draw_frame
from ebbtide.frame.merging import merge_parts, merged_frame, parts_for, spill_rows
from ebbtide.frame.rows import Row
from ebbtide.frame.sampling import Rotation, Sampling
from ebbtide.workers.executors import SerialExecutor

SHARDS = 4
Units = Sequence[tuple[int, str]]


def row(site: int, stratum: str, port: int = 80, weight: float = 1.0) -> Row:
    return (b"", site, f"h{site}", "", port, "http", stratum, weight, False)


def drawn_rows(
    pieces: Iterable[Sequence[Row]], sampling: Sampling, scratch: Path | None = None
) -> tuple[list[Row], list[DrawnStratum]]:
    """The rows that are left of a frame that is read in these pieces, and what was drawn of each stratum."""
    with tempfile.TemporaryDirectory() as own:
        place = scratch or Path(own)
        parts, read, number = parts_for(SHARDS), 0, 0
        for number, piece in enumerate(pieces):
            read += spill_rows(piece, place, parts, number)
        merged = merged_frame(place, SHARDS, read, [merge_parts(range(parts), place, number + 1)])
        merged, strata = draw_frame(merged, sampling, SerialExecutor())
        rows = [each for shard in range(SHARDS) for each in merged.rows(shard)]
        assert merged.kept == len(rows)
        return rows, strata


def sampling_of(
    fractions: Mapping[str, float], rotation: Rotation | None = None, key: bytes = b"salt", rest: float | None = None
) -> Sampling:
    return Sampling(key, rest, dict(fractions), rotation or Rotation(0, 0.0))


def drawn_sites(units: Units, sampling: Sampling) -> set[int]:
    return {each[1] for each in drawn_rows([[row(*unit) for unit in units]], sampling)[0]}


def sorted_draw(units: Units, sampling: Sampling) -> set[int]:
    """The first round(fraction * N) sites of each stratum behind the start, by sorting: written from the definition."""
    drawn: set[int] = set()
    for stratum in {name for _, name in units}:
        fraction = sampling.fractions.get(stratum, sampling.fraction)
        assert fraction is not None
        start = int((sampling.rotation.turn * sampling.rotation.leaving * fraction) % 1.0 * 2**53) % 2**53
        sites = [site for site, name in units if name == stratum]
        ranked = sorted(((_number(sampling.key, site) - start) % 2**53, site) for site in sites)
        drawn |= {site for _, site in ranked[: max(1, round(fraction * len(sites)))]}
    return drawn


def _number(key: bytes, site: int) -> int:
    keyed = blake2b(site.to_bytes(8, "big"), digest_size=8, key=key, person=b"ebbtide sample")
    return int.from_bytes(keyed.digest(), "big") >> 11
