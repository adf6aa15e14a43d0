from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.estimate.decay import exponential_half_life
from ebbtide.estimate.limits import share_bounds
from ebbtide.estimate.multiplicity import benjamini_hochberg
from ebbtide.estimate.paired import PairedTable, mcnemar_mid_p, newcombe_interval, tango_interval
from ebbtide.estimate.shares import share_interval
from ebbtide.estimate.versions import DOWNGRADED, SAME, UPGRADED, version_move
from ebbtide.estimate.weighting import hajek_share

LAW = settings(max_examples=150, deadline=None)  # nothing is timed in a test
COUNTS = st.integers(0, 400)
VERSIONS = st.one_of(st.text(max_size=12), st.from_regex(r"\A[0-9]{1,4}(\.[0-9]{1,3}){0,3}[a-z]?\Z"))


@LAW
@given(COUNTS, COUNTS)
def test_an_interval_holds_its_estimate_and_mirrors(n: int, rest: int) -> None:
    base = n + rest
    if base == 0:
        return
    found, mirror = share_interval(n, base), share_interval(rest, base)
    assert 0 <= found.low <= n / base <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((1 - mirror.high, 1 - mirror.low), abs=1e-9)


@LAW
@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_paired_intervals_hold_the_difference_and_stay_within_one(
    both: int, mended: int, opened: int, neither: int
) -> None:
    table = PairedTable(both, mended, opened, neither)
    if table.total == 0:
        return
    for estimator in (newcombe_interval, tango_interval):
        found = estimator(table)
        assert -1 <= found.low <= table.difference + 1e-9
        assert table.difference - 1e-9 <= found.high <= 1
    assert 0 <= mcnemar_mid_p(mended, opened) <= 1


@LAW
@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_bounds_hold_every_way_in_which_the_uncertain_can_turn_out(
    n: int, rest: int, shown: int, not_shown: int
) -> None:
    found = share_bounds(n, n + rest, shown + not_shown)
    if found is None:
        return
    # Some of the uncertain may turn out to be of another family, and count for nothing.
    for more, fewer in ((shown, not_shown), (shown, 0), (0, not_shown)):
        base = n + rest + more + fewer
        if base:
            assert found.low - 1e-12 <= (n + more) / base <= found.high + 1e-12


@LAW
@given(st.lists(st.floats(0, 1), max_size=40))
def test_adjusted_values_are_no_smaller_and_keep_the_order(values: list[float]) -> None:
    adjusted = benjamini_hochberg(values).tolist()
    assert all(value - 1e-12 <= new <= 1 for value, new in zip(values, adjusted, strict=True))
    pairs = sorted(zip(values, adjusted, strict=True))
    assert all(one[1] <= other[1] + 1e-12 for one, other in pairwise(pairs) if one[0] < other[0])


@LAW
@given(VERSIONS, VERSIONS)
def test_moving_back_undoes_moving_forth_and_no_text_raises(then: str, now: str) -> None:
    back = {SAME: SAME, UPGRADED: DOWNGRADED, DOWNGRADED: UPGRADED}
    assert version_move(now, then) == back[version_move(then, now)]
    assert version_move(then, then) == SAME


@LAW
@given(st.floats(0.001, 0.999), st.floats(0.1, 4000))
def test_a_half_life_rises_with_what_remains_and_scales_with_the_days(remaining: float, days: float) -> None:
    found = exponential_half_life(remaining, days)
    assert found is not None
    assert exponential_half_life(remaining, 2 * days) == pytest.approx(2 * found)
    assert (exponential_half_life(remaining / 2, days) or 0) < found


@LAW
@given(
    st.lists(
        st.tuples(st.booleans(), st.floats(0.01, 100), st.integers(0, 3), st.integers(0, 6)), min_size=1, max_size=60
    )
)
def test_a_weighted_share_does_not_depend_on_the_unit_of_the_weights(rows: list[tuple[bool, float, int, int]]) -> None:
    values, weights, strata, clusters = (list(column) for column in zip(*rows, strict=True))
    one = hajek_share(values, weights, strata, clusters)
    other = hajek_share(values, [1000 * weight for weight in weights], strata, clusters)
    assert 0 <= one.estimate <= 1 + 1e-12
    assert one.estimate == pytest.approx(other.estimate)
    assert one.standard_error == pytest.approx(other.standard_error, abs=1e-7)
    assert 0 < one.n_effective <= len(rows)
