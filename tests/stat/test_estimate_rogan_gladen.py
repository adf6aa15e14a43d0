import numpy as np
import pytest

from ebbtide.estimate.rogan_gladen import Audit, audited_share, rogan_gladen
from ebbtide.model.errors import EstimateError


def test_a_share_is_corrected_by_hand() -> None:
    # Sensitivity 0.9, specificity 0.95, 20 % shown: (0.2 + 0.95 - 1) / 0.85 = 0.176470588.
    found = rogan_gladen(200, 1000, Audit(90, 100, 5, 100))
    assert found.estimate == pytest.approx(0.15 / 0.85, abs=1e-12)
    assert (found.apparent, found.sensitivity, found.specificity) == pytest.approx((0.2, 0.9, 0.95), abs=1e-12)
    assert found.interval.low < found.estimate < found.interval.high


def test_fewer_shown_than_the_check_errs_is_none_and_not_less() -> None:
    found = rogan_gladen(10, 1000, Audit(90, 100, 5, 100))
    assert found.estimate == 0
    assert found.interval.low == 0


def test_a_perfect_check_keeps_its_share() -> None:
    assert rogan_gladen(34, 100, Audit(50, 50, 0, 50)).estimate == pytest.approx(0.34, abs=1e-12)


def test_the_interval_covers_the_true_share() -> None:
    random, inside = np.random.default_rng(11), 0
    for _ in range(3000):
        n = int(random.binomial(1000, 0.2 * 0.9 + 0.8 * 0.05))
        audit = Audit(int(random.binomial(100, 0.9)), 100, int(random.binomial(150, 0.05)), 150)
        interval = rogan_gladen(n, 1000, audit).interval
        inside += interval.low <= 0.2 <= interval.high
    assert 0.94 <= inside / 3000 <= 0.97


def test_an_audit_by_verdict_gives_the_share_by_hand() -> None:
    # 200 of 1,000 shown, 45 of 50 audited right; of 800 others 1 of 50 has it: 0.2 * 0.9 + 0.8 * 0.02.
    assert audited_share(200, 1000, 45, 50, 1, 50) == pytest.approx(0.196, abs=1e-12)
    assert audited_share(0, 100, 0, 0, 1, 50) == pytest.approx(0.02, abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((5, 3, Audit(90, 100, 5, 100)), "5 of 3 is no share"),
        ((5, 30, Audit(9, 9, 0, 100)), "9 audited units on one side are too few"),
        ((5, 30, Audit(50, 100, 50, 100)), "it tells nothing"),
        ((5, 30, Audit(50, 40, 5, 100)), "50 of 40 is no share"),
    ],
)
def test_audits_that_tell_nothing_are_refused(arguments: tuple, why: str) -> None:
    with pytest.raises(EstimateError, match=why):
        rogan_gladen(*arguments)
