"""Comparison and bounds on rows written by hand."""

from typing import Any

import pytest

from ebbtide.lab.verify import Mismatch, bounds, compare


def true(host: str, observable: str = "shown", reason: str = "", **others: Any) -> dict[str, Any]:
    return {
        "month": "m1",
        "host": host,
        "address": "127.40.0.1",
        "port": 8001,
        "weight": 1.0,
        "presence_actual": "answered",
        "presence": "answered",
        "family_actual": "microsoft-iis",
        "family": "microsoft-iis",
        "checks": {"admin-pages": {"actual": True, "observable": observable, "reason": reason, "why": "because"}},
    } | others


def seen(host: str, verdict: str = "shown", reason: str = "", **others: Any) -> dict[str, Any]:
    return {
        "month": "m1",
        "host": host,
        "address": "127.40.0.1",
        "presence": "answered",
        "family": "microsoft-iis",
        "checks": {"admin-pages": {"verdict": verdict, "reason": reason}},
    } | others


def test_rows_that_agree_leave_no_mismatch() -> None:
    comparison = compare([true("a"), true("b", "not_shown")], [seen("b", "not_shown"), seen("a")])
    assert comparison.agrees
    assert comparison.rows == 2
    assert comparison.checks == {"admin-pages": {"shown": {"shown": 1}, "not_shown": {"not_shown": 1}}}
    assert comparison.families == {"microsoft-iis": {"microsoft-iis": 2}}
    assert comparison.presence == {"answered": {"answered": 2}}


def test_another_verdict_is_a_mismatch_with_its_why() -> None:
    comparison = compare([true("a")], [seen("a", "not_shown")])
    assert comparison.mismatches == (Mismatch("m1", "a", "127.40.0.1", "admin-pages", "shown", "not_shown", "because"),)
    assert not comparison.agrees


def test_another_reason_is_a_mismatch() -> None:
    comparison = compare([true("a", "cannot_tell", "masked")], [seen("a", "cannot_tell", "truncated")])
    assert comparison.checks["admin-pages"] == {"cannot_tell(masked)": {"cannot_tell(truncated)": 1}}
    assert [each.what for each in comparison.mismatches] == ["admin-pages"]


def test_presence_and_family_are_compared() -> None:
    comparison = compare([true("a"), true("b")], [seen("a", presence="silent"), seen("b", family="apache")])
    assert [(each.host, each.what) for each in comparison.mismatches] == [("a", "presence"), ("b", "family")]


def test_a_row_on_one_side_alone_is_a_mismatch() -> None:
    comparison = compare([true("a")], [seen("b")])
    assert [(each.host, each.expected, each.observed) for each in comparison.mismatches] == [
        ("a", "answered", "(no row)"),
        ("b", "(no row)", "answered"),
    ]


def test_a_check_that_was_not_judged_is_a_mismatch() -> None:
    assert compare([true("a")], [seen("a", checks={})]).mismatches[0].observed == "(no row)"


def test_months_are_kept_apart() -> None:
    assert not compare([true("a", month="m2")], [seen("a")]).agrees


def having(host: str, actual: Any, address: str, **others: Any) -> dict[str, Any]:
    entry = {"actual": actual, "observable": "shown" if actual else "not_shown", "reason": "", "why": ""}
    return true(host, address=address, checks={"admin-pages": entry}, **others)


TRUTH = [
    having("a", True, "127.0.1.1"),
    having("b", True, "127.0.1.1"),
    having("c", False, "127.0.1.2"),
    having("d", None, "127.0.1.3"),
    having("e", True, "127.0.1.4", presence_actual="silent"),
]


def fact(unit: str, low: float | None, high: float | None, **others: Any) -> dict[str, Any]:
    values = {"metric": "prevalence", "round": "m1", "check": "admin-pages", "unit": unit}
    return values | {"bound_low": low, "bound_high": high} | others


def test_actual_shares_differ_by_unit_and_leave_out_who_is_not_there() -> None:
    by_unit = {line.unit: line for line in bounds(TRUTH, [fact("site", 0.6, 0.7), fact("address", 0.5, 0.6)])}
    assert by_unit["site"].actual == pytest.approx(2 / 3)
    assert by_unit["address"].actual == pytest.approx(1 / 2)
    assert by_unit["site"].is_held
    assert by_unit["address"].is_held


def test_a_bound_that_misses_the_truth_is_told() -> None:
    (line,) = (line for line in bounds(TRUTH, [fact("site", 0.1, 0.6)]) if line.unit == "site")
    assert line.is_held is False


def test_facts_of_another_metric_lens_or_variant_are_not_taken() -> None:
    others = [
        fact("site", 0, 1, metric="same_servers"),
        fact("site", 0, 1, lens="operator"),
        fact("site", 0, 1, variant="without_top_1"),
        fact("site", None, None),
    ]
    assert all(line.is_held is None for line in bounds(TRUTH, others))


def test_where_nobody_is_there_nothing_is_held() -> None:
    lines = bounds([having("d", None, "127.0.1.3")], [fact("site", 0, 1)])
    assert [(line.actual, line.is_held) for line in lines] == [(None, None), (None, None)]


def test_where_the_text_decides_the_text_counts_and_it_is_told() -> None:
    help_page = having("a", False, "127.0.1.1")
    help_page["checks"]["admin-pages"]["observable"] = "shown"
    hidden = having("b", True, "127.0.1.2")
    hidden["checks"]["admin-pages"] |= {"observable": "cannot_tell", "reason": "masked"}
    silent_text = having("c", True, "127.0.1.3")
    silent_text["checks"]["admin-pages"]["observable"] = "not_shown"
    rows = [help_page, hidden, silent_text]
    assert [line.actual for line in bounds(rows, [])] == [pytest.approx(2 / 3)] * 2
    verdicts = [seen("a"), seen("b", "cannot_tell", "masked"), seen("c", "not_shown")]
    assert (
        compare(
            rows, [each | {"address": row["address"]} for each, row in zip(verdicts, rows, strict=True)]
        ).contradicted
        == 2
    )


def test_weights_count() -> None:
    rows = [having("a", True, "127.0.1.1", weight=3.0), having("c", False, "127.0.1.2", weight=1.0)]
    assert [line.actual for line in bounds(rows, [])] == [0.75, 0.75]
