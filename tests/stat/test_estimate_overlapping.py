import numpy as np
import pytest
import statsmodels.api as sm
from tests.drawing_frames import drawn_rows, row, sampling_of

from ebbtide.estimate.overlapping import PairSums, Sample, overlapping_change, overlapping_from_sums
from ebbtide.estimate.weighting import hajek_share, weighted_difference_interval
from ebbtide.frame.sampling import Rotation
from ebbtide.model.errors import EstimateError

RANDOM = np.random.default_rng(20010719)


def two_rounds(size: int = 400, shared: int = 250) -> tuple[Sample, Sample, np.ndarray]:
    then_units, now_units = np.arange(size), np.arange(size - shared, 2 * size - shared)
    trait = RANDOM.random(2 * size)
    then = Sample(then_units, (trait[then_units] < 0.4).astype(float), RANDOM.uniform(1, 3, size))
    now = Sample(now_units, (trait[now_units] < 0.3).astype(float), RANDOM.uniform(1, 3, size))
    return then, now, trait


def test_the_error_of_a_change_equals_the_cluster_sandwich_of_both_rounds_stacked() -> None:
    then, now, _ = two_rounds()
    later = np.repeat([0.0, 1.0], 400)
    design = np.column_stack([np.ones(800), later])
    values, weights, units = (
        np.concatenate([np.asarray(getattr(then, name)), np.asarray(getattr(now, name))])
        for name in ("values", "weights", "units")
    )
    fitted = sm.WLS(values, design, weights=weights).fit(
        cov_type="cluster", cov_kwds={"groups": units, "use_correction": False}
    )
    number = np.unique(units).size
    found = overlapping_change(then, now)
    # Both linearised columns sum to 0, so that centring changes nothing.
    assert found.difference == pytest.approx(float(fitted.params[1]), abs=1e-9)
    assert found.standard_error == pytest.approx(float(fitted.bse[1]) * np.sqrt(number / (number - 1)), abs=1e-9)
    assert found.overlap == 250
    assert found.standard_error < found.independent_error
    assert found.standard_error**2 == pytest.approx(found.independent_error**2 - 2 * found.covariance, abs=1e-12)


def test_the_same_units_twice_give_the_error_of_the_mean_change() -> None:
    units = np.arange(200)
    then, now = RANDOM.integers(0, 2, 200), RANDOM.integers(0, 2, 200)
    found = overlapping_change(Sample(units, then, np.ones(200)), Sample(units, now, np.ones(200)))
    paired = hajek_share(now - then, np.ones(200))
    assert found.difference == pytest.approx(paired.estimate, abs=1e-12)
    assert found.standard_error == pytest.approx(paired.standard_error, abs=1e-12)
    interval = weighted_difference_interval(paired)
    assert interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((interval.low, interval.high), abs=1e-12)


def pair_sums(then: Sample, now: Sample) -> list[PairSums]:
    """Additive sums by stratum, added up unit by unit in plain Python."""
    cells: dict[tuple[str, int], list[float]] = {}
    for place, sample in enumerate((then, now)):
        columns = (sample.strata, sample.clusters, sample.values, sample.weights)
        for stratum, cluster, value, weight in zip(*(np.asarray(each).tolist() for each in columns), strict=True):
            cell = cells.setdefault((stratum, cluster), [0.0, 0.0, 0.0, 0.0])
            cell[2 * place] += weight * value
            cell[2 * place + 1] += weight
    both = set(np.asarray(then.units).tolist()) & set(np.asarray(now.units).tolist())
    shared = {
        stratum: sum(unit in both and name == stratum for unit, name in zip(then.units, then.strata, strict=True))
        for stratum in {name for name, _ in cells}
    }
    found = []
    for stratum in sorted(shared):
        rows = np.array([cell for (name, _), cell in cells.items() if name == stratum])
        (y1, w1, y2, w2), cross = rows.T, rows.T @ rows
        found.append(
            PairSums(
                len(rows),
                shared[stratum],
                (y1.sum(), w1.sum(), y2.sum(), w2.sum()),
                (cross[0, 0], cross[0, 1], cross[1, 1]),
                (cross[2, 2], cross[2, 3], cross[3, 3]),
                (cross[0, 2], cross[0, 3], cross[1, 2], cross[1, 3]),
            )
        )
    return found


def test_additive_sums_give_what_the_units_give() -> None:
    for clusters in (400, 60):
        then, now, _ = two_rounds()
        then, now = (
            Sample(
                each.units, each.values, each.weights, np.asarray(each.units) % clusters,
                [f"s{cluster % 3}" for cluster in (np.asarray(each.units) % clusters).tolist()],
            )
            for each in (then, now)
        )  # fmt: skip
        whole, summed = overlapping_change(then, now), overlapping_from_sums(pair_sums(then, now))
        assert summed is not None
        for name in ("then", "now", "difference", "standard_error", "independent_error", "covariance", "overlap"):
            assert getattr(summed, name) == pytest.approx(getattr(whole, name), abs=1e-9), name
        assert (summed.interval.low, summed.interval.high) == pytest.approx(
            (whole.interval.low, whole.interval.high), abs=1e-9
        )


def test_sums_of_too_few_clusters_or_of_nobody_give_nothing() -> None:
    few = PairSums(10, 10, (5, 10, 5, 10), (5, 5, 10), (5, 5, 10), (5, 5, 5, 10))
    assert overlapping_from_sums([few]) is None
    assert overlapping_from_sums([PairSums(30, 0, (5, 10, 0, 0), (5, 5, 10), (0, 0, 0), (0, 0, 0, 0))]) is None


def test_samples_with_nothing_in_common_have_nearly_no_covariance() -> None:
    then = Sample(np.arange(300), RANDOM.integers(0, 2, 300), np.ones(300))
    now = Sample(np.arange(300, 600), RANDOM.integers(0, 2, 300), np.ones(300))
    found = overlapping_change(then, now)
    assert found.overlap == 0
    assert found.covariance == pytest.approx(0, abs=1e-12)


def test_what_cannot_be_compared_is_refused_in_one_sentence() -> None:
    full = Sample(np.arange(30), np.ones(30), np.ones(30))
    for bad, why in (
        (Sample([], [], []), "no unit"),
        (Sample([1, 1], [0, 1], [1, 1]), "stands twice"),
        (Sample([1, 2], [0, 1], [1, 0]), "no weight"),
        (Sample([1, 2], [0], [1, 1]), "different lengths"),
    ):
        with pytest.raises(EstimateError, match=why):
            overlapping_change(full, bad)
    few = Sample(np.arange(30), np.ones(30), np.ones(30), np.repeat(np.arange(3), 10))
    with pytest.raises(EstimateError, match=r"3 clusters in both rounds are too few"):
        overlapping_change(few, few)


def test_samples_drawn_by_permanent_numbers_cover_the_true_change_and_rotation_keeps_what_it_says() -> None:
    random = np.random.default_rng(1)
    frame = [(unit, "small" if unit % 4 else "large") for unit in range(2400)]
    large = np.arange(2400) % 4 == 0
    trait = random.random(2400)
    states = (trait < np.where(large, 0.6, 0.3)), (trait + 0.1 * random.random(2400) < np.where(large, 0.5, 0.25))
    true = states[1].mean() - states[0].mean()
    fractions, inside, kept, rounds = {"small": 0.05, "large": 0.15}, 0, [], 200
    for turn in range(rounds):
        samples = []
        for number, state in enumerate(states):
            sampling = sampling_of(fractions, Rotation(number, 0.25), f"key {turn}".encode())
            rows, _ = drawn_rows([[row(*unit) for unit in frame]], sampling)
            units = [each[1] for each in rows]
            samples.append(Sample(units, state[units], [each[7] for each in rows], None, [each[6] for each in rows]))
        found = overlapping_change(*samples)
        inside += found.interval.low <= true <= found.interval.high
        kept.append(found.overlap / len(units))
    assert 0.92 <= inside / rounds <= 0.985
    assert np.mean(kept) == pytest.approx(0.75, abs=0.02)
