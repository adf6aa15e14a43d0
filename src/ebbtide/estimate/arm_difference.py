"""The difference of two arms whose sites share addresses: a machine is mended once, however many names it has.

Source: Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10; the size of each arm by Korn and Graubard,
Survey Methodology 24 (1998), 193-201, and where addresses are too few for a variance, Kish, "Survey Sampling" (1965).
"""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from ebbtide.estimate.shares import LEVEL, Interval, wilson_interval
from ebbtide.estimate.weighting import LEAST_CLUSTERS
from ebbtide.model.errors import EstimateError


def effective_size(mended: npt.ArrayLike, judged: npt.ArrayLike, level: float = LEVEL) -> float:
    """How many sites that answer for themselves alone would be as exact.

    Where an address has one site each, that is their number. Else it is p(1 - p) over the variance between addresses,
    corrected for its degrees of freedom; with fewer than ``LEAST_CLUSTERS`` addresses, or where all or none were
    mended, that variance says nothing, and sites of one address count as one.

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
    sites, addresses = float(base.sum()), fixed.size
    if sites == addresses:
        return sites
    share = float(fixed.sum()) / sites
    if addresses < LEAST_CLUSTERS or share in {0.0, 1.0}:
        return float(sites**2 / (base @ base))
    apart = fixed - share * base
    variance = addresses / (addresses - 1) * float(apart @ apart) / sites**2
    tail = 0.5 + level / 2
    correction = float((stdtrit(sites - 1, tail) / stdtrit(addresses - 1, tail)) ** 2)
    return min(sites, share * (1 - share) * correction / variance) if variance > 0 else sites


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
    sizes = [effective_size(*arm, level) for arm in (first, other)]
    one, two = (float(np.sum(mended)) / float(np.sum(judged)) for mended, judged in (first, other))
    left, right = (wilson_interval(share * size, size, level) for share, size in zip((one, two), sizes, strict=True))
    below, above = math.hypot(one - left.low, right.high - two), math.hypot(left.high - one, two - right.low)
    return one - two, Interval(one - two - below, one - two + above, "newcombe over addresses")
