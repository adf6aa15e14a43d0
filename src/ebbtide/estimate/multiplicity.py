"""Many numbers at once: only what survives Benjamini-Hochberg is called a change."""

import numpy as np
import numpy.typing as npt


def benjamini_hochberg(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Adjusted p-values that control the false discovery rate.

    With p sorted rising and m of them: adjusted p(i) = min over j >= i of p(j) m / j, at most 1.

    Args:
        p_values: Shape (m,), each 0 to 1.

    Returns:
        Shape (m,), in the order of the input. A hypothesis is rejected at rate q if its value is at most q.

    Assumptions: tests are independent or positively dependent. Checks that are parts of each other are the latter.

    Source: Benjamini and Hochberg, JRSS B 57 (1995), 289-300.
    """
    values = np.asarray(p_values, dtype=np.float64)
    if values.size == 0:
        return values
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("a p-value lies outside 0 to 1")
    order = np.argsort(values, kind="stable")
    ranks = np.arange(1, values.size + 1)
    steps = np.minimum.accumulate((values[order] * values.size / ranks)[::-1])[::-1]
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
