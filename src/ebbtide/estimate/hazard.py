"""What speeds fixing: the grouped Cox model, a binomial regression with cloglog link on counts of person-periods.

Source: Prentice and Gloeckler, "Regression Analysis of Grouped Survival Data", Biometrics 34 (1978), 57-67; Liang and
Zeger, "Longitudinal Data Analysis Using Generalized Linear Models", Biometrika 73 (1986), 13-22.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from ebbtide.estimate.shares import LEVEL, Interval, normal_quantile
from ebbtide.estimate.weighting import LEAST_CLUSTERS
from ebbtide.model.errors import EstimateError

Column = npt.NDArray[np.float64]
_MOST_STEPS = 100
_TOLERANCE = 1e-11
_LEAST_CHANCE = 1e-12
_MOST_SLOPE = 15.0


class HazardModel(msgspec.Struct, frozen=True):
    """A fitted grouped Cox model.

    Attributes:
        names: Of the columns of the design, in order.
        coefficients: Logarithms of ratios of hazards (or, for periods, of their integrated hazards).
        covariance: Cluster-robust, a row a coefficient.
        clusters: Clusters with a count at risk.
        ended: Units that ended in all.
        periods_at_risk: Sum of the counts at risk.
    """

    names: tuple[str, ...]
    coefficients: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    clusters: int
    ended: float
    periods_at_risk: float

    def error(self, name: str) -> float:
        """Standard error of a coefficient, cluster-robust."""
        place = self._place(name)
        return float(max(0.0, self.covariance[place][place]) ** 0.5)

    def coefficient(self, name: str) -> float:
        """A coefficient, by the name of its column."""
        return self.coefficients[self._place(name)]

    def ratio(self, name: str, level: float = LEVEL) -> tuple[float, Interval]:
        """The ratio of hazards that one unit of a column makes, with its interval."""
        value, half = self.coefficient(name), normal_quantile(level) * self.error(name)
        low, high = np.exp([value - half, value + half]).tolist()
        return float(np.exp(value)), Interval(low, high, "grouped cox, cluster-robust")

    def p_value(self, name: str) -> float:
        """Two-sided p-value of Wald's test that a coefficient is 0."""
        error = self.error(name)
        return float(2 * ndtr(-abs(self.coefficient(name)) / error)) if error > 0 else 1.0

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise EstimateError(f"{name!r} is no column of the model; there are {', '.join(self.names)}.")
        return self.names.index(name)


def fit_hazard(
    ended: npt.ArrayLike,
    at_risk: npt.ArrayLike,
    design: npt.ArrayLike,
    names: Sequence[str],
    clusters: npt.ArrayLike,
) -> HazardModel:
    """Fit log(-log(1 - chance)) = design · coefficients by iterated weighted least squares.

    Under proportional hazards the chance to end within a period is 1 - exp(-exp(period + x b)), so that exp(b) is the
    ratio of hazards whatever the hazard does within the period. The covariance is the sandwich with the scores summed
    by cluster, times m/(m - 1).

    Args:
        ended: Shape (n,): how many of each row ended in its period.
        at_risk: Shape (n,): how many were at risk at its start and looked at at its end.
        design: Shape (n, p): a column a period (1 in its rows), then covariates.
        names: p names of the columns.
        clusters: Shape (n,), labels: who runs the units of the row.

    Raises:
        EstimateError: Shapes do not match, more ended than were at risk, fewer than ``LEAST_CLUSTERS`` clusters,
            columns that say the same, or a group in which none or all ended, so that its ratio has no finite estimate.

    Assumptions: hazards are proportional; clusters are independent; leaving sight has nothing to do with being fixed.

    Source: Prentice and Gloeckler (1978); Liang and Zeger (1986).
    """
    y, n, x, member = _checked(ended, at_risk, design, names, clusters)
    coefficients = _solved(y, n, x)
    chance, slope = _chance(x @ coefficients)
    if np.abs(coefficients).max() > _MOST_SLOPE:
        worst = names[int(np.abs(coefficients).argmax())]
        raise EstimateError(f"The effect of {worst!r} cannot be estimated: none, or all, of its units ended.")
    weight = n * slope**2 / (chance * (1 - chance))
    bread = np.linalg.inv(x.T @ (weight[:, None] * x))
    scores = np.zeros((member.max() + 1, x.shape[1]))
    np.add.at(scores, member, ((y - n * chance) * slope / (chance * (1 - chance)))[:, None] * x)
    number = scores.shape[0]
    covariance = bread @ (scores.T @ scores) @ bread * number / (number - 1)
    return HazardModel(
        names=tuple(names),
        coefficients=tuple(coefficients.tolist()),
        covariance=tuple(tuple(row) for row in covariance.tolist()),
        clusters=number,
        ended=float(y.sum()),
        periods_at_risk=float(n.sum()),
    )


def _solved(y: Column, n: Column, x: Column) -> Column:
    eta = np.log(-np.log1p(-(y + 0.5) / (n + 1)))
    coefficients: Column = np.zeros(x.shape[1])
    for _ in range(_MOST_STEPS):
        chance, slope = _chance(eta)
        weight = n * slope**2 / (chance * (1 - chance))
        target = eta + (y / n - chance) / slope
        root = np.sqrt(weight)
        solved: Column = np.asarray(np.linalg.lstsq(root[:, None] * x, root * target, rcond=None)[0], dtype=np.float64)
        if np.abs(solved - coefficients).max() <= _TOLERANCE:
            return solved
        coefficients = solved
        eta = np.clip(x @ coefficients, -_MOST_SLOPE * 2, 3.0)
    return coefficients


def _chance(eta: Column) -> tuple[Column, Column]:
    """The chance of the link's inverse, and its slope."""
    hazard = np.exp(eta)
    chance = np.clip(-np.expm1(-hazard), _LEAST_CHANCE, 1 - _LEAST_CHANCE)
    return chance, np.maximum(hazard * np.exp(-hazard), _LEAST_CHANCE)


def _checked(
    ended: npt.ArrayLike, at_risk: npt.ArrayLike, design: npt.ArrayLike, names: Sequence[str], clusters: npt.ArrayLike
) -> tuple[Column, Column, Column, npt.NDArray[np.intp]]:
    y, n, x = (np.asarray(each, dtype=np.float64) for each in (ended, at_risk, design))
    cluster = np.asarray(clusters)
    if x.shape != (y.size, len(names)) or not y.shape == n.shape == cluster.shape:
        raise EstimateError("The table of person-periods needs a row a count and a column a name.")
    if (y < 0).any() or (y > n).any():
        raise EstimateError("More ended in a period than were at risk, or fewer than none.")
    kept = n > 0
    y, n, x, cluster = y[kept], n[kept], x[kept], cluster[kept]
    labels, member = np.unique(cluster, return_inverse=True)
    if labels.size < LEAST_CLUSTERS:
        raise EstimateError(f"{labels.size} clusters are too few for a robust error; it needs {LEAST_CLUSTERS}.")
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise EstimateError("Two columns of the model say the same, or one says nothing.")
    return y, n, x, member.ravel()
