"""A grade by a published table, kept apart from the checks."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import msgspec

from ebbtide.model.sites import NOT_SHOWN, SHOWN, SiteCheck

FULL = 100
FEWEST_JUDGED = 3
"""A site of which fewer checks settled anything gets no grade."""


class GradeLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the table: whoever has kept ``least`` points gets the letter."""

    letter: str
    least: int
    words: str


class GradeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a site is graded.

    Attributes:
        id: Named wherever a grade stands.
        points: Lost by severity.
        grade: From the best to the worst.
    """

    id: str
    points: dict[str, int]
    grade: tuple[GradeLine, ...]

    def letter_of(self, points: int) -> GradeLine:
        """The line for the points that are left."""
        return next((line for line in self.grade if points >= line.least), self.grade[-1])


class Grade(msgspec.Struct, frozen=True):
    """What a site gets.

    Attributes:
        letter: Empty where too little could be judged; ``words`` then says so.
        points: Left of 100; ``None`` without a letter.
        judged: Checks that the round settled, of ``of``.
        table: Id of the table.
    """

    letter: str
    points: int | None
    words: str
    judged: int
    of: int
    table: str


@cache
def own_table() -> GradeTable:
    """The table that comes with Ebbtide."""
    text = files("ebbtide.publish").joinpath("data/grades.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), GradeTable)


def points_of(checks: Iterable[SiteCheck], table: GradeTable, sums: frozenset[str]) -> Mapping[str, int]:
    """What each check costs whoever shows it.

    Args:
        checks: Of a site's history.
        table: Of grades.
        sums: Checks that only sum up others: they cost nothing of their own.
    """
    return {each.info.id: 0 if each.info.id in sums else table.points.get(each.info.severity, 0) for each in checks}


def grade_of(
    checks: Iterable[SiteCheck], points: Mapping[str, int], table: GradeTable, accepted: frozenset[str]
) -> Grade:
    """The grade of a site in its latest round.

    Args:
        checks: Of its history.
        points: As from ``points_of``.
        table: Of grades.
        accepted: Checks whose finding was accepted: they cost nothing.
    """
    listed = tuple(checks)
    judged = [each for each in listed if each.path[-1] in (SHOWN, NOT_SHOWN)]
    if len(judged) < FEWEST_JUDGED:
        return Grade("", None, "too little could be judged for a grade", len(judged), len(listed), table.id)
    lost = sum(points[each.info.id] for each in judged if each.is_shown and each.info.id not in accepted)
    left = max(FULL - lost, 0)
    line = table.letter_of(left)
    return Grade(line.letter, left, line.words, len(judged), len(listed), table.id)
