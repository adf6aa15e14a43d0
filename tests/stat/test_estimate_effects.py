import numpy as np
import pytest

from ebbtide.estimate.effects import PersonPeriods, difference_in_differences
from ebbtide.model.errors import EstimateError

EVENT, PERIODS = 4, 7


def world(seed: int, effect: float = 0.8, drift: float = 0.0, clusters: int = 80) -> PersonPeriods:
    """Clusters followed over seven periods; from the fifth on the touched half mends exp(effect) times as fast."""
    random = np.random.default_rng(seed)
    rows = []
    for cluster in range(clusters):
        touched, left = cluster % 2, 400
        own = random.normal(0, 0.15)
        for period in range(PERIODS):
            pace = np.log(0.06) + 0.1 * np.sin(period) + own + 0.3 * touched
            pace += touched * (effect * (period >= EVENT) + drift * period)
            ended = int(random.binomial(left, 1 - np.exp(-np.exp(pace))))
            rows.append((period, touched, cluster, left, ended))
            left -= ended
    return PersonPeriods(*(np.array(column) for column in zip(*rows, strict=True)))


def test_an_event_that_sped_fixing_is_told_with_its_ratio() -> None:
    found = difference_in_differences(world(2), EVENT)
    assert found.verdict == "faster"
    assert found.reasons == ()
    assert found.interval.low <= np.exp(0.8) <= found.interval.high
    assert [period for period, _ in found.placebos] == [1, 2, 3]
    slower = difference_in_differences(world(2, effect=-0.8), EVENT)
    assert slower.verdict == "slower"


def test_no_effect_is_seen_where_there_is_none_as_often_as_published() -> None:
    verdicts, inside = [], 0
    for seed in range(100):
        found = difference_in_differences(world(200 + seed, effect=0.0), EVENT)
        verdicts.append(found.verdict)
        inside += found.interval.low <= 1 <= found.interval.high
    assert inside >= 90
    assert sum(verdict in {"faster", "slower"} for verdict in verdicts) <= 10


def test_families_that_drift_apart_anyway_fail_the_placebo() -> None:
    found = difference_in_differences(world(3, effect=0.0, drift=0.25), EVENT)
    assert found.verdict == "cannot conclude"
    assert any("did not happen" in reason for reason in found.reasons)


def test_a_patch_and_a_worm_in_one_interval_cannot_be_separated() -> None:
    found = difference_in_differences(world(2), EVENT, is_alone=False)
    assert found.verdict == "cannot conclude"
    assert "cannot be separated" in found.reasons[0]


def test_nothing_is_concluded_when_the_base_moved_more_than_the_effect() -> None:
    found = difference_in_differences(world(2), EVENT, base_move=-0.5, control_base_move=-0.02)
    assert found.verdict == "cannot conclude"
    assert "the base moved by 48.0%" in found.reasons[0]
    both = difference_in_differences(world(2), EVENT, base_move=-0.5, control_base_move=-0.48)
    assert both.verdict == "faster"


def test_without_rounds_or_a_group_there_is_no_effect_to_measure() -> None:
    whole = world(2)
    with pytest.raises(EstimateError, match="after the event, so it has no effect to be measured yet"):
        difference_in_differences(whole, PERIODS)
    with pytest.raises(EstimateError, match="before the event, so there is nothing to compare"):
        difference_in_differences(whole, 0)
    with pytest.raises(EstimateError, match="is empty"):
        difference_in_differences(PersonPeriods([], [], [], [], []), 1)
    early = difference_in_differences(whole, 1)
    assert any("too few rounds before" in reason for reason in early.reasons)
