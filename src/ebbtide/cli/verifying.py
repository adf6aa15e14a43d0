"""Holding a survey of the lab against the lab's own truth."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ebbtide.cli.output import print_line, print_table
from ebbtide.estimate.observed import observed_rows
from ebbtide.lab.verify import BoundLine, Comparison, bounds, compare
from ebbtide.model.errors import ScenarioMismatchError
from ebbtide.model.facts import Fact
from ebbtide.rounds.folder import SurveyFolder

SHOWN_MISMATCHES = 20


class Verification(msgspec.Struct, frozen=True):
    """What a survey saw, beside what was there to be seen.

    Attributes:
        comparison: The confusion tables over all months, and every name that is off the diagonal.
        bounds: Each prevalence's bounds beside the actual share.
    """

    comparison: Comparison
    bounds: tuple[BoundLine, ...]

    @property
    def failed_bounds(self) -> tuple[BoundLine, ...]:
        """Where an actual share exists and no bounds hold it."""
        return tuple(line for line in self.bounds if line.actual is not None and not line.is_held)

    @property
    def compared(self) -> int:
        """Pairs of name and check that were compared, over all months."""
        return sum(sum(row.values()) for table in self.comparison.checks.values() for row in table.values())

    @property
    def is_clean(self) -> bool:
        """Something was compared, and nothing differs."""
        return self.compared > 0 and self.comparison.agrees and not self.failed_bounds


def verify_survey(folder: SurveyFolder, truth: Path, facts: Sequence[Fact]) -> Verification:
    """Compare every name's verdicts with the truth, and every prevalence's bounds with the actual share.

    Raises:
        ScenarioMismatchError: No month of truth, or a month without its judged round.
    """
    months = judged_months(folder, truth)
    rows = [row for month in months for row in truth_of_month(truth, month)]
    try:
        comparison = compare(rows, (row for month in months for row in observed_rows(folder, month)))
        lines = bounds(rows, [msgspec.to_builtins(fact) for fact in facts])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ScenarioMismatchError(f"the truth in {truth} lacks or garbles {error}.") from error
    return Verification(comparison, lines)


def judged_months(folder: SurveyFolder, truth: Path) -> list[str]:
    """The months of which a folder of truth speaks, by label.

    Raises:
        ScenarioMismatchError: There is none, or a month has no round in the survey.
    """
    months = sorted(path.stem for path in truth.glob("*.jsonl"))
    if not months:
        raise ScenarioMismatchError(f"{truth} holds no month of truth.", remedy="Name the folder with --truth.")
    missing = sorted(set(months) - set(folder.labels()))
    if missing:
        raise ScenarioMismatchError(f"the survey has no round {missing[0]}, of which the truth speaks.")
    return months


def truth_of_month(truth: Path, month: str) -> Iterator[dict[str, Any]]:
    """The rows of one month.

    Raises:
        ScenarioMismatchError: The file cannot be read, or a line is no JSON object.
    """
    path = truth / f"{month}.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioMismatchError(f"{path} cannot be read.") from error
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise ScenarioMismatchError("this line is no JSON object.", where=f"{path}:{number}")
        yield row


def print_verification(verification: Verification) -> None:
    """The confusion table, and one sentence for each thing that differs."""
    comparison = verification.comparison
    tables = {"(presence)": comparison.presence, "(family)": comparison.families, **comparison.checks}
    print_table(
        "What could be seen, and what the survey says",
        ("check", "observable", "survey", "names", ""),
        [
            (check, observable, observed, f"{names:,}", "" if observable == observed else "wrong")
            for check, table in tables.items()
            for observable, row in sorted(table.items())
            for observed, names in sorted(row.items())
        ]
        + [
            ("(certificate)", what, told, f"{names:,}", "" if told == "right" else "wrong")
            for what, row in sorted(comparison.certificates.items())
            for told, names in sorted(row.items())
        ],
        right=(3,),
    )
    for sentence in difference_sentences(verification)[:SHOWN_MISMATCHES]:
        print_line(sentence)
    print_line(verdict_sentence(verification))


def difference_sentences(verification: Verification) -> list[str]:
    """A sentence for each name and each bound that is wrong."""
    names = [
        f"{each.month} {each.host} at {each.address}: {each.what} should be {each.expected}, "
        f"is {each.observed}. {each.why}"
        for each in verification.comparison.mismatches
    ]
    shares = [
        f"{line.month} {line.check} by {line.unit}: the actual share {line.actual} is not within "
        f"{line.low} to {line.high}."
        for line in verification.failed_bounds
    ]
    return shares + names


def verdict_sentence(verification: Verification) -> str:
    """What a verification comes to, in a sentence or two."""
    contradicted = verification.comparison.contradicted
    remark = f" In {contradicted:,} verdicts a page's text tells otherwise than the scenario's rates; the text counts."
    return (
        f"Held against the truth: {verification.compared:,} verdicts compared, "
        f"{len(verification.comparison.mismatches):,} wrong; {len(verification.bounds):,} bounds compared, "
        f"{len(verification.failed_bounds):,} without the actual share.{remark if contradicted else ''}"
    )
