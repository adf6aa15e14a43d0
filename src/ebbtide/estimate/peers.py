"""How a site stands among its like: sites of the same family whose address holds about as many names."""

from collections.abc import Mapping

from ebbtide.estimate.questions import ask_question, keep_rows
from ebbtide.frame.ids import site_id
from ebbtide.model.sites import Peers
from ebbtide.rounds.database import open_database
from ebbtide.rounds.folder import SurveyFolder

FEWEST_PEERS = 10
"""Among fewer no rank is told: it would tell of single servers."""


def peers_of(folder: SurveyFolder, host: str, label: str, points: Mapping[str, int]) -> Peers | None:
    """Hold a site against its peers in one round.

    The rank is the mid-rank: those that stand equal count half. Findings that somebody accepted count here, for the
    site as for its peers: whoever accepts more must not rank higher.

    Args:
        folder: The survey.
        host: Canonical.
        label: A judged round.
        points: What each check costs whoever shows it.

    Returns:
        ``None`` if the site did not answer.
    """
    with open_database(folder) as connection:
        keep_rows(connection, "asked_round", (("round", "VARCHAR"),), [(label,)])
        keep_rows(connection, "asked_points", (("check", "VARCHAR"), ("points", "INTEGER")), list(points.items()))
        rows = ask_question(connection, "peer_points")
    own_id = site_id(host)
    own = next((row for row in rows if row[0] == own_id), None)
    if own is None:
        return None
    others = [int(row[3]) for row in rows if row[1:3] == own[1:3] and row[0] != own_id]
    worse, equal = sum(lost > own[3] for lost in others), sum(lost == own[3] for lost in others)
    share = (worse + equal / 2) / len(others) if len(others) >= FEWEST_PEERS else None
    return Peers(own[1], own[2], len(others), worse, equal, share)
