"""The attempts that count; see ``views.COUNTING_ORDER``, which says the same in SQL."""

import pyarrow as pa
import pyarrow.compute as pc

from ebbtide.rounds.columns import make_column, make_scalar
from ebbtide.rounds.rows import ANSWERED

_RANKED = ("target_id", "unanswered", "failures", "latest")


def counting_outcomes(rows: pa.Table) -> pa.Table:
    """The attempts that count, in order of ``target_id``.

    Args:
        rows: All rows of ``outcomes`` of some targets.
    """
    answered = pc.equal(rows["kind"], make_scalar(ANSWERED, pa.string()))
    ranks = pa.Table.from_arrays(
        [
            rows["target_id"],
            pc.invert(answered),
            pc.if_else(answered, rows["failed_exchange_count"], make_scalar(0, pa.int64())),
            pc.negate(rows["attempt"]),
        ],
        names=list(_RANKED),
    )
    order = pc.sort_indices(ranks, sort_keys=[(name, "ascending") for name in _RANKED])
    ordered = rows.take(order)
    return ordered.filter(_is_first_of_group(ordered["target_id"].combine_chunks()))


def _is_first_of_group(keys: pa.Array) -> pa.Array:
    if len(keys) == 0:
        return pa.nulls(0, pa.bool_())
    return pa.concat_arrays([make_column([True], pa.bool_(), nullable=False), pc.not_equal(keys[1:], keys[:-1])])
