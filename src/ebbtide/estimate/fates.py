"""What became of a server between two rounds: three axes, and the printed table of precedence that joins them.

Axes: presence in the later round, software against the earlier round, the check's verdict in the later round. Software
and verdict are empty where nothing answered. The first row of a table that fits decides; ``*`` fits everything.
"""

from collections.abc import Sequence
from itertools import product

import msgspec

ANY = "*"
PRESENCES = ("answered", "refused", "silent", "blocked", "unknown", "skipped", "not_planned")
SOFTWARE = ("same", "upgraded", "downgraded", "competitor", "masked")
VERDICTS = ("shown", "not_shown", "cannot_tell", "not_asked")


class Precedence(msgspec.Struct, frozen=True):
    """One row of a table of precedence.

    Attributes:
        presence, software, verdict: Value on the axis, or ``*``.
        fate: What became of a unit that fits.
        why: The reason, in plain words.
    """

    presence: str
    software: str
    verdict: str
    fate: str
    why: str


FAMILY_FATES = (
    Precedence("refused", ANY, ANY, "refused", "the connection was refused"),
    Precedence("silent", ANY, ANY, "silent", "no attempt was answered"),
    Precedence("blocked", ANY, ANY, "blocked", "it took the connection and broke it off before an answer"),
    Precedence("answered", "competitor", ANY, "competitor", "another product answers under the same identity"),
    Precedence("answered", "masked", ANY, "masked", "an answer that names no product"),
    Precedence("answered", "upgraded", ANY, "upgraded", "the same product with a higher version"),
    Precedence("answered", "downgraded", ANY, "downgraded", "the same product with a lower version"),
    Precedence("answered", "same", ANY, "same", "the same product, and no other version is told"),
    Precedence(ANY, ANY, ANY, "unknown", "failed otherwise, was not asked, or was not in the frame"),
)
"""Fates of the servers of a family."""

LEAVERS = ("competitor", "refused", "silent", "blocked", "masked", "unknown")
"""Fates of those that no longer answer as the family."""

CHECK_FATES = (
    Precedence("refused", ANY, ANY, "refused", "vanished is not mended"),
    Precedence("silent", ANY, ANY, "silent", "vanished is not mended"),
    Precedence("answered", ANY, "shown", "still_shown", "the hole is seen, whatever runs"),
    Precedence("answered", "competitor", "cannot_tell", "cannot_tell", "the answer settles nothing"),
    Precedence("answered", "competitor", ANY, "left_competitor", "another product answers: gone with the old one"),
    Precedence("answered", ANY, "cannot_tell", "cannot_tell", "the answer settles nothing"),
    Precedence("answered", "upgraded", "not_shown", "fixed_upgraded", "gone, with a higher version"),
    Precedence("answered", ANY, "not_shown", "fixed_in_place", "gone, and no higher version is told"),
    Precedence(ANY, ANY, ANY, "unknown", "failed otherwise, or was not asked"),
)
"""Fates of the servers that showed a check."""

FAMILY_CATEGORIES = ("same", "upgraded", "downgraded", *LEAVERS)
CHECK_CATEGORIES = (
    "still_shown", "fixed_in_place", "fixed_upgraded", "left_competitor", "refused", "silent", "cannot_tell", "unknown",
)  # fmt: skip


def decide_fate(table: Sequence[Precedence], presence: str, software: str, verdict: str = "") -> str:
    """The fate that the first fitting row gives.

    Args:
        table: Ends with a row that fits everything.
        presence: One of ``PRESENCES``.
        software: One of ``SOFTWARE``; empty where nothing answered.
        verdict: One of ``VERDICTS``; empty where nothing answered or no check is asked about.
    """
    seen = (presence, software, verdict)
    for row in table:
        if all(wanted in (ANY, value) for wanted, value in zip(_axes(row), seen, strict=True)):
            return row.fate
    raise ValueError(f"no row fits {seen}")


def family_fate_rows() -> list[tuple[str, str, str]]:
    """Presence, software and fate of every combination that can be met."""
    return [(*axes, decide_fate(FAMILY_FATES, *axes)) for axes in _combinations()]


def check_fate_rows() -> list[tuple[str, str, str, str]]:
    """Presence, software, verdict and fate of every combination that can be met."""
    return [
        (presence, software, verdict, decide_fate(CHECK_FATES, presence, software, verdict))
        for presence, software in _combinations()
        for verdict in (VERDICTS if presence == "answered" else ("",))
    ]


def _combinations() -> list[tuple[str, str]]:
    return [("answered", software) for software in SOFTWARE] + list(product(PRESENCES[1:], ("",)))


def _axes(row: Precedence) -> tuple[str, str, str]:
    return (row.presence, row.software, row.verdict)
