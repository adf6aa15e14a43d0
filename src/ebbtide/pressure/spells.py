"""Attacks of one family from one source in one go, on one day: what counts need of them, and no more.

A spell is what is left of requests between which no more than half an hour lies. Spells of parts of the requests, in
whatever order, joined where they touch, are the spells of all.
"""

import numpy as np
import numpy.typing as npt

from ebbtide.pressure.rows import Rows, RowStore

VISIT_GAP_S = 1800
"""Requests of one family from one source belong to one visit while no more lies between them."""

SPELL = np.dtype(
    [
        ("source", "<u8"), ("first_s", "<i8"), ("last_s", "<i8"), ("requests", "<i8"), ("day", "<i4"),
        ("signature", "<u2"), ("near", "u1"),
    ]
)  # fmt: skip

Spells = npt.NDArray[np.void]


def spells_of(store: RowStore) -> Spells:
    """The spells of some rows, by source, signature, time and day."""
    spells, waiting, count = np.empty(0, SPELL), [], 0
    for rows in store:
        waiting.append(join_spells(_as_spells(rows)))
        count += len(waiting[-1])
        if count > len(spells):
            spells, waiting, count = join_spells(np.concatenate([spells, *waiting])), [], 0
    return join_spells(np.concatenate([spells, *waiting]))


def _as_spells(rows: Rows) -> Spells:
    spells = np.empty(len(rows), SPELL)
    for name in ("source", "day", "signature", "near"):
        spells[name] = rows[name]
    spells["first_s"] = spells["last_s"] = rows["time_s"]
    spells["requests"] = 1
    return spells


def join_spells(spells: Spells) -> Spells:
    """Spells joined where they touch, by source, signature, time and day."""
    if not len(spells):
        return spells
    spells = spells[np.lexsort((spells["day"], spells["first_s"], spells["signature"], spells["source"]))]
    begins = begin_visit(spells)
    begins[1:] |= spells["day"][1:] != spells["day"][:-1]
    places = np.flatnonzero(begins)
    joined = spells[places]
    joined["last_s"] = np.maximum.reduceat(spells["last_s"], places)
    joined["requests"] = np.add.reduceat(spells["requests"], places)
    joined["near"] = np.maximum.reduceat(spells["near"], places)
    return joined


def begin_visit(spells: Spells) -> npt.NDArray[np.bool_]:
    """Whether each of some spells, in their order, begins a visit."""
    begins = np.ones(len(spells), bool)
    begins[1:] = spells["source"][1:] != spells["source"][:-1]
    begins[1:] |= spells["signature"][1:] != spells["signature"][:-1]
    first_s, last_s = spells["first_s"], spells["last_s"]
    span = int(last_s.max()) - int(first_s.min()) + 1
    group = np.cumsum(begins) * span
    latest = np.maximum.accumulate(last_s - first_s.min() + group)
    begins[1:] |= (first_s - first_s.min() + group)[1:] - latest[:-1] > VISIT_GAP_S
    return begins
