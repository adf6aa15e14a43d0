"""The page of the score: its truth is computed anew without a socket; the live test holds the whole of it."""

import re

from ebbtide.lab.traps import happened, truth_of
from ebbtide.lab.truth import truth_rows
from trap_page import PAGE, script

QUESTION = r"^\| (2002-\d\d) \| (2002-\d\d) \| ([^|]+) \| (\w+) \| ([^|]+) \| \(([^)]+)\)"


def test_the_truth_on_the_page_is_that_of_the_scenario() -> None:
    page = PAGE.read_text(encoding="utf-8")
    world = script().world()
    for event in happened(world):
        strata = ", ".join(event.strata) or "all"
        assert f"| {event.month} | {event.id} | {event.kind} | {strata} | {event.names:,} |" in page, (
            "docs/traps.md is out of date; run `make stat`"
        )
    rows = {month: list(truth_rows(world, month)) for month in world.months}
    questions = re.findall(QUESTION, page, re.MULTILINE)
    assert len(questions) == 70
    for then, now, subject, unit, reading, told in questions:
        first = reading != "as judged today"
        units = truth_of(rows[then], rows[now], subject, unit, as_first_judged=first).units
        expected = ", ".join(f"{cause} {number}" for cause, number in units.items()) or "nobody moved"
        assert told == expected, "docs/traps.md is out of date; run `make stat`"


def test_the_page_tells_of_no_false_behaviour_and_nothing_wrong() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert re.search(r"^70 questions: \d+ right, \d+ refused, 0 wrong\.", page, re.MULTILINE)
    assert "Called a change in the same servers where there was none: 0." in page
