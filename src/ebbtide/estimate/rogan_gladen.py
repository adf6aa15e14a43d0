"""A check's own error: what a share becomes when a sample of its verdicts was read again by hand.

Source: Rogan and Gladen, "Estimating Prevalence from the Results of a Screening Test", American Journal of Epidemiology
107 (1978), 71-76; Lang and Reiczigel, "Confidence Limits for Prevalence of Disease Adjusted for Estimated Sensitivity
and Specificity", Preventive Veterinary Medicine 113 (2014), 13-22; Tenenbein, JASA 65 (1970), 1350-1361.
"""

import math

import msgspec

from ebbtide.estimate.shares import LEVEL, Interval, normal_quantile
from ebbtide.model.errors import EstimateError

LEAST_AUDITED = 10


class Audit(msgspec.Struct, frozen=True):
    """Verdicts that were read again by hand, by what is true.

    Attributes:
        true_shown, true_units: Of the audited units that truly have it, how many the check showed.
        false_shown, false_units: Of the audited units that do not have it, how many the check showed all the same.
    """

    true_shown: int
    true_units: int
    false_shown: int
    false_units: int


class Corrected(msgspec.Struct, frozen=True):
    """A share with the check's own error taken out.

    Attributes:
        apparent: Before.
        estimate: After, 0 to 1.
        interval: With the error of the share and of the audit.
        sensitivity: Part of those that have it which the check shows; ``None`` if the audit was drawn by verdict.
        specificity: Part of those that do not have it which the check does not show; ``None`` likewise.
    """

    apparent: float
    estimate: float
    interval: Interval
    sensitivity: float | None
    specificity: float | None


def rogan_gladen(n: float, base: float, audit: Audit, level: float = LEVEL) -> Corrected:
    """(share + specificity - 1) / (sensitivity + specificity - 1), with the interval of Lang and Reiczigel.

    With one more success and failure for the audit's two shares, z² more units for the apparent one, and J the
    sensitivity plus specificity less 1: variance = (p(1-p)/N + P² se(1-se)/n1 + (1-P)² sp(1-sp)/n2) / J², and the
    centre is moved by 2 z² (P se(1-se)/n1 - (1-P) sp(1-sp)/n2).

    Args:
        n: Units that the check showed.
        base: Units judged; an effective size where they are clustered.
        audit: Drawn by what is true: the audited units that have it, and those that do not, each at random.
        level: Confidence, 0 to 1.

    Raises:
        EstimateError: The counts are no shares, fewer than ``LEAST_AUDITED`` were audited on one side, or the check
            shows those that do not have it as often as those that do.

    Assumptions: the reading by hand is right; the check errs alike in the audit and in the survey.

    Source: Rogan and Gladen (1978); Lang and Reiczigel (2014).
    """
    _demand(n, base, audit)
    sensitivity = audit.true_shown / audit.true_units
    specificity = 1 - audit.false_shown / audit.false_units
    gain = sensitivity + specificity - 1
    if gain <= 0:
        raise EstimateError("The check shows those that do not have it as often as those that do; it tells nothing.")
    apparent = n / base
    interval = _lang_reiczigel(n, base, audit, normal_quantile(level))
    estimate = _within((apparent + specificity - 1) / gain)
    return Corrected(apparent, estimate, interval, sensitivity, specificity)


def audited_share(
    n: int, base: int, shown_right: int, shown_audited: int, not_shown_wrong: int, not_shown_audited: int
) -> float:
    """The true share from an audit that was drawn by verdict: p · right + (1 - p) · wrong.

    Right is the part of the audited shown ones that truly have it, wrong that of the audited others.

    Args:
        n: Units that the check showed.
        base: Units judged.
        shown_right: Of the audited shown ones, how many truly have it.
        shown_audited: How many shown ones were audited.
        not_shown_wrong: Of the audited others, how many have it all the same.
        not_shown_audited: How many others were audited.

    Returns:
        0 to 1.

    Raises:
        EstimateError: The counts are no shares, or nobody was audited on a side that has units.

    Assumptions: the audit was drawn at random within each verdict, and the reading by hand is right.

    Source: Tenenbein (1970).
    """
    _demand_share(n, base)
    total = 0.0
    for units, have_it, audited in (
        (n, shown_right, shown_audited),
        (base - n, not_shown_wrong, not_shown_audited),
    ):
        if units:
            _demand_share(have_it, audited)
            total += units / base * have_it / audited
    return total


def _lang_reiczigel(n: float, base: float, audit: Audit, z: float) -> Interval:
    size, true_size, false_size = base + z * z, audit.true_units + 2, audit.false_units + 2
    p = (n + z * z / 2) / size
    se = (audit.true_shown + 1) / true_size
    sp = (audit.false_units - audit.false_shown + 1) / false_size
    gain = se + sp - 1
    if gain <= 0:
        raise EstimateError("Too few were audited to tell the check from a coin.")
    share = _within((p + sp - 1) / gain)
    se_error, sp_error = se * (1 - se) / true_size, sp * (1 - sp) / false_size
    variance = (p * (1 - p) / size + share**2 * se_error + (1 - share) ** 2 * sp_error) / gain**2
    centre = share + 2 * z * z * (share * se_error - (1 - share) * sp_error)
    half = z * math.sqrt(variance)
    return Interval(_within(centre - half), _within(centre + half), "rogan-gladen, lang-reiczigel")


def _demand(n: float, base: float, audit: Audit) -> None:
    _demand_share(n, base)
    _demand_share(audit.true_shown, audit.true_units)
    _demand_share(audit.false_shown, audit.false_units)
    fewest = min(audit.true_units, audit.false_units)
    if fewest < LEAST_AUDITED:
        raise EstimateError(f"{fewest} audited units on one side are too few; {LEAST_AUDITED} is the least.")


def _demand_share(n: float, base: float) -> None:
    if not 0 <= n <= base or base <= 0:
        raise EstimateError(f"{n} of {base} is no share.")


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)
