import numpy as np
import pytest
import statsmodels.api as sm

from ebbtide.estimate.segmented import segmented_regression
from ebbtide.model.errors import EstimateError


@pytest.mark.parametrize("lags", [0, 2, 5])
def test_coefficients_intervals_and_p_values_equal_statsmodels(lags: int) -> None:
    random = np.random.default_rng(lags)
    days = np.cumsum(random.integers(25, 35, 36)).astype(float)
    values = 0.4 - 0.0001 * days + 0.03 * random.standard_normal(36)
    values[20:] -= 0.1
    event = float(days[20])
    after = days >= event
    design = np.column_stack([np.ones(36), days - event, after, (days - event) * after])
    oracle = sm.OLS(values, design).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}, use_t=True)
    ends = oracle.conf_int()
    found = segmented_regression(days, values, event, lags)
    assert (found.slope, found.jump, found.bend) == pytest.approx(oracle.params[1:], abs=1e-9)
    assert (found.jump_interval.low, found.jump_interval.high) == pytest.approx(tuple(ends[2]), abs=1e-9)
    assert (found.bend_interval.low, found.bend_interval.high) == pytest.approx(tuple(ends[3]), abs=1e-9)
    assert (found.jump_p, found.bend_p) == pytest.approx(tuple(oracle.pvalues[2:]), abs=1e-9)


def test_two_straight_lines_give_their_jump_and_bend_and_are_never_called_causal() -> None:
    days = np.arange(0, 400, 20.0)
    values = np.where(days < 200, 0.5 - 0.0005 * days, 0.3 - 0.001 * (days - 200))
    found = segmented_regression(days, values, 200)
    assert found.jump == pytest.approx(0.3 - 0.4, abs=1e-9)
    assert found.bend == pytest.approx(-0.0005, abs=1e-9)
    assert found.lags == 2
    assert "nobody can say that the event did it" in found.sentence


def test_series_that_are_too_short_or_out_of_order_are_refused() -> None:
    days = np.arange(12.0)
    with pytest.raises(EstimateError, match="3 looks on one side of the event are too few"):
        segmented_regression(days, days, 9)
    with pytest.raises(EstimateError, match="must rise"):
        segmented_regression(days[::-1], days, 5)
    with pytest.raises(EstimateError, match="12 lags do not fit"):
        segmented_regression(days, days, 6, 12)
