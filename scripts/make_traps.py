"""Write docs/traps.md: what `why` says of the twelve rounds of a scenario, beside what really moved each share.

The rounds are run over real sockets, small and with a fixed seed, so that the page comes out the same each time. With
``--from FILE`` the page is written from what ``ebbtide demo --scenario why-numbers-move --small --json`` printed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ebbtide.lab.scenario import builtin, load_scenario
from ebbtide.lab.traps import Happened, happened
from ebbtide.lab.world import World, build_world

TARGET = Path(__file__).parents[1] / "docs" / "traps.md"
SCENARIO, SEED, SCALE = "why-numbers-move", 2001, 0.1
HEAD = f"""# What `why` says where the truth is known

Written by `make stat` from a run over real sockets: `ebbtide demo --scenario {SCENARIO} --small`. The lab
knows why each number really moved; `ebbtide why` knows only what the servers answered. It is asked of every two rounds
that follow each other, of two checks and of one family of servers, by site and by address.
"""
EVENTS = """
## What happened

| round | event | kind | strata | names concerned |
|---|---|---|---|---|
"""
MATRIX = """
## The table of confusion

Rows: the causes that really moved units, joined by + where there were several. Columns: what `why` says.

"""
EACH = """
## Question by question

Units that each cause really moved stand in brackets; `why` counts the same units for each cause, unless the last column
says otherwise. A right answer names a cause at work, says that there were several, or refuses.

| from | to | share | unit | earlier round read | truth | why | |
|---|---|---|---|---|---|---|---|
"""


def world() -> World:
    """The world of the page."""
    return build_world(load_scenario(builtin(SCENARIO)), SEED, SCALE)


def render(scored: Sequence[Mapping[str, Any]], events: Iterable[Happened]) -> str:
    """The page.

    Args:
        scored: Records of ``ebbtide.cli.scoring.Scored``, as JSON has them.
        events: What happened.
    """
    happened_rows = "\n".join(
        f"| {each.month} | {each.id} | {each.kind} | {', '.join(each.strata) or 'all'} | {each.names:,} |"
        for each in events
    )
    each_rows = "\n".join(each_row(each) for each in scored)
    return f"{HEAD}{EVENTS}{happened_rows}\n{MATRIX}{matrix(scored)}\n\n{total(scored)}\n{EACH}{each_rows}\n"


def matrix(scored: Sequence[Mapping[str, Any]]) -> str:
    """The table of confusion."""
    columns = sorted({each["verdict"] for each in scored})
    lines = [f"| truth | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for truth in sorted({each["truth"] for each in scored}):
        told = [sum((each["truth"], each["verdict"]) == (truth, column) for each in scored) for column in columns]
        lines.append(f"| {truth} | {' | '.join(str(n) if n else '' for n in told)} |")
    return "\n".join(lines)


def total(scored: Sequence[Mapping[str, Any]]) -> str:
    """What it comes to."""
    refused = sum(each["verdict"] == "cannot_conclude" for each in scored)
    wrong = sum(not each["is_right"] for each in scored)
    false = sum(each["verdict"] == "behaviour" and "behaviour" not in each["true_units"] for each in scored)
    return (
        f"{len(scored)} questions: {len(scored) - refused - wrong} right, {refused} refused, {wrong} wrong. "
        f"Called a change in the same servers where there was none: {false}."
    )


def each_row(each: Mapping[str, Any]) -> str:
    """One question."""
    units = ", ".join(f"{cause} {number}" for cause, number in each["true_units"].items()) or "nobody moved"
    remark = "" if each["is_right"] else "wrong"
    remark = remark or ("" if each["counts_agree"] else "counts differ")
    cells = (each["from_round"], each["to_round"], each["subject"], each["unit"], each["reading"], f"({units})")
    return f"| {' | '.join((*cells, each['verdict'], remark))} |".replace("|  |", "| |")


def run() -> Sequence[Mapping[str, Any]]:
    """Run the twelve rounds."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ebbtide", "demo", "--scenario", SCENARIO, "--small", "--json"]
        told = subprocess.run([*command, "--out", f"{folder}/out"], stdout=subprocess.PIPE, check=True)  # noqa: S603
    return scores(json.loads(told.stdout))


def scores(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The scores in what the demonstration printed."""
    return list(told["score"])


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, help="What the demonstration printed with --json.")
    source = parser.parse_args().source
    scored = scores(json.loads(source.read_text(encoding="utf-8"))) if source else run()
    TARGET.write_text(render(scored, happened(world())), encoding="utf-8")


if __name__ == "__main__":
    main()
