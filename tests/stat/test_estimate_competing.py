import numpy as np
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight

from ebbtide.estimate.competing import STILL, cumulative_incidence, incidence_bands, incidence_from_counts
from ebbtide.model.errors import EstimateError

ENDS = ("fixed", "competitor", "silent")
NAMES = (STILL, *ENDS)


@pytest.mark.parametrize("seed", range(5))
def test_shares_and_errors_equal_statsmodels(seed: int) -> None:
    random = np.random.default_rng(seed)
    times, ends = random.integers(1, 15, 300), random.integers(0, 4, 300)
    # Nobody is left at risk after the last time: the oracle divides by zero there, so one stays.
    times[0], ends[0] = 20, 0
    oracle = CumIncidenceRight(times, ends)
    found = cumulative_incidence(times, [NAMES[end] for end in ends], ENDS)
    where = np.isin(oracle.times, found.times)
    for row in range(3):
        assert found.shares[row] == pytest.approx(oracle.cinc[row][where], abs=1e-9)
        assert found.errors[row] == pytest.approx(oracle.cinc_se[row][where], abs=1e-9)


def test_a_small_case_equals_lifelines() -> None:
    # lifelines 0.30: AalenJohansenFitter().fit(range(1, 13), ends, event_of_interest=k).cumulative_density_
    ends = [1, 2, 0, 1, 1, 3, 0, 2, 1, 0, 2, 1]
    found = cumulative_incidence(range(1, 13), [NAMES[end] for end in ends], ENDS)
    assert [found.share_at(cause, 12) for cause in ENDS] == pytest.approx([59 / 108, 13 / 36, 5 / 54], abs=1e-9)


def test_a_hand_worked_table_adds_up_where_one_minus_kaplan_meier_per_cause_would_not() -> None:
    # 100 at risk: 20 fixed, 30 silent. 50 at risk: 25 fixed. Parts: fixed 0.2 + 0.5 * 0.5 = 0.45, silent 0.3.
    found = incidence_from_counts([30, 60], ["fixed", "silent"], [100, 50], [[20, 30], [25, 0]])
    assert found.share_at("fixed", 59) == pytest.approx(0.2, abs=1e-12)
    assert found.share_at("fixed", 60) == pytest.approx(0.45, abs=1e-12)
    assert found.share_at("silent", 90) == pytest.approx(0.3, abs=1e-12)
    assert found.still[-1] == pytest.approx(0.25, abs=1e-12)
    # Per cause: 1 - 0.8 * 0.5 = 0.6 and 0.3, together 0.9 of which 0.75 have ended.
    assert found.share_at("fixed", 10) == 0


def test_without_censoring_shares_and_errors_are_those_of_plain_counts() -> None:
    ends = ["fixed"] * 30 + ["competitor"] * 20 + ["silent"] * 40 + [STILL] * 10
    times = [*np.resize([1, 2, 3], 90), *[4] * 10]
    found = cumulative_incidence(times, ends, ENDS)
    for row, n in enumerate((30, 20, 40)):
        assert found.shares[row][-1] == pytest.approx(n / 100, abs=1e-12)
        assert found.errors[row][-1] == pytest.approx(np.sqrt(n * (100 - n) / 100**3), abs=1e-12)
    interval = found.interval_at("fixed", 3)
    assert interval is not None
    assert 0.21 < interval.low < 0.3 < interval.high < 0.4
    assert found.interval_at("fixed", 0) is None


def test_weights_that_are_whole_count_as_so_many_units() -> None:
    times, ends, weights = [1, 2, 2, 3], ["fixed", "silent", STILL, "fixed"], [2, 3, 1, 4]
    weighted = cumulative_incidence(times, ends, ENDS, weights)
    repeated = cumulative_incidence(np.repeat(times, weights), np.repeat(ends, weights).tolist(), ENDS)
    assert weighted == repeated


def test_bands_over_clusters_cover_the_true_part() -> None:
    random, inside, rounds = np.random.default_rng(7), 0, 200
    for turn in range(rounds):
        cluster = np.repeat(np.arange(50), 4)
        chance = np.repeat(random.beta(2, 3, 50), 4)
        fixed = random.random(200) < chance
        ends = ["fixed" if each else "silent" for each in fixed]
        found = incidence_bands(random.integers(1, 5, 200), ends, ENDS, cluster, 5, seed=turn, repetitions=100)
        inside += found["fixed"].low <= 0.4 <= found["fixed"].high
    assert 0.90 <= inside / rounds <= 0.985


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (([], [], ENDS), "tell of no unit"),
        (([1], ["moved"], ENDS), "'moved' is no end"),
        (([1, 2], ["fixed"], ENDS), "tell of no unit"),
        (([1], ["fixed"], ENDS, [0]), "weight above 0"),
    ],
)
def test_rows_that_tell_nothing_are_refused(arguments: tuple, why: str) -> None:
    with pytest.raises(EstimateError, match=why):
        cumulative_incidence(*arguments)


def test_tables_that_cannot_be_are_refused() -> None:
    for arguments, why in (
        (([2, 1], ["a"], [5, 4], [[1], [1]]), "must rise"),
        (([1], ["a"], [5], [[6]]), "More ended"),
        (([1], ["a"], [5], [[1, 2]]), "a row a time"),
    ):
        with pytest.raises(EstimateError, match=why):
            incidence_from_counts(*arguments)
    with pytest.raises(EstimateError, match="3 clusters are too few"):
        incidence_bands([1] * 3, ["fixed"] * 3, ENDS, range(3), 1)
    with pytest.raises(EstimateError, match="2 clusters are given"):
        incidence_bands([1] * 3, ["fixed"] * 3, ENDS, range(2), 1)
    with pytest.raises(EstimateError, match="'gone' is no end"):
        incidence_from_counts([1], ["a"], [5], [[1]]).share_at("gone", 1)
