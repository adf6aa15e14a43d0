from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from ebbtide.estimate.compute import compute_facts
from ebbtide.estimate.naming import make_fact
from ebbtide.estimate.prevalence_facts import tell_moved_base
from ebbtide.estimate.shares import wilson_interval
from ebbtide.lab.holes import CHECKS
from ebbtide.lab.scenario import builtin, load_scenario
from ebbtide.lab.truth import truth_rows
from ebbtide.lab.verify import bounds
from ebbtide.lab.world import World, build_world
from ebbtide.model.errors import EstimateError
from ebbtide.model.facts import Fact
from ebbtide.rounds.folder import SurveyFolder
from estimate_rounds import AUGUST, DATES, IDA, IIS, JULY, Seen, addresses, build_round, check_info, one, survey_at

SHOWN = {IDA: "shown"}


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(load_scenario(builtin("code-red-2001")), seed=7, scale=0.05)


@pytest.fixture(scope="module")
def lab(world: World, tmp_path_factory: pytest.TempPathFactory) -> SurveyFolder:
    """Four rounds that saw all that could be seen of a small lab."""
    folder = survey_at(tmp_path_factory.mktemp("lab"))
    for month in world.months:
        seen = [_seen(row) for row in truth_rows(world, month)]
        build_round(folder, month, seen, [check_info(check) for check in CHECKS], str(world.reference_date(month)))
    return folder


@pytest.fixture(scope="module")
def facts(lab: SurveyFolder) -> tuple[Fact, ...]:
    return compute_facts(lab)


def _seen(row: dict[str, object]) -> Seen:
    says = f"{row['family']}/{row['version_actual']}" if row["presence"] == "answered" else str(row["presence"])
    verdicts = {
        check: "/".join(filter(None, (entry["observable"], entry["reason"])))
        for check, entry in row["checks"].items()
        if entry["observable"] != "not_shown" and entry["reason"] not in ("gate_closed", "unreachable")
    }
    return Seen(row["host"], row["address"], says, verdicts, row["stratum"], row["weight"], port=row["port"])


def test_in_the_lab_the_bounds_of_every_prevalence_hold_the_actual_share(world: World, facts: tuple[Fact, ...]) -> None:
    truth = [row for month in world.months for row in truth_rows(world, month)]
    lines = [line for line in bounds(truth, [msgspec.to_builtins(fact) for fact in facts]) if line.actual is not None]
    assert len(lines) == 4 * 7 * 2
    assert [line for line in lines if not line.is_held] == []


def test_the_same_rounds_give_the_same_facts_byte_for_byte(lab: SurveyFolder, facts: tuple[Fact, ...]) -> None:
    assert msgspec.json.encode(compute_facts(lab)) == msgspec.json.encode(facts)
    assert len({fact.id for fact in facts}) == len(facts)


def test_planned_units_are_conserved(facts: tuple[Fact, ...]) -> None:
    outcome = [fact for fact in facts if fact.metric == "outcome"]
    for label in DATES:
        for unit in ("site", "address"):
            counts = {fact.category: fact.n or 0 for fact in outcome if (fact.round, fact.unit) == (label, unit)}
            parts = ("answered", "refused", "silent", "unknown", "skipped")
            assert counts["planned"] == sum(counts[part] for part in parts) > 0


def test_fates_of_one_base_add_up_to_it_and_bounds_hold_their_estimates(facts: tuple[Fact, ...]) -> None:
    sums: dict[tuple[str, ...], int] = {}
    for fact in facts:
        if fact.metric == "fate":
            key = (fact.round, fact.from_round, fact.unit, fact.lens, fact.family, fact.check, str(fact.base))
            sums[key] = sums.get(key, 0) + (fact.n or 0)
        # The bounds of a difference speak of the whole cohort: who was lost without showing it can only have worsened.
        is_share = fact.metric != "half_life" and fact.category != "difference"
        if is_share and fact.bound_low is not None and fact.estimate is not None:
            assert fact.bound_low - 1e-12 <= fact.estimate <= (fact.bound_high or 0) + 1e-12, fact
    assert sums
    assert all(key[-1] == str(total) for key, total in sums.items())


def test_rounds_are_compared_with_their_neighbours_and_the_first_with_the_last(facts: tuple[Fact, ...]) -> None:
    pairs = {(fact.from_round, fact.round) for fact in facts if fact.metric == "same_servers"}
    labels = list(DATES)
    assert pairs == {*pairwise(labels), (labels[0], labels[-1])}
    half_lives = {(fact.from_round, fact.round) for fact in facts if fact.metric == "half_life"}
    assert half_lives == set(pairwise(labels))


def test_a_frame_with_weights_is_estimated_by_design_and_says_so(facts: tuple[Fact, ...]) -> None:
    shares = [fact for fact in facts if fact.metric == "share" and fact.round == "2001-06" and fact.unit == "site"]
    assert sum(fact.estimate or 0 for fact in shares) == pytest.approx(1, abs=1e-9)
    iis = one(shares, family=IIS)
    assert iis.estimate == pytest.approx(0.2038, abs=0.02)
    assert iis.estimate != pytest.approx((iis.n or 0) / (iis.base or 1), abs=0.02)
    assert iis.interval_kind == "design"
    assert "design effect" in iis.note


def test_a_weighted_share_equals_the_hand_worked_one(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    where = addresses(60)
    # 20 IIS of weight 1 and 40 of weight 4; of the former 10 show it, of the latter 4: 26 of 180.
    light = [Seen(f"h{i}.example", where[i], IIS, SHOWN if i < 10 else {}, "s", 1) for i in range(20)]
    heavy = [Seen(f"h{i}.example", where[i], IIS, SHOWN if i < 24 else {}, "t", 4) for i in range(20, 60)]
    seen = light + heavy
    build_round(folder, JULY, seen)
    fact = one(compute_facts(folder), metric="prevalence", unit="site")
    assert fact.estimate == pytest.approx(26 / 180, abs=1e-12)
    assert (fact.n, fact.base, fact.interval_kind) == (14, 60, "design")
    # Variance by hand: within each stratum n s^2 of z = w (y - p) / W.
    first, second = 20 * (10 / 20 * 10 / 20) * 20 / 19, 40 * (4 / 40 * 36 / 40) * 40 / 39 * 16
    size = (26 / 180) * (154 / 180) / ((first + second) / 180**2)
    assert size > 60, "more exact than sixty equal units, which the interval does not count on"
    expected = wilson_interval(26 / 180 * 60, 60)
    assert (fact.ci_low, fact.ci_high) == (
        pytest.approx(expected.low, abs=1e-6),
        pytest.approx(expected.high, abs=1e-6),
    )


def test_bounds_count_masked_servers_and_those_last_seen_as_the_base_each_way(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    where = addresses(12)
    masked = {IDA: "cannot_tell/masked"}
    july = [Seen(f"h{i}.example", where[i], IIS) for i in range(10)] + [Seen("x.example", where[10], "apache")]
    august = [
        *(Seen(f"h{i}.example", where[i], IIS, SHOWN if i < 2 else {}) for i in range(5)),
        Seen("h5.example", where[5], "unknown", masked),
        Seen("h6.example", where[6], "refused"),
        Seen("h7.example", where[7], "silent"),
        Seen("h8.example", where[8], "no_name"),
        Seen("h9.example", where[9], "apache"),
        Seen("x.example", where[10], "refused"),
    ]
    build_round(folder, JULY, july)
    build_round(folder, AUGUST, august)
    fact = one(compute_facts(folder), metric="prevalence", unit="site", round=AUGUST)
    assert (fact.n, fact.base, fact.cannot_tell, fact.refused, fact.silent) == (2, 5, 1, 1, 1)
    assert (fact.bound_low, fact.bound_high) == (2 / 9, 6 / 9)
    assert "1 of them failed otherwise" in fact.note
    assert "answers as another product has left the base" in fact.note
    same = one(compute_facts(folder), metric="same_servers", category="of_cohort", unit="site")
    # Ten were judged in July; five are gone: masked, refused, silent, without a name, with a competitor.
    assert (same.n, same.base, same.bound_low, same.bound_high) == (2, 5, 2 / 10, 7 / 10)
    assert (same.refused, same.silent, same.cannot_tell, same.not_asked) == (1, 1, 1, 1)
    assert "Vanished is not mended: 5" in same.note


def test_rounds_judged_by_different_versions_of_a_check_are_not_compared(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    seen = [Seen(f"h{i}.example", each, IIS, SHOWN) for i, each in enumerate(addresses(40))]
    build_round(folder, JULY, seen, [check_info(version="a" * 16)])
    build_round(folder, AUGUST, seen, [check_info(version="b" * 16)])
    compared = [fact for fact in compute_facts(folder) if fact.from_round and fact.check]
    assert {fact.metric for fact in compared} == {"same_servers", "fate", "half_life"}
    assert {fact.estimate for fact in compared} == {None}
    assert {fact.quality for fact in compared} == {"check version differs"}
    assert all("Not comparable" in fact.note for fact in compared if fact.metric != "half_life")


def test_a_round_that_is_not_judged_has_outcomes_and_nothing_else(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    build_round(folder, JULY, [Seen("a.example", "127.0.0.1", IIS)], checks=None)
    assert {fact.metric for fact in compute_facts(folder)} == {"outcome"}


def test_a_survey_without_a_sealed_round_has_no_facts(tmp_path: Path) -> None:
    assert compute_facts(survey_at(tmp_path)) == ()


def test_a_share_of_nobody_stays_blank_and_never_becomes_zero(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    build_round(folder, JULY, [Seen("a.example", "127.0.0.1", "apache")])
    fact = one(compute_facts(folder), metric="prevalence", unit="site")
    assert (fact.estimate, fact.ci_low, fact.bound_low, fact.n, fact.base) == (None, None, None, 0, 0)
    assert fact.quality == "no unit could be judged"


def test_a_check_for_every_server_counts_every_server(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    seen = [Seen("a.example", "127.0.0.1", "apache", {"listing": "shown"}), Seen("b.example", "127.0.0.2", "unknown")]
    build_round(folder, JULY, [*seen, Seen("c.example", "127.0.0.3", "refused")], [check_info("listing", families=())])
    fact = one(compute_facts(folder), metric="prevalence", unit="site")
    assert (fact.family, fact.n, fact.base, fact.refused) == ("", 1, 2, 1)
    assert (fact.bound_low, fact.bound_high) == (1 / 3, 2 / 3)


def test_a_target_is_silent_only_when_its_attempts_are_used_up(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    seen = [Seen("a.example", "127.0.0.1", "silent", attempt=1), Seen("b.example", "127.0.0.2", "silent", attempt=2)]
    build_round(folder, JULY, seen)
    for most, silent in ((None, 1), (1, 2), (2, 1), (3, 0)):
        found = one(compute_facts(folder, silent_after=most), metric="outcome", unit="site", category="silent")
        assert found.n == silent


def test_an_attempt_that_a_crash_interrupted_neither_makes_a_silence_nor_undoes_one(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    seen = [
        Seen("a.example", "127.0.0.1", "silent", attempt=2),
        Seen("b.example", "127.0.0.2", "silent", attempt=2, interrupted=1),
        Seen("c.example", "127.0.0.3", "silent", attempt=1, interrupted=1),
    ]
    build_round(folder, JULY, seen)
    for silent_after in (None, 2):
        facts = compute_facts(folder, silent_after=silent_after)
        assert one(facts, metric="outcome", unit="site", category="silent").n == 2
        assert one(facts, metric="outcome", unit="site", category="unknown").n == 1


def test_only_the_rounds_that_are_asked_for_are_read(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    for label in (JULY, AUGUST):
        build_round(folder, label, [Seen("a.example", "127.0.0.1", IIS)])
    assert {fact.round for fact in compute_facts(folder, labels=[AUGUST])} == {AUGUST}
    assert {fact.round for fact in compute_facts(folder, as_of="2001-07-31")} == {JULY}
    with pytest.raises(EstimateError, match="round 1999-01 cannot be estimated: it is not there"):
        compute_facts(folder, labels=["1999-01"])


def test_the_id_of_a_fact_names_it_and_not_its_value() -> None:
    named = {"metric": "share", "round": JULY, "unit": "site", "family": IIS}
    fact = make_fact(**named, estimate=0.2)
    assert fact.id == make_fact(**named, estimate=0.3).id
    for name in ("round", "unit", "family", "category", "lens", "check_version", "judgement", "variant"):
        assert make_fact(**{**named, name: "other"}).id != fact.id


def test_a_base_that_moved_more_than_the_share_is_told() -> None:
    before = make_fact(metric="prevalence", round=JULY, unit="site", estimate=0.10, n=100, base=1000)
    shrunk = make_fact(metric="prevalence", round=AUGUST, unit="site", estimate=0.08, n=60, base=750)
    told = tell_moved_base(before, shrunk)
    assert told.quality == "base moved more than the share"
    assert "moved by -25.0 % since 2001-07, the share by -2.0 points" in told.note
    steady = make_fact(metric="prevalence", round=AUGUST, unit="site", estimate=0.02, n=20, base=990)
    assert tell_moved_base(before, steady) == steady


def test_only_what_survives_many_tests_is_called_a_change(facts: tuple[Fact, ...]) -> None:
    differences = [fact for fact in facts if fact.category == "difference" and fact.unit == "site"]
    assert differences
    for fact in differences:
        if fact.estimate is not None:
            is_change = float(fact.note.rsplit("p = ", 1)[1].rstrip(".")) <= 0.05
            assert ("this is a change" in fact.note) == is_change
    headline = one(differences, check=IDA, from_round=JULY, round=AUGUST)
    assert "this is a change" in headline.note


def test_the_notes_of_the_same_servers_say_which_reading_they_are(facts: tuple[Fact, ...]) -> None:
    wanted = {"metric": "same_servers", "check": IDA, "from_round": JULY, "round": AUGUST, "unit": "site"}
    notes = {name: one(facts, **wanted, category=name).note for name in ("of_cohort", "of_shown_then", "cross_section")}
    assert all('"Of those same servers" leaves open which reading is meant' in note for note in notes.values())
    assert len(set(notes.values())) == 3
