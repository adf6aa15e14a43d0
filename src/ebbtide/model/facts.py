"""The one record of everything that is published."""

import msgspec


class Fact(msgspec.Struct, frozen=True, omit_defaults=False):
    """One published number with its interval, base and method. Blank is ``None``, never 0.

    Attributes:
        id: 16 hexadecimal digits, a hash of everything that names the number (not of its value).
        round: Label of the round it speaks of; empty for attacks, whose month is ``lens_value``.
        from_round: Label of the earlier round in a comparison; empty otherwise.
        judgement: Id of the judgement; empty if none was needed.
        metric: ``share``, ``prevalence``, ``same_servers``, ``fate``, ``outcome``, ``half_life``,
            ``operators``; of attacks ``pressure`` (so many a day) and ``pressure_half_life``.
        unit: Unit of count: ``site`` or ``address``; of attacks ``request``, ``visit`` or ``source``.
        lens: ``all`` or the one dimension that is looked through; ``lens_value`` its value.
        family: Family of servers in the base, or of attacks; empty for all.
        check: Check's id; empty if none.
        category: The metric's own category (a fate, a reading, a stage and fault, a kind of attack).
        variant: ``all``, or ``without_top_k``.
        estimate: Fractions are 0 to 1; half-lives are days.
        ci_low, ci_high: Confidence interval, 95 %.
        bound_low, bound_high: The value if all that cannot be told or did not answer were counted each way.
        interval_kind: ``none`` (census, no sampling error), ``model`` ("if these were a sample"), ``design``.
        n: Units that have it, unweighted.
        base: Units that the estimate is taken of, unweighted; of attacks the observed days.
        answered, refused, silent, cannot_tell, not_asked: Unweighted counts beside the base.
        method: Name of the estimator, as in the documentation.
        check_version: Hash of the check's content.
        quality: ``good`` or the reason for doubt.
        suppressed: True when the cell may not be shown; then all numbers are blank.
        note: What a reader must know, in plain words.
    """

    id: str
    round: str
    metric: str
    unit: str
    from_round: str = ""
    judgement: str = ""
    lens: str = "all"
    lens_value: str = ""
    family: str = ""
    check: str = ""
    category: str = ""
    variant: str = "all"
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    bound_low: float | None = None
    bound_high: float | None = None
    interval_kind: str = "none"
    n: int | None = None
    base: int | None = None
    answered: int | None = None
    refused: int | None = None
    silent: int | None = None
    cannot_tell: int | None = None
    not_asked: int | None = None
    method: str = ""
    check_version: str = ""
    quality: str = "good"
    suppressed: bool = False
    note: str = ""
