"""Which of two versions is newer: dotted numbers only."""

from itertools import zip_longest

from ebbtide.model.versions import version_numbers

SAME, UPGRADED, DOWNGRADED = "same", "upgraded", "downgraded"


def version_move(then: str, now: str) -> str:
    """How a version moved: ``same``, ``upgraded`` or ``downgraded``.

    Args:
        then: Version of a family, as an answer gave it in the earlier round.
        now: Version of the same family in the later round.

    Returns:
        ``same`` too where either tells no number: nothing is known to have moved. Letters after the numbers are not
        compared: ``1.3.20`` and ``1.3.20-win`` are the same.
    """
    before, after = version_numbers(then), version_numbers(now)
    if not before or not after:
        return SAME
    for old, new in zip_longest(before, after, fillvalue=0):
        if old != new:
            return UPGRADED if new > old else DOWNGRADED
    return SAME
