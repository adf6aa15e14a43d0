"""The figures that must come out, computed from rounds of unit rows."""

from pathlib import Path

import pytest

from ebbtide.estimate.compute import compute_facts
from estimate_rounds import AUGUST, IDA, IIS, JULY, Seen, addresses, build_round, one, survey_at


@pytest.mark.parametrize("unit", ["site", "address"])
def test_a_third_in_july_and_two_percent_of_those_same_servers_in_august(tmp_path: Path, unit: str) -> None:
    folder = survey_at(tmp_path)
    where = addresses(1000)
    for label, shown in ((JULY, 340), (AUGUST, 20)):
        seen = [
            Seen(f"h{place}.example", where[place], f"{IIS}/5.0", {IDA: "shown"} if place < shown else {})
            for place in range(1000)
        ]
        build_round(folder, label, seen)
    facts = compute_facts(folder)
    july = one(facts, metric="prevalence", round=JULY, unit=unit, check=IDA)
    assert (july.estimate, july.n, july.base, july.interval_kind) == (0.34, 340, 1000, "model")
    assert (round(july.ci_low or 0, 3), round(july.ci_high or 0, 3)) == (0.311, 0.370)
    cohort = one(facts, metric="same_servers", category="of_cohort", unit=unit, check=IDA)
    assert (cohort.estimate, round(cohort.ci_low or 0, 3), round(cohort.ci_high or 0, 3)) == (0.02, 0.013, 0.031)
    shown_then = one(facts, metric="same_servers", category="of_shown_then", unit=unit, check=IDA)
    assert (shown_then.estimate, shown_then.n, shown_then.base) == (pytest.approx(20 / 340, abs=1e-12), 20, 340)
    section = one(facts, metric="same_servers", category="cross_section", unit=unit, check=IDA)
    assert section.estimate == 0.02
    difference = one(facts, metric="same_servers", category="difference", unit=unit, check=IDA)
    assert difference.estimate == pytest.approx(-0.32, abs=1e-12)
    assert "mid-p McNemar" in difference.note
    half_life = one(facts, metric="half_life", unit=unit, check=IDA)
    assert round(half_life.estimate or 0, 1) == 7.3


def test_of_80_000_addresses_that_left_two_and_a_half_percent_run_a_competitor(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    where = addresses(80_000)
    ends = ["apache/1.3.20"] * 2_000 + ["refused"] * 50_000 + ["silent"] * 28_000
    build_round(folder, JULY, [Seen(f"h{i}.example", each, f"{IIS}/5.0") for i, each in enumerate(where)])
    build_round(
        folder,
        AUGUST,
        [Seen(f"h{i}.example", each, end) for i, (each, end) in enumerate(zip(where, ends, strict=True))],
    )
    facts = compute_facts(folder)
    wanted = {"metric": "fate", "lens": "leavers", "lens_value": IIS, "family": IIS, "check": "", "unit": "address"}
    competitor = one(facts, **wanted, category="competitor")
    assert (competitor.n, competitor.base, competitor.estimate) == (2_000, 80_000, 0.025)
    assert (round(competitor.ci_low or 0, 4), round(competitor.ci_high or 0, 4)) == (0.0239, 0.0261)
    assert "the same address and port is taken for the same server" in competitor.note
    by_name = one(facts, **{**wanted, "unit": "site"}, category="competitor")
    assert "the same host name is taken for the same server" in by_name.note
    refused, silent = (one(facts, **wanted, category=name) for name in ("refused", "silent"))
    assert (refused.n, silent.n) == (50_000, 28_000)
    assert "not mended" in refused.note


def test_an_operator_that_renumbers_vanishes_by_address_and_stays_by_name(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    where = addresses(200)
    build_round(folder, JULY, [Seen(f"h{i}.example", where[i], f"{IIS}/5.0", {IDA: "shown"}) for i in range(100)])
    build_round(folder, AUGUST, [Seen(f"h{i}.example", where[100 + i], f"{IIS}/5.0") for i in range(100)])
    facts = compute_facts(folder)
    wanted = {"metric": "fate", "lens": "all", "family": IIS, "check": ""}
    assert one(facts, **wanted, unit="site", category="same").n == 100
    by_address = one(facts, **wanted, unit="address", category="unknown")
    assert by_address.n == 100
    assert "units disagree" in by_address.quality
    assert "renumbers makes addresses vanish while their names stay" in by_address.note
    mended = one(facts, metric="fate", check=IDA, unit="site", category="fixed_in_place")
    assert (mended.n, mended.base) == (100, 100)
    assert one(facts, metric="fate", check=IDA, unit="address", category="unknown").n == 100


def test_a_host_that_answers_everything_cannot_be_told_and_is_counted_there(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    where = addresses(10)
    verdicts = [{IDA: "shown"}] * 3 + [{IDA: "cannot_tell/answers_everything"}] * 2 + [{}] * 5
    build_round(folder, JULY, [Seen(f"h{i}.example", where[i], IIS, verdicts[i]) for i in range(10)])
    fact = one(compute_facts(folder), metric="prevalence", unit="site")
    assert (fact.n, fact.base, fact.cannot_tell, fact.answered) == (3, 8, 2, 10)
    assert (fact.estimate, fact.bound_low, fact.bound_high) == (3 / 8, 3 / 10, 5 / 10)


def test_names_that_hop_while_addresses_do_not_are_told_apart_in_every_share(tmp_path: Path) -> None:
    # Netcraft, June to December 2001, in miniature: one hoster moves many names to IIS on one address.
    folder = survey_at(tmp_path)
    where = addresses(1000)
    for label, hopped in ((JULY, 0), (AUGUST, 104)):
        own = [Seen(f"h{i}.example", where[i], IIS if i < 204 else "apache") for i in range(896)]
        hosted = [Seen(f"p{i}.example", where[999], IIS if hopped else "apache") for i in range(104)]
        build_round(folder, label, own + hosted)
    facts = compute_facts(folder)
    moves = {}
    for unit in ("site", "address"):
        then, now = (one(facts, metric="share", family=IIS, unit=unit, round=label) for label in (JULY, AUGUST))
        moves[unit] = (now.estimate or 0) - (then.estimate or 0)
        assert "units disagree" in now.quality
        assert "Units disagree" in now.note
    assert moves["site"] == pytest.approx(0.104, abs=1e-9)
    assert abs(moves["address"]) < 0.002
