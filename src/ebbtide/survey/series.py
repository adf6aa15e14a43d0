"""Which rounds are judged together, and where the series of a check breaks since they were not."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ebbtide.model.errors import RoundError
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.log import RoundState

_MOST_NAMED = 5


def chosen_rounds(folder: SurveyFolder, labels: Sequence[str], *, every: bool) -> tuple[str, ...]:
    """Labels of the rounds that are to be judged.

    Args:
        folder: The survey.
        labels: That were named.
        every: All sealed rounds, and none by name.

    Raises:
        RoundError: None is named, or both names and all; none is sealed.
    """
    if bool(labels) == every:
        raise RoundError("name the rounds to judge, or all of them with --all.", remedy="ebbtide judge ROUND")
    if not every:
        return tuple(dict.fromkeys(labels))
    sealed = tuple(label for label in folder.labels() if folder.round(label).state is not RoundState.OPEN)
    if not sealed:
        raise RoundError("no round of this survey is sealed yet.", remedy="Seal one: ebbtide survey seal ROUND")
    return sealed


def broken_series(folder: SurveyFolder) -> tuple[str, ...]:
    """Sentences on checks whose series is broken by the current judgements, or shorter than it could be.

    A series that breaks is never mixed: figures of two versions of a check are not compared.
    """
    rounds = _versions(folder)
    known = {check: _labels_by(check, rounds) for check in sorted(set().union(*rounds.values()))}
    return (*_several_versions(known), *_missing(known, list(rounds)))


def _versions(folder: SurveyFolder) -> dict[str, dict[str, str]]:
    """Of each judged round, by date: check to version."""
    judged = [each for each in map(folder.round, folder.labels()) if each.judgement]
    judged.sort(key=lambda each: (each.reference_date, each.label))
    return {each.label: {check.id: check.version for check in each.manifest().checks} for each in judged}


def _labels_by(check: str, rounds: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    """Versions of a check to the labels of the rounds that were judged by it."""
    labels: dict[str, list[str]] = defaultdict(list)
    for label, versions in rounds.items():
        if check in versions:
            labels[versions[check]].append(label)
    return labels


def _several_versions(known: dict[str, dict[str, list[str]]]) -> Iterator[str]:
    for check, labels in known.items():
        if len(labels) > 1:
            parts = "; ".join(", ".join(each) for each in labels.values())
            yield (
                f"{check} was judged by {len(labels)} versions ({parts}): its series breaks there. "
                "To re-score it: ebbtide judge --all"
            )


def _missing(known: dict[str, dict[str, list[str]]], rounds: list[str]) -> Iterator[str]:
    by_rounds: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for check, labels in known.items():
        judged = {label for each in labels.values() for label in each}
        by_rounds[tuple(label for label in rounds if label not in judged)].append(check)
    for labels_without, checks in by_rounds.items():
        if labels_without:
            yield (
                f"{_some(checks)}: not judged in {', '.join(labels_without)}. "
                "To judge these there too: ebbtide judge --all, with the same --checks"
            )


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
