"""From additive sums to estimates with intervals: plain counts in a census, Hajek ratios in a sample."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from ebbtide.estimate.questions import Group, SumRow
from ebbtide.estimate.shares import Interval, share_interval
from ebbtide.estimate.survey_view import SurveyView
from ebbtide.estimate.weighting import (
    LEAST_CLUSTERS,
    StratumSums,
    WeightedShare,
    hajek_from_sums,
    weighted_interval,
)

WHOLE = "*"
CHANGE = "+"
FEW_UNITS = 30
NO_UNIT = "no unit could be judged"
FEW = f"fewer than {FEW_UNITS} units"
FEW_CLUSTERS = f"fewer than {LEAST_CLUSTERS} addresses: no interval"


class Estimated(msgspec.Struct, frozen=True):
    """A share with what stands beside it.

    Attributes:
        estimate: ``None`` where the base is empty.
        interval: ``None`` where there is none.
        n, base: Unweighted counts.
        weight, base_weight: Weighted counts.
        method: Name of the estimator.
        design_effect: In a sample; ``None`` in a census.
        doubts: Reasons for doubt.
    """

    estimate: float | None
    interval: Interval | None
    n: int
    base: int
    weight: float
    base_weight: float
    method: str
    design_effect: float | None = None
    doubts: tuple[str, ...] = ()

    def numbers(self) -> dict[str, object]:
        """The fields of a fact that it fills."""
        kind = "none" if self.interval is None else "model" if self.design_effect is None else "design"
        return {
            "estimate": self.estimate,
            "ci_low": self.interval.low if self.interval else None,
            "ci_high": self.interval.high if self.interval else None,
            "interval_kind": kind,
            "n": self.n,
            "base": self.base,
            "method": self.method,
        }


NOTHING = Estimated(None, None, 0, 0, 0.0, 0.0, "none", doubts=(NO_UNIT,))


class Tally:
    """The sums of one question, by group, category and stratum.

    Args:
        rows: Of ``questions.ask_sums``.
        view: The survey.
    """

    def __init__(self, rows: Iterable[SumRow], view: SurveyView) -> None:
        self._view = view
        self._rows: defaultdict[Group, dict[str, dict[str, SumRow]]] = defaultdict(dict)
        for row in rows:
            self._rows[row.group].setdefault(row.category, {})[row.stratum] = row

    def groups(self) -> tuple[Group, ...]:
        """All groups with a unit in them, in order."""
        return tuple(sorted(self._rows))

    def categories(self, group: Group) -> tuple[str, ...]:
        """Categories of a group that some unit has."""
        return tuple(sorted(set(self._rows.get(group, ())) - {WHOLE, CHANGE}))

    def count(self, group: Group, category: str) -> int:
        """Units of a group that have a category."""
        return sum(row.n for row in self._rows.get(group, {}).get(category, {}).values())

    def weight(self, group: Group, category: str) -> float:
        """Their weight."""
        return sum(row.y for row in self._rows.get(group, {}).get(category, {}).values())

    def share(self, group: Group, category: str) -> Estimated:
        """The share of a group's units that have a category."""
        base = self.count(group, WHOLE)
        if base == 0:
            return NOTHING
        n, weights = self.count(group, category), (self.weight(group, category), self.weight(group, WHOLE))
        doubts: tuple[str, ...] = (FEW,) if base < FEW_UNITS else ()
        if not self._view.is_sample:
            interval = share_interval(n, base)
            return Estimated(n / base, interval, n, base, *weights, f"census share, {interval.method}", None, doubts)
        weighted = self.weighted(group, category)
        found = weighted_interval(weighted)
        method = found.method if found else "hajek"
        doubts += () if found else (FEW_CLUSTERS,)
        return Estimated(weighted.estimate, found, n, base, *weights, method, weighted.design_effect, doubts)

    def weighted(self, group: Group, category: str) -> WeightedShare:
        """The Hajek ratio of a category (or of the change) with its variance."""
        whole, part = self._rows[group][WHOLE], self._rows[group].get(category, {})
        strata = [self._stratum(group, whole[name], part.get(name)) for name in sorted(whole)]
        return hajek_from_sums(strata, self.count(group, WHOLE))

    def _stratum(self, group: Group, whole: SumRow, part: SumRow | None) -> StratumSums:
        clusters = self._view.clusters.get((group.unit, group.earlier or group.later, whole.stratum), whole.met)
        if part is None:
            return StratumSums(clusters, whole.met, 0.0, whole.y, 0.0, 0.0, whole.yy)
        return StratumSums(clusters, whole.met, part.y, whole.y, part.yy, part.yw, whole.yy)


def quality_of(doubts: Iterable[str]) -> str:
    """The reasons for doubt in one text; ``good`` without any."""
    return "; ".join(dict.fromkeys(doubts)) or "good"


def design_note(view: SurveyView, estimated: Estimated) -> str:
    """What a reader must know of the interval."""
    if estimated.base == 0:
        return "Nobody could be judged, so there is no share."
    if not view.is_sample:
        return "A census of the list has no sampling error; the interval says what it would be if these were a sample."
    effect = estimated.design_effect
    told = "" if effect is None else f"; design effect {effect:.2f}"
    spared = " (the interval does not count on less than 1)" if effect is not None and effect < 1 else ""
    interval = f"the interval is by strata, with addresses as clusters{told}{spared}"
    return joined(view.design, f"Weighted by {'the draw' if view.design else 'the frame'}; {interval}.")


def joined(*sentences: str) -> str:
    """Sentences of a note, empty ones left out."""
    return " ".join(sentence for sentence in sentences if sentence)


def totals(mapping: Mapping[str, tuple[int, float]], names: Iterable[str]) -> tuple[int, float]:
    """Sum of counts and of weights over some names."""
    found = [mapping[name] for name in names if name in mapping]
    return sum(n for n, _ in found), sum(weight for _, weight in found)
