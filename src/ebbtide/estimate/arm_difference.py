"""The difference of two arms whose sites share addresses: a machine is mended once, however many names it has.

Source: Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10; the size of each arm by Korn and Graubard,
Survey Methodology 24 (1998), 193-201, and where addresses are too few for a variance, Kish, "Survey Sampling" (1965).
"""

import msgspec
import numpy as np
import numpy.typing as npt

from ebbtide.estimate.clustered import size_for_freedom
from ebbtide.estimate.shares import LEVEL, Interval, newcombe_difference
from ebbtide.estimate.weighting import LEAST_CLUSTERS, StratumSums, hajek_from_sums
from ebbtide.model.errors import EstimateError


def effective_size(mended: npt.ArrayLike, judged: npt.ArrayLike, level: float = LEVEL) -> float:
    """How many sites that answer for themselves alone would be as exact.

    Where each address has one site, that is their number. Else it is that of ``hajek_from_sums`` with addresses as
    clusters, for their degrees of freedom; fewer than ``LEAST_CLUSTERS`` addresses show no variance worth using, and
    the sites of one count as one.

    Args:
        mended: Shape (addresses,): sites mended.
        judged: Shape (addresses,): sites judged again, 1 or more.
        level: Confidence, 0 to 1, of the interval that it is for.

    Returns:
        Above 0, at most the number of sites.

    Raises:
        EstimateError: There is no address, or its numbers do not fit together.
    """
    fixed, base = np.asarray(mended, dtype=np.float64), np.asarray(judged, dtype=np.float64)
    if fixed.shape != base.shape or not fixed.size or (base < 1).any() or (fixed < 0).any() or (fixed > base).any():
        raise EstimateError("Each address needs a site or more, of which none or more, and at most all, were mended.")
    sites, addresses = int(base.sum()), fixed.size
    if sites == addresses:
        return float(sites)
    squares = float(base @ base)
    if addresses < LEAST_CLUSTERS:
        return sites**2 / squares
    sums = StratumSums(
        addresses, addresses, fixed.sum(), base.sum(), float(fixed @ fixed), float(fixed @ base), squares
    )
    return size_for_freedom(hajek_from_sums([sums], sites).n_effective, sites, addresses - 1, level)


def arm_difference(
    first: tuple[npt.ArrayLike, npt.ArrayLike], other: tuple[npt.ArrayLike, npt.ArrayLike], level: float = LEVEL
) -> tuple[float, Interval]:
    """Share mended in the first arm less that in the other, with an interval over addresses.

    Args:
        first: Of the arm that is asked about the sites mended and the sites judged again, each of shape (addresses,).
        other: The same of the other arm.
        level: Confidence, 0 to 1.

    Returns:
        The difference, and Newcombe's interval of two Wilson intervals, each on its arm's effective size.

    Raises:
        EstimateError: As in ``effective_size``.

    Assumptions: addresses are mended independently of each other. An address in both arms makes it too wide.
    """
    (one, one_size), (two, two_size) = (
        (float(np.sum(mended)) / float(np.sum(judged)), effective_size(mended, judged, level))
        for mended, judged in (first, other)
    )
    interval = newcombe_difference(one, one_size, two, two_size, level)
    return one - two, msgspec.structs.replace(interval, method="newcombe over addresses")
