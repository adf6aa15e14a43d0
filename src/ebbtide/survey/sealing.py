"""Closing a round for good."""

from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.locking import round_lock
from ebbtide.rounds.sealing import SealCounts, seal
from ebbtide.survey.dispatching import recover


def seal_round(folder: SurveyFolder, label: str) -> SealCounts:
    """Seal an open round: every planned target must have an outcome. Targets that wait to be confirmed keep theirs.

    Args:
        folder: The survey.
        label: Label of the round.

    Returns:
        How the targets ended.

    Raises:
        RoundError: There is no such round, it is sealed, somebody has no outcome, or another process works on it.
    """
    path = folder.round(label).path
    with round_lock(path, label):
        closing = folder.round(label)
        recover(closing)
        return seal(closing)
