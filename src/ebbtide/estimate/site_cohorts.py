"""What became of the same sites, by every check at once: a shard at a time, so that memory does not grow with sites."""

from collections import Counter

import duckdb
import msgspec

from ebbtide.estimate.compute import choose_rounds
from ebbtide.estimate.fates import CHECK_FATES, decide_fate
from ebbtide.estimate.preparing import ChosenRound
from ebbtide.estimate.questions import ask_question, keep_answer, keep_rows
from ebbtide.estimate.two_rounds import Labels
from ebbtide.estimate.versions import version_move
from ebbtide.model.verdicts import UNKNOWN_FAMILY
from ebbtide.rounds.database import open_database
from ebbtide.rounds.folder import SurveyFolder

_MEMORY = 256 << 20
"""Octets for tables and joins of one shard; the program itself takes some 150 MB."""
_PRESENCES = ("not_planned", "answered", "refused", "silent", "blocked", "unknown", "skipped")
_VERDICTS = ("", "shown", "cannot_tell", "not_shown", "not_asked")
_COMPARED = """
SELECT a.check_id, row_number() OVER (ORDER BY a.check_id) AS number
FROM judged_checks a JOIN judged_checks b USING (check_id, version)
WHERE a.ordinal = 1 AND b.ordinal = 2
"""
_TELLINGS = "SELECT ordinal, told FROM shard_sites UNION SELECT ordinal, family FROM shard_names"


class Seen(msgspec.Struct, frozen=True):
    """What was seen of some sites that a check judged in the earlier round.

    Attributes:
        verdict_then: ``shown`` or ``not_shown``.
        state_now: Presence, or the verdict where they answered.
        family_then, family_now, version_then, version_now: Empty where nothing is told.
    """

    check: str
    verdict_then: str
    presence_now: str
    state_now: str
    family_then: str
    family_now: str
    version_then: str
    version_now: str

    @property
    def fate(self) -> str:
        """By the printed table of precedence of checks."""
        is_answered = self.presence_now == "answered"
        software = self._software() if is_answered else ""
        return decide_fate(CHECK_FATES, self.presence_now, software, self.state_now if is_answered else "")

    def _software(self) -> str:
        if self.family_now in ("", UNKNOWN_FAMILY):
            return "masked"
        if self.family_now != self.family_then:
            return "competitor"
        return version_move(self.version_then, self.version_now) if self.version_then != self.version_now else "same"


def site_cohorts(folder: SurveyFolder, labels: Labels, silent_after: int | None = None) -> Counter[Seen]:
    """How many sites were seen how, for every check that judged both rounds by the same version.

    Sites of one shard of both rounds are in memory at a time. All sites are counted once, and for each check only those
    with a stored verdict are looked at, so that work grows with sites and stored verdicts, not with sites times checks.

    Args:
        folder: The survey.
        labels: Earlier and later judged round.
        silent_after: As in ``compute_facts``.

    Returns:
        Counts without weights: of a census, or to be read as counts.
    """
    with open_database(folder, most_memory=_MEMORY) as connection:
        rounds = choose_rounds(connection, labels, None, silent_after)
    found: Counter[Seen] = Counter()
    for shard in range(folder.shards):
        with open_database(folder, shard=shard, most_memory=_MEMORY) as connection:
            for row in shard_cells(connection, rounds):
                found[_seen(*row[:-1])] += row[-1]
    return found


def shard_cells(
    connection: duckdb.DuckDBPyConnection, rounds: tuple[ChosenRound, ...]
) -> list[tuple[str, int, int, int, str, str, str, str, int]]:
    """The cells of one shard; see ``sql/shard_cohort.sql``."""
    chosen = [(each.place, each.label, each.attempts) for each in rounds]
    keep_rows(connection, "chosen", (("ordinal", "INTEGER"), ("round", "VARCHAR"), ("attempts", "BIGINT")), chosen)
    keep_answer(connection, "judged_checks")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE compared_checks AS {_COMPARED}")
    keep_answer(connection, "shard_names")
    for name in ("shard_several", "shard_sites"):
        keep_answer(connection, name)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE tellings AS {_TELLINGS}")
    for name in ("implied", "shard_moves", "shard_stored"):
        keep_answer(connection, name)
    return ask_question(connection, "shard_cohort")


def _seen(check: str, then: int, now: int, presence: int, *families_and_versions: str) -> Seen:
    at = _PRESENCES[presence]
    if at == "answered":
        state = _VERDICTS[now] if now < len(_VERDICTS) else "not_asked"
    else:
        state = "unknown" if at == "not_planned" else at
    return Seen(check, _VERDICTS[then], at, state, *families_and_versions)
