"""The tables that a survey's facts are printed as."""

from collections.abc import Sequence
from itertools import groupby

from ebbtide.cli.output import Cell, print_line, print_table
from ebbtide.model.facts import Fact
from ebbtide.publish.table import TideCell, TideRow, fate_rows, tide_table

UNIT = "address"


def print_tide(facts: Sequence[Fact]) -> None:
    """What was published in 2001 beside what was measured, check by check, and what became of the same servers."""
    rows = tide_table(facts, unit=UNIT)
    if not rows:
        return
    labels = [cell.round for cell in rows[0].cells]
    bounds = {
        (fact.check, fact.round): _percent_range(fact.bound_low, fact.bound_high)
        for fact in facts
        if fact.metric == "prevalence" and fact.unit == UNIT and fact.lens == fact.variant == "all"
    }
    print_table(
        "Share of servers that show it [published in 2001], n of base, bounds with the unknown counted each way",
        ("", *labels),
        [
            (row.name, *(_tide_cell(cell, bounds.get((row.check, cell.round), "")) for cell in row.cells))
            for row in rows
        ],
        right=range(1, len(labels) + 1),
    )
    print_same(rows)


def _tide_cell(cell: TideCell, bounds: str) -> str:
    told = f" [{cell.published}]" if cell.published else ""
    return f"{cell.measured.text}{told}\n{cell.n.text} of {cell.base.text}\n{bounds}"


def _percent_range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f} %"


def print_same(rows: Sequence[TideRow]) -> None:
    """The same servers in a later round, with those that vanished beside them: one pair of rounds."""
    pair = _telling_pair(rows)
    if pair is None:
        return
    then, now = pair
    print_table(
        f"The same servers in {now}; who vanished is not mended",
        (
            "still shown",
            f"of all judged in {then}",
            f"of those that showed it in {then}",
            "refused",
            "silent",
            "in 2001",
        ),
        [
            (
                row.name,
                cell.of_cohort.text,
                cell.of_shown_then.text,
                cell.gone_refused.text,
                cell.gone_silent.text,
                cell.published or None,
            )
            for row in rows
            for cell in row.same
            if (cell.from_round, cell.round) == pair and not cell.of_shown_then.is_blank
        ],
        right=range(1, 5),
    )


def _telling_pair(rows: Sequence[TideRow]) -> tuple[str, str] | None:
    """The pair of rounds of which something was published in 2001; else the last neighbours."""
    published = [cell for row in rows for cell in row.same if cell.published]
    cells = published or [cell for row in rows for cell in row.same]
    if published or not cells:
        return (cells[0].from_round, cells[0].round) if cells else None
    last = max(cells, key=lambda cell: (cell.round, cell.from_round))
    return last.from_round, last.round


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
        ("metric", "round", "unit", "of what", "estimate", "95 % interval", "bounds", "n of base"),
        [
            (
                fact.metric,
                f"{fact.from_round} to {fact.round}" if fact.from_round else fact.round or fact.lens_value,
                fact.unit,
                _of_what(fact),
                _number(fact.estimate),
                _range(fact.ci_low, fact.ci_high),
                _range(fact.bound_low, fact.bound_high),
                None if fact.n is None or fact.base is None else f"{fact.n:,} of {fact.base:,}",
            )
            for fact in facts
        ],
        right=(4, 5, 6, 7),
    )


def _of_what(fact: Fact) -> str:
    """What tells this fact from its neighbours, in a few words."""
    lens = fact.lens if fact.lens not in {"all", "month"} else ""
    named = fact.check if fact.check and fact.round else fact.family
    return ", ".join(part for part in (named, lens, fact.category) if part)


def _number(value: float | None) -> Cell:
    return None if value is None else f"{value:.4f}" if abs(value) < 1 else f"{value:.4g}"


def _range(low: float | None, high: float | None) -> Cell:
    return None if low is None or high is None else f"{_number(low)} to {_number(high)}"
