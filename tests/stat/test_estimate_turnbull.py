import math

import numpy as np
import pytest

from ebbtide.estimate.fix_bands import fix_bands
from ebbtide.estimate.turnbull import FixCurve, fix_curve, interval_table, vanished_curves
from ebbtide.model.errors import EstimateError

INF = math.inf
SPELLS = {
    (0, 30): 8,
    (0, 60): 17,
    (0, 90): 10,
    (30, 60): 6,
    (30, 90): 2,
    (30, 120): 2,
    (60, 90): 1,
    (60, 120): 2,
    (90, 120): 1,
    (90, 150): 2,
    (90, INF): 3,
    (120, 150): 3,
    (120, INF): 11,
    (150, INF): 12,
}


def curve_from(spells: dict[tuple[float, float], float]) -> FixCurve:
    left, right = zip(*spells, strict=True)
    return fix_curve(left, right, list(spells.values()))


def test_rounds_that_touch_put_no_mass_on_the_day_between_them() -> None:
    # With both ends closed, [0, 30] and [30, 60] share the day 30: a naive estimate puts everything there, S(30-) = 1.
    found = curve_from({(0, 30): 60, (30, 60): 30, (60, INF): 10})
    assert [(mass.after, mass.until) for mass in found.masses] == [(0, 30), (30, 60)]
    assert [mass.share for mass in found.masses] == pytest.approx([0.6, 0.3], abs=1e-9)
    at_30 = found.open_at(30)
    assert (at_30.low, at_30.high) == pytest.approx((0.4, 0.4), abs=1e-9)
    within = found.open_at(29)
    assert (within.low, within.high) == pytest.approx((0.4, 1.0), abs=1e-9)
    assert found.plateau == pytest.approx(0.1, abs=1e-9)


def test_a_server_that_missed_a_look_is_split_as_those_that_did_not() -> None:
    # (0, 60] holds both innermost intervals: its 20 follow the 60 to 20 of those that were seen: 75 and 25 of 110.
    found = curve_from({(0, 30): 60, (30, 60): 20, (0, 60): 20, (60, INF): 10})
    assert [mass.share for mass in found.masses] == pytest.approx([75 / 110, 25 / 110], abs=1e-9)
    median, most = found.fixed_by(0.5), found.fixed_by(0.75)
    assert median is not None
    assert most is not None
    assert (median.low, median.high, most.low, most.high) == (0, 30, 30, 60)
    assert found.fixed_by(0.95) is None


def test_one_that_was_not_seen_again_is_split_by_what_is_still_to_come() -> None:
    # Kaplan and Meier by hand: 10 fixed at once of 40; 6 leave; of the 24 left 12 are fixed: S = 3/4, then 3/8.
    found = curve_from({(0, 30): 10, (30, INF): 6, (30, 60): 12, (60, INF): 12})
    assert found.open_at(30).low == pytest.approx(0.75, abs=1e-9)
    assert found.open_at(60).low == pytest.approx(0.375, abs=1e-9)


def test_a_random_case_equals_surpyval() -> None:
    # surpyval 0.25: Turnbull.fit(xl=..., xr=..., turnbull_estimator="Kaplan-Meier").R
    found = curve_from(SPELLS)
    open_part = [found.open_at(time).low for time in (30, 60, 90, 120, 150)]
    assert open_part == pytest.approx([0.74826726, 0.45401955, 0.4146439, 0.37748277, 0.27507495], abs=2e-8)


def test_every_solution_satisfies_the_condition_of_largest_likelihood() -> None:
    random = np.random.default_rng(20010720)
    for _ in range(30):
        size = int(random.integers(2, 60))
        left = random.integers(0, 12, size).astype(float)
        right = left + random.integers(1, 8, size)
        right[random.random(size) < 0.3] = INF
        weight = random.uniform(0.5, 3, size)
        found = fix_curve(left, right, weight)
        masses = [(mass.after, mass.until, mass.share) for mass in found.masses]
        if found.plateau > 0:
            masses.append((left[np.isinf(right)].max(), INF, found.plateau))
        assert sum(share for *_, share in masses) == pytest.approx(1, abs=1e-9)
        within = np.array([[(left <= after) & (until <= right)] for after, until, _ in masses])[:, 0, :]
        chance = np.array([share for *_, share in masses]) @ within
        slopes = within @ (weight / chance) / weight.sum()
        assert slopes == pytest.approx(1, abs=1e-6)


def test_the_vanished_are_counted_each_way_and_never_as_fixed_by_themselves() -> None:
    # 10 open at 0: 4 fixed by 30, 2 vanish by 30, 4 still open at 60.
    found = vanished_curves([0] * 6 + [60] * 4, [30] * 4 + [INF] * 6, [INF] * 4 + [30] * 2 + [INF] * 4)
    assert found.worst.plateau == pytest.approx(0.6, abs=1e-9)
    assert found.best.plateau == pytest.approx(0.4, abs=1e-9)
    # The two are never seen after day 0, so that they say nothing: 4 of the other 8.
    assert found.censored.plateau == pytest.approx(0.5, abs=1e-9)
    assert found.best.open_at(30).low == pytest.approx(0.4, abs=1e-9)
    assert found.worst.open_at(30).low == pytest.approx(0.6, abs=1e-9)


@pytest.mark.parametrize(
    ("left", "right", "weights", "why"),
    [
        ([], [], None, "No unit"),
        ([5], [5], None, "no later than"),
        ([INF], [INF], None, "no time"),
        ([0, 1], [2], None, "do not match"),
        ([0], [1], [0], "no weight"),
    ],
)
def test_spells_that_say_nothing_are_refused(
    left: list[float], right: list[float], weights: list[float] | None, why: str
) -> None:
    with pytest.raises(EstimateError, match=why):
        fix_curve(left, right, weights)


def test_what_lies_after_the_last_look_or_vanishes_before_it_was_seen_is_refused() -> None:
    with pytest.raises(EstimateError, match="after 30, so nothing is known of 31"):
        fix_curve([0], [30]).open_at(31)
    with pytest.raises(EstimateError, match="missed no later"):
        vanished_curves([5], [INF], [5])
    with pytest.raises(EstimateError, match="2 times of vanishing"):
        vanished_curves([5], [INF], [6, 7])


def spells_of(random: np.random.Generator, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fix times of units in clusters that mend alike; looked at every 30 days, some looks missed."""
    cluster = np.repeat(np.arange(number), 5)
    pace = np.repeat(random.uniform(20, 100, number), 5)
    days = np.where(random.random(cluster.size) < 0.2, INF, random.exponential(pace))
    looks = np.arange(0, 181, 30)
    made = (random.random((cluster.size, looks.size)) < 0.8) | (looks == 0)
    before = np.where(made & (looks < days[:, None]), looks, 0).max(axis=1)
    after = np.where(made & (looks >= days[:, None]), looks, INF).min(axis=1)
    return before.astype(float), after, cluster


def test_bands_hold_the_curve_and_repeat_with_their_seed() -> None:
    left, right, cluster = spells_of(np.random.default_rng(5), 40)
    found = fix_bands(left, right, cluster, [30, 60, 180], seed=3, repetitions=200)
    assert found == fix_bands(left, right, cluster, [30, 60, 180], seed=3, repetitions=200)
    assert found.curve == fix_curve(left, right)
    for time, band in zip(found.times, found.open, strict=True):
        assert band.low <= found.curve.open_at(time).low <= found.curve.open_at(time).high <= band.high
    assert found.median is not None
    assert found.median.low <= 60 <= found.median.high
    assert found.plateau.low <= found.curve.plateau <= found.plateau.high
    never = fix_bands([30] * 30 + [0] * 10, [INF] * 30 + [30] * 10, range(40), [30], repetitions=100)
    assert (never.median, never.three_quarters) == (None, None)


def test_bands_that_cannot_be_drawn_are_refused() -> None:
    with pytest.raises(EstimateError, match="19 clusters are too few for a band; it needs 20"):
        fix_bands([0] * 19, [30] * 19, range(19), [10])
    with pytest.raises(EstimateError, match="10 repetitions are too few"):
        fix_bands([0] * 20, [30] * 20, range(20), [10], repetitions=10)
    with pytest.raises(EstimateError, match="2 clusters are given for 1 units"):
        fix_bands([0], [30], [1, 2], [10])


def test_bands_over_clusters_cover_the_true_open_part_as_published() -> None:
    random, inside, rounds = np.random.default_rng(60), 0, 150
    paces = np.linspace(20, 100, 20_001)
    true = 0.2 + 0.8 * float(np.exp(-60 / paces).mean())
    for turn in range(rounds):
        left, right, cluster = spells_of(random, 60)
        band = fix_bands(left, right, cluster, [60], seed=turn, repetitions=120).open[0]
        inside += band.low <= true <= band.high
    assert 0.90 <= inside / rounds <= 0.985


@pytest.mark.parametrize("seed", range(100))
def test_no_mass_could_be_moved_to_gain_more_than_is_said(seed: int) -> None:
    chance = np.random.default_rng(seed)
    size = int(chance.integers(2, 30))
    left = chance.integers(0, 6, size) * 30.0
    right = left + chance.integers(1, 5, size) * 30.0
    right[chance.random(size) < 0.2] = INF
    weight = chance.integers(1, 80, size).astype(np.float64)
    found = fix_curve(left, right, weight)
    inner = interval_table(left, right).innermost  # every place where mass could lie, whether any does or not
    shares = {(mass.after, mass.until): mass.share for mass in found.masses}
    share = np.array([shares.get((after, until), 0.0) for after, until in inner.tolist()])
    share[np.isinf(inner[:, 1])] = found.plateau
    holds = (left[:, None] <= inner[:, 0]) & (inner[:, 1] <= right[:, None])
    gains = (weight / (holds @ share)) @ holds / weight.sum()
    assert gains.max() - 1 <= 1.01e-10
