"""The course of a worm by the hour: simulated ones, an oracle for the exponential, and the tables of 2001."""

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from ebbtide.estimate.epidemic import fit_epidemic, growth_factors, growth_per_hour
from ebbtide.model.errors import EstimateError

PUBLISHED = Path(__file__).parents[2].parent / "shared" / "data" / "published" / "attack-tables.json"
needs_tables = pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published tables are not in ../shared/data")


def tables() -> Any:
    return json.loads(PUBLISHED.read_text(encoding="utf-8"))


def logistic(hour: Any, plateau: float, rate: float, middle: float) -> Any:
    return plateau / (1 + np.exp(-rate * (hour - middle)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.integers(8, 60), st.floats(-0.2, 0.2))
def test_the_exponential_is_that_of_statsmodels(seed: int, hours: int, rate: float) -> None:
    random = np.random.default_rng(seed)
    hour = np.arange(hours, dtype=float)
    count = random.poisson(20 * np.exp(rate * (hour - hour.mean())))
    found = fit_epidemic(hour, count)
    oracle = sm.GLM(count, sm.add_constant(hour - hour.mean()), family=sm.families.Poisson()).fit(tol=1e-12)
    if found.shape != "logistic":
        assert found.rate == pytest.approx(oracle.params[1], abs=1e-6)
        assert found.interval.low < found.rate < found.interval.high


def test_without_noise_the_logistic_curve_comes_back_exactly() -> None:
    hour = np.arange(30.0)
    found = fit_epidemic(hour, logistic(hour, 5000, 1.8, 11.3))
    assert found.shape == "logistic"
    assert found.rate == pytest.approx(1.8, rel=1e-4)
    assert found.plateau == pytest.approx(5000, rel=1e-4)
    assert found.midpoint_hour == pytest.approx(11.3, rel=1e-4)
    assert found.doubling_hours == pytest.approx(math.log(2) / 1.8, rel=1e-4)
    assert found.half_life_hours is None


def test_the_logistic_curve_is_near_that_of_least_squares() -> None:
    random = np.random.default_rng(5)
    hour = np.arange(30.0)
    count = random.poisson(logistic(hour, 9000, 0.9, 14))
    weights = np.sqrt(np.maximum(logistic(hour, 9000, 0.9, 14), 1))
    oracle, _ = curve_fit(logistic, hour, count, p0=(8000, 1, 13), sigma=weights)
    found = fit_epidemic(hour, count)
    assert (found.plateau, found.rate, found.midpoint_hour) == pytest.approx(tuple(oracle), rel=5e-3)


@pytest.mark.parametrize(("spread", "least"), [(1, 0.92), (4, 0.86)])
@pytest.mark.parametrize("rate", [0.7, -0.15])
def test_intervals_hold_the_rate_as_often_as_they_say(spread: int, least: float, rate: float) -> None:
    random = np.random.default_rng([spread, int(100 * abs(rate))])
    hour = np.arange(24.0)
    mean = logistic(hour, 400, rate, 10) if rate > 0 else 300 * np.exp(rate * hour)
    held, runs = 0, 120
    for _ in range(runs):
        count = random.poisson(mean) if spread == 1 else random.negative_binomial(mean / (spread - 1), 1 / spread)
        found = fit_epidemic(hour, count)
        held += found.interval.low <= rate <= found.interval.high
    assert least <= held / runs <= 0.995


def test_growth_whose_end_is_not_in_sight_has_no_plateau() -> None:
    random = np.random.default_rng(3)
    hour = np.arange(10.0)
    found = fit_epidemic(hour, random.poisson(3 * np.exp(0.5 * hour)))
    assert (found.shape, found.plateau, found.midpoint_hour) == ("growth", None, None)
    assert found.interval.low < 0.5 < found.interval.high
    assert found.time_interval is not None
    assert found.time_interval.low < math.log(2) / 0.5 < found.time_interval.high


def test_a_worm_that_dies_away_has_a_half_life_and_no_doubling() -> None:
    random = np.random.default_rng(4)
    hour = np.arange(48.0)
    found = fit_epidemic(hour, random.poisson(300 * 0.5 ** (hour / 8)))
    assert (found.shape, found.doubling_hours) == ("decay", None)
    assert found.half_life_hours == pytest.approx(8, rel=0.1)


def test_what_neither_grows_nor_dies_away_has_neither() -> None:
    called = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        found = fit_epidemic(np.arange(24.0), random.negative_binomial(3, 0.1, 24))
        called += found.shape != "none"
        if found.shape == "none":
            assert (found.doubling_hours, found.half_life_hours, found.time_interval) == (None, None, None)
    assert called <= 18


@pytest.mark.parametrize(
    ("hours", "counts", "sentence"),
    [
        (range(5), [9] * 5, "5 hours are too few"),
        ([1] * 9, [9] * 9, "1 hours are too few"),
        (range(8), [1] * 8, "8 seen, too few"),
        (range(8), [9] * 7, "do not match"),
        (range(8), [-1, *[9] * 7], "below 0"),
        (range(8), [math.inf, *[9] * 7], "no number"),
    ],
)
def test_too_little_for_a_course_is_refused(hours: Any, counts: list[float], sentence: str) -> None:
    with pytest.raises(EstimateError, match=sentence):
        fit_epidemic(list(hours), counts)


def test_looks_that_go_back_are_refused() -> None:
    with pytest.raises(EstimateError, match="rise"):
        growth_per_hour([1, 1], [2, 3])


def test_a_count_after_none_has_no_factor() -> None:
    assert math.isnan(growth_factors([0, 5])[0])


@needs_tables
def test_the_hours_of_31_july_2001_come_out_to_the_last_digit_and_double_in_an_hour_and_a_third() -> None:
    rows = tables()["goldsmith_intelsat_2001"]["rows"]
    probes, sources = [row[1] for row in rows], [row[3] for row in rows]
    assert [round(each, 2) for each in growth_factors(probes)] == [row[2] for row in rows[1:]]
    assert [round(each, 2) for each in growth_factors(sources)] == [row[4] for row in rows[1:]]
    found = fit_epidemic(range(len(rows)), sources)
    assert found.shape == "growth"
    assert found.doubling_hours == pytest.approx(1.35, abs=0.01)
    assert found.interval.low < math.log(sources[-1] / sources[0]) / 6 < found.interval.high


@needs_tables
def test_the_looks_of_1_august_2001_come_out_to_the_last_digit_and_level_off() -> None:
    rows = tables()["freedman_akamai_2001"]["rows"]
    hours = [int(row[0][:2]) + int(row[0][3:]) / 60 for row in rows]
    gained = growth_per_hour(hours, [row[1] for row in rows])
    assert [round(each, 2) for each in gained] == [row[2] for row in rows[1:]]
    found = fit_epidemic(hours, [row[1] for row in rows])
    assert found.shape == "logistic"
    assert found.plateau == pytest.approx(57_900, rel=0.01)
    goldsmith = tables()["goldsmith_intelsat_2001"]["rows"]
    same_morning = fit_epidemic(range(len(goldsmith)), [row[3] for row in goldsmith])
    assert max(found.interval.low, same_morning.interval.low) < min(found.interval.high, same_morning.interval.high)


@needs_tables
def test_the_days_of_july_2001_agree_with_their_running_total() -> None:
    rows = tables()["eichman_2001"]["rows"]
    for before, now in pairwise(rows):
        assert 0 < now[3] - before[3] <= now[2]
        assert now[3] < sum(row[2] for row in rows[: rows.index(now) + 1])


@needs_tables
def test_sources_of_days_are_not_added_up_to_those_of_a_week() -> None:
    week = next(each for each in tables()["single_host_rates"] if "scans_week" in each)
    assert round(week["scans_week"] / 7) == week["scans_day"]
    assert week["sources_week"] < 7 * week["sources_day"]


@needs_tables
def test_the_ways_in_which_worms_choose_add_up_to_one() -> None:
    found = tables()["nazario_2002"]
    for name in ("codered2_target_choice", "nimda_target_choice"):
        assert sum(found[name].values()) == pytest.approx(1, abs=1e-12)
