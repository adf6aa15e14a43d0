"""How the shares of two samples differ, counting that some of their units are the same."""

from collections import defaultdict

import duckdb

from ebbtide.estimate.overlapping import OverlapChange, PairSums, overlapping_from_sums
from ebbtide.estimate.questions import SQUARE_UNIT, ask_question

_SUM_UNIT = SQUARE_UNIT**0.5
Key = tuple[int, int, str, str]


def sample_changes(connection: duckdb.DuckDBPyConnection) -> dict[Key, OverlapChange]:
    """The change of every share between every pair of rounds.

    Args:
        connection: Prepared, with the table ``states`` of ``check_states`` or ``family_states``.

    Returns:
        Earlier and later place, unit and check (or family) to the change; without those that have too few clusters.
    """
    strata: defaultdict[Key, list[PairSums]] = defaultdict(list)
    for row in ask_question(connection, "overlap_sums"):
        sums = tuple(float(value) / _SUM_UNIT for value in row[7:11])
        squares = tuple(float(value) / SQUARE_UNIT for value in row[11:])
        strata[row[:4]].append(
            PairSums(row[5], row[6], sums, squares[:3], squares[3:6], squares[6:])  # type: ignore[arg-type]  # ten sums
        )
    found = {key: overlapping_from_sums(each) for key, each in strata.items()}
    return {key: change for key, change in found.items() if change is not None}


def change_words(change: OverlapChange, unit: str, before: str) -> str:
    """The change in one sentence."""
    low, high = (f"{100 * end:+.1f}" for end in (change.interval.low, change.interval.high))
    return (
        f"Against {before} the share moved by {100 * change.difference:+.1f} points (95 % interval {low} to {high}, by "
        f"the covariance of the {change.overlap:,} {unit} units judged in both samples)."
    )
