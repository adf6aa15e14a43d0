"""Whole clusters drawn again, for bands around curves.

Source: Field and Welsh, "Bootstrapping Clustered Data", JRSS B 69 (2007), 369-390.
"""

import numpy as np
import numpy.typing as npt

from ebbtide.estimate.weighting import LEAST_CLUSTERS
from ebbtide.model.errors import EstimateError


def numbered(clusters: npt.ArrayLike, units: int) -> tuple[int, npt.NDArray[np.intp]]:
    """How many clusters there are, and the number of each unit's, shape (units,).

    Args:
        clusters: Shape (units,), labels: who runs the unit.
        units: How many there must be.

    Raises:
        EstimateError: There are more or fewer labels than units, or fewer than ``LEAST_CLUSTERS`` clusters.
    """
    given = np.asarray(clusters)
    if given.shape != (units,):
        raise EstimateError(f"{given.size} clusters are given for {units} units.")
    labels, member = np.unique(given, return_inverse=True)
    if labels.size < LEAST_CLUSTERS:
        raise EstimateError(f"{labels.size} clusters are too few for a band; it needs {LEAST_CLUSTERS}.")
    return int(labels.size), member


def redraws(clusters: int, repetitions: int, seed: int) -> npt.NDArray[np.int64]:
    """How often each cluster is in each draw of as many with replacement, shape (repetitions, clusters)."""
    random = np.random.default_rng(seed)
    return random.multinomial(clusters, np.full(clusters, 1 / clusters), size=repetitions)
