"""Drawing a stratified sample of sites from a merged frame, by way of its scratch files: no list of all ids in memory.

Three passes over the parts. The first writes down every site with its rank and counts ranks in slots, by stratum; the
second looks for the last rank that is drawn, in the one slot that holds it; the third leaves the drawn ones in place.
"""

from array import array
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

import msgspec

from ebbtide.frame.merging import MergedFrame, part_path, read_blocks, write_block
from ebbtide.frame.rows import Row
from ebbtide.frame.sampling import RANK_BITS, Sampling, drawn_of, named, numbering
from ebbtide.model.configuration import FrameSection
from ebbtide.model.errors import FrameError

MOST_STRATA = 1000
_PARTS_A_TASK = 8
_SLOT_BITS = 10
_SLOT_SHIFT = RANK_BITS - _SLOT_BITS
_MASK = (1 << RANK_BITS) - 1
_Place = tuple[int, int]
"""Rank and id of a site; sites stand in this order behind the start of their stratum's stretch."""
_WHOLE: _Place = (1 << RANK_BITS, 0)


class DrawnStratum(msgspec.Struct, frozen=True):
    """What was drawn of one stratum.

    Attributes:
        stratum: Its name; empty for lines that name none.
        sites: Of the frame.
        fraction: As configured.
        drawn: Sites in the sample.
    """

    stratum: str
    sites: int
    fraction: float
    drawn: int

    @property
    def weight(self) -> float:
        """Sites of the frame that a drawn one stands for."""
        return self.sites / self.drawn


class _Counted:
    """Sites of a stratum, and how many ranks fall into each slot."""

    def __init__(self) -> None:
        self.sites = 0
        self.slots = array("I", bytes(4 << _SLOT_BITS))

    def add(self, other: "_Counted") -> None:
        self.sites += other.sites
        self.slots = array("I", map(int.__add__, self.slots, other.slots))


class _Sites(msgspec.Struct, frozen=True):
    """The sites of one part: ids and ranks of 8 octets each, strata as places in ``names``, of 2."""

    names: tuple[str, ...]
    ids: bytes
    ranks: bytes
    strata: bytes

    def columns(self) -> "tuple[array[int], array[int], array[int]]":
        return array("Q", self.ids), array("Q", self.ranks), array("H", self.strata)


def draw_frame(merged: MergedFrame, sampling: Sampling, executor: Executor) -> tuple[MergedFrame, list[DrawnStratum]]:
    """Draw sites, with all their targets, and leave only these in the frame.

    Both schemes and all ports of one host go together. A host whose lines name several strata belongs to that of the
    first line. Weights of lines are multiplied by sites over drawn sites of the stratum.

    Args:
        merged: The whole frame; its files are replaced.
        sampling: How.
        executor: Where parts are worked on.

    Returns:
        The sample as a frame, and what was drawn of each stratum, by name. The order of lines, the pieces in which
        they were read and the number of processes change nothing.

    Raises:
        FrameError: A stratum has no fraction, a fraction lies outside its range, a named stratum has no site, too few
            would be drawn of one, or there are too many strata.
    """
    sampling.check()
    tasks = [range(first, min(first + _PARTS_A_TASK, merged.parts)) for first in range(0, merged.parts, _PARTS_A_TASK)]
    counted: dict[str, _Counted] = {}
    for found in executor.map(partial(_count, merged.scratch, sampling), tasks):
        for stratum, each in found.items():
            counted.setdefault(stratum, _Counted()).add(each)
        _demand_few(counted)
    _demand_met(counted, sampling)
    drawn = [
        DrawnStratum(stratum, each.sites, fraction, drawn_of(stratum, each.sites, fraction))
        for stratum, each in sorted(counted.items())
        for fraction in [sampling.fraction_of(stratum)]
    ]
    last = _last_places(merged, counted, drawn, executor, tasks)
    weights = {each.stratum: each.weight for each in drawn}
    kept = sum(executor.map(partial(_keep, merged.scratch, last, weights), tasks))
    return msgspec.structs.replace(merged, undrawn=merged.kept - kept), drawn


def check_strata(section: FrameSection, drawn: Iterable[DrawnStratum]) -> None:
    """Refuse a stratum that a source names and that has no site: its lines stand in an earlier source too.

    Raises:
        FrameError: There is one.
    """
    known = {each.stratum for each in drawn}
    for index, source in enumerate(section.source):
        if source.stratum and source.stratum not in known:
            raise FrameError(
                f"{named(source.stratum)} is empty: {source.path} has no site that is not in another one already.",
                where=f"frame.source[{index}].stratum",
                remedy="Put this source before the other, or leave it out.",
            )


def _demand_few(counted: dict[str, _Counted]) -> None:
    if len(counted) > MOST_STRATA:
        raise FrameError(
            f"the frame names more than {MOST_STRATA:,} strata.", where="frame", remedy="Join strata into larger ones."
        )


def _demand_met(counted: dict[str, _Counted], sampling: Sampling) -> None:
    for stratum in sampling.fractions:
        if stratum not in counted:
            known = ", ".join(repr(name) for name in sorted(counted)[:12])
            raise FrameError(
                f"no site of the frame is in {named(stratum)}.",
                where="sample.fractions",
                remedy=f"Strata of the frame are: {known}.",
            )


def _count(scratch: Path, sampling: Sampling, parts: range) -> dict[str, _Counted]:
    """Pass 1: write down the sites of some parts with their ranks, and count them."""
    number = numbering(sampling.key)
    starts: dict[str, int] = {}
    counted: dict[str, _Counted] = {}
    for part in parts:
        strata = _strata_of_sites(scratch, part)
        names = tuple(sorted(set(strata.values())))
        for name in names:
            if name not in counted:
                counted[name] = _Counted()
                starts[name] = sampling.rotation.start(sampling.fraction_of(name))
        _demand_few(counted)
        places = {name: place for place, name in enumerate(names)}
        ranks = array("Q", (number(site) - starts[name] & _MASK for site, name in strata.items()))
        for rank, name in zip(ranks, strata.values(), strict=True):
            each = counted[name]
            each.sites += 1
            each.slots[rank >> _SLOT_SHIFT] += 1
        columns = array("Q", strata), ranks, array("H", map(places.__getitem__, strata.values()))
        kept = _Sites(names, *(column.tobytes() for column in columns))
        _sites_path(scratch, part).write_bytes(msgspec.msgpack.encode(kept))
    return counted


def _strata_of_sites(scratch: Path, part: int) -> dict[int, str]:
    """Every site of a part with the stratum that the first of its lines names."""
    strata: dict[int, str] = {}
    for block in read_blocks(part_path(scratch, part)):
        for row in block:
            strata.setdefault(row[1], row[6])
    return strata


def _last_places(
    merged: MergedFrame,
    counted: dict[str, _Counted],
    drawn: Sequence[DrawnStratum],
    executor: Executor,
    tasks: Sequence[range],
) -> dict[str, _Place]:
    """Pass 2: the last place that is drawn of each stratum."""
    slots: dict[str, int] = {}
    wanted: dict[str, int] = {}
    for each in drawn:
        if each.drawn < each.sites:
            slots[each.stratum], wanted[each.stratum] = _slot_of(counted[each.stratum], each.drawn)
    near: dict[str, list[_Place]] = {stratum: [] for stratum in slots}
    if slots:
        for found in executor.map(partial(_near, merged.scratch, slots), tasks):
            for stratum, places in found.items():
                near[stratum] += places
    return {each.stratum: _WHOLE for each in drawn} | {
        stratum: sorted(places)[wanted[stratum] - 1] for stratum, places in near.items()
    }


def _slot_of(counted: _Counted, drawn: int) -> tuple[int, int]:
    """The slot that holds the last drawn rank, and how many are drawn in it."""
    left = drawn
    for slot, number in enumerate(counted.slots):
        if left <= number:
            return slot, left
        left -= number
    raise AssertionError("more are drawn than there are")


def _near(scratch: Path, slots: dict[str, int], parts: range) -> dict[str, list[_Place]]:
    """The places of some parts that lie in the slot of their stratum."""
    found: dict[str, list[_Place]] = {stratum: [] for stratum in slots}
    for part in parts:
        names, (ids, ranks, strata) = _read_sites(scratch, part)
        wanted = [slots.get(name, -1) for name in names]
        for site, rank, place in zip(ids, ranks, strata, strict=True):
            if rank >> _SLOT_SHIFT == wanted[place]:
                found[names[place]].append((rank, site))
    return found


def _keep(scratch: Path, last: dict[str, _Place], weights: dict[str, float], parts: range) -> int:
    """Pass 3: leave only the rows of drawn sites in some parts, weighted; how many there are."""
    kept = 0
    for part in parts:
        names, (ids, ranks, strata) = _read_sites(scratch, part)
        ends = [last[name] for name in names]
        drawn = {
            site: names[place]
            for site, rank, place in zip(ids, ranks, strata, strict=True)
            if rank <= ends[place][0] and (rank, site) <= ends[place]
        }
        path = part_path(scratch, part)
        new = path.with_suffix(".drawn")
        with new.open("wb") as stream:
            for block in read_blocks(path):
                rows = [_weighted(row, drawn[row[1]], weights) for row in block if row[1] in drawn]
                kept += len(rows)
                if rows:
                    write_block(stream, rows)
        new.replace(path)
        _sites_path(scratch, part).unlink()
    return kept


def _weighted(row: Row, stratum: str, weights: dict[str, float]) -> Row:
    return (*row[:6], stratum, row[7] * weights[stratum], row[8])


def _read_sites(scratch: Path, part: int) -> "tuple[tuple[str, ...], tuple[array[int], array[int], array[int]]]":
    kept = msgspec.msgpack.decode(_sites_path(scratch, part).read_bytes(), type=_Sites)
    return kept.names, kept.columns()


def _sites_path(scratch: Path, part: int) -> Path:
    return scratch / f"frame-{part:04d}.sites"
