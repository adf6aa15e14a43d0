"""Holding a survey of the lab against the lab's own truth."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from ebbtide.cli.output import print_line, print_table
from ebbtide.estimate.observed import observed_rows
from ebbtide.lab.verify import compare, outside_bounds
from ebbtide.model.errors import ScenarioMismatchError
from ebbtide.model.facts import Fact
from ebbtide.rounds.folder import SurveyFolder

SHOWN_MISMATCHES = 20


class ConfusionCell(msgspec.Struct, frozen=True):
    """How many names had one observable state of a check and got one verdict."""

    check: str
    observable: str
    observed: str
    names: int


class Verification(msgspec.Struct, frozen=True):
    """What a survey saw, beside what was there to be seen.

    Attributes:
        cells: The confusion table over all months.
        mismatches: A sentence for each name whose verdict differs from what could be seen.
        outside_bounds: A sentence for each fact whose bounds do not hold the actual share.
        compared: Pairs of name and check, over all months.
        bounded: Facts whose bounds were held against the actual share.
    """

    cells: tuple[ConfusionCell, ...]
    mismatches: tuple[str, ...]
    outside_bounds: tuple[str, ...]
    compared: int
    bounded: int

    @property
    def is_clean(self) -> bool:
        """Nothing differs, and something was compared."""
        return self.compared > 0 and not self.mismatches and not self.outside_bounds


def verify_survey(folder: SurveyFolder, truth: Path, facts: Sequence[Fact]) -> Verification:
    """Compare every name's verdicts with the truth, and every prevalence's bounds with the actual share.

    Raises:
        ScenarioMismatchError: No month of truth, or a month without its round.
    """
    months = sorted(path.stem for path in truth.glob("*.jsonl"))
    if not months:
        raise ScenarioMismatchError(f"{truth} holds no month of truth.", remedy="Name the folder with --truth.")
    missing = sorted(set(months) - set(folder.labels()))
    if missing:
        raise ScenarioMismatchError(f"the survey has no round {missing[0]}, of which the truth speaks.")
    truth_rows = list(_read_truth(truth / f"{month}.jsonl" for month in months))
    comparison = compare(truth_rows, (row for month in months for row in observed_rows(folder, month)))
    bounds = outside_bounds(truth_rows, [msgspec.to_builtins(fact) for fact in facts])
    return Verification(
        cells=tuple(ConfusionCell(*cell) for cell in comparison.cells),
        mismatches=comparison.mismatches,
        outside_bounds=bounds.sentences,
        compared=comparison.compared,
        bounded=bounds.compared,
    )


def _read_truth(paths: Iterable[Path]) -> Iterator[dict[str, object]]:
    for path in paths:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise ScenarioMismatchError("this line is no JSON object.", where=f"{path}:{number}") from error


def print_verification(verification: Verification) -> None:
    """The confusion table, and one sentence for each thing that differs."""
    print_table(
        "What could be seen, and what the survey says",
        ("check", "observable", "verdict", "names", ""),
        [(cell.check, cell.observable, cell.observed, f"{cell.names:,}", _remark(cell)) for cell in verification.cells],
        right=(3,),
    )
    for sentence in (*verification.mismatches, *verification.outside_bounds)[:SHOWN_MISMATCHES]:
        print_line(sentence)
    print_line(verdict_sentence(verification))


def _remark(cell: ConfusionCell) -> str:
    return "" if cell.observable == cell.observed else "wrong"


def verdict_sentence(verification: Verification) -> str:
    """One sentence that sums up a verification."""
    return (
        f"Held against the truth: {verification.compared:,} verdicts compared, {len(verification.mismatches):,} wrong; "
        f"{verification.bounded:,} bounds compared, {len(verification.outside_bounds):,} without the actual share."
    )
