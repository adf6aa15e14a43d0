"""How many there are in all: from lists that each know only some of them. What comes out is a lower bound.

Source: Chapman, University of California Publications in Statistics 1 (1951), 131-160; Seber, "The Estimation of Animal
Abundance" (1982), section 3.1; Fienberg, Biometrika 59 (1972), 591-603; Chao, Biometrics 43 (1987), 783-791.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, product

import msgspec
import numpy as np
import numpy.typing as npt

from ebbtide.estimate.shares import LEVEL, Interval, normal_quantile
from ebbtide.model.errors import EstimateError

LEAST_SHARED = 7
"""With fewer units on both lists Chapman's estimate is biased and its interval worthless."""

_MOST_STEPS = 200
_MOST_LISTS = 6
Column = npt.NDArray[np.float64]


class Population(msgspec.Struct, frozen=True):
    """How many there are at least.

    Attributes:
        seen: Units on any list.
        estimate: Units in all, not below ``seen``.
        interval: Log-normal for the unseen, so that it does not fall below ``seen``.
        method: Name of the estimator; for more than two lists with the pairs of lists that go together.
        note: What a reader must know.
    """

    seen: int
    estimate: float
    interval: Interval
    method: str
    note: str


_NOTE = (
    "A lower bound: units that are hard to find on one list are hard to find on the others, and those that no list can "
    "hold are not counted."
)


def chapman(first: int, second: int, both: int, level: float = LEVEL) -> Population:
    """Chapman's estimate from two lists: (first + 1)(second + 1)/(both + 1) - 1.

    Its variance is (first + 1)(second + 1)(first - both)(second - both) / ((both + 1)² (both + 2)).

    Args:
        first: Units on the first list.
        second: Units on the second list.
        both: Units on both.
        level: Confidence, 0 to 1.

    Raises:
        EstimateError: More are on both than on one, or fewer than ``LEAST_SHARED`` are on both.

    Assumptions: lists are drawn independently, every unit is as likely as another to be on a list, nobody comes or goes
    between them, and the same unit is known as the same. Positive dependence makes the estimate too small.

    Source: Chapman (1951); the variance after Seber (1970).
    """
    if both < 0 or both > min(first, second):
        raise EstimateError(f"{both} units cannot be on both lists of {first} and {second}.")
    if both < LEAST_SHARED:
        raise EstimateError(
            f"{both} units on both lists are too few to tell how many there are; {LEAST_SHARED} is least."
        )
    seen = first + second - both
    estimate = (first + 1) * (second + 1) / (both + 1) - 1
    variance = (first + 1) * (second + 1) * (first - both) * (second - both) / ((both + 1) ** 2 * (both + 2))
    return Population(seen, estimate, _log_normal(seen, estimate - seen, variance, "chapman", level), "chapman", _NOTE)


def chao_lower_bound(histories: Mapping[Sequence[int], int], level: float = LEVEL) -> Population:
    """Chao's lower bound from several lists: seen + f1 (f1 - 1) / (2 (f2 + 1)) · (t - 1)/t.

    f1 units are on one list only, f2 on exactly two of t. The variance is that of Chao's bias-corrected estimate.

    Args:
        histories: 0 or 1 for each list to the number of units with that history.
        level: Confidence, 0 to 1.

    Raises:
        EstimateError: As ``log_linear``.

    Assumptions: as ``chapman``, but units may differ in how easily they are found: then it is a bound.

    Source: Chao (1987); Chao, Encyclopedia of Statistical Sciences (2005), 7907-7916.
    """
    counts = _checked(histories)
    lists = len(next(iter(counts)))
    once = sum(n for history, n in counts.items() if sum(history) == 1)
    twice = sum(n for history, n in counts.items() if sum(history) == 2)  # noqa: PLR2004
    seen, part = sum(counts.values()), (lists - 1) / lists
    unseen = part * once * (once - 1) / (2 * (twice + 1))
    variance = (
        part * once * (once - 1) / (2 * (twice + 1))
        + part**2 * once * (2 * once - 1) ** 2 / (4 * (twice + 1) ** 2)
        + part**2 * once**2 * twice * (once - 1) ** 2 / (4 * (twice + 1) ** 4)
    )
    return Population(seen, seen + unseen, _log_normal(seen, unseen, variance, "chao", level), "chao", _NOTE)


def log_linear(histories: Mapping[Sequence[int], int], level: float = LEVEL) -> Population:
    """A log-linear model of three lists or more, with those pairs of lists that go together.

    log mean of a cell = constant + one effect a list + effects of pairs. Pairs are added one after another as long as
    Akaike's criterion falls. The cell that no list holds has mean exp(constant); its variance is exp(constant) plus, by
    the delta method, exp(constant)² times the variance of the constant.

    Args:
        histories: 0 or 1 for each list to the number of units with that history; (0, 0, ...) is left out. Absent
            histories count as 0.
        level: Confidence, 0 to 1.

    Raises:
        EstimateError: Fewer than three lists or more than six, a history that is none, or lists that have too little in
            common.

    Assumptions: no interaction of all lists at once (it cannot be seen); units alike but for that. Units that differ in
    how easily they are found make the estimate too small: a lower bound.

    Source: Fienberg (1972).
    """
    counts = _checked(histories)
    lists = len(next(iter(counts)))
    if not 3 <= lists <= _MOST_LISTS:  # noqa: PLR2004
        raise EstimateError(f"{lists} lists do not make a log-linear model; it takes three to {_MOST_LISTS}.")
    cells = [cell for cell in product((0, 1), repeat=lists) if any(cell)]
    y = np.array([counts.get(cell, 0) for cell in cells], dtype=np.float64)
    chosen: tuple[tuple[int, int], ...] = ()
    best = _fit(cells, y, chosen)
    open_pairs = list(combinations(range(lists), 2))
    while open_pairs and len(chosen) + lists + 2 < len(cells):
        tried = [(_fit(cells, y, (*chosen, pair)), pair) for pair in open_pairs]
        model, pair = min(tried, key=lambda each: each[0].criterion)
        if model.criterion >= best.criterion:
            break
        best, chosen = model, (*chosen, pair)
        open_pairs.remove(pair)
    if not math.isfinite(best.variance):
        raise EstimateError("The lists have too little in common to tell how many there are.")
    seen = int(y.sum())
    told = ", ".join(f"{one + 1} with {other + 1}" for one, other in chosen)
    method = f"log-linear, lists {told} together" if told else "log-linear, independent lists"
    interval = _log_normal(seen, best.unseen, best.variance, "log-linear", level)
    return Population(seen, seen + best.unseen, interval, method, _NOTE)


class _Fitted(msgspec.Struct, frozen=True):
    unseen: float
    variance: float
    criterion: float


def _fit(cells: Sequence[Sequence[int]], y: Column, pairs: Sequence[tuple[int, int]]) -> _Fitted:
    table = np.array(cells, dtype=np.float64)
    x = np.column_stack([np.ones(len(cells)), table, *(table[:, one] * table[:, other] for one, other in pairs)])
    mean = y + 0.5
    coefficients: Column = np.zeros(x.shape[1])
    for _ in range(_MOST_STEPS):
        root = np.sqrt(mean)
        target = np.log(mean) + (y - mean) / mean
        solved: Column = np.linalg.lstsq(root[:, None] * x, root * target, rcond=None)[0]
        mean = np.exp(np.clip(x @ solved, -30, 30))
        settled = np.abs(solved - coefficients).max() < 1e-11  # noqa: PLR2004
        coefficients = solved
        if settled:
            break
    information = x.T @ (mean[:, None] * x)
    if np.linalg.cond(information) > 1e12:  # noqa: PLR2004
        return _Fitted(math.nan, math.inf, math.inf)
    unseen = math.exp(float(coefficients[0]))
    variance = unseen + unseen**2 * float(np.linalg.inv(information)[0, 0])
    likelihood = float((y * np.log(mean) - mean).sum())
    return _Fitted(unseen, variance, 2 * x.shape[1] - 2 * likelihood)


def _checked(histories: Mapping[Sequence[int], int]) -> dict[tuple[int, ...], int]:
    counts = {tuple(history): n for history, n in histories.items() if any(history)}
    sizes = {len(history) for history in counts}
    if len(sizes) != 1 or any(set(history) - {0, 1} for history in counts) or min(counts.values()) < 0:
        raise EstimateError("Every history needs a 0 or 1 for each list, and a count of 0 or more.")
    return counts


def _log_normal(seen: int, unseen: float, variance: float, method: str, level: float) -> Interval:
    if unseen <= 0:
        return Interval(float(seen), float(seen), method)
    reach = math.exp(normal_quantile(level) * math.sqrt(math.log1p(variance / unseen**2)))
    return Interval(seen + unseen / reach, seen + unseen * reach, f"{method}, log-normal")
