"""How a site stands with a check, from what was seen of it round by round."""

from itertools import pairwise

from ebbtide.model.sites import NOT_SHOWN, SHOWN, Standing

_LOOKS = 6
_MOST_CHANGES = 2


def standing_of(path: str) -> Standing:
    """The standing that a path ends in.

    Only looks that settled something are compared. *New* is shown now and was not shown at the look before, nor ever;
    *open* is shown now and at the look before, or at the very first look; *re-opened* is shown now, was not at the look
    before, and was shown some time before that. *Flapping* has changed more than twice within the last six looks.
    *Fixed* was shown once and is not now. *Not seen since* was shown at the last look that settled something, and the
    latest round settled nothing: that is never counted as fixed.

    Args:
        path: A letter a round, the latest last; at least one.
    """
    looks = [letter for letter in path if letter in (SHOWN, NOT_SHOWN)]
    if path[-1] not in (SHOWN, NOT_SHOWN):
        return Standing.UNSEEN if looks and looks[-1] == SHOWN else Standing.UNTESTED
    recent = looks[-_LOOKS:]
    if sum(before != after for before, after in pairwise(recent)) > _MOST_CHANGES:
        return Standing.FLAPPING
    *before, now = looks
    if now == NOT_SHOWN:
        return Standing.FIXED if SHOWN in before else Standing.CLEAN
    if not before or before[-1] == SHOWN:
        return Standing.OPEN
    return Standing.REOPENED if SHOWN in before else Standing.NEW
