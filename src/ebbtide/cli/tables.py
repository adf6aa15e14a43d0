"""The tables that a survey's facts are printed as."""

from collections.abc import Sequence
from itertools import groupby

from ebbtide.cli.output import Cell, print_line, print_table
from ebbtide.model.facts import Fact
from ebbtide.publish.figures import Figure
from ebbtide.publish.table import TideRow, fate_rows, tide_table

UNIT = "address"


def print_tide(facts: Sequence[Fact]) -> None:
    """What was published in 2001 beside what was measured, check by check, and what became of the same servers."""
    rows = tide_table(facts, unit=UNIT)
    if not rows:
        return
    labels = [cell.round for cell in rows[0].cells]
    print_table(
        "Share of servers that show it (n of base), by address; in brackets what was published in 2001",
        ("", *labels),
        [
            (row.name, *(_tide_cell(cell.measured, cell.n, cell.base, cell.published) for cell in row.cells))
            for row in rows
        ],
        right=range(1, len(labels) + 1),
    )
    print_same(rows)


def _tide_cell(measured: Figure, n: Figure, base: Figure, published: str) -> str:
    told = f" [{published}]" if published else ""
    return f"{measured.text}{told}\n({n.text} of {base.text})"


def print_same(rows: Sequence[TideRow]) -> None:
    """The same servers in a later round, with those that vanished beside them."""
    print_table(
        "The same servers later; who vanished is not mended",
        (
            "still shown",
            "from",
            "to",
            "of all judged twice",
            "of those that showed it",
            "vanished: refused",
            "silent",
            "in 2001",
        ),
        [
            (
                row.name,
                cell.from_round,
                cell.round,
                cell.of_cohort.text,
                cell.of_shown_then.text,
                cell.gone_refused.text,
                cell.gone_silent.text,
                cell.published or None,
            )
            for row in rows
            for cell in row.same
            if not cell.of_shown_then.is_blank
        ],
        right=range(3, 7),
    )


def print_fates(facts: Sequence[Fact], family: str = "microsoft-iis") -> None:
    """Where those went that no longer answer as the family: a line for each pair of rounds."""
    rows = [row for row in fate_rows(facts, unit=UNIT) if row.family == family]
    for (then, now), group in groupby(rows, key=lambda row: (row.from_round, row.round)):
        fates = list(group)
        told = ", ".join(
            f"{row.words} {row.n.text} ({row.share.text})" for row in fates if row.n.value not in {"", "0"}
        )
        print_line(f"Left {family} from {then} to {now}: {fates[0].base.text} addresses; {told or 'nobody'}")


def print_facts(facts: Sequence[Fact]) -> None:
    """Facts as they are, one a line."""
    print_table(
        "",
        (
            "metric",
            "round",
            "from",
            "unit",
            "family",
            "check",
            "category",
            "estimate",
            "95 % interval",
            "bounds",
            "n",
            "base",
        ),
        [
            (
                fact.metric,
                fact.round,
                fact.from_round,
                fact.unit,
                fact.family,
                fact.check,
                fact.category if fact.lens == "all" else f"{fact.lens}: {fact.category}",
                _number(fact.estimate),
                _range(fact.ci_low, fact.ci_high),
                _range(fact.bound_low, fact.bound_high),
                fact.n,
                fact.base,
            )
            for fact in facts
        ],
        right=(7, 8, 9, 10, 11),
    )


def _number(value: float | None) -> Cell:
    return None if value is None else f"{value:.4g}"


def _range(low: float | None, high: float | None) -> Cell:
    return None if low is None or high is None else f"{low:.4g} to {high:.4g}"
