import math
from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import gammaln
from scipy.stats import binom, norm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from ebbtide.estimate.paired import PairedTable, mcnemar_mid_p, newcombe_interval, tango_interval

AIRWAYS = PairedTable(both=1, mended=1, opened=7, neither=12)
TABLES = (
    AIRWAYS,
    PairedTable(20, 320, 0, 660),
    PairedTable(5, 3, 3, 9),
    PairedTable(0, 4, 1, 30),
    PairedTable(30, 2, 9, 1),
    PairedTable(100, 40, 60, 900),
    PairedTable(10, 0, 0, 5),
)


@pytest.mark.parametrize(("mended", "opened"), [(1, 7), (320, 0), (3, 3), (4, 1), (2, 9), (40, 60), (0, 1)])
def test_mid_p_is_the_exact_value_less_half_the_chance_of_what_was_seen(mended: int, opened: int) -> None:
    exact = mcnemar([[0, mended], [opened, 0]], exact=True).pvalue
    seen = binom.pmf(min(mended, opened), mended + opened, 0.5)
    # statsmodels caps the exact value at 1; where both are equal the doubled tail is 1 + P(X = k).
    doubled = exact if mended != opened else 1 + seen
    assert mcnemar_mid_p(mended, opened) == pytest.approx(doubled - seen, abs=1e-9)


def test_mid_p_of_the_airways_example_is_as_published_and_no_change_is_no_evidence() -> None:
    assert mcnemar_mid_p(1, 7) == pytest.approx(0.039, abs=5e-4)
    assert mcnemar_mid_p(0, 0) == 1.0


def newcombe_by_hand(table: PairedTable) -> tuple[float, float]:
    a, b, c, d = table.both, table.mended, table.opened, table.neither
    n = a + b + c + d
    (l1, u1), (l2, u2) = (proportion_confint(k, n, method="wilson") for k in (a + b, a + c))
    p1, p2 = (a + b) / n, (a + c) / n
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    numerator = a * d - b * c
    corrected = max(numerator - n / 2, 0) if numerator > 0 else numerator
    phi = corrected / math.sqrt(margins) if margins else 0.0
    below = math.sqrt((p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) ** 2)
    above = math.sqrt((u2 - p2) ** 2 - 2 * phi * (u2 - p2) * (p1 - l1) + (p1 - l1) ** 2)
    return p2 - p1 - below, p2 - p1 + above


@pytest.mark.parametrize("table", TABLES)
def test_newcombe_equals_its_formula_over_the_wilson_limits_of_statsmodels(table: PairedTable) -> None:
    found = newcombe_interval(table)
    assert (found.low, found.high) == pytest.approx(newcombe_by_hand(table), abs=1e-9)


def test_newcombe_and_tango_of_the_airways_example_are_as_published() -> None:
    newcombe, tango = newcombe_interval(AIRWAYS), tango_interval(AIRWAYS)
    assert (newcombe.low, newcombe.high) == pytest.approx((0.026, 0.507), abs=6e-4)
    assert (tango.low, tango.high) == pytest.approx((0.026, 0.517), abs=6e-4)


def likeliest_mended(table: PairedTable, d: float) -> float:
    """The chance of ``mended`` that maximises the likelihood under a difference of d, by search."""
    low, high = max(0.0, -d), (1 - d) / 2

    def unlikely(q: float) -> float:
        parts = ((table.mended, q), (table.opened, q + d), (table.both + table.neither, 1 - 2 * q - d))
        return -sum(n * math.log(max(chance, 1e-300)) for n, chance in parts if n)

    return float(minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-13}).x)


@pytest.mark.parametrize("table", [each for each in TABLES if each.mended and each.opened])
def test_the_score_at_each_end_of_tango_is_the_normal_quantile(table: PairedTable) -> None:
    found = tango_interval(table)
    for end, sign in ((found.low, 1), (found.high, -1)):
        q = likeliest_mended(table, end)
        variance = table.total * (2 * q + end * (1 - end))
        score = (table.opened - table.mended - table.total * end) / math.sqrt(variance)
        assert score == pytest.approx(sign * norm.ppf(0.975), abs=1e-5)


def test_swapping_the_rounds_mirrors_every_interval() -> None:
    for table in TABLES:
        mirror = PairedTable(table.both, table.opened, table.mended, table.neither)
        for estimator in (newcombe_interval, tango_interval):
            there, back = estimator(table), estimator(mirror)
            assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-9)


def all_tables(total: int) -> list[PairedTable]:
    return [
        PairedTable(a, b, c, total - a - b - c)
        for a in range(total + 1)
        for b in range(total + 1 - a)
        for c in range(total + 1 - a - b)
    ]


@pytest.mark.parametrize("total", [20, 30])
def test_newcombe_covers_the_difference_as_often_as_it_says_by_enumeration_of_every_table(total: int) -> None:
    tables = all_tables(total)
    cells = np.array([(each.both, each.mended, each.opened, each.neither) for each in tables])
    ends = np.array([(each.low, each.high) for each in map(newcombe_interval, tables)])
    ways = gammaln(total + 1) - gammaln(cells + 1).sum(axis=1)
    found = []
    for first, second, phi in product(np.arange(0.05, 1, 0.1), np.arange(0.05, 1, 0.1), (0.0, 0.25, 0.5)):
        both = first * second + phi * math.sqrt(first * (1 - first) * second * (1 - second))
        chances = np.array([both, first - both, second - both, 1 - first - second + both])
        fewest = total * min(first, 1 - first, second, 1 - second)
        if fewest < 5 or chances.min() <= 0:
            continue
        likely = np.exp(ways + cells @ np.log(chances))
        difference = second - first
        inside = (ends[:, 0] <= difference + 1e-12) & (difference - 1e-12 <= ends[:, 1])
        found.append(float(likely[inside].sum()))
    assert len(found) > 40
    assert 0.94 <= np.mean(found) <= 0.96
    assert min(found) >= 0.92
