"""What every maker of facts needs to know of the survey: its rounds, checks, pairs and design."""

from collections.abc import Mapping

import msgspec

from ebbtide.estimate.preparing import ChosenRound, JudgedCheck

UNITS = ("site", "address")
Pair = tuple[int, int]


class SurveyView(msgspec.Struct, frozen=True):
    """The chosen rounds as one.

    Attributes:
        rounds: Rising by reference date; a round's place is its index plus 1.
        checks: By place and id.
        pairs: Judged rounds that are compared: neighbours, and the first with the last.
        is_sample: Some unit stands for more or less than itself.
        design: How the latest round came about, in words that follow "Weighted"; empty in a census.
        clusters: Clusters in the sample by unit, place and stratum.
    """

    rounds: tuple[ChosenRound, ...]
    checks: Mapping[tuple[int, str], JudgedCheck]
    pairs: tuple[Pair, ...]
    is_sample: bool
    design: str
    clusters: Mapping[tuple[str, int, str], int]

    def at(self, place: int) -> ChosenRound:
        """The round at a place."""
        return self.rounds[place - 1]

    def judged(self) -> tuple[ChosenRound, ...]:
        """Rounds that have a judgement."""
        return tuple(each for each in self.rounds if each.judgement)

    def checks_at(self, place: int) -> tuple[JudgedCheck, ...]:
        """The checks of a round, by id."""
        return tuple(self.checks[key] for key in sorted(self.checks) if key[0] == place)

    def checks_of_pair(self, pair: Pair) -> tuple[tuple[JudgedCheck, JudgedCheck], ...]:
        """The checks that judged both rounds, as they were then and as they are now."""
        later = {check.check: check for check in self.checks_at(pair[1])}
        return tuple((check, later[check.check]) for check in self.checks_at(pair[0]) if check.check in later)

    def neighbours(self) -> tuple[Pair, ...]:
        """Pairs of judged rounds that follow each other."""
        places = [each.place for each in self.judged()]
        return tuple(pair for pair in self.pairs if places.index(pair[1]) - places.index(pair[0]) == 1)

    def days(self, pair: Pair) -> int:
        """Days between the reference dates of two rounds."""
        return (self.at(pair[1]).reference_date - self.at(pair[0]).reference_date).days


def base_family(check: JudgedCheck) -> str:
    """The family of a check's base as facts name it; empty where the base is every server."""
    return "+".join(check.families)
