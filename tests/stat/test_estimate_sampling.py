"""The weighted share of a drawn sample covers the share of the frame, in repeated draws with a fixed seed."""

import numpy as np
import pytest
from tests.drawing_frames import drawn_rows, row, sampling_of

from ebbtide.estimate.weighting import hajek_share, weighted_interval

DRAWS = 300


@pytest.mark.parametrize("fractions", [{"small": 0.08, "large": 0.25}, {"small": 0.1, "large": 0.1}])
def test_the_weighted_share_is_unbiased_and_its_interval_covers_the_truth(fractions: dict[str, float]) -> None:
    random = np.random.default_rng(7)
    frame = [(site, "large" if site % 5 == 0 else "small") for site in range(2000)]
    has_it = random.random(2000) < np.where(np.arange(2000) % 5 == 0, 0.55, 0.2)
    true, inside, shares, plain = has_it.mean(), 0, [], []
    for draw in range(DRAWS):
        rows, _ = drawn_rows([[row(*each) for each in frame]], sampling_of(fractions, key=b"draw %d" % draw))
        sites = [each[1] for each in rows]
        found = hajek_share(has_it[sites], [each[7] for each in rows], [each[6] for each in rows], sites)
        interval = weighted_interval(found)
        assert interval is not None
        inside += interval.low <= true <= interval.high
        shares.append(found.estimate)
        plain.append(has_it[sites].mean())
    # Standard error of the mean of 300 draws: about 0.0017. The whole frame is finite, so that coverage runs high.
    assert np.mean(shares) == pytest.approx(true, abs=0.006)
    assert 0.93 <= inside / DRAWS <= 0.995
    if len(set(fractions.values())) > 1:
        assert abs(np.mean(plain) - true) > 0.03  # without weights it is wrong
