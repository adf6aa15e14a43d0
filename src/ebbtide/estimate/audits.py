"""A check's own error, from a sample that people looked at: drawn by verdict, entered, and what it does to a share."""

import hashlib
import math
from collections.abc import Sequence

import msgspec

from ebbtide.estimate.compute import choose_rounds
from ebbtide.estimate.preparing import prepare, unjudged
from ebbtide.estimate.questions import ask_question, keep_rows
from ebbtide.estimate.rogan_gladen import audited_share
from ebbtide.estimate.shares import Interval, wilson_interval
from ebbtide.model.errors import EstimateError
from ebbtide.rounds.database import open_database
from ebbtide.rounds.folder import SurveyFolder

FEWEST = 10
"""So few of each verdict must have been looked at."""


class Drawn(msgspec.Struct, frozen=True):
    """A target to look at.

    Attributes:
        target: Its id, hexadecimal.
        verdict: ``shown`` or ``not_shown``.
        part, excerpt: What made the check say so; empty where nothing did.
    """

    target: str
    url: str
    verdict: str
    part: str
    excerpt: str


class Sample(msgspec.Struct, frozen=True):
    """A sample by verdict.

    Attributes:
        version: Of the check.
        shown, not_shown: Targets of each verdict from which was drawn.
    """

    round: str
    check: str
    version: str
    seed: int
    shown: int
    not_shown: int
    targets: tuple[Drawn, ...]


class Corrected(msgspec.Struct, frozen=True):
    """What a hand-checked sample says of a check.

    Attributes:
        right_shown, looked_shown: Of those called shown: truly so, and looked at.
        missed, looked_not_shown: Of those called not shown: truly shown, and looked at.
        sensitivity, specificity: Estimated; ``None`` where nobody is truly shown, or truly not.
        told: The share as the check tells it.
        corrected: Rogan and Gladen's share.
        interval: Of it, 95 %.
    """

    round: str
    check: str
    right_shown: int
    looked_shown: int
    missed: int
    looked_not_shown: int
    precision: Interval
    miss_rate: Interval
    sensitivity: float | None
    specificity: float | None
    told: float
    corrected: float
    interval: Interval


def draw(
    folder: SurveyFolder, check: str, label: str, number: int, *, seed: int = 0, silent_after: int | None = None
) -> Sample:
    """Draw targets to look at by hand, half of each verdict; equal seeds draw the same.

    Args:
        folder: The survey.
        check: Its id.
        label: Of a judged round.
        number: Targets in all; the other verdict fills up where one has too few.
        seed: Of the draw.
        silent_after: As in ``compute_facts``.

    Raises:
        EstimateError: The round is not judged by the check, or nobody could be judged.
    """
    with open_database(folder) as connection:
        rounds = choose_rounds(connection, [label], None, silent_after)
        checks = prepare(connection, rounds, [])
        own = [each for each in checks if each.check == check]
        if not own:
            raise unjudged(label, check, (each.check for each in checks))
        keep_rows(connection, "asked_check", (("check_id", "VARCHAR"),), [(check,)])
        rows = ask_question(connection, "audit_targets")
    if not rows:
        raise EstimateError(f"nobody could be judged by {check} in {label}.")
    ranked = sorted(rows, key=lambda row: hashlib.blake2b(row[0], key=f"{seed}".encode(), digest_size=16).digest())
    shown, others = ([row for row in ranked if row[1] is is_shown] for is_shown in (True, False))
    of_shown = min(len(shown), max(number // 2, number - len(others)))
    chosen = shown[:of_shown] + others[: number - of_shown]
    targets = tuple(
        Drawn(identity.hex(), f"{scheme}://{host}:{port}/", "shown" if is_shown else "not_shown", part, excerpt)
        for identity, is_shown, scheme, host, port, part, excerpt in chosen
    )
    return Sample(label, check, own[0].version, seed, len(shown), len(others), targets)


def correct(sample: Sample, truths: Sequence[tuple[str, bool]]) -> Corrected:
    """What a sample says once people have looked.

    The share corrected by Rogan and Gladen, (told + specificity - 1) / (sensitivity + specificity - 1), is here the sum
    of the two verdicts' shares times what was found among them, since the sample was drawn by verdict.

    Args:
        sample: As drawn.
        truths: Id of a target, and whether it truly shows the hole; those that could not be told are left out.

    Raises:
        EstimateError: A target was not drawn, or too few of a verdict were looked at.

    Assumptions: who looks is right, and saw the server as it was in the round.

    Source: Rogan and Gladen, American Journal of Epidemiology 107 (1978), 71; Zou and Donner, Statistics in Medicine 27
    (2008), 1693, for the interval.
    """
    (right, of_shown), (missed, of_others) = _counted(sample, truths)
    whole = sample.shown + sample.not_shown
    told = sample.shown / whole
    precision, misses = (right / of_shown if of_shown else 0.0), (missed / of_others if of_others else 0.0)
    corrected = audited_share(sample.shown, whole, right, of_shown, missed, of_others)
    bounds = (_interval(right, of_shown), _interval(missed, of_others))
    true_not = told * (1 - precision) + (1 - told) * (1 - misses)
    return Corrected(
        round=sample.round,
        check=sample.check,
        right_shown=right,
        looked_shown=of_shown,
        missed=missed,
        looked_not_shown=of_others,
        precision=bounds[0],
        miss_rate=bounds[1],
        sensitivity=told * precision / corrected if corrected else None,
        specificity=(1 - told) * (1 - misses) / true_not if true_not else None,
        told=told,
        corrected=corrected,
        interval=_sum_interval(((told, precision, bounds[0]), (1 - told, misses, bounds[1]))),
    )


def _counted(sample: Sample, truths: Sequence[tuple[str, bool]]) -> tuple[list[int], list[int]]:
    """Truly shown, and looked at, among those called shown and among the others."""
    verdicts = {each.target: each.verdict for each in sample.targets}
    found = {"shown": [0, 0], "not_shown": [0, 0]}
    for target, is_true in truths:
        if target not in verdicts:
            raise EstimateError(f"the target {target[:40]!r} is not one of those that were drawn.")
        found[verdicts[target]][0] += is_true
        found[verdicts[target]][1] += 1
    for verdict, (_, looked) in found.items():
        there = sample.shown if verdict == "shown" else sample.not_shown
        if looked < min(FEWEST, there):
            raise EstimateError(
                f"only {looked} of those called {verdict} were looked at; at least {FEWEST} are needed."
            )
    return found["shown"], found["not_shown"]


def _interval(n: int, base: int) -> Interval:
    return wilson_interval(n, base) if base else Interval(0.0, 0.0, "none")


def _sum_interval(terms: Sequence[tuple[float, float, Interval]]) -> Interval:
    """Interval of a sum of weighted shares from the intervals of each, which hold at 0 and at 1 too."""
    value = math.fsum(weight * share for weight, share, _ in terms)
    below = math.hypot(*(weight * (share - limits.low) for weight, share, limits in terms))
    above = math.hypot(*(weight * (limits.high - share) for weight, share, limits in terms))
    return Interval(max(0.0, value - below), min(1.0, value + above), "wilson, variances recovered")
