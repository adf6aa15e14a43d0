"""Sentences on two rounds: the same servers, where a family went, holes that were mended together."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ebbtide.model.facts import Fact
from ebbtide.publish.formatting import percent, round_words
from ebbtide.publish.plain_text import plain
from ebbtide.publish.words import check_words, family_words, fate_words, unit_words

_FAMILY = "family:"
_WENT: Mapping[str, str] = {"masked": "hides its software", "not_planned": "no longer in the list"}


class Stream(Protocol):
    """One stream of a flow, as ``estimate.two_rounds.Flow``."""

    @property
    def family(self) -> str:
        """From which family."""

    @property
    def went_to(self) -> str:
        """Where to."""

    @property
    def n(self) -> int:
        """Units."""

    @property
    def share(self) -> float:
        """Of the family."""


class Both(Protocol):
    """Two holes, as ``estimate.two_rounds.Together``."""

    @property
    def first(self) -> str:
        """Id of a check."""

    @property
    def second(self) -> str:
        """Id of another."""

    @property
    def given_mended(self) -> float | None:
        """Share that mended the second among those that mended the first."""

    @property
    def given_open(self) -> float | None:
        """The same among those that left the first open."""


def cohort_words(facts: Sequence[Fact], names: Mapping[str, str]) -> str:
    """What became of the servers that showed a check, with all three readings.

    Args:
        facts: Of metric ``same_servers`` for one check, pair and unit.
        names: Of checks, by id.
    """
    by = {fact.category: fact for fact in facts}
    cohort, shown, section = (by[name] for name in ("of_cohort", "of_shown_then", "cross_section"))
    if cohort.estimate is None or shown.estimate is None:
        return f"Nothing can be said of “{check_words(cohort.check, names)}”: {plain(cohort.quality)}."
    units, then, now = unit_words(cohort.unit), round_words(cohort.from_round), round_words(cohort.round)
    lost = sum(each or 0 for each in (shown.refused, shown.silent, shown.cannot_tell, shown.not_asked))
    return (
        f"Of the {units} that showed “{check_words(cohort.check, names)}” in {then} and could be judged again, "
        f"{percent(shown.estimate)} still showed it in {now} ({shown.n:,} of {shown.base:,}); of all that could be "
        f"judged both times {percent(cohort.estimate)}; of all that could be judged in {now}, which are not the same "
        f"servers, {percent(section.estimate)}. {lost:,} that showed it then could not be judged again: they are not "
        "counted as mended."
    )


def flow_words(streams: Sequence[Stream], labels: tuple[str, str], unit: str) -> str:
    """The largest stream out of a family, in one sentence."""
    out = [each for each in streams if each.went_to != f"{_FAMILY}{each.family}"]
    when = f"From {round_words(labels[0])} to {round_words(labels[1])}"
    if not out:
        return f"{when}, no {unit_words(unit)} left their family of servers."
    most = max(out, key=lambda each: each.n)
    return (
        f"{when}, the largest stream was of {most.n:,} {unit_words(unit)} of {family_words(most.family)} "
        f"({percent(most.share)} of them): {went_words(most.went_to)}."
    )


def went_words(went_to: str) -> str:
    """Where a stream leads."""
    if went_to.startswith(_FAMILY):
        return family_words(went_to.removeprefix(_FAMILY))
    return _WENT.get(went_to, fate_words(went_to)[:1].lower() + fate_words(went_to)[1:])


class Within(Protocol):
    """A pair of days, as ``estimate.limits.Bounds``."""

    @property
    def low(self) -> float:
        """After this day."""

    @property
    def high(self) -> float:
        """And not after this one."""


class Followed(Protocol):
    """The survival of a hole, as ``estimate.curves.Curve``."""

    @property
    def check(self) -> str:
        """Its id."""

    @property
    def unit(self) -> str:
        """Of count."""

    @property
    def units(self) -> int:
        """In the cohort."""

    @property
    def vanished(self) -> int:
        """Lost for good before they were seen mended."""

    @property
    def reopened(self) -> int:
        """Shown again after they were seen mended."""

    @property
    def median(self) -> Within | None:
        """Within which half was mended."""

    @property
    def plateau(self) -> float:
        """Part not seen mended."""


def curve_words(told: Followed, first: str, last: str, names: Mapping[str, str]) -> str:
    """How long a hole stayed open, in plain words."""
    units = unit_words(told.unit)
    start = f"Of the {told.units:,} {units} that showed “{check_words(told.check, names)}” in {round_words(first)}, "
    if told.median is None:
        half = f"fewer than half were seen mended by {round_words(last)}"
    elif told.median.low:
        half = f"half were mended after more than {told.median.low:.0f} and within {told.median.high:.0f} days"
    else:
        half = f"half were mended within {told.median.high:.0f} days"
    rest = f"; {percent(told.plateau)} were not seen mended by {round_words(last)}."
    gone = f" {told.vanished:,} vanished first and are counted as neither; the bounds count them each way."
    again = f" {told.reopened:,} showed it again later; only the first mending counts."
    return start + half + rest + (gone if told.vanished else "") + (again if told.reopened else "")


def together_words(found: Sequence[Both], names: Mapping[str, str]) -> str:
    """The pair whose mending went together most, in one sentence."""
    told = [each for each in found if each.given_mended is not None and each.given_open is not None]
    if not told:
        return "No two holes were shown by the same servers, mended by some and left open by others."
    most = max(told, key=lambda each: (each.given_mended or 0) - (each.given_open or 0))
    first, second = check_words(most.first, names), check_words(most.second, names)
    return (
        f"Of those that mended “{first}”, {percent(most.given_mended)} mended “{second}” too; of those that left it "
        f"open, {percent(most.given_open)} did."
    )
