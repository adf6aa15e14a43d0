"""Bounds without any assumption: what a share would be if all that is not known were counted each way.

Source: Manski, "Nonparametric Bounds on Treatment Effects", American Economic Review 80 (1990), 319-323.
"""

import msgspec


class Bounds(msgspec.Struct, frozen=True):
    """The least and the greatest value that what is not known still admits."""

    low: float
    high: float


def share_bounds(shown: float, base: float, uncertain: float) -> Bounds | None:
    """Bounds of a share with everything uncertain counted as not shown, then as shown.

    low = shown / (base + uncertain), high = (shown + uncertain) / (base + uncertain).

    Args:
        shown: Units (or their weight) that show it.
        base: Units (or their weight) judged, shown included.
        uncertain: Units (or weight) that cannot be told, hide their family, or did not answer.

    Returns:
        ``None`` if there is nobody at all. The bounds also hold if only some of the uncertain belong to the base.

    Assumptions: none about the uncertain; but what was judged was judged rightly.
    """
    whole = base + uncertain
    if whole <= 0:
        return None
    return Bounds(shown / whole, (shown + uncertain) / whole)


def difference_bounds(
    shown_then: float, shown_now: float, shown_then_lost: float, base: float, lost: float
) -> Bounds | None:
    """Bounds of the change among all units judged the first time, those lost since counted each way.

    low = (shown_now - shown_then - shown_then_lost) / (base + lost), high = low + lost / (base + lost).

    Args:
        shown_then: Of those judged both times, units (or weight) that showed it the first time.
        shown_now: Of the same, those that showed it the second time.
        shown_then_lost: Of those lost, those that showed it the first time.
        base: Judged both times.
        lost: Judged only the first time.

    Assumptions: as ``share_bounds``. A change among those judged twice may lie outside: whoever was lost and had shown
    it can only have got better, whoever had not can only have got worse.
    """
    whole = base + lost
    if whole <= 0:
        return None
    low = (shown_now - shown_then - shown_then_lost) / whole
    return Bounds(low, low + lost / whole)
